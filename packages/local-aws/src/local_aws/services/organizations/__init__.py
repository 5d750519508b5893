"""Organizations: who belongs to which, and the operations that tell it."""
