"""Step Functions' API for executions, in place of moto's."""

from __future__ import annotations

import base64
import binascii
import json
import re
import threading
import uuid
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult, EmptyResult

from local_aws.moto_extension.errors import AwsError
from local_aws.workflows import redrives
from local_aws.workflows.execution import Execution, executions
from local_aws.workflows.failures import DATA_LIMIT
from local_aws.workflows.history import without_data
from local_aws.workflows.machine_operations import validate_state_machine_definition
from local_aws.workflows.requests import CAUSE_LIMIT, ERROR_LIMIT, ApiRequest, check_length
from local_aws.workflows.running import StateMachineSnapshot
from local_aws.workflows.task_operations import send_task_failure, send_task_heartbeat, send_task_success

_FORBIDDEN = re.compile(r"""[\s?*<>{}\[\]"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ufffe\uffff]""")
_NAME_LIMIT = 80
_PAGE = 100
_PAGE_LIMIT = 1000

_starting = threading.Lock()


def start_execution(request: ApiRequest) -> dict[str, Any]:
    """Start an execution, or return the running one of the same name and input."""
    arn, name, text = request.get("stateMachineArn"), request.get("name"), request.get("input") or "{}"
    machine = request.backend.describe_state_machine(arn)
    if name is not None:
        _check_name(name)
    _check_input(text)
    name = name or str(uuid.uuid4())
    snapshot = StateMachineSnapshot(
        getattr(machine, "source_arn", machine.arn),
        machine.name,
        machine.definition,
        machine.roleArn,
        request.account_id,
        request.region,
        machine.update_date,
    )
    execution_arn = f"{snapshot.arn.replace(':stateMachine:', ':execution:')}:{name}"
    with _starting:
        existing = executions.get(execution_arn)
        if existing is not None:
            if existing.status != "RUNNING" or existing.input != text:
                raise AwsError("ExecutionAlreadyExists", f"Execution Already Exists: '{execution_arn}'")
            return {"executionArn": execution_arn, "startDate": existing.start_date}
        execution = Execution(execution_arn, name, snapshot, text)
        executions.add(execution)
    execution.start()
    return {"executionArn": execution_arn, "startDate": execution.start_date}


def stop_execution(request: ApiRequest) -> dict[str, Any]:
    execution = _execution(request)
    check_length(request.get("error"), "error", ERROR_LIMIT)
    check_length(request.get("cause"), "cause", CAUSE_LIMIT)
    execution.stop(request.get("error"), request.get("cause"))
    return {"stopDate": execution.stop_date}


def redrive_execution(request: ApiRequest) -> dict[str, Any]:
    execution = _execution(request)
    return {"redriveDate": redrives.redrive(execution, request.get("clientToken"))}


def describe_execution(request: ApiRequest) -> dict[str, Any]:
    execution = _execution(request)
    described = {
        **_listed(execution),
        "input": execution.input,
        "inputDetails": {"included": True},
        "output": execution.output,
        "outputDetails": {"included": True} if execution.output is not None else None,
        "error": execution.error,
        "cause": execution.cause,
        **redrives.described(execution),
    }
    return _without_none(described)


def describe_state_machine_for_execution(request: ApiRequest) -> dict[str, Any]:
    """Return the state machine as it was when the execution started."""
    execution = _execution(request)
    machine = execution.machine
    return {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "definition": machine.definition,
        "roleArn": machine.role_arn,
        "updateDate": machine.updated,
    }


def list_executions(request: ApiRequest) -> dict[str, Any]:
    machine = request.backend.describe_state_machine(request.get("stateMachineArn"))
    status = request.get("statusFilter")
    found = [one for one in executions.of_machine(machine.arn) if status in (None, one.status)]
    page, following = _page(request, found, str(status))
    return _without_none({"executions": [_without_none(_listed(one)) for one in page], "nextToken": following})


def get_execution_history(request: ApiRequest) -> dict[str, Any]:
    events = list(_execution(request).history.events)
    if request.get("reverseOrder"):
        events.reverse()
    page, following = _page(request, events, str(request.get("reverseOrder")))
    # includeExecutionData is true by default.
    if request.get("includeExecutionData") is False:
        page = without_data(page)
    return _without_none({"events": page, "nextToken": following})


_OPERATIONS: tuple[Callable[[ApiRequest], dict[str, Any] | None], ...] = (
    start_execution,
    stop_execution,
    redrive_execution,
    validate_state_machine_definition,
    describe_execution,
    describe_state_machine_for_execution,
    list_executions,
    get_execution_history,
    send_task_success,
    send_task_failure,
    send_task_heartbeat,
)


def hang_in() -> None:
    """Replace moto's operations by these."""
    from moto.stepfunctions.responses import StepFunctionResponse  # noqa: PLC0415 - the interpreter is slow to import

    for operation in _OPERATIONS:
        setattr(StepFunctionResponse, operation.__name__, _method(operation))


def _method(operation: Callable[[ApiRequest], dict[str, Any] | None]) -> Callable[[Any], ActionResult]:
    def method(response: Any) -> ActionResult:
        answer = operation(ApiRequest(response))
        return EmptyResult() if answer is None else ActionResult(answer)

    method.__name__ = operation.__name__
    return method


def _execution(request: ApiRequest) -> Execution:
    arn = request.get("executionArn")
    execution = executions.get(arn)
    if not re.fullmatch(r"arn:[a-z-]+:states:[a-z0-9-]+:\d{12}:execution:[^:]+:[^:]+", arn):
        raise AwsError("InvalidArn", f"Invalid Arn: '{arn}'")
    is_own = execution is not None and execution.machine.account_id == request.account_id
    if execution is None or not is_own or execution.machine.region != request.region:
        raise AwsError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
    return execution


def _listed(execution: Execution) -> dict[str, Any]:
    return {
        "executionArn": execution.execution_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.start_date,
        "stopDate": execution.stop_date,
        "redriveCount": execution.redrive_count,
        "redriveDate": execution.redrive_date,
    }


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= _NAME_LIMIT:
        raise AwsError(
            "InvalidName",
            f"Invalid Name: '{name}': must have length less than or equal to {_NAME_LIMIT}, and 1 at least",
        )
    if _FORBIDDEN.search(name):
        raise AwsError("InvalidName", f"Invalid Name: '{name}'")


def _check_input(text: str) -> None:
    if len(text.encode()) > DATA_LIMIT:
        raise AwsError(
            "ValidationException",
            "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less "
            f"than or equal to {DATA_LIMIT}",
        )
    try:
        json.loads(text)
    except ValueError as error:
        raise AwsError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from error


def _page(request: ApiRequest, rows: list[Any], query: str) -> tuple[list[Any], str | None]:
    """Return one page and the next token, which is valid for the same query only."""
    # 0 stands for the default, according to the API.
    size = request.get("maxResults") or _PAGE
    if size > _PAGE_LIMIT:
        raise AwsError("ValidationException", f"'maxResults' must be at most {_PAGE_LIMIT}")
    start = _offset(request.get("nextToken"), query)
    following = start + size
    more = following < len(rows)
    token = base64.urlsafe_b64encode(f"{query}:{following}".encode()).decode() if more else None
    return rows[start:following], token


def _offset(token: str | None, query: str) -> int:
    if token is None:
        return 0
    try:
        token_query, _, offset = base64.urlsafe_b64decode(token).decode().rpartition(":")
        if token_query == query:
            return int(offset)
    except (ValueError, binascii.Error):
        pass
    raise AwsError("InvalidToken", "Invalid Token: 'Invalid token'")


def _without_none(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if value is not None}
