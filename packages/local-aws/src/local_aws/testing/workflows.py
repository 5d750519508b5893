"""Step Functions: facts about executions, tasks and definitions that its API does not have."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

from botocore.exceptions import ClientError

from local_aws import workflows
from local_aws.workflows import calls, clients, definition_rules, tokens
from local_aws.workflows.execution import Execution, executions
from local_aws.workflows.expression_functions import FUNCTIONS

EXPRESSION_FUNCTIONS = frozenset(FUNCTIONS)
"""The functions that Step Functions adds to JSONata's."""


Function = Callable[[Any], Any]
"""A stand-in for a Lambda function: it is called with the payload and returns the answer."""


class FunctionError(Exception):
    """Raised by a stand-in to fail as a Lambda function; the payload has ``errorType`` and ``errorMessage``."""

    def __init__(self, payload: Any) -> None:
        super().__init__(payload)
        self.payload = payload


@contextmanager
def functions_played(functions: Mapping[str, Function]) -> Iterator[None]:
    """Make all tasks invoke these functions, by name, in place of Lambda's, as long as the block runs."""

    def client(role_arn: str, region: str, service: str, session_name: str) -> Any:
        if service == "lambda":
            return _PlayedLambda(functions)
        return clients.client(role_arn, region, service, session_name)

    with mock.patch.object(calls, "client", client):
        yield


def is_waiting(execution_arn: str) -> bool:
    """Return whether an execution waits for the clock: in a Wait state, or before a retry.

    Raises:
        KeyError: there is no such execution.
    """
    branches = list(_execution(execution_arn).branches)
    return any(branch.waiting_until not in (None, float("inf")) for branch in branches)


def transitions(execution_arn: str) -> int:
    """Return the number of an execution's billed state transitions: states entered, and retries.

    Raises:
        KeyError: there is no such execution.
    """
    return workflows.transitions(execution_arn)


def history(execution_arn: str) -> list[Mapping[str, Any]]:
    """Return the events of an execution so far, as GetExecutionHistory has them, without its throttle.

    Raises:
        KeyError: there is no such execution.
    """
    return list(_execution(execution_arn).history.events)


def executions_of(account_id: str) -> list[str]:
    """Return the ARNs of all executions of an account, the newest first."""
    return [each.execution_arn for each in executions.all() if each.execution_arn.split(":")[4] == account_id]


def time_out(execution_arn: str) -> None:
    """Time an execution out at once, as AWS does after its ``TimeoutSeconds``.

    Raises:
        KeyError: there is no such execution.
    """
    _execution(execution_arn)._time_out()  # noqa: SLF001 - its own clock calls it, and nobody else but here


def issue_token(account_id: str, state_machine_arn: str) -> str:
    """Return a task token of the state machine's form; answers to it have no effect."""
    return tokens.issue(account_id, state_machine_arn, lambda _: None).token


def definition_problems(definition: dict[str, Any]) -> list[str]:
    """Return all faults of a state machine's definition, in AWS's words if they are known."""
    return definition_rules.problems(definition)


def _execution(arn: str) -> Execution:
    execution = executions.get(arn)
    if execution is None:
        raise KeyError(arn)
    return execution


class _PlayedLambda:
    """A stand-in for the Lambda client of tasks."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._functions = functions

    def _make_api_call(self, _: str, request: dict[str, Any]) -> dict[str, Any]:
        function = self._functions.get(request["FunctionName"].rpartition(":")[2])
        metadata = {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RequestId": "played"}
        if function is None:
            error: Any = {
                "Error": {
                    "Code": "ResourceNotFoundException",
                    "Message": f"Function not found: {request['FunctionName']}",
                },
                "ResponseMetadata": {**metadata, "HTTPStatusCode": 404},
            }
            raise ClientError(error, "Invoke")
        answer: dict[str, Any] = {"StatusCode": 200, "ExecutedVersion": "$LATEST", "ResponseMetadata": metadata}
        try:
            payload = function(json.loads(request["Payload"]))
        except FunctionError as failed:
            payload = failed.payload
            answer["FunctionError"] = "Unhandled"
        return {**answer, "Payload": io.BytesIO(json.dumps(payload).encode())}
