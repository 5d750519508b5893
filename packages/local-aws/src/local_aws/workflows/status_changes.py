"""Step Functions' events of executions' changes of status, on the default bus."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from local_aws.moto_extension.default_bus import announce
from local_aws.workflows import redrives
from local_aws.workflows.running import RunningExecution

_log = logging.getLogger(__name__)


def announce_status(execution: RunningExecution) -> None:
    """Put an event of the execution's present status on the default bus, with best effort as on AWS."""
    machine = execution.machine
    try:
        announce(
            machine.account_id,
            machine.region,
            source="aws.states",
            detail_type="Step Functions Execution Status Change",
            detail=_detail(execution),
            resources=[execution.execution_arn],
        )
    except Exception:  # noqa: BLE001 - the execution goes on, whatever becomes of the news of it
        _log.exception("no event was put on the bus for %s", execution.execution_arn)


def _detail(execution: RunningExecution) -> dict[str, Any]:
    return {
        "executionArn": execution.execution_arn,
        "stateMachineArn": execution.machine.arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": _millis(execution.start_date),
        "stopDate": _millis(execution.stop_date),
        "input": execution.input,
        "output": execution.output,
        "inputDetails": {"included": True},
        "outputDetails": {"included": True} if execution.output is not None else None,
        "error": execution.error,
        "cause": execution.cause,
        **redrives.described(execution),
        "redriveDate": _millis(execution.redrive_date),
    }


def _millis(time: datetime | None) -> int | None:
    return int(time.timestamp() * 1000) if time else None
