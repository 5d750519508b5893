"""Times in which policies do not permit what is connected: when it may be taken down, and when it has to be."""

from dataclasses import dataclass
from enum import Enum, auto
from math import inf

HOUR = 3600.0
DAY = 24 * HOUR

WITHDRAW_AFTER = 168 * HOUR
"""How long what is no longer permitted stays, as deployed."""

LATE = 7 * HOUR
"""How much later it may go: an attempt that was under way when its time came is tried again after six hours."""


class Standing(Enum):
    """Whether what was let in is to be connected, as far as policies are concerned."""

    STAYS = auto()
    EITHER = auto()
    """It is due somewhere between the earliest and the latest time at which it can have been announced."""
    GOES = auto()


@dataclass
class Lapse:
    """One time in which policies do not permit what is connected.

    It may be announced as soon as it begins, and is when all has settled. What is permitted for a while, and not any
    more before all has settled, may have been announced anew or not.
    """

    begun: float
    announced_by: float = inf
    is_urgent: bool = False
    urgent_since: float = inf
    """When an urgent forbid first stood against it; it need not stand any more."""
    is_interrupted: bool = False
    """Whether it is permitted again."""
    period: float = WITHDRAW_AFTER
    """How long it stays after it was announced."""

    @property
    def earliest(self) -> float:
        """Return the time before which nothing is taken down."""
        return min(self.begun + self.period, self.urgent_since)

    def resume(self, now: float, *, urgent: bool) -> None:
        """Note that policies do not permit it, and whether an urgent forbid is among them."""
        if self.is_interrupted:
            self.is_interrupted, self.announced_by = False, inf
        self.is_urgent = urgent
        if urgent:
            self.urgent_since = min(self.urgent_since, now)

    def interrupt(self) -> None:
        """Note that policies permit it again."""
        self.is_interrupted, self.is_urgent = True, False

    def standing(self, now: float) -> Standing:
        if self.is_interrupted or now < self.earliest:
            return Standing.STAYS
        if self.is_urgent or now >= self.announced_by + self.period + LATE:
            return Standing.GOES
        return Standing.EITHER

    def may_be_due(self, withdraw_after: float) -> bool:
        """Return whether that can be the time that was announced, in whole seconds."""
        return self.earliest - 1.0 < withdraw_after <= self.announced_by + self.period
