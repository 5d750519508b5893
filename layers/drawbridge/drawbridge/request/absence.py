"""Absence: what is connected, and AWS says by its id that it is gone."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Existence(StrEnum):
    """The answer of AWS, asked for one thing by its id."""

    PRESENT = "present"
    GONE = "gone"
    UNKNOWN = "unknown"
    """An answer that says neither, such as an empty list."""


class Absence(Struct, frozen=True, kw_only=True, order=True):
    """The mark of something that is gone."""

    of: str
    """The ARN of a share or of a shared resource, or the id of an endpoint."""
    since: datetime
    """When AWS, asked by id, first said that it is gone."""
    confirmed: bool = False
    """Whether AWS said so again long enough after, and it may be acted on."""
