"""The schedule of the sweeps: how often it has one made, and whether it should have had another made since the last."""

import re
from datetime import datetime, timedelta

_LATE = timedelta(minutes=10)
"""How much later than its schedule a sweep may end: it takes five minutes at most, and may wait as long for another."""

_RATE = re.compile(r"rate\((\d+) (minute|hour)s?\)")


def interval_of(rate: str) -> timedelta | None:
    """Return how often a rate of EventBridge Scheduler is; ``None`` if it is not one in minutes or hours."""
    found = _RATE.fullmatch(rate)
    if found is None:
        return None
    return timedelta(**{f"{found[2]}s": int(found[1])})


def is_late(last_at: datetime, every: timedelta, now: datetime) -> bool:
    """Return whether there should have been another sweep of the schedule by now."""
    return now - last_at > 2 * every + _LATE
