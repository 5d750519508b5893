"""Shares and invitations as AWS RAM lists them to the account they are for."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Self

from msgspec import Struct

from drawbridge.status import Reason

LIFE_OF_INVITATION = timedelta(hours=12)
"""How long an invitation can be answered: RAM user guide, "Accepting and rejecting resource share invitations"."""
LONG_LIFE_OF_INVITATION = timedelta(days=7)
"""How long one to nothing but ``SEVEN_DAY_TYPES`` can: the same page, and the only types that it names."""

SEVEN_DAY_TYPES = frozenset(
    {
        "ec2:capacityreservation",
        "ec2:coippool",
        "ec2:dedicatedhost",
        "ec2:localgatewayroutetable",
        "ec2:prefixlist",
        "ec2:subnet",
        "ec2:trafficmirrortarget",
        "ec2:transitgateway",
        "ec2:transitgatewaymulticastdomain",
        "license-manager:licenseconfiguration",
        "outposts:outpost",
        "outposts:site",
        "rds:cluster",
        "route53resolver:resolverrule",
    }
)
"""In lower case, as RAM names the types that the page lists in words. VPC Lattice's are not among them."""

_EXPIRY_SHOWS_WITHIN = timedelta(hours=1)
"""An invitation that is pending this long after its earlier deadline has the later one."""


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

    def deadline(self, contents: "Collection[Content] | None") -> datetime:
        """Return when it expires: counted from when it was sent, not from when it was noticed.

        AWS does not say how long one lives that offers both kinds of types, or nothing: no longer than others. Neither
        does one whose contents are unknown, ``None``.
        """
        long = bool(contents) and all(each.type in SEVEN_DAY_TYPES for each in contents or ())
        return self.sent_at + (LONG_LIFE_OF_INVITATION if long else LIFE_OF_INVITATION)

    def next_deadline(self, now: datetime) -> datetime:
        """Return when it expires if it is pending, and its contents were not asked for: the earlier deadline.

        If it outlived that, it is the later one.
        """
        earlier = self.sent_at + LIFE_OF_INVITATION
        return earlier if now < earlier + _EXPIRY_SHOWS_WITHIN else self.sent_at + LONG_LIFE_OF_INVITATION

    def why_expired(self, now: datetime) -> Reason:
        """Return the reason of one that has expired; AWS does not show any more what it offered."""
        # Sweeps come every few minutes: one that is found expired within seven days had twelve hours.
        later = self.sent_at + LONG_LIFE_OF_INVITATION
        return expired(later if now >= later else self.sent_at + LIFE_OF_INVITATION, self.sender)


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


def expired(at: datetime, provider: str) -> Reason:
    """Return the reason of an invitation that nobody answered in time: what the other side has to do.

    An expired invitation can't be answered, and its account is taken out of the share: the provider shares again to
    have RAM send a new one (the same page), by ``AssociateResourceShare`` of the account, or by another share. Where
    the account is in the share still, it is taken out first, by ``DisassociateResourceShare``.
    """
    return Reason(
        "deadline-passed",
        f"The invitation expired at {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC; ask account {provider} to share again: "
        "remove this account from the share, if it is still there, and add it, or make a new share.",
    )


def newest(invitations: list[Invitation]) -> Invitation | None:
    """Return the newest of several invitations to one share: it was shared again after an earlier one had expired."""
    return max(invitations, key=lambda invitation: (invitation.sent_at, invitation.arn), default=None)
