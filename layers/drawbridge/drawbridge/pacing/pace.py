"""Pace: who calls what has a budget waits until its slot has come."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from drawbridge.errors import ThrottledError
from drawbridge.pacing.budget import Budgets
from drawbridge.pacing.door import MARGIN


class Pace(Struct, frozen=True):
    """The pace of one invocation."""

    budgets: Budgets
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    time_left: Callable[[], float]
    """Seconds until Lambda kills the function."""

    def wait(self, operation: str) -> None:
        """Wait until the operation may be called once.

        Raises:
            ThrottledError: the function has no time for that; it says when to come again.
        """
        found = self.budgets.reserve_if_idle(operation, 1, within=max(self.time_left() - MARGIN, 0.0))
        now = self.now()
        if isinstance(found, datetime):
            words = f"{operation} may not be called until {found:%H:%M:%S} UTC"
            raise ThrottledError(words, after=(found - now).total_seconds())
        if (seconds := (found.last - now).total_seconds()) > 0:
            self.sleep(seconds)

    def throttled(self, operation: str, error: ThrottledError) -> None:
        """Have nobody call it for a while: others use up what AWS allows."""
        self.budgets.pause(operation, error.after, str(error))
