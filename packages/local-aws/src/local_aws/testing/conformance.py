"""Answers of the local AWS that differ from botocore's models."""

from __future__ import annotations

from local_aws.conformance.findings import Finding
from local_aws.conformance.findings import findings as _findings

__all__ = ["Finding", "findings", "watch"]


def watch() -> None:
    """Check every answer from now on."""
    _findings.watching = True


def findings() -> list[Finding]:
    """Return all findings so far, each once."""
    return _findings.all()
