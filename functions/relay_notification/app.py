"""Connection notifications from SNS in, events on the bus out."""

from typing import Any

from msgspec import Struct

from drawbridge.bootstrap.relay_notification import bus
from drawbridge.hint.notification import detail_of
from drawbridge.observability import logger
from drawbridge.parsing import UnreadableError, read_value


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> None:
    records = event.get("Records")
    # A notification of any form is a hint; so is one that has none.
    bus().relay([detail_of(_text(record)) for record in (records if isinstance(records, list) else [event])])


class Sns(Struct, frozen=True, rename="pascal"):
    """What SNS delivers."""

    message: str


class SnsRecord(Struct, frozen=True, rename="pascal"):
    """A delivery of SNS."""

    sns: Sns


def _text(record: object) -> str:
    """Return the message of a record; none, and a line in the log, if it is no record of SNS."""
    try:
        return read_value(record, SnsRecord).sns.message
    except UnreadableError as error:
        logger.error("no record of SNS", extra={"reason": str(error)})
        return ""
