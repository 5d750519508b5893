"""What a consumer was told last of a share that it is offered, as it is on record."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from drawbridge.status import Status


class ShareNoticeType(StrEnum):
    """What a notice of a share is about."""

    OFFERED = "share.offered"
    """The account has an invitation, which it has to accept; one of the organization gets none."""
    AVAILABLE = "share.available"
    ANNOUNCED = "share.withdrawal-announced"
    CANCELLED = "share.withdrawal-cancelled"
    WITHDRAWING = "share.withdrawing"
    """The account is out of the share, and what it has associated stays for a while."""
    WITHDRAWN = "share.withdrawn"

    @property
    def status(self) -> Status:
        return _STATUSES[self]


_STATUSES = {
    ShareNoticeType.OFFERED: Status.PENDING,
    ShareNoticeType.AVAILABLE: Status.AVAILABLE,
    # Until its time comes.
    ShareNoticeType.ANNOUNCED: Status.AVAILABLE,
    ShareNoticeType.CANCELLED: Status.AVAILABLE,
    ShareNoticeType.WITHDRAWING: Status.WITHDRAWING,
    ShareNoticeType.WITHDRAWN: Status.WITHDRAWN,
}


class ShareNotice(Struct, frozen=True, kw_only=True):
    """A notice of a share, on record before it is on the bus."""

    type: ShareNoticeType
    since: datetime
    until: datetime | None = None
    """How long the invitation can be accepted, the share used, or what is associated of it."""
    is_told: bool = False
    """Whether it is on the bus."""
