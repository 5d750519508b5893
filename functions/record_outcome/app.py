"""In: how far a request has come. Out: the ledger's row, and the event on the bus."""

from typing import Any

import msgspec
from msgspec import Struct

from drawbridge.bootstrap.metering import metered
from drawbridge.bootstrap.record_outcome import attempts, bus, ledger
from drawbridge.observability import log_of_request, logger
from drawbridge.record.attempt import AssociationFailed, RemovalFailed, Reported, failed_removal, outcome_of_report
from drawbridge.record.count_connected import count_time_to_connect
from drawbridge.record.outcome import Failure
from drawbridge.record.record import record
from drawbridge.request import ExecutionInput

_MOST_CODES = 5
"""Reasons of one outcome that the log names."""


class RecordOutcomeInput(Struct, frozen=True):
    execution: ExecutionInput = msgspec.field(name="request")
    progress: Reported | AssociationFailed | RemovalFailed


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, RecordOutcomeInput)
    log_of_request(step.execution.request_id)
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
    logger.info(
        "recorded",
        status=outcome.status,
        # In a text: a query counts by it.
        reasons=", ".join(sorted({reason.code for reason in outcome.reasons})[:_MOST_CODES]),
        superseded=recorded is None,
    )
    if recorded is not None:
        count_time_to_connect(recorded, ledger())
    return {"status": outcome.status, "settled": outcome.settled}


def _note_association(execution: ExecutionInput, failed: AssociationFailed) -> dict[str, Any]:
    """Keep the failure of one association for the record at the end."""
    attempts().keep_result(execution, failed.item, Failure(name="", error=failed.error))
    logger.warning("association failed", item=failed.item, error=failed.error.error)
    return {}


def _note_removal(execution: ExecutionInput, failed: RemovalFailed) -> dict[str, Any]:
    """Keep the failure of one removal for the record at the end."""
    attempts().keep_removal_result(execution, failed.item, failed_removal(failed, execution, attempts()))
    logger.warning("removal failed", item=failed.item, error=failed.error.error)
    return {}
