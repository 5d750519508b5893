"""Fast-forwarding the clock, as fast as the work allows."""

from __future__ import annotations

import time
from collections.abc import Callable

from local_aws.time.activity import at_work
from local_aws.time.clock import clock

_CHECKS = 3
_BETWEEN_CHECKS = 0.003
"""Real seconds; several checks, as one may miss work that is being handed over."""

_LOOKS = 3
"""How often ``until`` is asked before time passes even though work has begun meanwhile, as it may begin some itself."""

_DELAY_FACTOR = 4
"""Other threads may wait this many times as long for their turn as this one did: checks go on for that time."""


def fast_forward(seconds: float, until: Callable[[], bool] = lambda: False, *, patience: float = 60.0) -> bool:
    """Let ``seconds`` of the clock pass, or fewer if ``until`` holds before; return whether it does.

    Work is waited for, the time between is skipped: an hour in which nothing happens takes no time. ``until`` is called
    whenever no work is under way.

    Raises:
        TimeoutError: work has been under way for ``patience`` real seconds without a pause.
    """
    end = clock.time() + seconds
    looks = 0
    while True:
        wait_for_work(patience)
        if until():
            return True
        left = end - clock.time()
        if left <= 0:
            return False
        # What was handed over while ``until`` looked would have all that time pass while it works.
        looks += 1
        unless = at_work if looks < _LOOKS else _never
        if clock.skip(left, unless=unless) or looks >= _LOOKS:
            looks = 0


def _never() -> bool:
    return False


def wait_for_work(patience: float = 60.0) -> None:
    """Return once no work is under way, except what waits for the clock.

    Raises:
        TimeoutError: after ``patience`` real seconds; the message names the work.
    """
    deadline = time.monotonic() + patience
    since, needed = time.monotonic(), _CHECKS * _BETWEEN_CHECKS
    while time.monotonic() < since + needed:
        working = at_work()
        now = time.monotonic()
        if working:
            since = now
        if now > deadline:
            raise TimeoutError(f"still at work after {patience:g} s: {working}")
        time.sleep(_BETWEEN_CHECKS)  # real time: threads at work don't follow the clock
        needed = max(needed, _DELAY_FACTOR * (time.monotonic() - now - _BETWEEN_CHECKS))
