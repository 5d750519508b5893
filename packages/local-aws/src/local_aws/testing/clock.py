"""The one clock of the local AWS, and what is at work now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from local_aws.time import activity
from local_aws.time.clock import clock as _clock
from local_aws.time.fast_forward import fast_forward as _fast_forward


class Clock(Protocol):
    """The local AWS's time: it begins at the present, runs at a multiple of real time, and never goes back."""

    def time(self) -> float:
        """Return the seconds since 1970."""

    def now(self) -> datetime:
        """Return the time in UTC, as an aware datetime."""

    def advance(self, seconds: float) -> None:
        """Advance the clock, run everything that falls due, each at its own time, and return once it has run.

        What this starts may still be at work afterwards; ``fast_forward`` waits for it.
        """

    def set_speed(self, factor: float) -> None:
        """Set how many local seconds pass in a real one, up to 100,000; with 0 none does but those that are advanced."""


clock: Clock = _clock
"""The clock of this process."""


def fast_forward(seconds: float, until: Callable[[], bool] = lambda: False, *, patience: float = 60.0) -> bool:
    """Let so many seconds of the clock pass, or fewer once ``until`` holds; return whether it does.

    It waits for work and skips idle time: an hour in which nothing happens takes no time. ``until`` is called whenever
    nothing is at work, as then nothing changes by itself.

    Raises:
        TimeoutError: there was work without a pause for ``patience`` real seconds.
    """
    return _fast_forward(seconds, until, patience=patience)


def in_flight() -> dict[str, int]:
    """Return the work in flight, counted by name, such as ``executions``; empty once all is quiet."""
    return activity.in_flight()
