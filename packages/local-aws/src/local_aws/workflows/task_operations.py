"""Step Functions' API for holders of task tokens."""

from __future__ import annotations

import json
from collections.abc import Callable

from local_aws.moto_extension.errors import AwsError
from local_aws.workflows import tokens
from local_aws.workflows.failures import DATA_LIMIT, StateFailed
from local_aws.workflows.requests import CAUSE_LIMIT, ERROR_LIMIT, ApiRequest, check_length

_TOKEN_LIMIT = 2048


def send_task_success(request: ApiRequest) -> None:
    output = request.get("output")
    if len(output.encode()) > DATA_LIMIT:
        raise AwsError("InvalidOutput", f"Invalid Output: the output is larger than {DATA_LIMIT} bytes")
    try:
        parsed = json.loads(output)
    except ValueError as error:
        raise AwsError("InvalidOutput", f"Invalid Output: '{error}'") from error
    _to_task(request, lambda token: tokens.answer(token, request.account_id, parsed))


def send_task_failure(request: ApiRequest) -> None:
    error, cause = request.get("error"), request.get("cause")
    check_length(error, "error", ERROR_LIMIT)
    check_length(cause, "cause", CAUSE_LIMIT)
    failure = StateFailed(error, cause)
    _to_task(request, lambda token: tokens.answer(token, request.account_id, failure))


def send_task_heartbeat(request: ApiRequest) -> None:
    _to_task(request, lambda token: tokens.beat(token, request.account_id))


def _to_task(request: ApiRequest, action: Callable[[str], None]) -> None:
    token = request.get("taskToken")
    check_length(token, "taskToken", _TOKEN_LIMIT)
    try:
        action(token)
    except tokens.InvalidToken as invalid:
        raise AwsError("InvalidToken", "Invalid Token: 'Invalid token'") from invalid
    except tokens.UnknownToken as unknown:
        raise AwsError("TaskDoesNotExist", "Task does not exist: 'Provided task does not exist'") from unknown
    except tokens.TaskOver as over:
        raise AwsError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'") from over
