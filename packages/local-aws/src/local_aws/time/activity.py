"""The work that is under way, so that others can wait until there is none."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from local_aws.time.clock import clock

WAITING = frozenset({"executions", "messages", "planned"})
"""The activities that may be under way and only wait for the clock."""

_lock = threading.Lock()
_counts: Counter[str] = Counter()
_gauges: dict[str, Callable[[], int]] = {}
_thread = threading.local()


class Begun:
    """One of an activity, which counts from now until it is ended, by whichever thread.

    As a context it is what the thread is at, and ends with the block.
    """

    def __init__(self, activity: str) -> None:
        self._activity = activity
        self._ended = False
        self._before: tuple[str, ...] = ()
        with _lock:
            _counts[activity] += 1

    def end(self) -> None:
        """End it; harmless once it has ended."""
        with _lock:
            _counts[self._activity] -= not self._ended
            self._ended = True

    def __enter__(self) -> None:
        self._before = under_way_here()
        _thread.activities = (*self._before, self._activity)

    def __exit__(self, *_: object) -> None:
        _thread.activities = self._before
        self.end()


def doing(activity: str) -> Begun:
    """Count one more of the activity while the block runs."""
    return Begun(activity)


@contextmanager
def carrying(*activities: str) -> Iterator[None]:
    """Have it known that the thread is at these activities while the block runs; whoever began them counts them."""
    before = under_way_here()
    _thread.activities = before + activities
    try:
        yield
    finally:
        _thread.activities = before


def under_way_here() -> tuple[str, ...]:
    """Return the activities that this thread is at: none of them goes on while it waits."""
    found: tuple[str, ...] = getattr(_thread, "activities", ())
    return found


@contextmanager
def at_rest(*activities: str) -> Iterator[Callable[[], None]]:
    """Count one less of each while the block waits for the clock, or until the yielded function is called."""
    resting = True

    def end() -> None:
        nonlocal resting
        with _lock:
            for each in activities:
                _counts[each] += resting
            resting = False

    with _lock:
        for each in activities:
            _counts[each] -= 1
    try:
        yield end
    finally:
        end()


def gauge(activity: str, count: Callable[[], int]) -> None:
    """Have ``count`` return how many of the activity are under way; a second gauge of it replaces the first."""
    _gauges[activity] = count


def at_work() -> dict[str, int]:
    """Return the number under way of each activity that has any and does not only wait for the clock.

    Unlike ``in_flight`` it counts nothing of all that was ever started, and so can be asked every few milliseconds.
    """
    with _lock:
        counts = dict(_counts)
    for activity, count in _gauges.items():
        if activity not in WAITING:
            counts[activity] = counts.get(activity, 0) + count()
    return {activity: number for activity, number in counts.items() if number and activity not in WAITING}


def in_flight() -> dict[str, int]:
    """Return the number under way of each activity that has any.

    A person's decision that is waited for, and background actions of the clock, do not count.
    """
    with _lock:
        counts = dict(_counts)
    for activity, count in _gauges.items():
        counts[activity] = counts.get(activity, 0) + count()
    counts["planned"] = clock.in_flight()
    return {activity: number for activity, number in counts.items() if number}
