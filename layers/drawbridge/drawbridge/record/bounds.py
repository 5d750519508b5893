"""How much of a request a row keeps: an item of DynamoDB is 400 KB at most, whatever others share, name and repeat.

What is kept by others of a row (names, ways, contents) is bounded where it is made, and has the other half.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from drawbridge.decision.facts import ShareFacts
from drawbridge.decision.grounds import AssociationGrounds, Grounds

MOST_HISTORY = 48_000
"""Bytes of a row's history."""
_MOST_GROUNDS = 40_000
"""Bytes of what one decision rested on, as JSON."""

# What DynamoDB counts for each list or map, and for each entry of one; see "Item sizes and formats" in its guide.
_OF_ANY = 3
_OF_ENTRY = 1
_OF_NUMBER = 21


def stored_size_of(value: Any) -> int:
    """Tell how many bytes DynamoDB counts of a value, as it counts or more."""
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
    """Tell how many of the first entries are to go, so that the newest fit."""
    kept, left = 0, most_bytes
    for entry in reversed(history[-most:]):
        left -= _OF_ENTRY + stored_size_of(entry)
        if left < 0:
            break
        kept += 1
    return len(history) - kept


def grounds_kept(grounds: Grounds) -> str:
    """Write grounds as far as they are kept: without a share's contents if these are too many, else not at all.

    What is not kept is unknown to whoever decides again, and counts against the asker.
    """
    facts = grounds.facts
    candidates = [grounds]
    if isinstance(facts, ShareFacts):
        candidates.append(msgspec.structs.replace(grounds, facts=msgspec.structs.replace(facts, contents=None)))
    texts = (msgspec.json.encode(each) for each in candidates)
    return next((text.decode() for text in texts if len(text) <= _MOST_GROUNDS), "")


def association_grounds_kept(grounds: AssociationGrounds) -> str:
    """Write what the decisions on a share's resources rested on, of as many of the first as fit."""
    while len(text := msgspec.json.encode(grounds)) > _MOST_GROUNDS:
        fewer = grounds.resources[: len(grounds.resources) // 2]
        grounds = msgspec.structs.replace(grounds, resources=fewer)
    return text.decode()
