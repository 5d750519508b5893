"""What goes wrong on purpose: the plans, what is in force, and how a call is struck."""
