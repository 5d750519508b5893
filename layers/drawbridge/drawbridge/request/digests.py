"""Digests: short texts that change when what they are made of does."""

import hashlib
from collections.abc import Iterable

import msgspec


def digest(*parts: object) -> str:
    """Give a short text that changes when any of the parts does."""
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()[:16]


def state_in_effect(lattice_arns: Iterable[str]) -> str:
    """Give the digest of a share in effect: of what it holds that can be associated."""
    return digest("in effect", *sorted(lattice_arns))
