"""Pace: who calls what has a budget waits until its slot has come."""

from collections import defaultdict, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from drawbridge.errors import SlotNotDueError, ThrottledError
from drawbridge.pacing.budget import Budgets, Slots
from drawbridge.pacing.door import MARGIN


class Pacing(Protocol):
    """How fast AWS is called."""

    def reserve(self, operation: str, count: int) -> None:
        """Reserve slots for as many calls, which are about to be made.

        Raises:
            ThrottledError: there is no time for the first of them.
        """
        ...

    def wait(self, operation: str) -> None:
        """Wait until the operation may be called once more.

        Raises:
            ThrottledError: there is no time for that.
        """
        ...

    def throttled(self, operation: str, error: ThrottledError) -> None:
        """Note that AWS throttled a call."""
        ...


class AtOnce:
    """A pace without a budget."""

    def reserve(self, operation: str, count: int) -> None:
        """Reserve nothing."""

    def wait(self, operation: str) -> None:
        """Wait for nothing."""

    def throttled(self, operation: str, error: ThrottledError) -> None:
        """Tell nobody."""


AT_ONCE = AtOnce()


class Pace:
    """The pace of one invocation."""

    def __init__(
        self,
        budgets: Budgets,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        time_left: Callable[[], float],
    ) -> None:
        self._budgets = budgets
        self._now = now
        self._sleep = sleep
        self._time_left = time_left
        self._reserved: defaultdict[str, deque[datetime]] = defaultdict(deque)

    def reserve(self, operation: str, count: int) -> None:
        """Reserve slots for as many calls in one request.

        Raises:
            SlotNotDueError: the function has no time for the first of them; it says when to come again.
        """
        if count <= 0:
            return
        found = self._slots(operation, count)
        if isinstance(found, datetime):
            raise self._not_due(operation, found)
        self._reserved[operation].extend(found.at)

    def wait(self, operation: str) -> None:
        """Wait until the operation may be called once.

        Raises:
            SlotNotDueError: the function has no time for that; it says when to come again.
        """
        if not self._reserved[operation]:
            self.reserve(operation, 1)
        slot = self._reserved[operation].popleft()
        seconds = (slot - self._now()).total_seconds()
        if seconds > self._spare():
            raise self._not_due(operation, slot)
        if seconds > 0:
            self._sleep(seconds)

    def throttled(self, operation: str, error: ThrottledError) -> None:
        """Have nobody call it for a while: others use up what AWS allows."""
        self._reserved[operation].clear()
        self._budgets.pause(operation, error.after, str(error))

    def _slots(self, operation: str, count: int) -> Slots | datetime:
        return self._budgets.reserve_if_idle(operation, count, within=self._spare())

    def _spare(self) -> float:
        return max(self._time_left() - MARGIN, 0.0)

    def _not_due(self, operation: str, slot: datetime) -> SlotNotDueError:
        words = f"{operation} may not be called until {slot:%H:%M:%S} UTC"
        return SlotNotDueError(words, after=(slot - self._now()).total_seconds())


class PaceBehindOthers(Pace):
    """The pace of an invocation that nobody waits for: it calls only while nobody else wants to."""

    def _slots(self, operation: str, count: int) -> Slots | datetime:
        pause = 0.0
        while isinstance(found := self._budgets.reserve_if_idle(operation, count), datetime):
            seconds = max((found - self._now()).total_seconds(), pause)
            if seconds > self._spare():
                return max(found, self._now() + timedelta(seconds=_LONGEST_LOOK))
            self._sleep(seconds)
            # Whoever finds others there a second time finds them there for a while.
            pause = min(max(2 * pause, _SECOND_LOOK), _LONGEST_LOOK)
        return found


_SECOND_LOOK, _LONGEST_LOOK = 2.0, 10.0
"""Seconds between two looks whether anybody else wants to call."""
