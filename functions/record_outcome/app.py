"""In: how far a request has come. Out: the ledger's row, and the event on the bus."""

from typing import Any

import msgspec
from aws_lambda_powertools.metrics import MetricUnit
from msgspec import Struct

from drawbridge.bootstrap.record_outcome import attempts, bus, ledger
from drawbridge.observability import logger, metrics
from drawbridge.record.attempt import AssociationFailed, RemovalFailed, Reported, failed_removal, outcome_of_report
from drawbridge.record.outcome import Failure
from drawbridge.record.record import record
from drawbridge.request import ExecutionInput


class RecordOutcomeInput(Struct, frozen=True):
    execution: ExecutionInput = msgspec.field(name="request")
    progress: Reported | AssociationFailed | RemovalFailed


@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, RecordOutcomeInput)
    match step.progress:
        case AssociationFailed() as failed:
            return _note_association(step.execution, failed)
        case RemovalFailed() as failed:
            return _note_removal(step.execution, failed)
        case progress:
            return _record(step.execution, progress)


def _record(execution: ExecutionInput, progress: Reported) -> dict[str, Any]:
    outcome = outcome_of_report(progress, execution, attempts(), ledger())
    recorded = record(execution, outcome, ledger(), bus())
    logger.info("recorded", request_id=execution.request_id, status=outcome.status, superseded=recorded is None)
    metrics.add_metric(f"Requests{outcome.status.title().replace('_', '')}", MetricUnit.Count, 1)
    return {"status": outcome.status, "settled": outcome.settled}


def _note_association(execution: ExecutionInput, failed: AssociationFailed) -> dict[str, Any]:
    """Keep the failure of one association for the record at the end."""
    attempts().keep_result(execution, failed.item, Failure(name="", error=failed.error))
    logger.warning("association failed", request_id=execution.request_id, item=failed.item, error=failed.error.error)
    metrics.add_metric("AssociationsFailed", MetricUnit.Count, 1)
    return {}


def _note_removal(execution: ExecutionInput, failed: RemovalFailed) -> dict[str, Any]:
    """Keep the failure of one removal for the record at the end."""
    attempts().keep_removal_result(execution, failed.item, failed_removal(failed, execution, attempts()))
    logger.warning("removal failed", request_id=execution.request_id, item=failed.item, error=failed.error.error)
    metrics.add_metric("RemovalsFailed", MetricUnit.Count, 1)
    return {}
