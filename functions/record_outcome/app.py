"""How far a request has come in; the ledger's row and the event on the bus out."""

from typing import Any

import msgspec
from aws_lambda_powertools.metrics import MetricUnit
from msgspec import Struct

from drawbridge.bootstrap.record_outcome import bus, ledger
from drawbridge.observability import logger, metrics
from drawbridge.record.outcome import Progress, outcome_of
from drawbridge.record.record import record
from drawbridge.request import WorkflowInput


class Step(Struct, frozen=True):
    request: WorkflowInput
    progress: Progress


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, Step)
    outcome = outcome_of(step.progress)
    recorded = record(step.request, outcome, ledger(), bus())
    logger.info("recorded", request_id=step.request.request_id, status=outcome.status, superseded=recorded is None)
    metrics.add_metric(f"Requests{outcome.status.title().replace('_', '')}", MetricUnit.Count, 1)
    return {"status": outcome.status, "settled": outcome.settled}
