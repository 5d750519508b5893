"""The one clock that everything on the local AWS goes by, and what is at work right now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from local_aws.time import activity
from local_aws.time.clock import clock as _clock
from local_aws.time.fast_forward import fast_forward as lapse


class Clock(Protocol):
    """Local AWS time: it begins at the present, runs at a factor of real time, and is never turned back."""

    def time(self) -> float:
        """Return the seconds since 1970."""

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""

    def advance(self, seconds: float) -> None:
        """Move on, past everything that falls due on the way, each at its own moment; return once that has run.

        What is begun then may still be at work afterwards: ``fast_forward`` waits for it.
        """

    def set_speed(self, factor: float) -> None:
        """Let so many local seconds pass in each real one, from now on; up to 100,000."""


clock: Clock = _clock
"""The clock of this process."""


def fast_forward(seconds: float, until: Callable[[], bool] = lambda: False, *, patience: float = 60.0) -> bool:
    """Let so many seconds of the clock pass, or less, once ``until`` holds; return whether it does.

    Work is waited for, the time between is left out: an hour in which nothing happens takes no time. ``until`` is asked
    whenever nothing is at work, as then nothing changes by itself.

    Raises:
        TimeoutError: somebody has been at work for so many real seconds without a pause: ``patience``.
    """
    return lapse(seconds, until, patience=patience)


def in_flight() -> dict[str, int]:
    """Return what is under way, by name, such as ``executions``; empty once all is quiet."""
    return activity.in_flight()
