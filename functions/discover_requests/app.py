"""Hints in, executions of the onboarding workflow out."""

from datetime import UTC, datetime
from functools import reduce
from operator import or_
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from msgspec import Struct

from drawbridge.bootstrap.discover_requests import Configuring, dead_letters, discoverer
from drawbridge.discovery.sweep import Discovery
from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge.hint import Look
from drawbridge.hint.parse import where_to_look
from drawbridge.observability import logger, metrics
from drawbridge.parsing import UnreadableError, read_value


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Look once for all hints of the batch; what could not be looked at, the queue hints at again."""
    hints, failed = _read(event.get("Records"))
    if hints and _look(reduce(or_, hints.values())):
        failed += hints
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _read(records: object) -> tuple[dict[str, Look], list[str]]:
    """Read the hints. One that can't be read is kept aside with its reason, and stops no other."""
    hints: dict[str, Look] = {}
    failed: list[str] = []
    for record in records if isinstance(records, list) else ():
        message = _message(record)
        try:
            hints[message.message_id] = where_to_look(message.body)
        except InvalidInputError as broken:
            logger.error("hint broken", extra={"message_id": message.message_id, "reason": str(broken)})
            metrics.add_metric("HintsBroken", MetricUnit.Count, 1)
            try:
                dead_letters().bury(message.body, str(broken))
            except DrawbridgeError as error:
                logger.error("hint not kept", extra={"message_id": message.message_id, "reason": str(error)})
                failed += [message.message_id] if message.message_id else []
    return hints, failed


class Message(Struct, frozen=True, rename="camel"):
    """A message of the queue."""

    message_id: str
    body: str


def _message(record: object) -> Message:
    """Read a record; what has no body, or no id, is its own body: nobody can look by it, and it is kept."""
    try:
        return read_value(record, Message)
    except UnreadableError:
        told = record.get("messageId") if isinstance(record, dict) else None
        return Message(told if isinstance(told, str) else "", repr(record))


def _broken(reason: str) -> None:
    """Tell of what can't be read in a table of ours. Somebody has to mend it: to look again is no use."""
    logger.error("row broken", extra={"reason": reason})
    metrics.add_metric("RowsBroken", MetricUnit.Count, 1)


def _look(look: Look) -> bool:
    """Look, and tell whether anything could not be looked at or seen to."""
    try:
        configuration = Configuring()
        for kind, broken in configuration.broken:
            report = {"kind": kind, "parameter": broken.name, "reason": broken.reason, "in_force": broken.in_force}
            logger.error("configuration broken", extra=report)
        metrics.add_metric("ConfigurationBroken", MetricUnit.Count, len(configuration.broken))
        discovery = discoverer(configuration, lambda: datetime.now(UTC), _broken).discover(look, datetime.now(UTC))
    except DrawbridgeError as error:
        failures: tuple[DrawbridgeError, ...] = (error,)
    else:
        failures = discovery.failures
        for unreadable in discovery.broken:
            _broken(str(unreadable))
        _tell(discovery, look)
    for failure in failures:
        logger.error("look failed", extra={"error": type(failure).__name__, "reason": str(failure)})
    metrics.add_metric("LooksFailed", MetricUnit.Count, bool(failures))
    return bool(failures)


def _tell(discovery: Discovery, look: Look) -> None:
    """Log and count what a look found and did."""
    logger.info("looked", extra={"seen": discovery.seen, "started": discovery.started})
    metrics.add_metric("RequestsStarted", MetricUnit.Count, len(discovery.started))
    if discovery.attachments:
        waiting = [f"{each.attachment_id} of {each.owner} at {each.service_id}" for each in discovery.attachments]
        logger.warning("transit gateway attachments wait", extra={"attachments": waiting})
        metrics.add_metric("AttachmentsWaiting", MetricUnit.Count, len(discovery.attachments))
    if discovery.no_longer_permitted:
        logger.warning("no longer permitted", extra={"requests": discovery.no_longer_permitted})
    if discovery.reviews_open:
        logger.warning("reviews open", extra={"requests": discovery.reviews_open})
    metrics.add_metric("ReviewsOpen", MetricUnit.Count, len(discovery.reviews_open))
    if discovery.left_behind:
        logger.warning("left behind", extra={"ids": discovery.left_behind})
    if look.shares:
        metrics.add_metric("LeftBehind", MetricUnit.Count, len(discovery.left_behind))
    metrics.add_metric("NoLongerPermitted", MetricUnit.Count, len(discovery.no_longer_permitted))
