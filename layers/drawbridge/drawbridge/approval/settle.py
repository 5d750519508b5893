"""Settling: whether an answer holds for the question that would be asked now, and the decision that follows."""

from collections.abc import Callable
from datetime import datetime
from typing import assert_never

import msgspec

from drawbridge.approval import Approval, Approved, AskedQuestion, Denied, Line, Question, Reconsider, TimedOut
from drawbridge.approval.approvers import Approvers, counts_no_more
from drawbridge.approval.message import no_longer_counting
from drawbridge.decision import Accept, AskApprover, Decision, Hold, Reject
from drawbridge.decision.let_in import APPROVAL_TIMED_OUT, APPROVED, DENIED, TOO_LATE_TO_ASK
from drawbridge.status import Reason


def apply_approval(
    decision: Decision,
    question: Question | None,
    approval: Approval | None,
    now: datetime,
    *,
    void: tuple[str, ...] = (),
) -> tuple[Decision, Question | None]:
    """Return the decision that follows from the answer, and the question that is still to be asked, if any.

    A policy that decides without asking wins over any approval. An approval of another question than would be asked
    now is void. So is one by anybody in ``void``, who may not approve any more.
    """
    if not isinstance(decision, AskApprover) or question is None:
        return decision, None
    match approval:
        case None:
            pass
        case Approved(asked=asked) | Denied(asked=asked) | TimedOut(asked=asked) | Reconsider(asked=asked):
            question = _asked_again(question, asked, void)
        case _:
            assert_never(approval)
    same = approval is not None and not void and approval.asked.fingerprint == question.asked.fingerprint
    match approval:
        case Approved(by=by, reason=reason) if same:
            return Accept((_answer(APPROVED, "Approved", by, reason), *decision.because)), None
        case Denied(by=by, reason=reason) if same:
            return Reject((_answer(DENIED, "Denied", by, reason), *decision.because)), None
        case TimedOut() if same:
            late = Reason(APPROVAL_TIMED_OUT, "Nobody answered in time; it is asked again later.")
            return Hold((late, *decision.because)), None
        case _:
            pass
    if question.asked.deadline <= now:
        too_late = Reason(TOO_LATE_TO_ASK, "Too little time is left to ask anybody; the provider has to share again.")
        return Hold((too_late, *decision.because)), None
    return decision, question


def void_of(
    approval: Approval | None,
    question: Question | None,
    approvers: Callable[[], Approvers | None],
    members: Callable[[Approvers], frozenset[str]],
) -> tuple[str, ...]:
    """Return those whose approval does not count any more, right before it is used.

    It may have been given long ago: the workflow retries for hours, and a recorded answer may reach it by a later
    sweep. The approvers are only read if somebody approved in Slack.
    """
    if question is None or not isinstance(approval, Approved):
        return ()
    if all(by.startswith("arn:") for by in approval.by):
        return ()
    return counts_no_more(approval.by, question, approvers(), members)


def _asked_again(question: Question, before: AskedQuestion, void: tuple[str, ...]) -> Question:
    """Return the question with its asking: the same as before, or the next one if it is asked anew."""
    if void:
        asked = msgspec.structs.replace(question.asked, asking=before.next_asking)
        changed = [] if before.fingerprint == question.asked.fingerprint else _changes(before, asked)
        return msgspec.structs.replace(question, asked=asked, changed=(no_longer_counting(void), *changed))
    if before.fingerprint == question.asked.fingerprint:
        # It was asked already, and waits no longer for being asked again.
        deadline = min(before.deadline, question.asked.deadline)
        asked = msgspec.structs.replace(question.asked, asking=before.asking, deadline=deadline)
        return msgspec.structs.replace(question, asked=asked)
    asked = msgspec.structs.replace(question.asked, asking=before.next_asking)
    return msgspec.structs.replace(question, asked=asked, changed=tuple(_changes(before, asked)))


def _changes(before: AskedQuestion, now: AskedQuestion) -> list[str]:
    """Return what differs of all that is shown."""
    differences = _differences(before.lines, now.lines)
    if before.besides:
        differences += _differences(before.besides, now.besides)
    return differences or ["Not what is shown of it, but its details, or what the policies say of it."]


def _differences(before: tuple[Line, ...], now: tuple[Line, ...]) -> list[str]:
    gone = [f"no longer: {line.label}: {line.text}" for line in before if line not in now]
    return gone + [f"now: {line.label}: {line.text}" for line in now if line not in before]


def _answer(code: str, word: str, by: tuple[str, ...], reason: str) -> Reason:
    who = " and ".join(by)
    return Reason(code, f"{word} by {who}{f': {reason}' if reason else ''}", source=who)
