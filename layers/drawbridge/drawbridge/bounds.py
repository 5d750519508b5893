"""How much of something is kept where there is room for so many bytes."""

import json
from collections.abc import Iterable
from typing import TypeVar

import msgspec

Thing = TypeVar("Thing")

DECISION_RECORD_BYTES = 40_000
"""Of the facts that the decision on a request rested on, and as much of those on what it holds.

An account and a share have up to fifty tags each; a share's resources may have ARNs of any length.
"""

WORDS_BYTES = 4_000
"""Of one reason, or of the names that one publication tells."""


def size_of(thing: object) -> int:
    """Return how many bytes it takes as JSON, however carefully it is written: every character escaped that can be."""
    return len(json.dumps(msgspec.to_builtins(thing)))


def fitting(things: Iterable[Thing], most: int) -> tuple[Thing, ...]:
    """Return the first of the things, as many as take no more than so many bytes together."""
    kept: list[Thing] = []
    room = most
    for thing in things:
        # With the comma after it.
        room -= size_of(thing) + 2
        if room < 0:
            break
        kept.append(thing)
    return tuple(kept)


def shortened(text: str, most: int) -> str:
    """Return the text, or as much of its beginning as takes no more than so many bytes, and a sign that it was cut."""
    if size_of(text) <= most:
        return text
    # A character takes 12 bytes at most, an astral one's two escapes.
    kept = text[:most]
    while size_of(f"{kept}…") > most:
        over = size_of(f"{kept}…") - most
        kept = kept[: -max(1, over // 12)]
    return f"{kept}…"
