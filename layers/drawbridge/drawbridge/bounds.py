"""Bounds: how much of something is kept, in bytes, named, or done at once, where room is limited."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

Thing = TypeVar("Thing")

DECISION_RECORD_BYTES = 40_000
"""Of the record of the decision on a request, and as much again of that of its associations.

An account and a share have up to fifty tags each; a share's resources may have ARNs of any length.
"""

WORDS_BYTES = 4_000
"""Of one reason, error or DNS name."""


def size_of(thing: object) -> int:
    """Return how many bytes it takes as JSON with everything escaped that can be: no writer of JSON needs more."""
    return len(json.dumps(msgspec.to_builtins(thing)))


def fitting(things: Iterable[Thing], most: int) -> tuple[Thing, ...]:
    """Return the first things, as many as take no more than ``most`` bytes together."""
    kept: list[Thing] = []
    room = most
    for thing in things:
        # With the comma after it.
        room -= size_of(thing) + 2
        if room < 0:
            break
        kept.append(thing)
    return tuple(kept)


def in_parts(things: Sequence[Thing], most: int) -> Iterator[Sequence[Thing]]:
    """Yield all things in their order, as many at once as one call takes."""
    return (things[start : start + most] for start in range(0, len(things), most))


def turned(things: Sequence[Thing], now: datetime) -> list[Thing]:
    """Return all things beginning with any, so that none is the last each time there is no time for all.

    What is killed over one can't say which it left out. The microsecond of ``now`` is as good as thrown.
    """
    first = now.microsecond % max(len(things), 1)
    return [*things[first:], *things[:first]]


def some_of(names: Sequence[str], most: int = 5) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def shortened(text: str, most: int) -> str:
    """Return the text; if it takes more than ``most`` bytes, its beginning, with an ellipsis at the end."""
    if size_of(text) <= most:
        return text
    # A character takes 12 bytes at most, an astral one's two escapes.
    kept = text[:most]
    while size_of(f"{kept}…") > most:
        over = size_of(f"{kept}…") - most
        kept = kept[: -max(1, over // 12)]
    return f"{kept}…"
