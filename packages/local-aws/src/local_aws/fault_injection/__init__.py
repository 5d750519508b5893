"""Fault injection: fault plans, the plan in force, and its effect on calls."""
