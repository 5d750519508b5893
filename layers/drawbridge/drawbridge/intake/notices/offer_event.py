"""The domain events of what accounts are offered."""

from enum import StrEnum

from msgspec import Struct

from drawbridge.status import Status


class OfferEvent(StrEnum):
    """The detail-types of the domain events about what accounts are offered."""

    STATUS_CHANGED = "Offer Status Changed"
    WITHDRAWAL_ANNOUNCED = "Offer Withdrawal Announced"
    WITHDRAWAL_CANCELLED = "Offer Withdrawal Cancelled"


class OfferChange(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The detail of the domain event of what became of a share that an account is offered."""

    id: str
    """The same for every delivery, and as the notice for the consumer has it."""
    kind: str
    subject: str
    """The share's ARN."""
    account_id: str
    """Who is offered it."""
    status: Status
    time: str
    """Since when it is so: ISO 8601, UTC."""
    tier: str = ""
    accept_until: str = ""
    """Of one that is invited."""
    withdraw_after: str = ""
    """When it is taken out of the share, if that is announced, or what it has associated deleted, if it is out."""
    reasons: tuple[dict[str, str], ...] = ()


class OfferAnnouncement(Struct, frozen=True):
    """A domain event of what became of a share that an account is offered."""

    event: OfferEvent
    change: OfferChange
