"""Acceptance: what was decided is done to the invitation or the connection, having looked once more."""

from enum import StrEnum

from msgspec import Struct

from drawbridge.status import Reason


class Result(StrEnum):
    """How the invitation or connection stands afterwards."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Acceptance(Struct, frozen=True):
    result: Result
    because: tuple[Reason, ...] = ()
