"""Fingerprints: short texts that change when what they are made of does."""

import hashlib
from collections.abc import Iterable

import msgspec

GONE_FINGERPRINT = "gone"
"""Stands for a request that is over, or that AWS does not list any longer."""


def fingerprint(*parts: object) -> str:
    """Return a short text that changes when any of the parts does."""
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()[:16]


def share_fingerprint(arns: Iterable[str]) -> str:
    """Return the fingerprint of a share in effect: of all that it holds, whatever the order and repetitions."""
    return fingerprint("in effect", *sorted(set(arns)))


def contents_fingerprint(arns: Iterable[str] | None) -> str:
    """Return the SHA-256 of what a share holds, in whatever order; ``unknown`` where AWS does not show it."""
    if arns is None:
        return "unknown"
    return hashlib.sha256(msgspec.json.encode(sorted(set(arns)))).hexdigest()
