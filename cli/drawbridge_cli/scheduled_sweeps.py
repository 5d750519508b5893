"""The sweeps that the schedule has made: the last of them, and whether there should have been another since."""

from datetime import datetime, timedelta

from msgspec import Struct

from drawbridge.discovery.sweep_record import SweepRecord
from drawbridge.schedule import is_late


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
        return is_late(self.last_at, self.every, now)


class SweepsUnknown(Struct, frozen=True):
    """They could not be asked for."""

    because: str


def ago(time: datetime, now: datetime) -> str:
    minutes = round((now - time).total_seconds() / 60)
    if minutes < 1:
        return "less than a minute ago"
    if minutes < 120:  # noqa: PLR2004 - two hours
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago"
