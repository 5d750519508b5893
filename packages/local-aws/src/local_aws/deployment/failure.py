"""The error of a template, its parameters or the files that it refers to."""

from __future__ import annotations


class DeploymentError(Exception):
    """The stack can't be deployed; the message says what to correct."""
