"""Announced: what is there and is to be taken down all the same, since policies no longer permit it, or on command."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from drawbridge.status import Reason


class Announced(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The mark of what policies no longer permit."""

    binding: str = ""
    resource_arn: str = ""
    """Of the association that is no longer permitted; both are empty where the whole request is not."""
    since: datetime
    withdraw_after: datetime
    forbidden: bool
    """Whether somebody wrote a forbid against just this; else it may be that only a fact has changed."""
    confirmed: bool = False
    """Whether an operator let it go, whatever else goes with it."""
    reasons: tuple[Reason, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether it is of the whole request."""
        return not self.resource_arn

    @property
    def key(self) -> tuple[str, str]:
        """Return what it is of: the binding and the resource's ARN."""
        return self.binding, self.resource_arn

    @property
    def reason(self) -> Reason:
        """Return it as a reason for what is done; why policies do not permit it is in ``reasons``."""
        since = f"Policies no longer permit it, which was announced at {self.since:%Y-%m-%d %H:%M} UTC."
        return Reason(NO_LONGER_PERMITTED, since)

    @property
    def counts_for_cap(self) -> bool:
        """Whether the cap may hold it back: nobody wrote a forbid against just this, and nobody has let it go."""
        return not (self.forbidden or self.confirmed)

    def is_due(self, now: datetime) -> bool:
        """Return whether its time has come; one that somebody wrote without a zone is UTC, as the ledger's are."""
        due_at = self.withdraw_after
        return (due_at if due_at.tzinfo is not None else due_at.replace(tzinfo=UTC)) <= now


class WithdrawalCommand(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The command of an operator, or a sign-up service: the request is taken down, until somebody has it tried anew."""

    by: str
    """The ARN of who gave it, or which event of whom it was."""
    at: datetime
    name: str = "withdraw"
    """Of the command that was given; empty if an event had it done."""

    @property
    def reason(self) -> Reason:
        """Return it as the reason for what is done."""
        return Reason(COMMANDED, f"{self.by} had it withdrawn at {self.at:%Y-%m-%d %H:%M} UTC.", source=self.by)


COMMANDED = "withdrawn-on-command"
"""The code of the reason that names the operator who had it withdrawn."""

NO_LONGER_PERMITTED = "no-longer-permitted"
"""The code of the reason that policies no longer permit what is connected."""


def period(before: Announced | None, now: datetime, wait: timedelta, *, at_once: bool) -> tuple[datetime, datetime]:
    """Return since when something is announced, and when its time comes.

    What is announced already keeps its time, unless it is to go at once by now.
    """
    due = now if at_once else now + wait
    return (before.since, min(due, before.withdraw_after)) if before else (now, due)


def earliest(marks: Iterable[Announced]) -> datetime | None:
    """Return when the first of it is taken down; ``None`` if there are no marks."""
    return min((each.withdraw_after for each in marks), default=None)


def whole(marks: Iterable[Announced]) -> Announced | None:
    """Return the mark of the whole request, if there is one."""
    return next((each for each in marks if each.is_whole), None)
