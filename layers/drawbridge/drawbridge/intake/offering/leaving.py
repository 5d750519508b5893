"""Leaving: an account that is out of an offered share, or announced to be, and what of it goes when."""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec import Struct

from drawbridge.decision.permission import Lapsed, mark_of
from drawbridge.request.announced import Announced, period


class LeavingCause(StrEnum):
    """Why an account leaves a share."""

    COMMANDED = "commanded"
    """A person or an event had its entry removed."""
    NO_ENTRY = "no-entry"
    """Its entry is gone, and nobody is on record to have commanded it."""
    OTHER_TIER = "other-tier"
    """Its entry, or the share, is of another tier by now."""
    FORBIDDEN = "forbidden"
    """Policies forbid that it is in the share."""


class Leaving(Struct, frozen=True, kw_only=True):
    """What is on record of an account that leaves a share that Drawbridge put it into."""

    cause: LeavingCause
    announced: Announced
    """Since when it is to go, and when what it has associated does."""
    taken_out_at: datetime | None = None
    """When we had taken it out of the share; ``None`` if it may be in it still."""
    clear_since: datetime | None = None
    """Since when nothing of it is associated any longer; ``None`` if something was when that was looked at last."""
    is_capped: bool = False
    """Whether it stays in the share, as too many would leave at once, until an operator lets it go."""

    @property
    def is_commanded(self) -> bool:
        return self.cause is LeavingCause.COMMANDED


def announced_to_leave(before: Leaving | None, lapsed: Lapsed, now: datetime, wait: timedelta) -> Leaving:
    """Return what is to be on record of an account that policies forbid to be in a share; it is in it until then.

    One that was held back from leaving for another cause has a period of its own: nobody was told that it would leave.
    """
    if before is not None and before.is_capped and before.cause is not LeavingCause.FORBIDDEN:
        before = None
    announced = mark_of(lapsed, before.announced if before is not None else None, now, wait)
    if before is None:
        return Leaving(cause=LeavingCause.FORBIDDEN, announced=announced)
    return msgspec.structs.replace(before, cause=LeavingCause.FORBIDDEN, announced=announced)


def leaving_after(before: Leaving | None, cause: LeavingCause, now: datetime, wait: timedelta) -> Leaving:
    """Return what is to be on record of an account that leaves for a cause.

    What it has associated goes at once where that was commanded, and after ``wait`` otherwise. Who was removed on
    command and is registered again for something else has a period of its own.
    """
    was_let_go = before is not None and before.announced.confirmed
    if before is not None and before.is_capped:
        # Nobody was told that it would leave.
        before = None
    if before is not None and before.is_commanded and cause is LeavingCause.NO_ENTRY:
        # What is on record of a removal is not kept for ever.
        cause = LeavingCause.COMMANDED
    is_commanded = cause is LeavingCause.COMMANDED
    stands = before.announced if before is not None and (is_commanded or not before.is_commanded) else None
    since, due = period(stands, now, wait, at_once=is_commanded)
    announced = Announced(since=since, withdraw_after=due, forbidden=False, confirmed=was_let_go)
    if before is None:
        return Leaving(cause=cause, announced=announced)
    return msgspec.structs.replace(before, cause=cause, announced=announced)
