"""What is under way right now, so that anyone can wait until nothing is."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from local_aws.time.clock import clock

WAITING = frozenset({"executions", "messages", "planned"})
"""What may be under way and yet only wait for the clock to go on."""

_lock = threading.Lock()
_counts: Counter[str] = Counter()
_gauges: dict[str, Callable[[], int]] = {}


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Count one more ``what`` as long as the block runs."""
    with _lock:
        _counts[what] += 1
    try:
        yield
    finally:
        with _lock:
            _counts[what] -= 1


@contextmanager
def at_rest(what: str) -> Iterator[Callable[[], None]]:
    """Count one ``what`` less while the block waits for the clock; what is given ends the rest, if called before."""
    resting = True

    def end() -> None:
        nonlocal resting
        with _lock:
            _counts[what] += resting
            resting = False

    with _lock:
        _counts[what] -= 1
    try:
        yield end
    finally:
        end()


def gauge(what: str, count: Callable[[], int]) -> None:
    """Have ``count`` asked for how many of ``what`` are under way; a second gauge of the name replaces the first."""
    _gauges[what] = count


def in_flight() -> dict[str, int]:
    """Return what is under way, by name; empty when all is quiet.

    A person's decision that is waited for, and deadlines far away, are nobody's to count.
    """
    with _lock:
        counts = dict(_counts)
    for what, count in _gauges.items():
        counts[what] = counts.get(what, 0) + count()
    counts["planned"] = clock.in_flight()
    return {what: number for what, number in counts.items() if number}
