"""Absence: what AWS does not list any longer, and what it says of that when asked by id."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Existence(StrEnum):
    """What AWS says of something that it was asked for by its id."""

    PRESENT = "present"
    GONE = "gone"
    UNKNOWN = "unknown"
    """An empty answer says nothing, and neither do two answers that differ."""


class Absence(Struct, frozen=True, kw_only=True, order=True):
    """The mark of something that AWS says is gone."""

    of: str
    """The ARN of a share or of something shared, or the id of an endpoint."""
    since: datetime
    """When AWS, asked for it by its id, first said so."""
    confirmed: bool = False
    """Whether it said so again long enough after, and it may be acted on."""
