"""Step Functions' API on executions, hung into moto's response class in place of moto's own."""

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

from local_aws.services.errors import AwsError
from local_aws.workflows import tokens
from local_aws.workflows.execution import Execution, StateMachineSnapshot, executions
from local_aws.workflows.failures import DATA_LIMIT, StateFailed
from local_aws.workflows.history import without_data

_FORBIDDEN = re.compile(r"""[\s?*<>{}\[\]"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ufffe\uffff]""")
_NAME_LIMIT = 80
_ERROR_LIMIT = 256
_CAUSE_LIMIT = 32_768
_PAGE = 100
_PAGE_LIMIT = 1000
_TOKEN_LIMIT = 2048

_starting = threading.Lock()


class Request:
    """One call: who calls, with what."""

    def __init__(self, response: Any) -> None:
        self.account_id: str = response.current_account
        self.region: str = response.region
        self.backend = response.stepfunction_backend
        self._response = response

    def get(self, name: str) -> Any:
        return self._response._get_param(name)  # noqa: SLF001 - moto's way of reading parameters


def start_execution(request: Request) -> dict[str, Any]:
    """Start, or give the running execution of the same name and the same input."""
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


def stop_execution(request: Request) -> dict[str, Any]:
    execution = _execution(request)
    _check_length(request.get("error"), "error", _ERROR_LIMIT)
    _check_length(request.get("cause"), "cause", _CAUSE_LIMIT)
    execution.stop(request.get("error"), request.get("cause"))
    return {"stopDate": execution.stop_date}


def describe_execution(request: Request) -> dict[str, Any]:
    execution = _execution(request)
    described = {
        **_listed(execution),
        "input": execution.input,
        "inputDetails": {"included": True},
        "output": execution.output,
        "outputDetails": {"included": True} if execution.output is not None else None,
        "error": execution.error,
        "cause": execution.cause,
    }
    return _without_none(described)


def describe_state_machine_for_execution(request: Request) -> dict[str, Any]:
    """Give the state machine as it was when the execution started."""
    execution = _execution(request)
    machine = execution.machine
    return {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "definition": machine.definition,
        "roleArn": machine.role_arn,
        "updateDate": machine.updated,
    }


def list_executions(request: Request) -> dict[str, Any]:
    machine = request.backend.describe_state_machine(request.get("stateMachineArn"))
    wanted = request.get("statusFilter")
    found = [one for one in executions.of(machine.arn) if wanted in (None, one.status)]
    page, following = _page(request, found, str(wanted))
    return _without_none({"executions": [_without_none(_listed(one)) for one in page], "nextToken": following})


def get_execution_history(request: Request) -> dict[str, Any]:
    events = list(_execution(request).history.events)
    if request.get("reverseOrder"):
        events.reverse()
    page, following = _page(request, events, str(request.get("reverseOrder")))
    # includeExecutionData is true unless it is said to be false.
    if request.get("includeExecutionData") is False:
        page = without_data(page)
    return _without_none({"events": page, "nextToken": following})


def send_task_success(request: Request) -> None:
    output = request.get("output")
    if len(output.encode()) > DATA_LIMIT:
        raise AwsError("InvalidOutput", f"Invalid Output: the output is larger than {DATA_LIMIT} bytes")
    try:
        parsed = json.loads(output)
    except ValueError as error:
        raise AwsError("InvalidOutput", f"Invalid Output: '{error}'") from error
    _to_task(request, lambda token: tokens.answer(token, request.account_id, parsed))


def send_task_failure(request: Request) -> None:
    error, cause = request.get("error"), request.get("cause")
    _check_length(error, "error", _ERROR_LIMIT)
    _check_length(cause, "cause", _CAUSE_LIMIT)
    failure = StateFailed(error, cause)
    _to_task(request, lambda token: tokens.answer(token, request.account_id, failure))


def send_task_heartbeat(request: Request) -> None:
    _to_task(request, lambda token: tokens.beat(token, request.account_id))


_OPERATIONS: tuple[Callable[[Request], dict[str, Any] | None], ...] = (
    start_execution,
    stop_execution,
    describe_execution,
    describe_state_machine_for_execution,
    list_executions,
    get_execution_history,
    send_task_success,
    send_task_failure,
    send_task_heartbeat,
)


def hang_in() -> None:
    """Put the operations in place of moto's."""
    from moto.stepfunctions.responses import StepFunctionResponse  # noqa: PLC0415 - the interpreter is slow to import

    for operation in _OPERATIONS:
        setattr(StepFunctionResponse, operation.__name__, _method(operation))


def _method(operation: Callable[[Request], dict[str, Any] | None]) -> Callable[[Any], ActionResult]:
    def method(response: Any) -> ActionResult:
        answer = operation(Request(response))
        return EmptyResult() if answer is None else ActionResult(answer)

    method.__name__ = operation.__name__
    return method


def _to_task(request: Request, action: Callable[[str], None]) -> None:
    token = request.get("taskToken")
    _check_length(token, "taskToken", _TOKEN_LIMIT)
    try:
        action(token)
    except tokens.UnknownToken as unknown:
        raise AwsError("InvalidToken", "Invalid Token: 'Invalid token'") from unknown
    except tokens.TaskOver as over:
        raise AwsError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'") from over


def _execution(request: Request) -> Execution:
    arn = request.get("executionArn")
    execution = executions.get(arn)
    if not re.fullmatch(r"arn:[a-z-]+:states:[a-z0-9-]+:\d{12}:execution:[^:]+:[^:]+", arn):
        raise AwsError("InvalidArn", f"Invalid Arn: '{arn}'")
    mine = execution is not None and execution.machine.account_id == request.account_id
    if execution is None or not mine or execution.machine.region != request.region:
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
        "redriveCount": 0,
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


def _check_length(text: str | None, field: str, limit: int) -> None:
    if text is not None and len(text) > limit:
        raise AwsError(
            "ValidationException",
            f"1 validation error detected: Value at '{field}' failed to satisfy constraint: Member must have length "
            f"less than or equal to {limit}",
        )


def _page(request: Request, rows: list[Any], query: str) -> tuple[list[Any], str | None]:
    """Cut out one page; a token is good only for the query that it came from."""
    # 0 stands for the default, says the API.
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
        asked, _, offset = base64.urlsafe_b64decode(token).decode().rpartition(":")
        if asked == query:
            return int(offset)
    except (ValueError, binascii.Error):
        pass
    raise AwsError("InvalidToken", "Invalid Token: 'Invalid token'")


def _without_none(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if value is not None}
