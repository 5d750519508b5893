"""How urgent a request is: what it is in need of, by its row, the most urgent first."""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from drawbridge.approval.ask import Pending
from drawbridge.decision.delayed import DELAYED
from drawbridge.decision.let_in import APPROVED, DENIED
from drawbridge.discovery.next_action import is_kept_for_now, is_swept_since
from drawbridge.record.entry import Entry
from drawbridge.request.held_back import held_back
from drawbridge.status import Reason, Status
from drawbridge_cli.reason_codes import advice_of
from drawbridge_cli.turns import WhoseTurn

_SILENT_AFTER = timedelta(hours=2)
"""How long an attempt may record nothing: one step alone is tried for about an hour while AWS throttles it, or is not
ready (statemachine/failures.yaml)."""


class Urgency(StrEnum):
    """What a request is in need of, the most urgent first."""

    WITHDRAWAL_CAPPED = "withdrawal-capped"
    EXPIRING = "expiring"
    FAILED = "failed"
    ANNOUNCED = "announced"
    WAITING_FOR_APPROVAL = "waiting-for-approval"
    HELD = "held"
    IN_PART = "in-part"
    """Connected, and something else that bindings want is refused."""
    DRIFTING = "drifting"
    STUCK = "stuck"
    """An attempt has recorded nothing for long."""
    KEPT = "kept"
    """Connected, would not be let in now, and nothing of it is announced."""
    UNDER_WAY = "under-way"
    CONNECTED = "connected"
    ACCEPTED_ONLY = "accepted-only"
    """Accepted, and no binding wants anything of it."""
    OVER = "over"

    @property
    def needs_somebody(self) -> bool:
        return self not in {Urgency.UNDER_WAY, Urgency.CONNECTED, Urgency.ACCEPTED_ONLY, Urgency.OVER}


def waits_for_person(entry: Entry) -> bool:
    """Return whether a person is asked: there is a question, which may be answered already."""
    return entry.status is Status.WAITING_FOR_APPROVAL and not entry.settled


def _is_over(entry: Entry) -> bool:
    return entry.settled and entry.status.is_over


def _is_commanded(entry: Entry) -> bool:
    """Whether an operator had it withdrawn, and no attempt has begun with that yet."""
    return entry.commanded is not None and entry.settled and entry.status is not Status.WITHDRAWING


def urgency_of(entry: Entry, now: datetime, question: Pending | None) -> Urgency:
    """Return what it is in need of, whether or not its invitation expires soon."""
    if _is_over(entry):
        return Urgency.OVER
    if held_back(entry, now) is not None:
        return Urgency.WITHDRAWAL_CAPPED
    if not entry.settled:
        return _urgency_of_attempt(entry, now, question)
    return Urgency.UNDER_WAY if _is_commanded(entry) else _urgency_of_settled(entry, now)


def _urgency_of_settled(entry: Entry, now: datetime) -> Urgency:
    match entry.status:
        case Status.FAILED:
            urgency = Urgency.FAILED
        case Status.WITHDRAWING:
            urgency = Urgency.FAILED if _is_hindered(entry.reasons) else Urgency.UNDER_WAY
        case Status.HELD | Status.ACCEPTED | Status.AVAILABLE if entry.announced:
            urgency = Urgency.ANNOUNCED
        case Status.PENDING if entry.delayed is not None:
            urgency = Urgency.UNDER_WAY
        case Status.HELD | Status.AVAILABLE if _is_only_delayed(entry, now):
            urgency = Urgency.UNDER_WAY
        case Status.HELD:
            urgency = Urgency.HELD
        case Status.ACCEPTED:
            urgency = _urgency_of_accepted(entry)
        case Status.AVAILABLE:
            urgency = _urgency_of_connected(entry, now)
        case _:
            # No attempt ends so: somebody wrote the row by hand.
            urgency = Urgency.STUCK
    return urgency


def _urgency_of_attempt(entry: Entry, now: datetime, question: Pending | None) -> Urgency:
    if entry.status is Status.WAITING_FOR_APPROVAL:
        is_answered = question is not None and question.decided and question.deadline is not None
        return Urgency.UNDER_WAY if is_answered else Urgency.WAITING_FOR_APPROVAL
    is_silent = now - datetime.fromisoformat(entry.updated_at) >= _SILENT_AFTER
    return Urgency.STUCK if is_silent else Urgency.UNDER_WAY


def _is_only_delayed(entry: Entry, now: datetime) -> bool:
    """Return whether what is new of it is let in later, and nothing but that is the matter with it."""
    if entry.delayed is None:
        return False
    others = (reason for reason in entry.reasons if reason.code not in {*LET_IN_LATER, *_ACCEPTED_ALL_THE_SAME})
    is_refused_more = any(advice_of(each).turn in _SOMEBODY for each in others)
    if entry.status is Status.HELD:
        return not is_refused_more
    apart_from_that = msgspec.structs.replace(entry, kept=(), incomplete=entry.incomplete and is_refused_more)
    return not _urgency_of_connected(apart_from_that, now).needs_somebody


LET_IN_LATER = frozenset({DELAYED, "not-let-in"})
"""Codes of the reasons that a row has of what is delayed."""

_SOMEBODY = frozenset({WhoseTurn.OPERATOR, WhoseTurn.APPROVER, WhoseTurn.OTHER_SIDE})


def _urgency_of_accepted(entry: Entry) -> Urgency:
    turns = {advice_of(reason).turn for reason in entry.reasons if reason.code not in _ACCEPTED_ALL_THE_SAME}
    if turns & _SOMEBODY:
        return Urgency.HELD
    return Urgency.UNDER_WAY if turns & {WhoseTurn.AWS, WhoseTurn.DRAWBRIDGE} else Urgency.ACCEPTED_ONLY


_ACCEPTED_ALL_THE_SAME = frozenset({APPROVED, DENIED, "policy"})
"""Codes of reasons that say who let it in, or that a person denied what a binding wants of it: that is decided."""


def _urgency_of_connected(entry: Entry, now: datetime) -> Urgency:
    if entry.incomplete:
        return Urgency.IN_PART
    if entry.drift_fingerprint and is_swept_since(entry, now):
        return Urgency.DRIFTING
    is_denied = any(reason.code == DENIED for reason in entry.kept)
    if is_kept_for_now(entry.kept) or (entry.no_longer_permitted and not is_denied):
        return Urgency.KEPT
    if entry.drift_fingerprint or entry.absent or any(reason.code in _NOT_YET for reason in entry.reasons):
        return Urgency.UNDER_WAY
    return Urgency.CONNECTED


_NOT_YET = frozenset({"not-usable-yet", "unconfirmed"})


def _is_hindered(reasons: tuple[Reason, ...]) -> bool:
    """Return whether a withdrawal that has not come to its end failed, or waits for somebody, and not only for AWS."""
    has_failed = any(reason.code[:1].isupper() or reason.code == "not-withdrawn" for reason in reasons)
    turns = {advice_of(reason).turn for reason in reasons}
    return has_failed or not reasons or not turns <= {WhoseTurn.AWS, WhoseTurn.DRAWBRIDGE, WhoseTurn.NOBODY}
