"""What is wrong with a template, its parameters or what it refers to."""

from __future__ import annotations


class DeploymentError(Exception):
    """The stack can't be deployed; the message says what to mend."""
