"""Ownership: an account proves that it is who its entry says, before anything is offered to it."""
