"""In: connection notifications from SNS. Out: events on the bus."""

from typing import Any

from msgspec import Struct

from drawbridge.bootstrap.metering import metered
from drawbridge.bootstrap.relay_notification import bus
from drawbridge.hint.notification import detail_of
from drawbridge.observability import logger
from drawbridge.parsing import UnreadableError, read_value


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: object) -> None:
    records = event.get("Records")
    # A notification of any form is a hint, even without records.
    bus().relay([detail_of(_text(record)) for record in (records if isinstance(records, list) else [event])])


class Sns(Struct, frozen=True, rename="pascal"):
    """A message of SNS."""

    message: str


class SnsRecord(Struct, frozen=True, rename="pascal"):
    """A delivery of SNS."""

    sns: Sns


def _text(record: object) -> str:
    """Return the message of a record; if it is no record of SNS, log that and return an empty one."""
    try:
        return read_value(record, SnsRecord).sns.message
    except UnreadableError as error:
        logger.error("no record of SNS", extra={"reason": str(error)})
        return ""
