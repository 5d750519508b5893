"""Notifying: the message shows how its question ended, and people are notified of what became of their clicks."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from drawbridge.approval import Denied
from drawbridge.approval.ask import PARTLY, ApprovalRecord, Posted
from drawbridge.approval.message import MessageEnding, SlackMessage, message
from drawbridge.approval.outcomes import outcome_text, sentence
from drawbridge.decision.delayed import DELAYED
from drawbridge.request.announced import COMMANDED, NO_LONGER_PERMITTED
from drawbridge.request.status_reached import StatusReached
from drawbridge.status import Reason, Status

_ENDINGS = {
    Status.ACCEPTED: "accepted",
    # The event of the acceptance may find the row further on.
    Status.ASSOCIATING: "accepted",
    Status.AVAILABLE: "connected",
    Status.REJECTED: "rejected",
    Status.EXPIRED: "expired",
    Status.WITHDRAWN: "withdrawn by the other side",
    Status.HELD: "held",
    Status.FAILED: "failed; it is tried again",
}

_THOUGH_DENIED = {Status.ACCEPTED: "kept as it was", Status.AVAILABLE: "kept as it was, connected"}


class Notice(Struct, frozen=True, kw_only=True):
    """A private notice to somebody about their click."""

    request_id: str
    user: str
    words: str
    channel: str = ""


class MessageNotes(Protocol):
    """The approval records, as notifying needs them."""

    def approval_record(self, request_id: str) -> ApprovalRecord | None: ...

    def note_message_text(self, record: ApprovalRecord, text: str) -> None: ...


class OutcomeMessenger(Protocol):
    """The messages that are updated, and private ones."""

    def update(self, posted: Posted, what: SlackMessage) -> None: ...

    def send_privately(self, channel: str, user_id: str, text: str) -> None: ...


def notify(what: Notice | StatusReached, approvals: MessageNotes, messenger: OutcomeMessenger) -> str:
    """Update the message, send the notice if there is one, and return the message's text.

    Safe to repeat, and in any order.
    """
    text = _update_message(what, approvals, messenger)
    if isinstance(what, Notice) and what.words and what.channel:
        messenger.send_privately(what.channel, what.user, what.words)
    return text


def _update_message(what: Notice | StatusReached, approvals: MessageNotes, messenger: OutcomeMessenger) -> str:
    record = approvals.approval_record(what.request_id) if what.request_id else None
    if record is None or record.posted is None:
        return ""
    ending = _ending(what, record)
    approved_by, void = ((), ()) if record.approval else (record.approved_by, record.void)
    if ending is None and (record.shows_ending or not approved_by):
        return record.message_text
    text = ending.text if ending else f"{PARTLY}{', '.join(approved_by)}"
    if text != record.message_text:
        written = message(record.question, link=record.link, approved_by=approved_by, void=void, ending=ending)
        messenger.update(record.posted, written)
        approvals.note_message_text(record, text)
    return text


def _ending(what: Notice | StatusReached, record: ApprovalRecord) -> MessageEnding | None:
    decided = outcome_text(record.approval) if record.approval else ""
    if isinstance(what, Notice):
        # The message shows already what the request came to since.
        return MessageEnding(sentence(decided), record.approval) if decided and not record.shows_ending else None
    word = _ENDINGS.get(what.status)
    if what.status is Status.PENDING and any(each.code == DELAYED for each in what.reasons):
        word = "permitted, and let in later"
    if what.status is Status.WITHDRAWN and is_withdrawn_by_us(what.reasons):
        word = "withdrawn"
    if word is None or what.attempt < record.question.asked.attempt:
        # A late event of an attempt before the one that asks says nothing of the question.
        return None
    if isinstance(record.approval, Denied) and what.attempt == record.question.asked.attempt:
        # What was live before is not cut.
        word = _THOUGH_DENIED.get(what.status, word)
    if decided:
        return MessageEnding(f"{sentence(decided)} Now: {word}.", record.approval, now=sentence(word))
    why = "; ".join(reason.text for reason in what.reasons[:3])
    return MessageEnding(sentence(f"{word}. {why}"))


def is_withdrawn_by_us(reasons: Sequence[Reason]) -> bool:
    """Return whether policies or an operator had it withdrawn, and not the other side."""
    return any(each.code in {COMMANDED, NO_LONGER_PERMITTED} for each in reasons)
