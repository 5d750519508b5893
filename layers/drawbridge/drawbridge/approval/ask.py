"""Asking: the question is kept, then posted; the workflow waits for the answer."""

from datetime import datetime
from typing import Protocol

from msgspec import Struct

from drawbridge.approval import Approval, Question, TimedOut
from drawbridge.approval.message import MessageEnding, SlackMessage, message, reminder
from drawbridge.approval.outcomes import outcome_text, sentence

PARTLY = "approved by "
"""The beginning of the text of a message that waits for a second approval; no ending begins so."""


class Posted(Struct, frozen=True):
    """The place of a message in Slack."""

    channel: str
    ts: str


class ApprovalRecord(Struct, frozen=True, kw_only=True):
    """A question and how it stands, as the table has it."""

    question: Question
    token: str
    """Of the waiting task; empty if none waits."""
    link: str
    posted: Posted | None = None
    approved_by: tuple[str, ...] = ()
    """Who approved so far."""
    void: tuple[str, ...] = ()
    """Those whose approval does not count any more, and was removed."""
    approval: Approval | None = None
    """How it ended; ``None`` as long as it is open."""
    message_text: str = ""
    """The state or outcome that the message shows."""

    @property
    def shows_ending(self) -> bool:
        """Whether the message shows already how it ended."""
        return bool(self.message_text) and not self.message_text.startswith(PARTLY)


class Pending(Struct, frozen=True):
    """As much of a question as a sweep needs to know whether there is something to do."""

    deadline: datetime | None
    """``None`` if it can't be read."""
    waits: bool
    """Whether a task waits for its answer."""
    decided: bool


class QuestionStore(Protocol):
    """The questions: for each request, the last that was asked."""

    def open(self, question: Question, token: str, link: str) -> tuple[ApprovalRecord, ApprovalRecord | None]:
        """Keep a question with its waiting task; return its record, and the record of the question that it replaces.

        If the same asking is opened again, its record is kept, and only the task is replaced.
        """
        ...

    def note_posted(self, record: ApprovalRecord, posted: Posted) -> None: ...

    def close(self, request_id: str, asking: str) -> Approval | None:
        """Close the question as timed out, unless it is answered; return how it ended, ``None`` if there is none."""
        ...


class QuestionMessenger(Protocol):
    """The messages that a question is asked with."""

    def post(self, channel: str, what: SlackMessage, *, below: Posted | None = None) -> Posted | None:
        """Post a message, perhaps in the thread below another one; ``None`` if it is not posted.

        Raises:
            ThrottledError: Slack asks to be asked later.
            UpstreamError: Slack can't be reached, or is broken.
            AccessDeniedError: the set-up is wrong; the message says what.
        """
        ...

    def update(self, posted: Posted, what: SlackMessage) -> None:
        """Change a message, if it still exists."""
        ...


class Callback(Protocol):
    """The waiting tasks of the workflow."""

    def complete(self, token: str, approval: Approval) -> bool:
        """Complete the task; ``False`` if it does not wait any longer."""
        ...


class SilentMessenger:
    """A messenger that posts nothing; the question can be answered on the command line."""

    def post(self, channel: str, what: SlackMessage, *, below: Posted | None = None) -> Posted | None:
        return None

    def update(self, posted: Posted, what: SlackMessage) -> None:
        return


class AskingPorts(Struct, frozen=True, kw_only=True):
    """The ports of asking."""

    channel: str
    """Of Slack, by its id."""
    approvals: QuestionStore
    messenger: QuestionMessenger
    callback: Callback


class Escalation(Struct, frozen=True, kw_only=True):
    """Who is reminded besides those who were asked; nobody by default."""

    channel: str = ""
    group: str = ""


def ask(question: Question, token: str, link: str, ports: AskingPorts) -> None:
    """Ask, so that the task is completed by the answer; at once if there is one already.

    The question is kept before it is posted: whatever becomes of Slack, it can be answered on the command line.
    """
    record, before = ports.approvals.open(question, token, link)
    if record.approval is not None:
        ports.callback.complete(token, record.approval)
        return
    if before is not None and before.posted is not None and (ending := _ending_of_earlier(before, question)):
        ports.messenger.update(before.posted, message(before.question, link=before.link, ending=ending))
    if record.posted is None:
        asked = message(question, link=link, approved_by=record.approved_by, void=record.void)
        posted = ports.messenger.post(ports.channel, asked)
        if posted is not None:
            ports.approvals.note_posted(record, posted)


def _ending_of_earlier(before: ApprovalRecord, question: Question) -> MessageEnding | None:
    """Return what an earlier message is to end with; ``None`` if it shows how it ended, which it keeps.

    Only an open question is void. What was answered within the same attempt came to nothing: that is said besides.
    """
    again = "Something changed, and it is asked again below." if question.changed else "It is asked again below."
    if before.approval is None:
        return None if before.shows_ending else MessageEnding(f"Void. {again}")
    ended = sentence(outcome_text(before.approval))
    if before.question.asked.attempt == question.asked.attempt:
        return MessageEnding(f"{ended} {again}", before.approval, now=again)
    return None if before.shows_ending else MessageEnding(ended, before.approval)


def remind(question: Question, token: str, link: str, ports: AskingPorts, *, escalation: Escalation) -> None:
    """Ask as ``ask`` does, and post a reminder in the message's thread, and where ``escalation`` says."""
    ask(question, token, link, ports)
    record, _ = ports.approvals.open(question, token, link)
    if record.approval is not None or record.posted is None:
        return
    reminded = "" if escalation.channel else escalation.group
    ports.messenger.post(ports.channel, reminder(question, reminded), below=record.posted)
    if escalation.channel:
        ports.messenger.post(escalation.channel, reminder(question, escalation.group))


def close(question: Question, approvals: QuestionStore) -> Approval:
    """Close a question whose time is over; return how it ended, which is an answer if one came at the last moment."""
    approval = approvals.close(question.request_id, question.asked.asking)
    return approval or TimedOut(asked=question.asked)
