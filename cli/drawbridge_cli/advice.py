"""Advice: what somebody has to do about a request: by its status, and by what policies in force make of it now."""

from collections.abc import Iterator

from drawbridge.decision.let_in import DENIED
from drawbridge.record.entry import Entry
from drawbridge.request.announced import NO_LONGER_PERMITTED
from drawbridge.status import Status
from drawbridge_cli.explanation import Explanation, what_to_do
from drawbridge_cli.reason_codes import OF_REFUSALS
from drawbridge_cli.request_status import Known, RequestStatus
from drawbridge_cli.status_screen import turn_text
from drawbridge_cli.turns import Command, WhoseTurn, is_command
from drawbridge_cli.urgency import Urgency

_SHARE_ONCE_MORE = "That invitation is over: its provider takes this account out of the share, and shares it once more."
_NEW_ENDPOINT = (
    "AWS opens no connection again that was rejected, deleted or expired: its consumer makes a new endpoint or "
    "attachment, which is decided on anew."
)


def advice(known: Known, explanation: Explanation | None) -> str:
    """Return what to do about a request; empty if there is nothing to do.

    ``explanation`` is what the policies in force make of it, ``None`` if nothing was decided yet. What its status says
    is told first, unless the policies have come to something else by now.
    """
    entry, status = known.entry, known.status
    if status.urgency is Urgency.OVER:
        return _of_over(entry, explanation)
    if explanation is not None and (by_now := _decided_by_now(known, explanation)):
        return by_now
    return "\n".join((*_by_status(status), *_besides(known, explanation)))


def _by_status(status: RequestStatus) -> Iterator[str]:
    """Yield whose turn it is and the command, and what else is to be done about what is refused."""
    if turn := turn_text(status):
        yield turn
    # The command to begin with may be the one that this is told by.
    if status.next and not is_command(status.next, Command.EXPLAIN, status.request_id):
        yield f"  {status.next}"
    codes = dict.fromkeys(each.code for each in status.reasons if each.code in OF_REFUSALS and each.code != DENIED)
    for code in codes:
        if OF_REFUSALS[code].to_do != status.to_do:
            yield f"to do about {code}: {OF_REFUSALS[code].to_do}"


def _decided_by_now(known: Known, explanation: Explanation) -> str:
    """Return that the policies let it go on, or decide what a person is asked about; empty if they do neither."""
    entry, status = known.entry, known.status
    is_asked = entry.status is Status.WAITING_FOR_APPROVAL and status.waiting_for is WhoseTurn.APPROVER
    if is_asked and explanation.outcome != "askApprover":
        return f"The policies decide it by now ({explanation.outcome}): the next sweep goes on by them."
    if _is_held_undecided(known) and explanation.outcome not in {"hold", "askApprover"}:
        return what_to_do(explanation, is_held=True)
    return ""


def _is_held_undecided(known: Known) -> bool:
    """Return whether it is held, and not for what can't be associated."""
    entry = known.entry
    refused = any(each.code in OF_REFUSALS and each.code != DENIED for each in entry.reasons)
    return entry.status is Status.HELD and entry.settled and not refused


def _besides(known: Known, explanation: Explanation | None) -> Iterator[str]:
    """Yield what only the policies in force tell, or follows from what a person denied."""
    entry, status = known.entry, known.status
    if explanation is not None and status.urgency is Urgency.ANNOUNCED:
        if explanation.outcome == "accept":
            yield "What is permitted by now is called off by the next sweep."
    elif explanation is not None and _is_held_undecided(known):
        by_policies = what_to_do(explanation)
        if status.to_do not in by_policies:
            yield by_policies
    elif status.urgency is Urgency.CONNECTED and any(each.code == DENIED for each in (*entry.kept, *entry.reasons)):
        again = f"or by  {Command.RETRY.of(request=entry.request_id)}"
        yield f"What is connected stays. What was denied is asked about again when it changes, {again}"


def _of_over(entry: Entry, explanation: Explanation | None) -> str:
    match entry.kind:
        case "orphan":
            return ""
        case "endpoint-connection":
            return f"{_NEW_ENDPOINT}{_as_things_are(explanation)}"
        case _ if entry.status is Status.WITHDRAWN:
            return _of_withdrawn_share(entry)
        case _:
            return f"{_SHARE_ONCE_MORE}{_as_things_are(explanation)}"


def _of_withdrawn_share(entry: Entry) -> str:
    if entry.commanded is not None:
        return f"It stays so until  {Command.RETRY.of(request=entry.request_id)}  ends that command."
    if any(reason.code == NO_LONGER_PERMITTED for reason in entry.reasons):
        return "It comes back by itself once policies permit it again, if it is shared still."
    return "The other side took it back; if it shares it once more, that is decided on anew."


def _as_things_are(explanation: Explanation | None) -> str:
    """Return what the policies in force would make of the next one."""
    would_be = {"accept": "let in", "hold": "held", "reject": "rejected", "askApprover": "asked about"}
    if explanation is None or explanation.outcome not in would_be:
        return ""
    return f" By the policies in force it would be {would_be[explanation.outcome]}."
