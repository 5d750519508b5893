"""Hints in, executions of the onboarding workflow out."""

from functools import reduce
from operator import or_
from typing import Any

from drawbridge.bootstrap.discover_requests import configuration, dead_letters, discoverer
from drawbridge.discovery.report import sweep_and_report
from drawbridge.hint.batch import read_batch
from drawbridge.observability import logger, metrics


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Look once for all hints of the batch; what could not be looked at, the queue hints at again."""
    batch = read_batch(event.get("Records"), dead_letters)
    failed = [*batch.failed]
    if batch.hints and sweep_and_report(reduce(or_, batch.hints.values()), configuration, discoverer):
        failed += batch.hints
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
