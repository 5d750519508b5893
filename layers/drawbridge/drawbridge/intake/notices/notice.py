"""Notices for consumers: what became of a connection, or of a share, in words that are fit for a customer.

They go to the provider's own service, which knows how to reach the customer. Why policies decided as they did is kept
here.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from drawbridge.intake.offering.offers import OfferRecord
from drawbridge.intake.offering.share_notice import ShareNoticeType
from drawbridge.record.entry import Entry
from drawbridge.request import EndpointConnectionRequest
from drawbridge.request.announced import COMMANDED, NO_LONGER_PERMITTED, whole
from drawbridge.request.fingerprints import fingerprint
from drawbridge.status import Status


class NoticeType(StrEnum):
    """What a notice is about."""

    DELAYED = "connection.delayed"
    ACCEPTED = "connection.accepted"
    AVAILABLE = "connection.available"
    ANNOUNCED = "connection.withdrawal-announced"
    CANCELLED = "connection.withdrawal-cancelled"
    WITHDRAWING = "connection.withdrawing"
    WITHDRAWN = "connection.withdrawn"
    REJECTED = "connection.rejected"


class ConsumerNotice(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a consumer may be told of its connection."""

    schema_version: int = 1
    id: str
    """The same for whatever is told twice."""
    type: NoticeType
    time: str
    """Since when it is so, as the ledger has it: ISO 8601, UTC. Of two notices the later one holds."""
    account_id: str
    service_id: str
    endpoint_id: str
    status: Status
    reason: str
    """A sentence for the customer."""
    until: str | None
    """When it is accepted, if it is delayed, or taken down, if that is announced: ISO 8601, UTC."""


class ConsumerShareNotice(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a consumer may be told of a share that it is offered."""

    schema_version: int = 1
    id: str
    """The same for whatever is told twice."""
    type: ShareNoticeType
    time: str
    """Since when it is so, as it is on record: ISO 8601, UTC. Of two notices the later one holds."""
    account_id: str
    share_arn: str
    status: Status
    reason: str
    """A sentence for the customer."""
    until: str | None
    """How long the invitation can be accepted, the share used, or what is associated of it: ISO 8601, UTC."""


_TYPES = {
    Status.ACCEPTED: NoticeType.ACCEPTED,
    Status.AVAILABLE: NoticeType.AVAILABLE,
    Status.WITHDRAWING: NoticeType.WITHDRAWING,
    Status.WITHDRAWN: NoticeType.WITHDRAWN,
    Status.REJECTED: NoticeType.REJECTED,
}

_GOING = frozenset({Status.WITHDRAWING, Status.WITHDRAWN, Status.REJECTED, Status.EXPIRED})

_BY_US = {
    NoticeType.WITHDRAWING: "The provider is ending the connection.",
    NoticeType.WITHDRAWN: "The provider has ended the connection.",
}

_REASONS = {
    NoticeType.DELAYED: "The connection is accepted later, if nothing speaks against it until then.",
    NoticeType.ACCEPTED: "The connection was accepted; it is being opened.",
    NoticeType.AVAILABLE: "The connection can be used.",
    NoticeType.ANNOUNCED: "The connection can be used until the provider ends it.",
    NoticeType.CANCELLED: "The connection stays: that it would end was called off.",
    NoticeType.WITHDRAWING: "The connection is ending.",
    NoticeType.WITHDRAWN: "The connection has ended.",
    NoticeType.REJECTED: "The connection was rejected.",
}


def notice_of(entry: Entry, *, cancelled_by: str = "") -> ConsumerNotice | None:
    """Return what there is to tell of a request, as it is now; ``None`` if that is nothing for a consumer.

    ``cancelled_by`` is the id of what says that a withdrawal was called off; empty for any other event. By
    its row alone such a connection looks as it did before the announcement, of which the consumer has been told.
    """
    if not isinstance(entry.request, EndpointConnectionRequest):
        return None
    mark = None if entry.status in _GOING else whole(entry.announced)
    delayed = entry.delayed if entry.status is Status.PENDING and entry.settled else None
    if mark is not None:
        # Whatever its last attempt came to: what is announced is connected.
        kind, status = NoticeType.ANNOUNCED, Status.AVAILABLE
    elif delayed is not None:
        kind, status = NoticeType.DELAYED, Status.PENDING
    elif entry.status in _TYPES:
        kind, status = _TYPES[entry.status], entry.status
    else:
        return None
    is_cancelled = bool(cancelled_by) and kind is NoticeType.AVAILABLE
    kind = NoticeType.CANCELLED if is_cancelled else kind
    ends = mark.withdraw_after if mark is not None else delayed.until if delayed is not None else None
    until = None if ends is None else ends.isoformat(timespec="seconds")
    # What is delayed is decided again for whatever changes, and told again: it is the same until its time is another.
    attempt = None if kind is NoticeType.DELAYED else entry.attempt
    by_us = {each.code for each in entry.reasons} & {COMMANDED, NO_LONGER_PERMITTED}
    return ConsumerNotice(
        id=f"msg_{fingerprint(entry.request_id, attempt, kind, until, cancelled_by if is_cancelled else '')}",
        type=kind,
        time=entry.updated_at,
        account_id=entry.account_id,
        service_id=entry.request.service_id,
        endpoint_id=entry.request.endpoint_id,
        status=status,
        reason=_BY_US[kind] if by_us and kind in _BY_US else _REASONS[kind],
        until=until,
    )


_OF_SHARES = {
    # RAM does not say who is of the organization.
    ShareNoticeType.OFFERED: (
        "The account is put into the share; unless it is of the provider's organization, somebody in it has to accept "
        "the invitation."
    ),
    ShareNoticeType.AVAILABLE: "The account is in the share, which can be used.",
    ShareNoticeType.ANNOUNCED: "The account is in the share until the provider takes it out.",
    ShareNoticeType.CANCELLED: "The account stays in the share: that it would be taken out was called off.",
    ShareNoticeType.WITHDRAWING: "The account is out of the share; what it has connected by it is ending.",
    ShareNoticeType.WITHDRAWN: "The account is out of the share, and has nothing connected by it.",
}


def share_notice_of(record: OfferRecord) -> ConsumerShareNotice | None:
    """Return what there is to tell of a share that an account is offered; ``None`` if that is nothing yet."""
    notice = record.notice
    if notice is None:
        return None
    until = None if notice.until is None else notice.until.isoformat(timespec="seconds")
    return ConsumerShareNotice(
        # To the microsecond: what is so twice within a second is told twice.
        id=f"msg_{fingerprint(record.target, record.principal, notice.type, notice.since.isoformat(), until)}",
        type=notice.type,
        time=notice.since.isoformat(timespec="seconds"),
        account_id=record.account_id,
        share_arn=record.target,
        status=notice.type.status,
        reason=_OF_SHARES[notice.type],
        until=until,
    )


def notice_of_forgotten(notice_id: str, account_id: str, share_arn: str, now: datetime) -> ConsumerShareNotice:
    """Return what there is to tell of a share that an account was offered, and of which nothing is on record."""
    return ConsumerShareNotice(
        id=notice_id,
        type=ShareNoticeType.WITHDRAWN,
        time=now.isoformat(timespec="seconds"),
        account_id=account_id,
        share_arn=share_arn,
        status=Status.WITHDRAWN,
        reason=_OF_SHARES[ShareNoticeType.WITHDRAWN],
        until=None,
    )
