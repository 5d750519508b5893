"""How much of its time an invocation has used: it computes in real time, and sleeps by the clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from local_aws.time.clock import clock

_BETWEEN_LOOKS = 0.05
"""Real seconds between two looks at one that sleeps: it may be woken, or its time may be up, at any moment."""


class Stopwatch:
    """Runs from its making; what is slept counts in seconds of the clock, and all else in real ones."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._lock = threading.Lock()
        self._real = time.monotonic()
        self._before = 0.0
        self._asleep: float | None = None
        """The time of the clock since when it sleeps."""

    def used(self) -> float:
        """Return the seconds that have been used."""
        with self._lock:
            if self._asleep is not None:
                return self._before + clock.time() - self._asleep
            return self._before + time.monotonic() - self._real

    def left(self) -> float:
        """Return the seconds until the time is up; one that sleeps is woken first, and then has none."""
        left = self._timeout - self.used()
        with self._lock:
            return left if self._asleep is None else max(left, _BETWEEN_LOOKS)

    def in_real_seconds(self, left: float) -> float:
        """Return for how long nothing can be missed that ends the time."""
        with self._lock:
            return left if self._asleep is None else _BETWEEN_LOOKS

    @contextmanager
    def sleeping(self, seconds: float) -> Iterator[float]:
        """Count by the clock while the block sleeps; yield for how long it may: until its time is up at most."""
        most = min(seconds, max(0.0, self._timeout - self.used()))
        with self._lock:
            self._before += time.monotonic() - self._real
            self._asleep = clock.time()
        try:
            yield most
        finally:
            with self._lock:
                self._before += clock.time() - self._asleep
                self._asleep = None
                self._real = time.monotonic()
