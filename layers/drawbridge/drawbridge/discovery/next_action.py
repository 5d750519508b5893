"""When a request needs another attempt.

A sweep happens all the time; an attempt costs money and calls. So a request that has settled is left alone until
something changed that its outcome could depend on.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from drawbridge.decision.let_in import DENIED
from drawbridge.discovery.ledger_row import SETTLED_FOR_NOW, LedgerRow
from drawbridge.discovery.observed_request import ObservedRequest
from drawbridge.status import Reason, Status

HELD_AT_LEAST_EVERY = timedelta(hours=6)
"""A held request is decided again this often, for facts that no sweep shows: an account joined the organization."""

_YOUNG = timedelta(minutes=1)
"""An attempt that recorded something this recently is running: there is no need to ask."""

_ENSURED_EVERY = timedelta(hours=1)
_BETWEEN_SWEEPS = timedelta(minutes=6)
"""More than the time between two sweeps, by default."""

_FIRST_RETRY = timedelta(minutes=1)
_LONGEST_RETRY = timedelta(hours=6)


class NextAction(StrEnum):
    """The next action for an observed request."""

    NOTHING = "nothing"
    ENSURE_RUNNING = "make sure that its execution runs"
    NEW_ATTEMPT = "a new attempt"


class RecordedAttempt(Protocol):
    """When an attempt recorded something last, and how many failed in a row."""

    @property
    def updated_at(self) -> str: ...

    @property
    def failures(self) -> int: ...


def next_action(observed: ObservedRequest, row: LedgerRow | None, now: datetime) -> NextAction:
    """Return the next action for a request."""
    if row is not None and not row.settled:
        return NextAction.NOTHING if is_young(row, now) else NextAction.ENSURE_RUNNING
    return NextAction.NOTHING if cause_of_attempt(observed, row, now) is None else NextAction.NEW_ATTEMPT


def cause_of_attempt(observed: ObservedRequest, row: LedgerRow | None, now: datetime) -> Reason | None:
    """Return why a request that has settled, or has no row, needs another attempt; ``None`` if it needs none."""
    if row is None:
        return _FIRST_SEEN if observed.open else None
    if row.status is Status.WITHDRAWING:
        # It is listed again before it was taken down: what is gone is no business of this.
        return _LISTED_AGAIN
    return _change(observed, row) or _wait_that_is_over(observed, row, now)


_FIRST_SEEN = Reason("first-seen", "AWS lists it, and the ledger had no row of it.")
_LISTED_AGAIN = Reason("listed-again", "AWS lists it again before it was taken down.")
_LISTED_OTHERWISE = Reason("listed-otherwise", "What AWS lists of it has changed.")
_NOT_LISTED = Reason("not-listed", "AWS does not list it any longer, or lists it as over.")
_COMMANDED = Reason("tried-again", "Somebody had it tried again: drawbridge retry.")
_DRIFT = Reason("drift", "What is connected is not as it was left.")
_BINDINGS = Reason("bindings-changed", "Bindings that match something of it have changed.")
_POLICIES = Reason(
    "policies-changed", "Policies, the registry's entry of the account, or what they count have changed."
)
_FAILED_BEFORE = Reason("failed-before", "The attempt before failed, and its wait is over.")
_DELAY_OVER = Reason("delay-over", "The delay is over after which it is let in, if it is permitted still.")
_NOT_FOR_LONG = Reason("not-decided-for-long", "It is looked at anew every six hours, for what no sweep observes.")

RETRY_FINGERPRINT = "retry"
"""Stands for what was observed of a request that is to be tried again: whatever is observed differs."""


def _change(observed: ObservedRequest, row: LedgerRow) -> Reason | None:
    """Return what has changed that the outcome could depend on."""
    if observed.observed_fingerprint != row.observed_fingerprint:
        return _change_of_listing(observed, row)
    if row.status is Status.WITHDRAWN or not observed.open:
        # It is there, and was taken down all the same: policies or an operator have to say otherwise.
        return None
    if observed.drift_fingerprint not in {"", row.drift_fingerprint}:
        return _DRIFT
    if changed := _changed_inputs(observed, row):
        return Reason("plan-inputs-changed", f"What its plan rests on has changed: {', '.join(changed)}.")
    if _bindings_changed(observed, row):
        return _BINDINGS
    # What was let in stays: taking it down because policies changed would be withdrawal.
    undecided = row.status in SETTLED_FOR_NOW or row.incomplete or _is_let_in_by_now(row)
    return _POLICIES if undecided and observed.decision_fingerprint != row.decision_fingerprint else None


def _is_let_in_by_now(row: LedgerRow) -> bool:
    """Return whether the last review would let in what was only kept: what it was kept from adding goes on."""
    return bool(row.kept) and not row.no_longer_permitted


def _change_of_listing(observed: ObservedRequest, row: LedgerRow) -> Reason | None:
    # What is connected is not just recorded as gone: that is watched, and taken down.
    is_left = row.status is Status.AVAILABLE and not row.is_connected
    if not (observed.open or row.status in SETTLED_FOR_NOW or (is_left and observed.is_gone)):
        return None
    if row.observed_fingerprint == RETRY_FINGERPRINT:
        return _COMMANDED
    return _LISTED_OTHERWISE if observed.open else _NOT_LISTED


def _changed_inputs(observed: ObservedRequest, row: LedgerRow) -> tuple[str, ...]:
    """Return the kinds of inputs that differ, as people call them."""
    if observed.inputs is None or row.inputs is None:
        return ()
    return tuple(each.replace("_", " ") for each in observed.inputs.changed_since(row.inputs))


def _bindings_changed(observed: ObservedRequest, row: LedgerRow) -> bool:
    if observed.bindings_fingerprint == row.bindings_fingerprint:
        return False
    # What hindered it may have been a binding that matches something else.
    hindered = row.status in {Status.HELD, Status.FAILED} or row.incomplete
    return (
        hindered
        or not observed.matching_bindings_fingerprint
        or observed.matching_bindings_fingerprint != row.matching_bindings_fingerprint
    )


def _wait_that_is_over(observed: ObservedRequest, row: LedgerRow, now: datetime) -> Reason | None:
    """Return the wait that is over, of what is tried again because time has passed."""
    if not observed.open:
        return None
    if row.status is Status.FAILED:
        return _FAILED_BEFORE if may_try_again(row, now) else None
    if row.delayed is not None and row.delayed.until <= now:
        return _DELAY_OVER
    hindered = row.status is Status.HELD or row.incomplete or bool(observed.drift_fingerprint)
    is_hindered = hindered or is_kept_for_now(row.kept)
    return _NOT_FOR_LONG if is_hindered and _age(row, now) >= HELD_AT_LEAST_EVERY else None


def is_kept_for_now(kept: Collection[Reason]) -> bool:
    """Return whether what is live was kept for reasons that may pass, such as an unknown fact, and not a denial."""
    return bool(kept) and not any(reason.code == DENIED for reason in kept)


def may_try_again(row: RecordedAttempt, now: datetime) -> bool:
    """Return whether an attempt that failed, or ended unrecorded, was long enough ago for another one."""
    return _age(row, now) >= _wait(row)


def tried_again_at(row: RecordedAttempt) -> datetime:
    """Return when an attempt that failed, or ended unrecorded, was long enough ago for another one."""
    return _recorded_at(row) + _wait(row)


def _wait(row: RecordedAttempt) -> timedelta:
    # 2 to the power of 9 minutes is past the longest wait; more would overflow after years of attempts.
    wait: timedelta = _FIRST_RETRY * 2 ** min(max(row.failures, 1) - 1, 9)
    return min(_LONGEST_RETRY, wait)


def decided_again_at(row: RecordedAttempt) -> datetime:
    """Return when what is held, or available in part, is decided again although nothing has changed."""
    return _recorded_at(row) + HELD_AT_LEAST_EVERY


def is_swept_since(row: RecordedAttempt, now: datetime) -> bool:
    """Return whether the attempt recorded something so long ago that sweeps, by default, have looked at it since."""
    return _age(row, now) >= _BETWEEN_SWEEPS


def is_young(row: RecordedAttempt, now: datetime) -> bool:
    """Return whether the attempt recorded something so recently that it is running."""
    return _age(row, now) < _YOUNG


def is_time_to_ensure(row: RecordedAttempt, now: datetime) -> bool:
    """Return whether to make sure now that a waiting execution exists: so it is for some minutes of each hour."""
    return _age(row, now) % _ENSURED_EVERY < _BETWEEN_SWEEPS


def _age(row: RecordedAttempt, now: datetime) -> timedelta:
    return now - _recorded_at(row)


def _recorded_at(row: RecordedAttempt) -> datetime:
    return datetime.fromisoformat(row.updated_at)
