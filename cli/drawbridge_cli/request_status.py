"""The status of a request: what hinders it, since and until when, whose turn it is, and what they run."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import groupby

from msgspec import Struct

from drawbridge.approval.ask import Pending
from drawbridge.discovery.ledger_row import NOT_LET_IN_YET
from drawbridge.discovery.next_action import decided_again_at, tried_again_at
from drawbridge.record.entry import Entry, HistoryEntry
from drawbridge.request import EndpointConnectionRequest
from drawbridge.request.held_back import held_back
from drawbridge.request.shares import expired
from drawbridge.status import Reason, Status
from drawbridge_cli.innermost import innermost
from drawbridge_cli.reason_codes import ADVICE, ANSWERED, ATTEMPT, CAPPED, DRIFT, SILENT, advice_of
from drawbridge_cli.request_reasons import bindings_of, in_order, reasons_of
from drawbridge_cli.turns import Advice, Command, WhoseTurn, command_line
from drawbridge_cli.urgency import Urgency, urgency_of, waits_for_person


class Until(StrEnum):
    """What happens at the time until which a request is as it is."""

    EXPIRES = "expires"
    ANSWER_BY = "answer-by"
    TAKEN_DOWN = "taken-down"
    LET_IN = "let-in"
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
    waiting_for: WhoseTurn
    to_do: str
    """What whoever's turn it is should do, in words; empty if it is nobody's."""
    next: str
    """The command to begin with, as it can be pasted into a shell; empty if it is nobody's turn."""
    service: str
    """The endpoint service; empty for what is shared."""
    bindings: tuple[str, ...]
    """Those that want something of it, as far as the ledger tells."""
    region: str
    """Of the stack whose ledger has it."""


class Known(Struct, frozen=True):
    """A request as the ledger has it, and its status."""

    entry: Entry
    status: RequestStatus


def request_status(
    entry: Entry,
    now: datetime,
    *,
    expiring_within: timedelta,
    question: Pending | None = None,
    region: str = "",
) -> RequestStatus:
    """Return the status of a request, by its row, and by the question that a person is asked about it, if it is known.

    An invitation to what is not let in yet is expiring when no more than ``expiring_within`` is left.
    """
    asked = question if waits_for_person(entry) else None
    hindered_by = urgency_of(entry, now, asked)
    deadline = _deadline(entry)
    expires = deadline is not None and deadline - now <= expiring_within
    urgency = Urgency.EXPIRING if expires and hindered_by is not Urgency.WITHDRAWAL_CAPPED else hindered_by
    reasons = in_order(map(innermost, reasons_of(entry, hindered_by)))
    if urgency is Urgency.EXPIRING and deadline is not None and deadline <= now:
        # Whatever hindered it, nothing but the other side helps any more.
        reasons = (expired(deadline, entry.account_id), *reasons)
        advice, source = advice_of(reasons[0]), ""
    else:
        advice, source = _advice(entry, hindered_by, reasons)
    until, until_what = _until(entry, urgency, hindered_by)
    if urgency is Urgency.WAITING_FOR_APPROVAL or (urgency is Urgency.EXPIRING and advice.turn is WhoseTurn.APPROVER):
        until, until_what = _answered_by(asked, until, until_what)
    nobody = advice.turn is WhoseTurn.NOBODY
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
        next="" if nobody else str(command_line(advice, entry, source)),
        service=entry.request.service_id if isinstance(entry.request, EndpointConnectionRequest) else "",
        bindings=bindings_of(entry),
        region=region,
    )


def _answered_by(question: Pending | None, until: datetime | None, until_what: Until) -> tuple[datetime | None, Until]:
    """Return until when a question can be answered, if that is known; else what else happens at some time."""
    if question is None or question.deadline is None:
        return until, until_what
    return question.deadline, Until.ANSWER_BY


_NOBODY = Advice(WhoseTurn.NOBODY, "")

_OF_URGENCIES: Mapping[Urgency, Advice] = {
    Urgency.WITHDRAWAL_CAPPED: ADVICE[CAPPED],
    Urgency.ANNOUNCED: ADVICE["no-longer-permitted"],
    Urgency.WAITING_FOR_APPROVAL: Advice(WhoseTurn.APPROVER, "approve or deny it", Command.APPROVE),
    Urgency.DRIFTING: ADVICE[DRIFT],
    Urgency.STUCK: ADVICE[SILENT],
    Urgency.KEPT: ADVICE["kept"],
    Urgency.CONNECTED: _NOBODY,
    Urgency.ACCEPTED_ONLY: _NOBODY,
    Urgency.OVER: _NOBODY,
}
"""What is to be done, whatever the reasons are; in need of anything else, they say it."""

_AT_WORK = Advice(WhoseTurn.AWS, "it is at work", Command.LOOK_ON)
_LOOK = Advice(WhoseTurn.OPERATOR, "see what the policies say of it")
_BY_AWS = frozenset({Status.ASSOCIATING, Status.WITHDRAWING})
"""Statuses of attempts that wait for AWS."""


def _advice(entry: Entry, urgency: Urgency, reasons: tuple[Reason, ...]) -> tuple[Advice, str]:
    """Return whose turn it is and what they do, and the source of the reason that says so, if one does."""
    if (advice := _OF_URGENCIES.get(urgency)) is not None:
        return advice, ""
    if urgency is Urgency.UNDER_WAY:
        return _advice_under_way(entry, reasons), ""
    advice = advice_of(reasons[0])
    return (_LOOK if advice.turn is WhoseTurn.NOBODY else advice), reasons[0].source


def _advice_under_way(entry: Entry, reasons: tuple[Reason, ...]) -> Advice:
    if waits_for_person(entry):
        return ADVICE[ANSWERED]
    if not entry.settled:
        return _AT_WORK if entry.status in _BY_AWS else ADVICE[ATTEMPT]
    told = (advice_of(reason) for reason in reasons)
    return next((each for each in told if each.turn in {WhoseTurn.AWS, WhoseTurn.DRAWBRIDGE}), ADVICE[ATTEMPT])


def _until(entry: Entry, urgency: Urgency, hindered_by: Urgency) -> tuple[datetime | None, Until]:
    deadline, again = _deadline(entry), _again_at(entry, hindered_by)
    match urgency:
        case Urgency.ANNOUNCED:
            return min(_aware(mark.withdraw_after) for mark in entry.announced), Until.TAKEN_DOWN
        case Urgency.OVER | Urgency.WITHDRAWAL_CAPPED:
            return None, Until.NOTHING
        case Urgency.UNDER_WAY if entry.settled and entry.delayed is not None and entry.commanded is None:
            return entry.delayed.until, Until.LET_IN
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
