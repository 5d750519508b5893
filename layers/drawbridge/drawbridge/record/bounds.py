"""How much history a row keeps: an item of DynamoDB is 400 KB at most, whatever others share, name and repeat.

The other attributes of a row (names, attachments, contents, decision records) are bounded where they are made.
"""

from collections.abc import Sequence
from typing import Any

MOST_HISTORY = 48_000
"""Bytes of a row's history."""

# What DynamoDB counts for each list or map, and for each entry of one; see "Item sizes and formats" in its guide.
_OF_ANY = 3
_OF_ENTRY = 1
_OF_NUMBER = 21


def stored_size_of(value: Any) -> int:
    """Return how many bytes DynamoDB counts for a value, or somewhat more."""
    match value:
        case None | bool():
            return _OF_ENTRY
        case str():
            # A lone surrogate can't be stored as it is; nothing of ours has one.
            return len(value.encode("utf-8", "surrogatepass"))
        case dict():
            return _OF_ANY + sum(
                _OF_ENTRY + stored_size_of(name) + stored_size_of(each) for name, each in value.items()
            )
        case list() | tuple() | set() | frozenset():
            return _OF_ANY + sum(_OF_ENTRY + stored_size_of(each) for each in value)
        case _:
            return _OF_NUMBER


def surplus(history: Sequence[Any], *, most: int, most_bytes: int = MOST_HISTORY) -> int:
    """Return how many of the oldest entries have to go so that the newest fit."""
    kept, left = 0, most_bytes
    for entry in reversed(history[-most:]):
        left -= _OF_ENTRY + stored_size_of(entry)
        if left < 0:
            break
        kept += 1
    return len(history) - kept
