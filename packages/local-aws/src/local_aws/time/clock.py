"""The clock of everything on the local AWS."""

from __future__ import annotations

import heapq
import itertools
import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_log = logging.getLogger(__name__)

MOST_SPEED = 100_000
"""Above it a float of seconds loses the milliseconds."""


@dataclass(order=True)
class Due:
    """An action that is planned for a time of the clock."""

    at: float
    order: int
    action: Callable[[], Any] = field(compare=False)
    background: bool = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        """Cancel the action; harmless once it has run."""
        self.cancelled = True


class Clock:
    """Local AWS time: it runs at a factor of real time, or stands still, and can be advanced, never turned back.

    Actions planned with ``call_later`` run one after the other, in the order of their time, on the clock's own
    thread: an action must be short, and start a thread for longer work. ``advance`` runs the actions that become
    due in that order too, each at its own time.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._real = time.monotonic()
        self._then = time.time()
        self._speed = 1.0
        self._due: list[Due] = []
        self._order = itertools.count()
        self._target: float | None = None
        self._busy = False
        self._acting = False
        self._begun = 0
        self._thread: threading.Thread | None = None

    def time(self) -> float:
        """Return the seconds since 1970, in local AWS time."""
        with self._changed:
            return self._now()

    def now(self) -> datetime:
        """Return the time as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    @property
    def speed(self) -> float:
        """The local seconds that pass in a real one: none where the clock stands still."""
        return self._speed

    def set_speed(self, factor: float) -> None:
        """Have ``factor`` local seconds pass in each real one from now on; with 0, only those that are advanced."""
        if not 0 <= factor <= MOST_SPEED:
            raise ValueError(f"speed: a number from 0 to {MOST_SPEED}, not {factor}")
        with self._changed:
            self._rebase(self._now())
            self._speed = factor
            self._changed.notify_all()

    def advance(self, seconds: float) -> None:
        """Move the clock on, and return once all actions that became due have run."""
        if seconds < 0:
            raise ValueError(f"advance: seconds that are 0 or more, not {seconds}")
        with self._changed:
            self._start()
            target = self._now() + seconds
            self._target = max(target, self._target or target)
            self._changed.notify_all()
            while self._target is not None and self._now() < target:
                self._changed.wait(0.05)

    def skip(self, at_most: float, *, unless: Callable[[], object] = lambda: False) -> float:
        """Advance to the next planned action, at most by ``at_most`` seconds; return the seconds advanced.

        A caller that waits for work can skip the time in which nothing happens: none passes if ``unless`` returns
        something, or if an action has begun meanwhile. What an action plans in turn is planned once it has run.
        """
        with self._changed:
            while self._acting:
                self._changed.wait(0.05)
            begun = self._begun
        if unless():
            return 0.0
        with self._changed:
            if self._begun != begun:
                return 0.0
            planned = [due.at for due in self._due if not due.cancelled]
            gap = min(planned, default=math.inf) - self._now()
            skipped = min(at_most, max(0.0, gap))
            self.advance(skipped)
        return skipped

    def call_later(self, seconds: float, action: Callable[[], Any], *, background: bool = False) -> Due:
        """Plan an action.

        ``background`` marks an action that recurs for ever or is far away (a schedule's next run, an expiry in hours):
        it does not count as in flight.
        """
        with self._changed:
            self._start()
            due = Due(self._now() + max(0.0, seconds), next(self._order), action, background)
            heapq.heappush(self._due, due)
            self._changed.notify_all()
            return due

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for the event, at most ``seconds`` local seconds; return whether it was set."""
        expired = self.call_later(seconds, lambda: None, background=True)
        deadline = expired.at
        try:
            while not event.is_set():
                left = deadline - self.time()
                if left <= 0:
                    return False
                # An event can't be waited for together with the condition: check often, but not in a spin.
                event.wait(min(0.05, self.in_real_seconds(left)))
            return True
        finally:
            expired.cancel()

    def sleep(self, seconds: float) -> None:
        """Return after ``seconds`` local seconds."""
        self.wait(threading.Event(), seconds)

    def in_real_seconds(self, seconds: float) -> float:
        """Return how long local seconds take, if nobody advances the clock: for ever where it stands still."""
        return seconds / self._speed if self._speed else math.inf

    def in_flight(self) -> int:
        """Return the number of planned actions, other than background ones, that have not ended."""
        with self._changed:
            waiting = sum(1 for due in self._due if not due.cancelled and not due.background)
            return waiting + (1 if self._busy else 0)

    def _now(self) -> float:
        return self._then + (time.monotonic() - self._real) * self._speed

    def _rebase(self, now: float) -> None:
        self._then, self._real = now, time.monotonic()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                due = self._next()
                self._busy = not due.background
                self._acting = True
                self._begun += 1
            try:
                due.action()
            except Exception:  # noqa: BLE001 - an action that fails must not stop the clock
                _log.exception("an action planned for %s failed", datetime.fromtimestamp(due.at, UTC))
            finally:
                with self._changed:
                    self._busy = self._acting = False
                    self._changed.notify_all()

    def _next(self) -> Due:
        """Wait for the next due action, and jump forward for ``advance``; the lock is held."""
        while True:
            while self._due and self._due[0].cancelled:
                heapq.heappop(self._due)
            now = self._now()
            if self._target is not None:
                first = self._due[0].at if self._due else self._target
                if now < min(first, self._target):
                    self._rebase(min(first, self._target))
                    now = self._now()
                if now >= self._target and first > self._target:
                    self._target = None
                    self._changed.notify_all()
            if self._due and self._due[0].at <= now:
                return heapq.heappop(self._due)
            # A real wait is limited to a minute, so that a distant time is no overflow.
            left = self.in_real_seconds(self._due[0].at - now) if self._due else 60.0
            self._changed.wait(min(60.0, max(0.0005, left)))


clock = Clock()
"""The clock of this process, as moto's own state is of the process too."""
