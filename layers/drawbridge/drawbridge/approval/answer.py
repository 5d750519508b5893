"""Answering: a click or a command becomes the one answer that a question has."""

from collections.abc import Callable, Collection
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from drawbridge.approval.approvers import Approvers, Person, counts_no_more, is_approver, speaks_for
from drawbridge.approval.ask import ApprovalRecord, Callback
from drawbridge.approval.message import mentioned, no_longer_counting
from drawbridge.approval.outcomes import outcome_text


class ApprovalAnswer(Struct, frozen=True, kw_only=True):
    """Somebody's answer to a question."""

    request_id: str
    asking: str
    approve: bool
    reason: str = ""


class AnswerResult(StrEnum):
    """What becomes of an answer. No result is an error; each is logged."""

    RECORDED = "recorded"
    SECOND_NEEDED = "second-needed"
    """Recorded, and a second person has to approve too."""
    AGAIN = "again"
    """The same person approved once already."""
    DECIDED_ALREADY = "decided-already"
    OUTDATED = "outdated"
    """The question is not asked any more."""
    NOT_ALLOWED = "not-allowed"
    OWN_REQUEST = "own-request"
    UNKNOWN = "unknown"
    """There is no such question, or no longer."""


class Reply(Struct, frozen=True):
    """What became of an answer, and the question's approval record, if there is one."""

    result: AnswerResult
    approval_record: ApprovalRecord | None = None


class AnswerRecords(Protocol):
    """The approval records, as answering needs them."""

    def approval_record(self, request_id: str) -> ApprovalRecord | None: ...

    def record(
        self, answer: ApprovalAnswer, by: str, *, needed: int, void: Collection[str] = ()
    ) -> ApprovalRecord | None:
        """Record an answer by one conditional write, so that there is one decision whoever else answers.

        ``void`` names those who approved and whose approval does not count any more: this one takes its place. Return
        the new approval record; ``None`` if meanwhile the question was decided, was replaced by another one, or was
        approved by somebody else.
        """
        ...


def answer_of_person(
    answer: ApprovalAnswer,
    person: Person,
    *,
    approvers: Approvers,
    members: Callable[[], frozenset[str]],
    decisions: AnswerRecords,
    callback: Callback,
) -> Reply:
    """Take the answer of somebody in Slack; ``members`` is only called if the list of users does not have them."""
    record = decisions.approval_record(answer.request_id)
    allowed = is_approver(person, approvers, frozenset()) or is_approver(person, approvers, members())
    if not allowed:
        return Reply(AnswerResult.NOT_ALLOWED, record)
    if record is None:
        return Reply(AnswerResult.UNKNOWN)
    question = record.question
    if answer.approve and speaks_for(person, question.account_id, approvers, question.options):
        return Reply(AnswerResult.OWN_REQUEST, record)

    def void(record: ApprovalRecord) -> tuple[str, ...]:
        return counts_no_more(record.approved_by, record.question, approvers, lambda _: members())

    return take(answer, person.user_id, record, decisions, callback, void=void)


def _all_count(record: ApprovalRecord) -> tuple[str, ...]:
    return ()


def take(
    answer: ApprovalAnswer,
    by: str,
    record: ApprovalRecord,
    decisions: AnswerRecords,
    callback: Callback,
    *,
    void: Callable[[ApprovalRecord], tuple[str, ...]] = _all_count,
) -> Reply:
    """Take the answer of somebody who may answer: record it, then complete the task.

    ``void`` returns those whose earlier approval does not count any more. Safe to repeat: a decision that was recorded
    and did not reach the task reaches it with the next answer.
    """
    result = _refused(answer, by, record)
    for _ in range(_TRIES):
        if result is not None:
            break
        needed = 2 if record.question.options.two_person else 1
        recorded = decisions.record(answer, by, needed=needed, void=void(record) if answer.approve else ())
        if recorded is not None:
            record = recorded
            result = AnswerResult.RECORDED if recorded.approval is not None else AnswerResult.SECOND_NEEDED
        else:
            record = decisions.approval_record(answer.request_id) or record
            result = _refused(answer, by, record)
    result = result or AnswerResult.UNKNOWN
    if record.approval is not None and result in {AnswerResult.RECORDED, AnswerResult.DECIDED_ALREADY}:
        # Whoever recorded it may have been stopped before completing the task.
        callback.complete(record.token, record.approval)
    return Reply(result, record)


_TRIES = 3
"""A try is lost only to somebody else's answer at the same time, and a question takes two answers."""


def _refused(answer: ApprovalAnswer, by: str, record: ApprovalRecord) -> AnswerResult | None:
    """Return why the question does not take an answer as it is now; ``None`` if it does."""
    if record.question.asked.asking != answer.asking:
        return AnswerResult.OUTDATED
    if record.approval is not None:
        return AnswerResult.DECIDED_ALREADY
    return AnswerResult.AGAIN if answer.approve and by in record.approved_by else None


_WORDS = {
    AnswerResult.RECORDED: "Recorded.",
    AnswerResult.SECOND_NEEDED: "Recorded. A second person has to approve too.",
    AnswerResult.AGAIN: "You approved this already; a second person has to approve too.",
    AnswerResult.OUTDATED: (
        "Something changed since this was asked, and it was asked again: please see the newer message."
    ),
    AnswerResult.OWN_REQUEST: "You speak for the account that asks, so somebody else has to approve.",
    AnswerResult.UNKNOWN: "This is not, or no longer, to be decided.",
}


def reply_text(reply: Reply, approvers: Approvers | None) -> str:
    """Return what became of an answer, for the person who gave it, in Slack's mrkdwn."""
    if reply.result is AnswerResult.NOT_ALLOWED:
        return f"You can't decide on this. {_who_can(approvers)}"
    if reply.result is AnswerResult.DECIDED_ALREADY:
        approval = reply.approval_record.approval if reply.approval_record else None
        return f"This is decided already: {outcome_text(approval, mentioned)}"
    if reply.result is AnswerResult.SECOND_NEEDED and reply.approval_record is not None and reply.approval_record.void:
        return f"{_WORDS[reply.result]} {no_longer_counting(reply.approval_record.void, mentioned)}."
    return _WORDS[reply.result]


def _who_can(approvers: Approvers | None) -> str:
    if approvers is None:
        return "No approvers are configured."
    users = [f"<@{user}>" for user in approvers.user_ids]
    groups = [f"<!subteam^{group}>" for group in approvers.user_group_ids]
    return f"Who can: {', '.join([*users, *groups]) or 'nobody is configured'}."
