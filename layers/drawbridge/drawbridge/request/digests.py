"""Digests: short texts that change when what they are made of does."""

import hashlib
from collections.abc import Iterable

import msgspec


def digest(*parts: object) -> str:
    """Give a short text that changes when any of the parts does."""
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()[:16]


def state_in_effect(arns: Iterable[str]) -> str:
    """Give the digest of a share in effect: of all that it holds, whatever it is, in whatever order and how often."""
    return digest("in effect", *sorted(set(arns)))


def contents_fingerprint(arns: Iterable[str] | None) -> str:
    """Give the SHA-256 of what a share holds, in whatever order; ``unknown`` where AWS does not show it."""
    if arns is None:
        return "unknown"
    return hashlib.sha256(msgspec.json.encode(sorted(set(arns)))).hexdigest()
