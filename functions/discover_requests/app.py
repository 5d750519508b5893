"""In: hints. Out: executions of the onboarding workflow."""

from functools import reduce
from operator import or_
from typing import Any

from drawbridge.bootstrap.discover_requests import configuration, dead_letters, look_every, sweep_records, sweeper
from drawbridge.bootstrap.metering import metered
from drawbridge.discovery.report import sweep_and_report
from drawbridge.hint.batch import read_batch
from drawbridge.hint.parse import parse_hint
from drawbridge.observability import Metric, logger


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Sweep once for all hints of the batch; if anything failed, the queue delivers all of them again."""
    batch = read_batch(event.get("Records"), parse_hint, dead_letters, what="hint", broken=Metric.HINTS_BROKEN)
    failed = [*batch.failed]
    if batch.messages:
        scope = reduce(or_, batch.messages.values())
        if sweep_and_report(scope, configuration, sweeper, sweep_records, every=look_every):
            failed += batch.messages
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
