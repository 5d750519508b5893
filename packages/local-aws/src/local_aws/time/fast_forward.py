"""Letting time pass as fast as the work in it allows."""

from __future__ import annotations

import time
from collections.abc import Callable

from local_aws.time.activity import WAITING, in_flight
from local_aws.time.clock import clock

_LOOKS = 3
_BETWEEN_LOOKS = 0.003
"""Real seconds: work passes from hand to hand between two looks, so one look without any is not believed."""

_LATE = 4
"""So many times as long as this thread had to wait for its turn, others may have to: nothing sooner is believed."""


def fast_forward(seconds: float, until: Callable[[], bool] = lambda: False, *, patience: float = 60.0) -> bool:
    """Let so many seconds of the clock pass, or less, once ``until`` holds; return whether it does.

    Work is waited for, the time between is left out: an hour in which nothing happens takes no time. ``until`` is asked
    whenever nothing is at work.

    Raises:
        TimeoutError: somebody has been at work for so many real seconds without a pause: ``patience``.
    """
    end = clock.time() + seconds
    while True:
        wait_for_work(patience)
        if until():
            return True
        left = end - clock.time()
        if left <= 0:
            return False
        clock.skip(left)


def wait_for_work(patience: float = 60.0) -> None:
    """Return once nobody is at work: what is still in flight waits for the clock to go on.

    Raises:
        TimeoutError: after so many real seconds; it tells what is at work.
    """
    deadline = time.monotonic() + patience
    since, needed = time.monotonic(), _LOOKS * _BETWEEN_LOOKS
    while time.monotonic() < since + needed:
        working = {what: number for what, number in in_flight().items() if what not in WAITING}
        now = time.monotonic()
        if working:
            since = now
        if now > deadline:
            raise TimeoutError(f"still at work after {patience:g} s: {working}")
        time.sleep(_BETWEEN_LOOKS)  # real time: threads at work don't follow the clock
        needed = max(needed, _LATE * (time.monotonic() - now - _BETWEEN_LOOKS))
