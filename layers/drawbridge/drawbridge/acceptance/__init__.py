"""Acceptance: the invitation or the connection is answered as decided, after AWS was asked once more.

If anything has changed since the decision, or it was made too long ago, nothing is done, and it is decided again.
"""

from enum import StrEnum

from msgspec import Struct

from drawbridge.status import Reason


class AcceptanceResult(StrEnum):
    """The state of the invitation or connection afterwards."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Acceptance(Struct, frozen=True, tag="answered", tag_field="outcome"):
    result: AcceptanceResult
    because: tuple[Reason, ...] = ()


class DecideAgain(Struct, frozen=True, tag="decide-again", tag_field="outcome"):
    """Nothing was done: what was decided on has changed, or was decided too long ago."""

    because: tuple[Reason, ...]
