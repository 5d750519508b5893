"""How long it took from the first sight of a request to its connection."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from msgspec import Struct

from drawbridge.decision.delayed import DELAYED
from drawbridge.decision.let_in import ADOPTED, RECOVERED
from drawbridge.record.entry import Entry, HistoryEntry
from drawbridge.status import Status

_PEOPLES = frozenset({Status.WAITING_FOR_APPROVAL, Status.HELD})
"""Statuses that only people end, by an answer or by what they configure; those that are over end by asking again.

So does a delay, which somebody wrote into a policy.
"""


class TimeToConnect(Struct, frozen=True):
    """The time from the first sight of a request to its first connection."""

    whole: timedelta
    waited_for_people: timedelta

    @property
    def own(self) -> timedelta:
        """The part of it that no person took."""
        return self.whole - self.waited_for_people


def time_to_connect(entry: Entry) -> TimeToConnect | None:
    """Return the time it took if the request is connected for the first time; ``None`` if it is not, or not known.

    What was live before it was decided on here, or before the ledger was lost, was connected by somebody else.
    """
    history = entry.history
    reached = [each for each in history if each.status is Status.AVAILABLE]
    if entry.history_left_out or len(reached) != 1 or history[-1].status is not Status.AVAILABLE:
        return None
    if entry.let_in is not None and any(reason.code in {ADOPTED, RECOVERED} for reason in entry.let_in.because):
        return None
    return TimeToConnect(_at(history[-1]) - _at(history[0]), sum(_waits(history), timedelta()))


def _waits(history: Iterable[HistoryEntry]) -> Iterator[timedelta]:
    for each, following in pairwise(history):
        # An attempt that ends with an acceptance waits for a binding.
        lacks_binding = each.status is Status.ACCEPTED and following.status is Status.PENDING
        is_delayed = any(reason.code == DELAYED for reason in each.reasons)
        if each.status in _PEOPLES or each.status.is_over or lacks_binding or is_delayed:
            yield _at(following) - _at(each)


def _at(entry: HistoryEntry) -> datetime:
    return datetime.fromisoformat(entry.at)
