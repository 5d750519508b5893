"""When a request needs another attempt.

A look happens all the time; an attempt costs money and calls. So a request that has settled is left alone until
something changed that its outcome could depend on.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from drawbridge.discovery.observed import Seen
from drawbridge.discovery.row import SETTLED_FOR_NOW, Row
from drawbridge.status import Status

HELD_AT_LEAST_EVERY = timedelta(hours=6)
"""A held request is decided again this often, for facts that no look shows: an account that joined the organization."""

_YOUNG = timedelta(minutes=1)
"""An attempt that said something this lately runs: there is no need to ask."""

_MADE_SURE_EVERY = timedelta(hours=1)
_MADE_SURE_FOR = timedelta(minutes=6)
"""More than there is between two looks, if nobody said otherwise."""

_FIRST_RETRY = timedelta(minutes=1)
_LONGEST_RETRY = timedelta(hours=6)


class Need(StrEnum):
    """What is to be done for a request that was seen."""

    NOTHING = "nothing"
    MAKE_SURE = "make sure that its execution runs"
    NEW_ATTEMPT = "a new attempt"


def need_of(seen: Seen, row: Row | None, now: datetime) -> Need:
    """Tell what is to be done for a request."""
    if row is None:
        return Need.NEW_ATTEMPT if seen.open else Need.NOTHING
    if not row.settled:
        return Need.NOTHING if _age(row, now) < _YOUNG else Need.MAKE_SURE
    return Need.NEW_ATTEMPT if _changed(seen, row) or _waited(seen, row, now) else Need.NOTHING


def _changed(seen: Seen, row: Row) -> bool:
    if seen.state != row.seen:
        return seen.open or row.status in SETTLED_FOR_NOW
    if seen.open and (seen.drift not in {"", row.drift} or _rests_on_something_else(seen, row)):
        return True
    # What was let in stays: taking it down because policies changed is withdrawal's.
    undecided = row.status in SETTLED_FOR_NOW or row.incomplete
    return seen.open and (_is_wanted_otherwise(seen, row) or (undecided and seen.permitted != row.permitted))


def _rests_on_something_else(seen: Seen, row: Row) -> bool:
    # Somebody has deleted what was left behind: the row shall not tell of it any longer.
    if seen.left is not None and seen.left != row.left:
        return True
    return seen.inputs is not None and row.inputs is not None and bool(seen.inputs.changed_since(row.inputs))


def _is_wanted_otherwise(seen: Seen, row: Row) -> bool:
    if seen.wanted == row.wanted:
        return False
    # What hindered it may have been a binding that matches something else.
    hindered = row.status in {Status.HELD, Status.FAILED} or row.incomplete
    return hindered or not seen.matched or seen.matched != row.matched


def _waited(seen: Seen, row: Row, now: datetime) -> bool:
    if not seen.open:
        return False
    if row.status is Status.FAILED:
        return may_try_again(row, now)
    hindered = row.status is Status.HELD or row.incomplete or bool(seen.drift) or _is_kept_for_now(row)
    return hindered and _age(row, now) >= HELD_AT_LEAST_EVERY


def _is_kept_for_now(row: Row) -> bool:
    """Tell whether what is live was kept for something that may pass, as a fact that was unknown; a denial stays."""
    return bool(row.kept) and not any(reason.code == "denied" for reason in row.kept)


def may_try_again(row: Row, now: datetime) -> bool:
    """Tell whether an attempt that failed, or ended without saying how, has been long enough ago for another one."""
    # 2 to the power of 9 minutes is past the longest wait; more would overflow after years of attempts.
    wait: timedelta = _FIRST_RETRY * 2 ** min(max(row.failures, 1) - 1, 9)
    return _age(row, now) >= min(_LONGEST_RETRY, wait)


def is_its_turn(row: Row, now: datetime) -> bool:
    """Tell whether it is time to make sure that an execution that waits is there: for some minutes of each hour."""
    return _age(row, now) % _MADE_SURE_EVERY < _MADE_SURE_FOR


def _age(row: Row, now: datetime) -> timedelta:
    return now - datetime.fromisoformat(row.updated_at)
