"""What each function works with: one module a function, so that each loads no more than it uses."""
