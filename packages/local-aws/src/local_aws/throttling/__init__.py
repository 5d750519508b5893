"""AWS's request throttles, with its published limits."""
