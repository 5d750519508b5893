"""Acceptance: what was decided is done to the invitation or the connection, having looked once more.

Whatever has changed since the decision, or whatever was decided too long ago, is not done but decided again.
"""

from enum import StrEnum

from msgspec import Struct

from drawbridge.status import Reason


class AcceptanceResult(StrEnum):
    """How the invitation or connection stands afterwards."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Acceptance(Struct, frozen=True, tag="answered", tag_field="outcome"):
    result: AcceptanceResult
    because: tuple[Reason, ...] = ()


class DecideAgain(Struct, frozen=True, tag="decide-again", tag_field="outcome"):
    """Nothing was done: what was decided on is not so any more, or was decided too long ago."""

    because: tuple[Reason, ...]
