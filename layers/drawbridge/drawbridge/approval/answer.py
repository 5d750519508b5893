"""Answering: a click, or a command, becomes the one decision that there is of a question."""

from collections.abc import Callable, Collection
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from drawbridge.approval import Approved, Denied, TimedOut
from drawbridge.approval.approvers import Approvers, Person, counts_no_more, is_approver, speaks_for
from drawbridge.approval.ask import Callback, Standing
from drawbridge.approval.message import escaped, no_longer_counting
from drawbridge.legible import legible


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

    def record(self, answer: Answer, by: str, *, needed: int, void: Collection[str] = ()) -> Standing | None:
        """Record an answer by one conditional write, so that there is one decision whoever else answers.

        ``void`` names those who approved and whose approval does not count any more: this one takes its place. Give
        how the question stands then; ``None`` if it was decided, is another question, or was approved by somebody
        else, meanwhile.
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

    def void(standing: Standing) -> tuple[str, ...]:
        return counts_no_more(standing.approved_by, standing.question, approvers, lambda _: members())

    return take(answer, person.user_id, standing, decisions, callback, void=void)


def _all_count(standing: Standing) -> tuple[str, ...]:
    return ()


def take(
    answer: Answer,
    by: str,
    standing: Standing,
    decisions: Decisions,
    callback: Callback,
    *,
    void: Callable[[Standing], tuple[str, ...]] = _all_count,
) -> Reply:
    """Take the answer of somebody who may answer: record it, then complete the task.

    ``void`` tells whose earlier approval does not count any more. Safe to repeat: a decision that was recorded, and
    did not reach the task, reaches it with the next answer.
    """
    result = _refused(answer, by, standing)
    for _ in range(_TRIES):
        if result is not None:
            break
        needed = 2 if standing.question.options.two_person else 1
        recorded = decisions.record(answer, by, needed=needed, void=void(standing) if answer.approve else ())
        if recorded is not None:
            standing = recorded
            result = Result.RECORDED if recorded.approval is not None else Result.SECOND_NEEDED
        else:
            standing = decisions.standing(answer.request_id) or standing
            result = _refused(answer, by, standing)
    result = result or Result.UNKNOWN
    if standing.approval is not None and result in {Result.RECORDED, Result.DECIDED_ALREADY}:
        # Whoever recorded it may have been stopped before the task was told.
        callback.complete(standing.token, standing.approval)
    return Reply(result, standing)


LONGEST_REASON = 1000
"""Of a decision, as it is shown; as it is written it has 500 characters at most."""
_TRIES = 3
"""Each is lost to somebody else's answer of the same instant; a question takes two."""


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
    if reply.result is Result.SECOND_NEEDED and reply.standing is not None and reply.standing.void:
        return f"{_WORDS[reply.result]} {escaped(no_longer_counting(reply.standing.void))}."
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
    return f"{word} by {' and '.join(by)}{f': {legible(reason, LONGEST_REASON)}' if reason else '.'}"


def _who_can(approvers: Approvers | None) -> str:
    if approvers is None:
        return "No approvers are configured."
    users = [f"<@{user}>" for user in approvers.user_ids]
    groups = [f"<!subteam^{group}>" for group in approvers.user_group_ids]
    return f"Who can: {', '.join([*users, *groups]) or 'nobody is configured'}."
