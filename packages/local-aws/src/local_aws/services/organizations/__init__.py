"""Organizations: membership, and the operations that describe it."""
