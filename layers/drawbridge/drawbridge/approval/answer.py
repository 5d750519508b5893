"""Answering: a click, or a command, becomes the one decision that there is of a question."""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from drawbridge.approval import Approved, Denied, TimedOut
from drawbridge.approval.approvers import Approvers, Person, is_approver, speaks_for
from drawbridge.approval.ask import Callback, Standing
from drawbridge.approval.message import escaped


class Answer(Struct, frozen=True, kw_only=True):
    """What somebody answers to which question."""

    request_id: str
    asking: str
    approve: bool
    reason: str = ""


class Result(StrEnum):
    """What becomes of an answer. None is an error; each is counted."""

    RECORDED = "recorded"
    SECOND_NEEDED = "second-needed"
    """Recorded, and a second person has to approve too."""
    AGAIN = "again"
    """The same person approved once already."""
    DECIDED_ALREADY = "decided-already"
    OUTDATED = "outdated"
    """It is a question that is not asked any more."""
    NOT_ALLOWED = "not-allowed"
    OWN_REQUEST = "own-request"
    UNKNOWN = "unknown"
    """There is no such question, or no longer."""


class Reply(Struct, frozen=True):
    """What became of an answer, and where the question stands now, if it is there."""

    result: Result
    standing: Standing | None = None


class Decisions(Protocol):
    """The questions, as answering needs them."""

    def standing(self, request_id: str) -> Standing | None: ...

    def record(self, answer: Answer, by: str, *, needed: int) -> Standing | None:
        """Record an answer by one conditional write, so that there is one decision whoever else answers.

        Give how the question stands then; ``None`` if it was decided, or is another question, meanwhile.
        """
        ...


def answer_of_person(
    answer: Answer,
    person: Person,
    *,
    approvers: Approvers,
    members: Callable[[], frozenset[str]],
    decisions: Decisions,
    callback: Callback,
) -> Reply:
    """Take the answer of somebody in Slack; ``members`` are only asked for if the list does not have them."""
    standing = decisions.standing(answer.request_id)
    allowed = is_approver(person, approvers, frozenset()) or is_approver(person, approvers, members())
    if not allowed:
        return Reply(Result.NOT_ALLOWED, standing)
    if standing is None:
        return Reply(Result.UNKNOWN)
    question = standing.question
    if answer.approve and speaks_for(person, question.account_id, approvers, question.options):
        return Reply(Result.OWN_REQUEST, standing)
    return take(answer, f"{person.user_id}", standing, decisions, callback)


def take(answer: Answer, by: str, standing: Standing, decisions: Decisions, callback: Callback) -> Reply:
    """Take the answer of somebody who may answer: record it, then complete the task.

    Safe to repeat: a decision that was recorded, and did not reach the task, reaches it with the next answer.
    """
    result = _refused(answer, by, standing)
    if result is None:
        needed = 2 if standing.question.options.two_person else 1
        recorded = decisions.record(answer, by, needed=needed)
        if recorded is not None:
            standing = recorded
            result = Result.RECORDED if recorded.approval is not None else Result.SECOND_NEEDED
        else:
            standing = decisions.standing(answer.request_id) or standing
            result = _refused(answer, by, standing) or Result.UNKNOWN
    if standing.approval is not None and result in {Result.RECORDED, Result.DECIDED_ALREADY}:
        # Whoever recorded it may have been stopped before the task was told.
        callback.complete(standing.token, standing.approval)
    return Reply(result, standing)


def _refused(answer: Answer, by: str, standing: Standing) -> Result | None:
    """Tell why an answer is none to the question as it stands; ``None`` if it is one."""
    if standing.question.asked.asking != answer.asking:
        return Result.OUTDATED
    if standing.approval is not None:
        return Result.DECIDED_ALREADY
    return Result.AGAIN if answer.approve and by in standing.approved_by else None


_WORDS = {
    Result.RECORDED: "Recorded.",
    Result.SECOND_NEEDED: "Recorded. A second person has to approve too.",
    Result.AGAIN: "You approved this already; a second person has to approve too.",
    Result.OUTDATED: "Something changed since this was asked, and it was asked again: please see the newer message.",
    Result.OWN_REQUEST: "You speak for the account that asks, so somebody else has to approve.",
    Result.UNKNOWN: "This is not, or no longer, to be decided.",
}


def words_of(reply: Reply, approvers: Approvers | None) -> str:
    """Say to the person what became of their answer, in Slack's mrkdwn."""
    if reply.result is Result.NOT_ALLOWED:
        return f"You can't decide on this. {_who_can(approvers)}"
    if reply.result is Result.DECIDED_ALREADY:
        return f"This is decided already: {escaped(how_it_ended(reply.standing))}"
    return _WORDS[reply.result]


def how_it_ended(standing: Standing | None) -> str:
    """Say how a question ended."""
    match standing.approval if standing else None:
        case Approved(by=by, reason=reason):
            word = "approved"
        case Denied(by=by, reason=reason):
            word = "denied"
        case TimedOut():
            return "nobody answered in time."
        case _:
            return "it is over."
    return f"{word} by {' and '.join(by)}{f': {reason}' if reason else '.'}"


def _who_can(approvers: Approvers | None) -> str:
    if approvers is None:
        return "No approvers are configured."
    users = [f"<@{user}>" for user in approvers.user_ids]
    groups = [f"<!subteam^{group}>" for group in approvers.user_group_ids]
    return f"Who can: {', '.join([*users, *groups]) or 'nobody is configured'}."
