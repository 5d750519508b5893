"""Asking: the question is kept, then posted; the workflow waits for the answer."""

from datetime import datetime
from typing import Protocol

from msgspec import Struct

from drawbridge.approval import Approval, Question, TimedOut
from drawbridge.approval.message import MessageEnding, SlackMessage, message, reminder


class Posted(Struct, frozen=True):
    """Where a message is."""

    channel: str
    ts: str


class ApprovalRecord(Struct, frozen=True, kw_only=True):
    """Where a question stands, as the table has it."""

    question: Question
    token: str
    """Of the task that waits; empty if none does."""
    link: str
    posted: Posted | None = None
    approved_by: tuple[str, ...] = ()
    """Who approved so far."""
    void: tuple[str, ...] = ()
    """Whose approval does not count any more, and was taken out again."""
    approval: Approval | None = None
    """How it ended; ``None`` as long as it is open."""
    message_text: str = ""
    """What the message says of how it went."""


class Pending(Struct, frozen=True):
    """As much of a question as tells whether there is something to see to."""

    deadline: datetime
    waits: bool
    """Whether a task waits for its answer."""
    decided: bool


class QuestionStore(Protocol):
    """The questions, one a request: the last that was asked of it."""

    def open(self, question: Question, token: str, link: str) -> tuple[ApprovalRecord, ApprovalRecord | None]:
        """Keep a question with the task that waits; return how it stands, and the question that it takes over from.

        The same asking again keeps what there is of it, and only its task is another one.
        """
        ...

    def note_posted(self, record: ApprovalRecord, posted: Posted) -> None: ...

    def close(self, request_id: str, asking: str) -> Approval | None:
        """End the question without an answer, if there is none; return how it ended, ``None`` if it is not there."""
        ...


class QuestionMessenger(Protocol):
    """Slack."""

    def post(self, channel: str, what: SlackMessage, *, below: Posted | None = None) -> Posted | None:
        """Post a message, perhaps in the thread below another one; ``None`` if it is not posted.

        Raises:
            ThrottledError: Slack asks to be asked later.
            UpstreamError: Slack can't be reached, or is broken.
            AccessDeniedError: the set-up is wrong; the message says what.
        """
        ...

    def update(self, posted: Posted, what: SlackMessage) -> None:
        """Change a message; one that is gone is left so."""
        ...


class Callback(Protocol):
    """The task that waits."""

    def complete(self, token: str, approval: Approval) -> bool:
        """Complete it; ``False`` if it does not wait any longer."""
        ...


class SilentMessenger:
    """Nobody is told; the question can be answered on the command line."""

    def post(self, channel: str, what: SlackMessage, *, below: Posted | None = None) -> Posted | None:
        return None

    def update(self, posted: Posted, what: SlackMessage) -> None:
        return


class AskingPorts(Struct, frozen=True, kw_only=True):
    """What asking works with."""

    channel: str
    """Of Slack, by its id."""
    approvals: QuestionStore
    messenger: QuestionMessenger
    callback: Callback


class Escalation(Struct, frozen=True, kw_only=True):
    """Who is reminded beside those who were asked; nobody by default."""

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
    if before is not None and before.posted is not None:
        void = MessageEnding("Void: something changed, and it is asked again below.")
        ports.messenger.update(before.posted, message(before.question, link=before.link, ending=void))
    if record.posted is None:
        asked = message(question, link=link, approved_by=record.approved_by, void=record.void)
        posted = ports.messenger.post(ports.channel, asked)
        if posted is not None:
            ports.approvals.note_posted(record, posted)


def remind(question: Question, token: str, link: str, ports: AskingPorts, *, escalation: Escalation) -> None:
    """Ask as ``ask`` does, and remind of it below, and where ``escalation`` says."""
    ask(question, token, link, ports)
    record, _ = ports.approvals.open(question, token, link)
    if record.approval is not None or record.posted is None:
        return
    reminded = "" if escalation.channel else escalation.group
    ports.messenger.post(ports.channel, reminder(question, reminded), below=record.posted)
    if escalation.channel:
        ports.messenger.post(escalation.channel, reminder(question, escalation.group))


def close(question: Question, approvals: QuestionStore) -> Approval:
    """End a question whose time is over; return the answer all the same, if somebody gave one at the last moment."""
    approval = approvals.close(question.request_id, question.asked.asking)
    return approval or TimedOut(asked=question.asked)
