"""Hints in, executions of the onboarding workflow out."""

from datetime import UTC, datetime
from functools import reduce
from operator import or_
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from drawbridge.bootstrap.discover_requests import Configuring, dead_letters, discoverer
from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge.hint import Look
from drawbridge.hint.parse import where_to_look
from drawbridge.observability import logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Look once for all hints of the batch; what could not be looked at, the queue hints at again."""
    hints, failed = _read(event["Records"])
    if hints and _look(reduce(or_, hints.values())):
        failed += hints
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _read(records: list[dict[str, Any]]) -> tuple[dict[str, Look], list[str]]:
    """Read the hints. One that can't be read is kept aside with its reason, and stops no other."""
    hints: dict[str, Look] = {}
    failed: list[str] = []
    for record in records:
        try:
            hints[record["messageId"]] = where_to_look(record["body"])
        except InvalidInputError as broken:
            logger.error("hint broken", extra={"message_id": record["messageId"], "reason": str(broken)})
            metrics.add_metric("HintsBroken", MetricUnit.Count, 1)
            try:
                dead_letters().bury(record["body"], str(broken))
            except DrawbridgeError as error:
                logger.error("hint not kept", extra={"message_id": record["messageId"], "reason": str(error)})
                failed.append(record["messageId"])
    return hints, failed


def _look(look: Look) -> bool:
    """Look, and tell whether anything could not be looked at or seen to."""
    try:
        configuration = Configuring()
        for kind, broken in configuration.broken:
            report = {"kind": kind, "parameter": broken.name, "reason": broken.reason, "in_force": broken.in_force}
            logger.error("configuration broken", extra=report)
        metrics.add_metric("ConfigurationBroken", MetricUnit.Count, len(configuration.broken))
        discovery = discoverer(configuration, lambda: datetime.now(UTC)).discover(look, datetime.now(UTC))
    except DrawbridgeError as error:
        failures: tuple[DrawbridgeError, ...] = (error,)
    else:
        failures = discovery.failures
        logger.info("looked", extra={"seen": discovery.seen, "started": discovery.started})
        metrics.add_metric("RequestsStarted", MetricUnit.Count, len(discovery.started))
        if discovery.attachments:
            waiting = [f"{each.attachment_id} of {each.owner} at {each.service_id}" for each in discovery.attachments]
            logger.warning("transit gateway attachments wait", extra={"attachments": waiting})
            metrics.add_metric("AttachmentsWaiting", MetricUnit.Count, len(discovery.attachments))
        if discovery.no_longer_permitted:
            logger.warning("no longer permitted", extra={"requests": discovery.no_longer_permitted})
        metrics.add_metric("NoLongerPermitted", MetricUnit.Count, len(discovery.no_longer_permitted))
    for failure in failures:
        logger.error("look failed", extra={"error": type(failure).__name__, "reason": str(failure)})
    metrics.add_metric("LooksFailed", MetricUnit.Count, bool(failures))
    return bool(failures)
