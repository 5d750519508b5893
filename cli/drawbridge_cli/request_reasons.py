"""Why a request is as it is: all that its row tells, each whole, those first that somebody can do something about."""

from collections.abc import Iterable, Iterator

import msgspec

from drawbridge.decision.let_in import DENIED
from drawbridge.legible import legible
from drawbridge.record.entry import Entry
from drawbridge.request import ExecutionInput
from drawbridge.request.announced import Announced
from drawbridge.status import Reason, Status
from drawbridge_cli.reason_codes import (
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
from drawbridge_cli.turns import WhoseTurn, binding_in
from drawbridge_cli.urgency import LET_IN_LATER, Urgency, waits_for_person


def reasons_of(entry: Entry, urgency: Urgency) -> tuple[Reason, ...]:
    """Return why it is as it is: what the rest of the row tells, then the reasons that the row has."""
    kept = entry.kept if urgency is Urgency.KEPT else ()
    # What is delayed comes in by itself: what somebody has to do is about the rest.
    own = sorted(entry.reasons, key=lambda each: entry.delayed is not None and each.code in LET_IN_LATER)
    reasons = (*_told_by_marks(entry, urgency), *kept, *own)
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


def in_order(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return the reasons, those first that somebody can do something about, and last how many there are besides."""
    return tuple(sorted(dict.fromkeys(reasons), key=_rank))


_RANKS = {
    WhoseTurn.OPERATOR: 1,
    WhoseTurn.APPROVER: 1,
    WhoseTurn.OTHER_SIDE: 3,
    WhoseTurn.AWS: 4,
    WhoseTurn.DRAWBRIDGE: 5,
    WhoseTurn.NOBODY: 6,
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


def bindings_of(entry: Entry) -> tuple[str, ...]:
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
