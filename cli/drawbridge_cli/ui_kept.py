"""What ``drawbridge ui`` has read of AWS, kept for as long as it may be shown again."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec import Struct

Read = TypeVar("Read")
Clock = Callable[[], float]
"""Seconds that only go forward."""

_SHARE = 10
"""Of the time, no more than one part in so many goes into reading."""
_FAILED = 4.0
"""Seconds that a failure is kept, whatever it is of: what is read each ten minutes may succeed long before."""


class Reading(Struct, Generic[Read], frozen=True):
    """What was read, and how long ago."""

    value: Read
    age: float
    """Seconds since the reading began."""


class Kept(Generic[Read]):
    """Something that is read for whoever asks, and read again once it is too old.

    That is after ``soon`` seconds, and twice as many each time that nothing of it has changed, up to ``late``; and
    later where the reading itself takes long. As long as something of it is moving, it changes soon. A failure is
    raised again for ``soon`` seconds: while AWS throttles, windows that ask anew would see to it that it goes on.
    """

    def __init__(
        self,
        read: Callable[[], Read],
        *,
        soon: float,
        late: float,
        clock: Clock,
        is_moving: Callable[[Read], bool] = lambda _: False,
    ) -> None:
        self._read = read
        self._soon = soon
        self._late = late
        self._clock = clock
        self._is_moving = is_moving
        self._lock = threading.Lock()
        self._value: Read | None = None
        self._failure: Exception | None = None
        self._read_at = 0.0
        self._kept_for = 0.0
        self._until = 0.0

    def __call__(self) -> Reading[Read]:
        """Return what was read last, or read it: for one at a time, as AWS's clients have state."""
        with self._lock:
            is_old = self._clock() >= self._until
            if self._failure is not None and not is_old:
                raise self._failure.with_traceback(None)
            value = self._read_anew() if self._value is None or is_old else self._value
            return Reading(value, self._clock() - self._read_at)

    def _read_anew(self) -> Read:
        began = self._clock()
        try:
            value = self._read()
        except Exception as error:
            # From its end on: throttled, it takes longer than it is kept.
            self._failure, self._until = error, self._clock() + _FAILED
            raise
        ended = self._clock()
        at_rest = value == self._value and not self._is_moving(value)
        self._kept_for = min(2 * self._kept_for, self._late) if at_rest else self._soon
        self._value, self._failure, self._read_at = value, None, began
        self._until = max(began + self._kept_for, ended + _SHARE * (ended - began))
        return value
