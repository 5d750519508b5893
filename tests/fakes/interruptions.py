"""What goes wrong while fakes are used: calls that are throttled, and a function that is killed between two writes."""

from __future__ import annotations

from typing import Literal

from drawbridge.errors import ThrottledError

Call = Literal["drift", "ending", "existence", "inputs", "invitations", "managed", "notify", "start"]


class CrashError(BaseException):
    """The function was killed here."""


class Interruptions:
    """Shared by the fakes of one test; without its doing nothing goes wrong."""

    def __init__(self) -> None:
        self.failing: set[Call] = set()
        """The calls that are throttled."""
        self.writes_until_crash = 1_000

    def before_call(self, name: Call) -> None:
        if name in self.failing:
            raise ThrottledError(name)

    def before_write(self) -> None:
        self.writes_until_crash -= 1
        if self.writes_until_crash < 0:
            raise CrashError
