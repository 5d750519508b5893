"""Pacing: what AWS does only so often has a budget, and what waits for it waits in a queue, with a task's token."""
