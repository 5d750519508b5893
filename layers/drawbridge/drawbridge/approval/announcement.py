"""Announcements: the one message that says what is to be taken down, from when and why, and then what came of it.

What the message says is compared with what the ledger's row says, so that it is safe to repeat and in any order. The
record of the message is read before the row: whoever writes the record next has read a row that is at least as new as
the one that it was last written for, or its write fails.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.approval.announcement_message import (
    AnnouncedRequest,
    Announcement,
    announcement_message,
    announcement_of,
)
from drawbridge.approval.ask import Posted
from drawbridge.approval.message import SlackMessage
from drawbridge.approval.notify import is_withdrawn_by_us
from drawbridge.errors import DrawbridgeError, ThrottledError
from drawbridge.legible import legible
from drawbridge.request.announced import COMMANDED, Announced
from drawbridge.request.status_reached import StatusReached
from drawbridge.status import Reason, Status

_BEING_WITHDRAWN = "Being withdrawn."
_CALLED_OFF = "Called off: permitted again."
_ANEW = "Called off: permitted again. It is announced anew by a later message."
_PARTLY_WITHDRAWN = "Withdrawn; the rest of it stays connected."
_NO_ROW = "Over: the ledger has no such request any longer."
_OTHER_SIDE = "The other side took it back."

_GONE = "gone"
"""The code of the reason that the other side took it back."""
_TAKEN_DOWN = "withdrawn"
"""The code of the reason that names something that was taken down."""


class AnnouncementRecord(Struct, frozen=True, kw_only=True):
    """The message about a request, as the table has it."""

    announcement: Announcement
    newest_since: datetime
    """When the last of what it announces was announced: what came later only is another announcement."""
    ending: str = ""
    """What came of it; empty as long as it can be called off."""
    is_over: bool = False
    """Whether the ending is the last one, so that the message is not changed any more."""
    is_shown: bool = False
    """Whether Slack has the message in this form."""
    posted: Posted | None = None
    revision: int = 0
    """Of the record; one that was written since it was read has a higher one."""
    claimed_until: datetime | None = None
    """Until when somebody may be telling it; ``None`` if nobody is."""

    @property
    def request_id(self) -> str:
        return self.announcement.about.request_id

    def says_the_same(self, other: "AnnouncementRecord") -> bool:
        """Return whether both messages look alike, and are of the same announcement."""
        return (self.announcement, self.newest_since, self.ending, self.is_over) == (
            other.announcement,
            other.newest_since,
            other.ending,
            other.is_over,
        )


class AnnouncementStore(Protocol):
    """The records of the messages: for each request, of the last announcement."""

    def announcement(self, request_id: str) -> AnnouncementRecord | None: ...

    def claim(self, wanted: AnnouncementRecord, before: AnnouncementRecord | None) -> AnnouncementRecord | None:
        """Keep what is about to be told in place of the record that was read, and return it.

        ``None`` if the record is not any longer as it was read, or somebody else tells something at the moment.
        """
        ...

    def note_shown(self, claimed: AnnouncementRecord, posted: Posted) -> AnnouncementRecord:
        """Note where the message is, and that it says what was claimed; return the record as it is then."""
        ...

    def give_back(self, claimed: AnnouncementRecord) -> None:
        """Let others tell it at once: Slack did not take it."""
        ...


class AnnouncementMessenger(Protocol):
    """The messages that are posted and updated."""

    def post(self, channel: str, what: SlackMessage) -> Posted: ...

    def update(self, posted: Posted, what: SlackMessage) -> None:
        """Change a message, if it still exists."""
        ...


class AnnouncingPorts(Struct, frozen=True, kw_only=True):
    """The ports of announcing."""

    channel: str
    """Of Slack, by its id."""
    announcements: AnnouncementStore
    messenger: AnnouncementMessenger
    about: Callable[[str], AnnouncedRequest | None]
    """Called with a request's id, only if there is no message yet; returns ``None`` if the ledger has no such row."""
    now: Callable[[], datetime]


def announce(reached: StatusReached | None, before: AnnouncementRecord | None, ports: AnnouncingPorts) -> str:
    """Have the message say what the row says, and return how it ended; empty if it did not, or there is none.

    ``reached`` is ``None`` if the ledger has no such row. Safe to repeat, and in any order.

    Raises:
        ThrottledError: somebody else tells something else of the request at the moment, and it is to be tried again.
    """
    if before is not None and _is_anew(before, _marks(reached)):
        # The event by which it was called off is late or lost.
        ended = before if before.is_over else msgspec.structs.replace(before, ending=_ANEW, is_over=True)
        before = _told(ended, before, ports)
    wanted = _wanted(reached, before, ports)
    return "" if wanted is None else _told(wanted, before, ports).ending


def _told(wanted: AnnouncementRecord, before: AnnouncementRecord | None, ports: AnnouncingPorts) -> AnnouncementRecord:
    """Have Slack show what is wanted, unless it does."""
    if before is not None and before.is_shown and wanted.says_the_same(before):
        return before
    claimed = ports.announcements.claim(wanted, before)
    if claimed is None:
        there = ports.announcements.announcement(wanted.request_id)
        if there is not None and wanted.says_the_same(there):
            # Another delivery of the same event tells it, and is repeated if it fails.
            return there
        raise ThrottledError(f"somebody else tells in Slack of {wanted.request_id} at the moment")
    what = announcement_message(claimed.announcement, claimed.ending)
    try:
        if claimed.posted is None:
            # Whoever is stopped from here on, or gets no answer of Slack, does not know whether it was posted: the next
            # one posts it again, once the claim has run out, rather than not at all.
            posted = ports.messenger.post(ports.channel, what)
        else:
            posted = claimed.posted
            # A message that somebody deleted stays deleted.
            ports.messenger.update(posted, what)
    except DrawbridgeError:
        ports.announcements.give_back(claimed)
        raise
    return ports.announcements.note_shown(claimed, posted)


def _wanted(
    reached: StatusReached | None, before: AnnouncementRecord | None, ports: AnnouncingPorts
) -> AnnouncementRecord | None:
    """Return the record as the row wants it; ``None`` if nothing was announced, or is."""
    marks = _marks(reached)
    if before is None or _is_anew(before, marks):
        return _first(reached, marks, ports) if reached is not None and marks else None
    if before.is_over:
        # Marks that it announced belong to a row that was read before it was over.
        return before
    if reached is not None and marks:
        return msgspec.structs.replace(
            before,
            announcement=announcement_of(before.announcement.about, marks),
            newest_since=max(before.newest_since, _newest(marks)),
            ending=_under_way(reached),
        )
    ending = _ending(reached, is_due=before.announcement.withdraw_after <= ports.now())
    return msgspec.structs.replace(before, ending=ending, is_over=ending != _BEING_WITHDRAWN)


def _first(reached: StatusReached, marks: Sequence[Announced], ports: AnnouncingPorts) -> AnnouncementRecord | None:
    """Return the record of an announcement of which there is no message yet."""
    about = ports.about(reached.request_id)
    if about is None:
        return None
    return AnnouncementRecord(
        announcement=announcement_of(about, marks), newest_since=_newest(marks), ending=_under_way(reached)
    )


def _marks(reached: StatusReached | None) -> Sequence[Announced]:
    return reached.announced if reached is not None and not reached.status.is_over else ()


def _newest(marks: Sequence[Announced]) -> datetime:
    return max(each.since for each in marks)


def _is_anew(before: AnnouncementRecord, marks: Sequence[Announced]) -> bool:
    """Return whether all of it was announced after what the message says: that was called off in between."""
    return bool(marks) and all(each.since > before.newest_since for each in marks)


def _under_way(reached: StatusReached) -> str:
    return _BEING_WITHDRAWN if reached.status is Status.WITHDRAWING else ""


def _ending(reached: StatusReached | None, *, is_due: bool) -> str:
    """Return what came of an announcement of which the row says nothing any longer."""
    if reached is None:
        return _NO_ROW
    match reached.status:
        case Status.WITHDRAWING:
            return _BEING_WITHDRAWN
        case Status.WITHDRAWN:
            return _how_withdrawn(reached.reasons)
        case Status.REJECTED | Status.EXPIRED:
            return f"Over: {reached.status.lower()}."
        case _:
            # Of a share, some associations are taken down by an attempt that connects the others.
            partly = is_due and any(each.code == _TAKEN_DOWN for each in reached.reasons)
            return _PARTLY_WITHDRAWN if partly else _CALLED_OFF


def _how_withdrawn(reasons: Sequence[Reason]) -> str:
    command = next((each for each in reasons if each.code == COMMANDED), None)
    if command is not None:
        return f"Withdrawn. {legible(command.text)}"
    took_back = not is_withdrawn_by_us(reasons) and any(each.code == _GONE for each in reasons)
    return _OTHER_SIDE if took_back else "Withdrawn."
