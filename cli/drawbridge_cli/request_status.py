"""The status of a request: what hinders it, since and until when, whose turn it is, and what they run."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import groupby

import msgspec
from msgspec import Struct

from drawbridge.approval.ask import Pending
from drawbridge.decision.let_in import APPROVED, DENIED
from drawbridge.discovery.ledger_row import NOT_LET_IN_YET
from drawbridge.discovery.next_action import decided_again_at, is_kept_for_now, is_swept_since, tried_again_at
from drawbridge.legible import legible
from drawbridge.record.entry import Entry, HistoryEntry
from drawbridge.request import EndpointConnectionRequest, ExecutionInput
from drawbridge.request.announced import Announced
from drawbridge.request.held_back import held_back
from drawbridge.request.shares import expired
from drawbridge.status import Reason, Status
from drawbridge_cli.innermost import innermost
from drawbridge_cli.reason_codes import (
    ADVICE,
    ANSWERED,
    ATTEMPT,
    CAPPED,
    DRIFT,
    OF_REFUSALS,
    SILENT,
    TO_BE_CONFIRMED,
    UNEXPLAINED,
    advice_of,
)
from drawbridge_cli.turns import Advice, Command, Turn, binding_in, command_line

__all__ = ["Known", "RequestStatus", "Turn", "Until", "Urgency", "request_status", "waits_for_person"]

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


class Until(StrEnum):
    """What happens at the time until which a request is as it is."""

    EXPIRES = "expires"
    ANSWER_BY = "answer-by"
    TAKEN_DOWN = "taken-down"
    TRIED_AGAIN = "tried-again"
    NOTHING = ""


class RequestStatus(Struct, frozen=True, kw_only=True):
    """A request, as somebody who sees to it wants to know it."""

    request_id: str
    kind: str
    subject: str
    account_id: str
    """Who asks."""
    status: Status
    urgency: Urgency
    since: datetime
    """Since when it has that status, whatever was tried in between; of what is announced or held back, since when."""
    until: datetime | None
    """Until when at least; ``None`` if nothing happens by itself at some time."""
    until_what: Until
    reasons: tuple[Reason, ...]
    """Each whole, the innermost message of each; those that somebody can do something about come first."""
    waiting_for: Turn
    to_do: str
    """What whoever's turn it is should do, in words; empty if it is nobody's."""
    next: str
    """The command to begin with; empty if it is nobody's turn."""
    service: str
    """The endpoint service; empty for what is shared."""
    bindings: tuple[str, ...]
    """Those that want something of it, as far as the ledger tells."""


class Known(Struct, frozen=True):
    """A request as the ledger has it, and its status."""

    entry: Entry
    status: RequestStatus


def request_status(
    entry: Entry, now: datetime, *, expiring_within: timedelta, question: Pending | None = None
) -> RequestStatus:
    """Return the status of a request, by its row, and by the question that a person is asked about it, if it is known.

    An invitation to what is not let in yet is expiring when no more than ``expiring_within`` is left.
    """
    asked = question if waits_for_person(entry) else None
    hindered_by = _urgency(entry, now, asked)
    deadline = _deadline(entry)
    expires = deadline is not None and deadline - now <= expiring_within
    urgency = Urgency.EXPIRING if expires and hindered_by is not Urgency.WITHDRAWAL_CAPPED else hindered_by
    reasons = _in_order(map(innermost, _reasons(entry, hindered_by)))
    if urgency is Urgency.EXPIRING and deadline is not None and deadline <= now:
        # Whatever hindered it, nothing but the other side helps any more.
        reasons = (expired(deadline, entry.account_id), *reasons)
        advice, source = advice_of(reasons[0]), ""
    else:
        advice, source = _advice(entry, hindered_by, reasons)
    until, until_what = _until(entry, urgency, hindered_by)
    if urgency is Urgency.WAITING_FOR_APPROVAL or (urgency is Urgency.EXPIRING and advice.turn is Turn.APPROVER):
        until, until_what = _answered_by(asked, until, until_what)
    nobody = advice.turn is Turn.NOBODY
    return RequestStatus(
        request_id=entry.request_id,
        kind=entry.kind,
        subject=entry.subject,
        account_id=entry.account_id,
        status=entry.status,
        urgency=urgency,
        since=_since(entry, urgency, now),
        until=until,
        until_what=until_what,
        reasons=reasons,
        waiting_for=advice.turn,
        to_do="" if nobody else advice.to_do,
        next="" if nobody else command_line(advice, entry, source),
        service=entry.request.service_id if isinstance(entry.request, EndpointConnectionRequest) else "",
        bindings=_bindings(entry),
    )


def waits_for_person(entry: Entry) -> bool:
    """Return whether a person is asked: there is a question, which may be answered already."""
    return entry.status is Status.WAITING_FOR_APPROVAL and not entry.settled


def _answered_by(question: Pending | None, until: datetime | None, until_what: Until) -> tuple[datetime | None, Until]:
    """Return until when a question can be answered, if that is known; else what else happens at some time."""
    if question is None or question.deadline is None:
        return until, until_what
    return question.deadline, Until.ANSWER_BY


def _is_over(entry: Entry) -> bool:
    return entry.settled and entry.status.is_over


def _is_commanded(entry: Entry) -> bool:
    """Whether an operator had it withdrawn, and no attempt has begun with that yet."""
    return entry.commanded is not None and entry.settled and entry.status is not Status.WITHDRAWING


def _urgency(entry: Entry, now: datetime, question: Pending | None) -> Urgency:
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


def _urgency_of_accepted(entry: Entry) -> Urgency:
    turns = {advice_of(reason).turn for reason in entry.reasons if reason.code not in _ACCEPTED_ALL_THE_SAME}
    if turns & {Turn.OPERATOR, Turn.APPROVER, Turn.OTHER_SIDE}:
        return Urgency.HELD
    return Urgency.UNDER_WAY if turns & {Turn.AWS, Turn.DRAWBRIDGE} else Urgency.ACCEPTED_ONLY


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
    return has_failed or not reasons or not turns <= {Turn.AWS, Turn.DRAWBRIDGE, Turn.NOBODY}


def _reasons(entry: Entry, urgency: Urgency) -> tuple[Reason, ...]:
    """Return why it is as it is: what the rest of the row tells, then the reasons that the row has."""
    kept = entry.kept if urgency is Urgency.KEPT else ()
    reasons = (*_told_by_marks(entry, urgency), *kept, *entry.reasons)
    if reasons or urgency in {Urgency.OVER, Urgency.CONNECTED}:
        return reasons
    return (Reason(UNEXPLAINED, "The ledger's row does not say why."),)


def _told_by_marks(entry: Entry, urgency: Urgency) -> Iterator[Reason]:
    """Yield what nobody has made legible yet, as it was not recorded as a reason."""
    for each in _told(entry, urgency):
        yield Reason(each.code, legible(each.text, _LONGEST), source=legible(each.source))


_LONGEST = 4000


def _told(entry: Entry, urgency: Urgency) -> Iterator[Reason]:
    match urgency:
        case Urgency.WITHDRAWAL_CAPPED:
            yield Reason(CAPPED, "So much of all that is connected would go at once that none of it goes.")
            yield from _gone(entry)
            yield from _refused(entry.announced)
        case Urgency.ANNOUNCED:
            yield from _refused(entry.announced)
        case Urgency.KEPT if not entry.kept:
            yield Reason("kept", "It is live, and the policies in force would not let it in any more.")
        case Urgency.DRIFTING:
            yield Reason(DRIFT, "It is not as it was left, or was not, and the last attempt was made to mend that.")
        case Urgency.STUCK:
            name = ExecutionInput(request=entry.request, request_id=entry.request_id, attempt=max(1, entry.attempt))
            yield Reason(SILENT, f"The attempt {name.execution_name} has recorded nothing since {entry.updated_at}.")
        case Urgency.UNDER_WAY:
            yield from _under_way(entry)
        case _:
            return


def _under_way(entry: Entry) -> Iterator[Reason]:
    if entry.commanded is not None:
        yield entry.commanded.reason
    if waits_for_person(entry):
        yield Reason(ANSWERED, "A person has answered, or the time to answer is over.")
    elif not entry.settled and not any(reason.code in _WHAT_IS_DONE for reason in entry.reasons):
        failed = f" after {entry.failures} that failed" if entry.failures else ""
        yield Reason(ATTEMPT, f"Attempt {entry.attempt} is under way{failed}.")
    elif entry.status is Status.AVAILABLE and entry.drift_fingerprint:
        yield Reason(
            ATTEMPT, "It was not as it was left; the next sweep looks whether the last attempt has mended that."
        )
    yield from _gone(entry)


def _gone(entry: Entry) -> Iterator[Reason]:
    for mark in entry.absent:
        text = f"AWS says since {mark.since:%Y-%m-%d %H:%M} UTC that {mark.of} is gone."
        yield Reason(TO_BE_CONFIRMED, text)


def _refused(announced: Iterable[Announced]) -> Iterator[Reason]:
    """Yield why policies do not permit what is announced, and then that it was announced."""
    marks = tuple(announced)
    for mark in marks:
        yield from mark.reasons
    for mark in marks:
        of = f"{mark.resource_arn}, which binding {mark.binding} wants: " if mark.resource_arn else ""
        yield msgspec.structs.replace(mark.reason, text=f"{of}{mark.reason.text}", source=mark.binding)


def _in_order(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return the reasons, those first that somebody can do something about, and last how many there are besides."""
    return tuple(sorted(dict.fromkeys(reasons), key=_rank))


_RANKS = {
    Turn.OPERATOR: 1,
    Turn.APPROVER: 1,
    Turn.OTHER_SIDE: 3,
    Turn.AWS: 4,
    Turn.DRAWBRIDGE: 5,
    Turn.NOBODY: 6,
}
_RANK_OF_SUMMARIES = 2
_LAST = 7

_WHAT_IS_DONE = frozenset({"associating", "withdrawing"})
"""Codes of the reasons that say what an attempt does."""

_BEFORE_POLICIES = frozenset(
    {
        ANSWERED,
        ATTEMPT,
        CAPPED,
        *_WHAT_IS_DONE,
        "approval-not-configured",
        "approval-timed-out",
        "deadline-passed",
        "slack-unavailable",
        "too-many-questions",
    }
)
"""Codes of reasons that hinder a request whatever the policies say, which are told besides."""

_SUMMARIES = frozenset({"forbidden", "no-policy-permits", "kept", "no-longer-permitted"})
"""Codes of reasons that others, which are told besides, say more of."""


def _rank(reason: Reason) -> int:
    if reason.code in _BEFORE_POLICIES:
        return 0
    if reason.code in _SUMMARIES:
        return _RANK_OF_SUMMARIES
    return _LAST if reason.code == "more" else _RANKS[advice_of(reason).turn]


_NOBODY = Advice(Turn.NOBODY, "")

_OF_URGENCIES: Mapping[Urgency, Advice] = {
    Urgency.WITHDRAWAL_CAPPED: ADVICE[CAPPED],
    Urgency.ANNOUNCED: ADVICE["no-longer-permitted"],
    Urgency.WAITING_FOR_APPROVAL: Advice(Turn.APPROVER, "approve or deny it", Command.APPROVE),
    Urgency.DRIFTING: ADVICE[DRIFT],
    Urgency.STUCK: ADVICE[SILENT],
    Urgency.KEPT: ADVICE["kept"],
    Urgency.CONNECTED: _NOBODY,
    Urgency.ACCEPTED_ONLY: _NOBODY,
    Urgency.OVER: _NOBODY,
}
"""What is to be done, whatever the reasons are; in need of anything else, they say it."""

_AT_WORK = Advice(Turn.AWS, "it is at work", Command.LOOK_ON)
_LOOK = Advice(Turn.OPERATOR, "see what the policies say of it")
_BY_AWS = frozenset({Status.ASSOCIATING, Status.WITHDRAWING})
"""Statuses of attempts that wait for AWS."""


def _advice(entry: Entry, urgency: Urgency, reasons: tuple[Reason, ...]) -> tuple[Advice, str]:
    """Return whose turn it is and what they do, and the source of the reason that says so, if one does."""
    if (advice := _OF_URGENCIES.get(urgency)) is not None:
        return advice, ""
    if urgency is Urgency.UNDER_WAY:
        return _advice_under_way(entry, reasons), ""
    advice = advice_of(reasons[0])
    return (_LOOK if advice.turn is Turn.NOBODY else advice), reasons[0].source


def _advice_under_way(entry: Entry, reasons: tuple[Reason, ...]) -> Advice:
    if waits_for_person(entry):
        return ADVICE[ANSWERED]
    if not entry.settled:
        return _AT_WORK if entry.status in _BY_AWS else ADVICE[ATTEMPT]
    told = (advice_of(reason) for reason in reasons)
    return next((each for each in told if each.turn in {Turn.AWS, Turn.DRAWBRIDGE}), ADVICE[ATTEMPT])


def _until(entry: Entry, urgency: Urgency, hindered_by: Urgency) -> tuple[datetime | None, Until]:
    deadline, again = _deadline(entry), _again_at(entry, hindered_by)
    match urgency:
        case Urgency.ANNOUNCED:
            return min(_aware(mark.withdraw_after) for mark in entry.announced), Until.TAKEN_DOWN
        case Urgency.OVER | Urgency.WITHDRAWAL_CAPPED:
            return None, Until.NOTHING
        case _ if deadline is not None and (again is None or urgency is Urgency.EXPIRING or deadline < again):
            return deadline, Until.EXPIRES
        case _:
            return again, Until.TRIED_AGAIN if again is not None else Until.NOTHING


def _again_at(entry: Entry, hindered_by: Urgency) -> datetime | None:
    """Return when it is tried or decided again if nothing changes; ``None`` if it is not, or nobody knows when."""
    try:
        if hindered_by is Urgency.FAILED:
            return tried_again_at(entry)
        again = hindered_by in {Urgency.HELD, Urgency.IN_PART, Urgency.DRIFTING, Urgency.KEPT}
        return decided_again_at(entry) if again else None
    except OverflowError:
        # Somebody wrote the last time that there is into the row.
        return None


def _deadline(entry: Entry) -> datetime | None:
    """Return when the invitation expires to what may still be let in."""
    return _time_of(entry.deadline) if entry.status in NOT_LET_IN_YET else None


def _since(entry: Entry, urgency: Urgency, now: datetime) -> datetime:
    match urgency:
        case Urgency.ANNOUNCED:
            return min(_aware(mark.since) for mark in entry.announced)
        case Urgency.WITHDRAWAL_CAPPED if (held := held_back(entry, now)) is not None:
            return min(map(_aware, (*(mark.since for mark in held.absent), *(mark.since for mark in held.announced))))
        case _:
            return _since_by_history(entry)


def _since_by_history(entry: Entry) -> datetime:
    """Return since when attempts have ended with the status that it has, one after the other.

    What each attempt went through before its end does not count.
    """
    ends = [_last(attempt) for _, attempt in groupby(entry.history, key=lambda each: each.attempt)]
    since: str = entry.updated_at
    for end in reversed(ends):
        if end.status is not entry.status:
            break
        since = end.at
    return _time_of(since) or datetime.fromisoformat(entry.updated_at)


def _last(attempt: Iterable[HistoryEntry]) -> HistoryEntry:
    *_, last = attempt
    return last


def _time_of(text: str) -> datetime | None:
    """Return a time of a row; ``None`` if somebody wrote something else there."""
    try:
        return _aware(datetime.fromisoformat(text))
    except ValueError:
        return None


def _aware(moment: datetime) -> datetime:
    """Return a time with its zone: the ledger's are UTC."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _bindings(entry: Entry) -> tuple[str, ...]:
    """Return the bindings of what is attached, announced or refused; of a failure, the association's name tells."""
    of_reasons = (binding_in(reason.source) for reason in entry.reasons if _is_of_binding(reason))
    found = {
        *(each.binding for each in entry.attachments),
        *(mark.binding for mark in entry.announced),
        *of_reasons,
    }
    return tuple(sorted(found - {""}))


def _is_of_binding(reason: Reason) -> bool:
    if reason.code == DENIED:
        # Who denied it may be called as a binding is.
        return False
    return reason.code in OF_REFUSALS or reason.code == "associating" or "/" in reason.source
