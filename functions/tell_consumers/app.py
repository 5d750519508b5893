"""In: an event of a request, or of an offered share.

Out: a signed notice of what is on record of it now, sent to the provider's webhook.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from drawbridge.arns import AccountId, ArnText
from drawbridge.aws.event_bus import WITHDRAWAL_CANCELLED
from drawbridge.bootstrap.metering import metered
from drawbridge.bootstrap.tell_consumers import ledger, now, offers, secrets, sender
from drawbridge.intake.notices.notice import (
    ConsumerNotice,
    ConsumerShareNotice,
    notice_of,
    notice_of_forgotten,
    share_notice_of,
)
from drawbridge.intake.notices.offer_event import OfferEvent
from drawbridge.observability import log_of_request, logger
from drawbridge.parsing import read_value
from drawbridge.status import Status
from drawbridge.webhook.signing import signed_headers


class MentionedEvent(Struct, frozen=True, rename="camel"):
    """All that is trusted of an event: which row of the ledger to read, and whether two events are one."""

    id: Annotated[str, Meta(min_length=1, max_length=500)]
    """The same for every delivery of what it tells of."""
    request_id: Annotated[str, Meta(min_length=1, max_length=200)]


class MentionedOffer(Struct, frozen=True, rename="camel"):
    """All that is trusted of an event of an offered share: which record to read.

    Where there is none, the account is not in the share, and that may be told by the event's own id.
    """

    id: Annotated[str, Meta(pattern=r"^msg_[0-9a-f]{16}\Z")]
    subject: Annotated[ArnText, Meta(max_length=500)]
    account_id: AccountId
    status: Status


class ConsumerEventInput(Struct, frozen=True):
    """The event on the bus, whoever put it there."""

    detail: MentionedEvent
    detail_type: str = msgspec.field(name="detail-type")


class OfferEventInput(Struct, frozen=True):
    """The event on the bus of an offered share, whoever put it there."""

    detail: MentionedOffer


class _Event(Struct, frozen=True):
    detail_type: str = msgspec.field(name="detail-type")


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: object) -> None:
    if read_value(event, _Event).detail_type in {*OfferEvent}:
        _tell(_of_offer(read_value(event, OfferEventInput).detail))
    else:
        _tell(_of_request(read_value(event, ConsumerEventInput)))


def _of_request(given: ConsumerEventInput) -> ConsumerNotice | None:
    """Return what the ledger says of a request; ``None`` if that is nothing for a consumer."""
    request_id = given.detail.request_id
    log_of_request(request_id)
    entry = ledger().entry(request_id)
    if entry is None:
        logger.warning("an event of a request that is not in the ledger")
        return None
    notice = notice_of(entry, cancelled_by=given.detail.id if given.detail_type == WITHDRAWAL_CANCELLED else "")
    if notice is None:
        logger.info("nothing for a consumer", status=entry.status)
    return notice


def _of_offer(given: MentionedOffer) -> ConsumerShareNotice | None:
    """Return what is on record of an account in a share; ``None`` if that is nothing for a consumer."""
    log_of_request(f"{given.subject}/{given.account_id}")
    record = offers().one(given.subject, given.account_id)
    if record is None and given.status is Status.WITHDRAWN:
        return notice_of_forgotten(given.id, given.account_id, given.subject, now())
    notice = share_notice_of(record) if record is not None else None
    if notice is None:
        logger.info("nothing for a consumer")
    return notice


def _tell(notice: ConsumerNotice | ConsumerShareNotice | None) -> None:
    if notice is None:
        return
    webhook = secrets().webhook()
    body = msgspec.json.encode(notice)
    sender().send(webhook.address, signed_headers(webhook.keys, notice.id, now(), body), body)
    logger.info("told", told=notice.type, notice=notice.id)
