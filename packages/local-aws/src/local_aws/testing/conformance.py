"""Answers of the local AWS that are not as botocore's models have them."""

from __future__ import annotations

from local_aws.conformance.findings import Finding
from local_aws.conformance.findings import findings as _findings

__all__ = ["Finding", "findings", "watch"]


def watch() -> None:
    """Look at every answer from now on."""
    _findings.watching = True


def findings() -> list[Finding]:
    """Return what was found since the beginning, each defect once."""
    return _findings.all()
