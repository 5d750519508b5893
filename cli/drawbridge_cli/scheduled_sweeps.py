"""The sweeps that the schedule has made: the last of them, and whether there should have been another since."""

import re
from datetime import datetime, timedelta

from msgspec import Struct

from drawbridge.discovery.sweep_record import SweepRecord

_LATE = timedelta(minutes=10)
"""How much later than its schedule a sweep may end: it takes five minutes at most, and may wait as long for another."""

_RATE = re.compile(r"rate\((\d+) (minute|hour)s?\)")


class ScheduledSweeps(Struct, frozen=True, kw_only=True):
    """What is known of them."""

    last: SweepRecord | None
    """``None`` if there was none yet."""
    every: timedelta
    since: datetime
    """When the stack was made."""

    @property
    def last_at(self) -> datetime:
        """When the last of them ended; as long as there is none, since when it is waited for."""
        return self.last.ended_at if self.last else self.since

    def is_late(self, now: datetime) -> bool:
        """Return whether there should have been another by now."""
        return now - self.last_at > 2 * self.every + _LATE


class SweepsUnknown(Struct, frozen=True):
    """They could not be asked for."""

    because: str


def interval_of(rate: str) -> timedelta | None:
    """Return how often a rate of EventBridge Scheduler is; ``None`` if it is not one in minutes or hours."""
    found = _RATE.fullmatch(rate)
    if found is None:
        return None
    return timedelta(**{f"{found[2]}s": int(found[1])})


def ago(time: datetime, now: datetime) -> str:
    minutes = round((now - time).total_seconds() / 60)
    if minutes < 1:
        return "less than a minute ago"
    if minutes < 120:  # noqa: PLR2004 - two hours
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago"
