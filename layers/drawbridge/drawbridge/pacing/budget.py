"""Budgets: how often a call may be made, and when each call's turn is.

It is the generic cell rate algorithm, kept as the one moment when the next call is due. A budget that rests saves up no
more than its burst. Whoever reserves slots makes the calls himself, each at its slot: so no window of any length ``t``
has more than ``burst + per_second * t`` of them, whoever else reserves meanwhile. Clocks that differ by ``e`` add what
is made in ``2 * e``: milliseconds in Lambda.
"""

import math
from datetime import UTC, datetime, timedelta
from typing import Protocol

from msgspec import Struct

_SECOND = 1_000_000

_FIRST_PAUSE = 1.0
"""Seconds, of what no rate is known of."""

_LONGEST_PAUSE = 60.0
"""Of those whose length AWS does not give."""


class Rate(Struct, frozen=True):
    """How often: so many at once, and so many a second."""

    burst: int
    per_second: float

    @property
    def interval(self) -> int:
        """Microseconds from one call to the next, rounded up: no sum of them is ever too short."""
        return math.ceil(_SECOND / self.per_second)


class BudgetState(Struct, frozen=True):
    """What is kept of a budget. Moments are numbers of microseconds since 1970."""

    due: int | None = None
    """When the next call is due: by up to a burst before now, where the budget rests; ``None`` if there was no call."""
    paused_until: datetime | None = None
    paused_for: float = 0.0
    """Seconds of the last pause: the next is longer, if AWS does not say how long."""
    paused_by: str = ""
    """AWS's words for the last pause."""


class Slots(Struct, frozen=True):
    """When each call may be made, in order; who reserved them waits until then."""

    at: tuple[datetime, ...]

    @property
    def last(self) -> datetime:
        return self.at[-1]


class Budgets(Protocol):
    """The budgets that are in force, shared by all who call."""

    def reserve(self, operation: str, count: int) -> Slots:
        """Reserve slots for as many calls; those of a class without a rate are at the end of its pause, or now."""
        ...

    def reserve_if_idle(self, operation: str, count: int, *, within: float = 0.0) -> Slots | datetime:
        """Reserve slots if the next is due, or will be within so many seconds; else return when it is."""
        ...

    def pause(self, operation: str, seconds: float | None, why: str) -> None:
        """Have nobody call for so long: AWS throttled a call, which others than we have caused."""
        ...


def reserved(state: BudgetState, rate: Rate, count: int, now: datetime) -> tuple[BudgetState, Slots]:
    """Reserve as many slots; the state afterwards, and the slots."""
    moment = micros(now)
    first = max(state.due, earliest(rate, moment)) if state.due is not None else earliest(rate, moment)
    after = _with(state, due=first + count * rate.interval)
    return after, slots(first, rate, count, now)


def reserved_if_idle(
    state: BudgetState, rate: Rate, count: int, now: datetime, within: float = 0.0
) -> tuple[BudgetState, Slots] | datetime:
    """Reserve slots if the next is due, or will be within so many seconds; else return when it is."""
    if state.due is not None and state.due > micros(now + timedelta(seconds=within)):
        return at(state.due)
    return reserved(state, rate, count, now)


def paused(state: BudgetState, rate: Rate | None, now: datetime, seconds: float | None, why: str) -> BudgetState:
    """Have no further slot be handed out for as long as AWS says, and no burst after it.

    Where AWS does not say, it is the time of one call, then twice the last pause, if AWS throttles as soon as that one
    is over. Of calls whose slots were reserved before a pause, a throttle says nothing new.
    """
    if seconds is None:
        if state.paused_until is not None and now < state.paused_until:
            return state
        follows = state.paused_until is not None and now < state.paused_until + timedelta(seconds=state.paused_for)
        shortest = rate.interval / _SECOND if rate else _FIRST_PAUSE
        seconds = min(max(2 * state.paused_for if follows else 0.0, shortest), max(_LONGEST_PAUSE, shortest))
    until = now + timedelta(seconds=seconds)
    if state.paused_until is not None and state.paused_until >= until:
        return state
    due = micros(until) if state.due is None else max(state.due, micros(until))
    return BudgetState(due=due, paused_until=until, paused_for=seconds, paused_by=why)


def slots(first: int, rate: Rate, count: int, now: datetime) -> Slots:
    """Return the slots of calls of which the first is due at a moment; what is overdue may be made now."""
    return Slots(tuple(max(now, at(first + place * rate.interval)) for place in range(count)))


def without_rate(state: BudgetState, count: int, now: datetime) -> Slots:
    """Return slots where no rate is known: none while calls are paused, and then as many as are wanted."""
    start = now if state.paused_until is None else max(now, state.paused_until)
    return Slots((start,) * count)


def without_rate_if_idle(state: BudgetState, count: int, now: datetime, within: float) -> Slots | datetime:
    """Return slots where no rate is known, unless calls are paused for longer; then when they are not."""
    found = without_rate(state, count, now)
    return found if found.last <= now + timedelta(seconds=within) else found.last


def earliest(rate: Rate, moment: int) -> int:
    """Return the earliest that a call can have been due that is made now: a burst before."""
    return moment - (rate.burst - 1) * rate.interval


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def at(moment: int) -> datetime:
    return _EPOCH + moment * _MICROSECOND


def _with(state: BudgetState, *, due: int) -> BudgetState:
    return BudgetState(due, state.paused_until, state.paused_for, state.paused_by)
