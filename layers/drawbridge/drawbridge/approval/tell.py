"""Telling: the message says how it went, whichever way it ended, and people hear what became of their clicks."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from drawbridge.approval import Approved, Denied
from drawbridge.approval.answer import how_it_ended
from drawbridge.approval.ask import Posted, Standing
from drawbridge.approval.message import Ending, Message, message
from drawbridge.status import Reason, Status

_ENDINGS = {
    Status.ACCEPTED: "accepted",
    # What told of the acceptance may find the row further on.
    Status.ASSOCIATING: "accepted",
    Status.AVAILABLE: "connected",
    Status.REJECTED: "rejected",
    Status.EXPIRED: "expired",
    Status.WITHDRAWN: "withdrawn by the other side",
    Status.HELD: "held",
    Status.FAILED: "failed; it is tried again",
}

_THOUGH_DENIED = {Status.ACCEPTED: "kept as it was", Status.AVAILABLE: "kept as it was, connected"}

_PARTLY = "approved by "
"""What is noted of a message that says who approved, and waits for a second one; no ending begins so."""


class Notice(Struct, frozen=True, kw_only=True):
    """What somebody is to hear of their click."""

    request_id: str
    user: str
    words: str
    channel: str = ""


class StatusReached(Struct, frozen=True, kw_only=True):
    """The status that a request reached, as the ledger has it."""

    request_id: str
    status: Status
    attempt: int
    reasons: Sequence[Reason] = ()


class Approvals(Protocol):
    """The questions, as telling needs them."""

    def standing(self, request_id: str) -> Standing | None: ...

    def note_told(self, standing: Standing, text: str) -> None: ...


class Messenger(Protocol):
    """Slack."""

    def update(self, posted: Posted, what: Message) -> None: ...

    def tell_privately(self, channel: str, user_id: str, text: str) -> None: ...


def tell(what: Notice | StatusReached, approvals: Approvals, messenger: Messenger) -> str:
    """Tell what there is to tell, and give what the message says by now; safe to repeat, and in any order."""
    told = _tell_all(what, approvals, messenger)
    if isinstance(what, Notice) and what.words and what.channel:
        messenger.tell_privately(what.channel, what.user, what.words)
    return told


def _tell_all(what: Notice | StatusReached, approvals: Approvals, messenger: Messenger) -> str:
    standing = approvals.standing(what.request_id) if what.request_id else None
    if standing is None or standing.posted is None:
        return ""
    ending = _ending(what, standing)
    approved_by, void = ((), ()) if standing.approval else (standing.approved_by, standing.void)
    if ending is None and (_has_ended(standing) or not approved_by):
        return standing.told
    told = ending.text if ending else f"{_PARTLY}{', '.join(approved_by)}"
    if told != standing.told:
        written = message(standing.question, link=standing.link, approved_by=approved_by, void=void, ending=ending)
        messenger.update(standing.posted, written)
        approvals.note_told(standing, told)
    return told


def _ending(what: Notice | StatusReached, standing: Standing) -> Ending | None:
    decided = how_it_ended(standing) if standing.approval else ""
    by = standing.approval.by if isinstance(standing.approval, Approved | Denied) else ()
    if isinstance(what, Notice):
        # What the request came to since is told already.
        return Ending(_sentence(decided), by) if decided and not _has_ended(standing) else None
    word = _ENDINGS.get(what.status)
    if word is None or what.attempt < standing.question.asked.attempt:
        # A late event of an attempt before the one that asks says nothing of the question.
        return None
    if isinstance(standing.approval, Denied) and what.attempt == standing.question.asked.attempt:
        # What was live before is not cut.
        word = _THOUGH_DENIED.get(what.status, word)
    why = "" if decided else "; ".join(reason.text for reason in what.reasons[:3])
    return Ending(_sentence(f"{decided} Now: {word}.".strip() if decided else f"{word}. {why}"), by)


def _has_ended(standing: Standing) -> bool:
    """Tell whether the message says already how it went."""
    return bool(standing.told) and not standing.told.startswith(_PARTLY)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].strip()
