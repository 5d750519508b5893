"""In: an event of a request. Out: a signed notice of what the ledger says of it now, sent to the provider's webhook."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from drawbridge.aws.event_bus import WITHDRAWAL_CANCELLED
from drawbridge.bootstrap.metering import metered
from drawbridge.bootstrap.tell_consumers import ledger, now, secrets, sender
from drawbridge.intake.notice import notice_of
from drawbridge.observability import log_of_request, logger
from drawbridge.parsing import read_value
from drawbridge.webhook.signing import signed_headers


class MentionedEvent(Struct, frozen=True, rename="camel"):
    """All that is trusted of an event: which row of the ledger to read, and whether two events are one."""

    id: Annotated[str, Meta(min_length=1, max_length=500)]
    """The same for every delivery of what it tells of."""
    request_id: Annotated[str, Meta(min_length=1, max_length=200)]


class ConsumerEventInput(Struct, frozen=True):
    """The event on the bus, whoever put it there."""

    detail: MentionedEvent
    detail_type: str = msgspec.field(name="detail-type")


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: object) -> None:
    given = read_value(event, ConsumerEventInput)
    request_id = given.detail.request_id
    log_of_request(request_id)
    entry = ledger().entry(request_id)
    if entry is None:
        logger.warning("an event of a request that is not in the ledger")
        return
    notice = notice_of(entry, cancelled_by=given.detail.id if given.detail_type == WITHDRAWAL_CANCELLED else "")
    if notice is None:
        logger.info("nothing for a consumer", status=entry.status)
        return
    webhook = secrets().webhook()
    body = msgspec.json.encode(notice)
    sender().send(webhook.address, signed_headers(webhook.keys, notice.id, now(), body), body)
    logger.info("told", told=notice.type, notice=notice.id)
