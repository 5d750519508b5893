"""Advice: what somebody has to do about a request, by the status that it has."""

from drawbridge.decision.let_in import DENIED
from drawbridge.record.entry import Entry
from drawbridge.request.announced import NO_LONGER_PERMITTED
from drawbridge.status import Status
from drawbridge_cli.explanation import Explanation, permit_for, what_to_do
from drawbridge_cli.reason_codes import OF_REFUSALS

_SHARE_ONCE_MORE = "That invitation is over: its provider takes this account out of the share, and shares it once more."
_NEW_ENDPOINT = (
    "AWS opens no connection again that was rejected, deleted or expired: its consumer makes a new endpoint, which is "
    "decided on anew."
)
_NOTHING = "there is nothing to do."


def advice(entry: Entry, explanation: Explanation | None) -> str:
    """Return what to do about a request as the ledger has it; empty if there is nothing to do.

    ``explanation`` is what the policies in force make of it, ``None`` if nothing was decided yet. What is connected,
    over, or withdrawn on command is let in by no permit.
    """
    if entry.status.is_over:
        return _of_over(entry, explanation)
    if entry.commanded is not None:
        return f"It is taken down as soon as no attempt is under way: {_NOTHING}"
    if entry.status is Status.WAITING_FOR_APPROVAL:
        return _of_waiting(entry, explanation)
    if not entry.settled:
        what = "It is being taken down" if entry.status is Status.WITHDRAWING else "An attempt is under way"
        return f"{what}: {_NOTHING}"
    return _of_settled(entry, explanation)


def _of_settled(entry: Entry, explanation: Explanation | None) -> str:
    match entry.status:
        case Status.HELD:
            return _of_held(entry, explanation)
        case Status.FAILED:
            return f"It is tried again by itself; at once by  drawbridge retry {entry.request_id}"
        case Status.WITHDRAWING:
            return "What hangs is tried again by itself; the reasons say what it is."
        case _:
            return _of_let_in(entry, explanation)


def _of_waiting(entry: Entry, explanation: Explanation | None) -> str:
    if explanation is not None and explanation.outcome != "askApprover":
        return f"The policies decide it by now ({explanation.outcome}): the next sweep goes on by them."
    answer = f"Answer with  drawbridge approve {entry.request_id}\nor with      drawbridge deny {entry.request_id}"
    return f"A person has to decide.\n{answer}"


def _of_held(entry: Entry, explanation: Explanation | None) -> str:
    if explanation is None:
        return ""
    codes = {reason.code for reason in entry.reasons}
    if explanation.outcome == "askApprover":
        unasked = f"To let it in unasked, write a policy:\n  {permit_for(explanation.facts)}"
        why = next((text for code, text in _UNASKED.items() if code in codes), "")
        return f"{why.format(entry.request_id)}\n{unasked}" if why else what_to_do(explanation)
    return _of_refused(entry) or what_to_do(explanation, is_held=True)


_UNASKED = {
    "too-many-questions": "It is asked about by itself, once another question of that account is closed.",
    "approval-timed-out": "Nobody answered in time. It is asked again by  drawbridge retry {}",
    "deadline-passed": "Too little time is left to ask anybody; once it has expired, its provider shares it once more.",
    "approval-not-configured": "Nobody can be asked: configure Slack and approvers, as docs/slack.md says.",
}
"""Why nobody is asked, by the code of the reason, and what to do."""


def _of_refused(entry: Entry) -> str:
    """Return what to do about each reason for which something is not associated."""
    codes = dict.fromkeys(each.code for each in entry.reasons if each.code in OF_REFUSALS)
    return "\n".join(f"To do about {code}: {OF_REFUSALS[code].to_do}" for code in codes)


def _of_let_in(entry: Entry, explanation: Explanation | None) -> str:
    if entry.withdraw_after:
        keeps = f"To keep it, change what forbids it, or have a policy permit it again, before {entry.withdraw_after}."
        by_now = explanation is not None and explanation.outcome == "accept"
        return f"{keeps} What is permitted by now is called off by the next sweep." if by_now else keeps
    if any(reason.code == DENIED for reason in (*entry.kept, *entry.reasons)):
        again = f"or by  drawbridge retry {entry.request_id}"
        return f"What is connected stays. What was denied is asked about again when it changes, {again}"
    return _of_refused(entry)


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
        return f"It stays so until  drawbridge retry {entry.request_id}  ends that command."
    if any(reason.code == NO_LONGER_PERMITTED for reason in entry.reasons):
        return "It comes back by itself once policies permit it again, if it is shared still."
    return "The other side took it back; if it shares it once more, that is decided on anew."


def _as_things_are(explanation: Explanation | None) -> str:
    """Return what the policies in force would make of the next one."""
    would_be = {"accept": "let in", "hold": "held", "reject": "rejected", "askApprover": "asked about"}
    if explanation is None or explanation.outcome not in would_be:
        return ""
    return f" By the policies in force it would be {would_be[explanation.outcome]}."
