"""Turns: who would do what AWS allows only so often waits for its turn in a queue, and does it then.

The queue's worker does nothing but say whose turn it is. A turn is good for one call.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from drawbridge.errors import ThrottledError

HOLDS = timedelta(minutes=1)
"""How long after its moment a turn may be used: who comes later waits for another."""


class Turn(Struct, frozen=True):
    """A call of this class may be made at that moment."""

    of: str
    at: datetime


class AwaitTurn(Struct, frozen=True):
    """What is to be waited for before the next action."""

    of: str
    throttled: str = ""
    """AWS's words, where it throttled the call although it was its turn: others use up what it allows."""
    after: float | None = None
    """Seconds after which it wants to be asked again, if it says so."""

    @classmethod
    def throttled_by(cls, of: str, error: ThrottledError) -> "AwaitTurn":
        return cls(of, throttled=str(error)[:500], after=error.after)


class Turns(Protocol):
    """The turns that somebody has."""

    def has(self, of: str) -> bool:
        """Return whether it is its turn for one call of the class."""
        ...

    def use(self, of: str) -> None:
        """Use the turn up: the call is made now."""
        ...


class GivenTurn:
    """The turn that the queue gave, if it gave one."""

    def __init__(self, turn: Turn | None, now: Callable[[], datetime]) -> None:
        self._turn = turn
        self._now = now

    def has(self, of: str) -> bool:
        return self._turn is not None and self._turn.of == of and self._now() - self._turn.at < HOLDS

    def use(self, of: str) -> None:
        if self._turn is not None and self._turn.of == of:
            self._turn = None
