"""In: how far a request has come. Out: the ledger's row, and the event on the bus."""

from typing import Any

import msgspec
from aws_lambda_powertools.metrics import MetricUnit
from msgspec import Struct

from drawbridge.bootstrap.record_outcome import attempts, bus, ledger
from drawbridge.observability import logger, metrics
from drawbridge.record.attempt import AssociationFailed, Reported, progress_of
from drawbridge.record.outcome import Failure, outcome_of
from drawbridge.record.record import record
from drawbridge.request import ExecutionInput


class RecordOutcomeInput(Struct, frozen=True):
    execution: ExecutionInput = msgspec.field(name="request")
    progress: Reported | AssociationFailed


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, RecordOutcomeInput)
    if isinstance(step.progress, AssociationFailed):
        return _note(step.execution, step.progress)
    outcome = outcome_of(progress_of(step.progress, step.execution, attempts()))
    recorded = record(step.execution, outcome, ledger(), bus())
    logger.info("recorded", request_id=step.execution.request_id, status=outcome.status, superseded=recorded is None)
    metrics.add_metric(f"Requests{outcome.status.title().replace('_', '')}", MetricUnit.Count, 1)
    return {"status": outcome.status, "settled": outcome.settled}


def _note(execution: ExecutionInput, failed: AssociationFailed) -> dict[str, Any]:
    """Keep the failure of one association for the record at the end."""
    attempts().keep_result(execution, failed.item, Failure(name="", error=failed.error))
    logger.warning("association failed", request_id=execution.request_id, item=failed.item, error=failed.error.error)
    metrics.add_metric("AssociationsFailed", MetricUnit.Count, 1)
    return {}
