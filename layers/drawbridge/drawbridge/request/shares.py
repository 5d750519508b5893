"""Shares and invitations as AWS RAM lists them to the account they are for."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from msgspec import Struct

LIFE_OF_INVITATION = timedelta(hours=12)
"""For everything but a fixed list of types that VPC Lattice's are not on (RAM user guide, "Working with shared
invitations"). The types of that list live seven days: for them the deadline is only earlier than it need be."""


class InvitationStatus(StrEnum):
    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"
    """One that did not exist when this was written."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read AWS's word."""
        try:
            return cls(text)
        except ValueError:
            return cls("UNKNOWN")


class Invitation(Struct, frozen=True, kw_only=True):
    """An invitation that this account received."""

    arn: str
    share_arn: str
    share_name: str
    """The provider's choice; may be empty."""
    sender: str
    status: InvitationStatus
    sent_at: datetime

    @property
    def deadline(self) -> datetime:
        """When it expires: counted from when it was sent, not from when it was noticed."""
        return self.sent_at + LIFE_OF_INVITATION


class Share(Struct, frozen=True, kw_only=True):
    """A share of another account's that RAM lists to this one."""

    arn: str
    name: str
    """The provider's choice; empty where RAM does not report it."""
    owner: str
    tags: dict[str, str] | None = None
    """``None`` where RAM does not report them; AWS documents no tags of another account's share."""
    in_effect: bool = True
    """Whether it is active. One that is not, and is not deleted either, is neither to be used nor gone."""


class Content(Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """Something that a share holds: what policies are asked about, the ledger keeps, and people write in cases."""

    arn: str
    type: str
    """In lower case: RAM's answers vary. Empty where RAM does not report it."""

    @property
    def is_lattice(self) -> bool:
        # Not by parsing: one odd ARN in a share must not hide the others.
        return self.arn.split(":")[2:3] == ["vpc-lattice"]


class SharedResource(Content, frozen=True, order=True, omit_defaults=True):
    """Something that a share holds, as RAM lists it: in which share, and with which status."""

    share_arn: str
    status: str = ""
    """As RAM reports it; empty where it does not."""
    status_message: str = ""


def newest(invitations: list[Invitation]) -> Invitation | None:
    """Return the newest of several invitations to one share: it was shared again after an earlier one had expired."""
    return max(invitations, key=lambda invitation: (invitation.sent_at, invitation.arn), default=None)
