"""Hints in, executions of the onboarding workflow out."""

from datetime import UTC, datetime
from functools import reduce
from operator import or_
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from drawbridge.bootstrap.discover_requests import Configuring, dead_letters, discoverer
from drawbridge.errors import InvalidInputError, UpstreamError
from drawbridge.hint import NOWHERE, Look
from drawbridge.hint.parse import where_to_look
from drawbridge.observability import logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: object) -> None:
    """Look once for all hints of the batch; if that fails, the queue delivers them again."""
    look = reduce(or_, [_look(record) for record in event["Records"]], NOWHERE)
    if look == NOWHERE:
        return
    configuration = Configuring()
    for kind, broken in configuration.broken:
        report = {"kind": kind, "parameter": broken.name, "reason": broken.reason, "in_force": broken.in_force}
        logger.error("configuration broken", extra=report)
    metrics.add_metric("ConfigurationBroken", MetricUnit.Count, len(configuration.broken))
    discovery = discoverer(configuration, lambda: datetime.now(UTC)).discover(look, datetime.now(UTC))
    logger.info("looked", hints=len(event["Records"]), seen=discovery.seen, started=discovery.started)
    metrics.add_metric("RequestsStarted", MetricUnit.Count, len(discovery.started))
    if discovery.failures:
        raise UpstreamError("; ".join(str(failure) for failure in discovery.failures))


def _look(record: dict[str, Any]) -> Look:
    """Read one hint. One that can't be read is kept aside with its reason, and stops no other."""
    try:
        return where_to_look(record["body"])
    except InvalidInputError as error:
        logger.error("hint broken", message_id=record["messageId"], reason=str(error))
        metrics.add_metric("HintsBroken", MetricUnit.Count, 1)
        dead_letters().bury(record["body"], str(error))
        return NOWHERE
