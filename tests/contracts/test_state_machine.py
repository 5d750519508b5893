"""Step Functions, as the adapter promises to start executions."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from drawbridge.aws.state_machine import StateMachine
from drawbridge.discovery.workflow import ExecutionEnding
from drawbridge.errors import DrawbridgeError, GoneError, ThrottledError
from drawbridge.request import ExecutionInput, ResourceShareRequest
from local_aws_tests.waiting import until
from tests.builders import CONNECTION, SHARE, execution_input
from tests.contracts.accounts import REGION, Account, refusing
from tests.contracts.conftest import NewAccount

WAITING = {"Type": "Wait", "Seconds": 3600, "End": True}
PASSING = {"Type": "Pass", "End": True}


@pytest.fixture(scope="module")
def someone(new_account: NewAccount) -> Account:
    return new_account()


def machine(someone: Account, state: dict[str, Any]) -> str:
    created = someone.client("stepfunctions").create_state_machine(
        name=uuid.uuid4().hex,
        definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": "Only", "States": {"Only": state}}),
        roleArn=f"arn:aws:iam::{someone.account_id}:role/onboarding",
    )
    return str(created["stateMachineArn"])


def executions(someone: Account, arn: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = someone.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"]
    return found


def test_an_execution_is_started_with_the_request(someone: Account) -> None:
    arn = machine(someone, WAITING)

    started = StateMachine(someone.client("stepfunctions"), arn).start(execution_input(CONNECTION, 3))

    (execution,) = executions(someone, arn)
    described = someone.client("stepfunctions").describe_execution(executionArn=execution["executionArn"])
    assert started
    assert execution["name"] == f"{CONNECTION.request_id}-3"
    assert json.loads(described["input"]) == {
        "request": {
            "kind": "endpoint-connection",
            "serviceId": CONNECTION.service_id,
            "endpointId": CONNECTION.endpoint_id,
        },
        "requestId": CONNECTION.request_id,
        "attempt": 3,
    }


def test_trap_22_an_execution_that_has_ended_is_not_started_again(someone: Account) -> None:
    arn = machine(someone, PASSING)
    workflow = StateMachine(someone.client("stepfunctions"), arn)
    workflow.start(execution_input(SHARE))
    until(lambda: executions(someone, arn)[0]["status"] == "SUCCEEDED")

    again, next_attempt = workflow.start(execution_input(SHARE)), workflow.start(execution_input(SHARE, 2))

    assert (again, next_attempt) == (False, True)


def test_trap_22_the_longest_name_is_one_that_step_functions_takes(someone: Account) -> None:
    arn = machine(someone, WAITING)
    share_arn = f"arn:aws:ram:{REGION}:111111111111:resource-share/{'a' * 60}"
    request = ResourceShareRequest(share_arn=share_arn)
    longest = ExecutionInput(request=request, request_id=request.request_id, attempt=10**9)

    assert StateMachine(someone.client("stepfunctions"), arn).start(longest)


def test_a_workflow_that_is_not_there_is_an_error(someone: Account) -> None:
    arn = f"arn:aws:states:{REGION}:{someone.account_id}:stateMachine:nothing"

    with pytest.raises(Exception, match="StateMachineDoesNotExist"):
        StateMachine(someone.client("stepfunctions"), arn).start(execution_input())


@pytest.mark.parametrize(
    ("code", "error"), [("ThrottlingException", ThrottledError), ("ResourceNotFoundException", GoneError)]
)
def test_a_start_that_is_refused_is_no_execution_that_has_ended(
    someone: Account, code: str, error: type[Exception]
) -> None:
    with refusing(someone.client("stepfunctions"), "start_execution", code), pytest.raises(error):
        StateMachine(someone.client("stepfunctions"), "arn").start(execution_input())


FAILING = {"Type": "Fail", "Error": "States.DataLimitExceeded", "Cause": "too large"}


def begun(someone: Account, state: dict[str, Any]) -> tuple[StateMachine, str]:
    """Start an execution; return the workflow and the execution's ARN."""
    arn = machine(someone, state)
    workflow = StateMachine(someone.client("stepfunctions"), arn)
    assert workflow.start(execution_input())
    return workflow, str(executions(someone, arn)[0]["executionArn"])


@pytest.mark.parametrize(
    ("state", "ending"),
    [
        (FAILING, ExecutionEnding(status="FAILED", error="States.DataLimitExceeded", cause="too large")),
        (PASSING, ExecutionEnding(status="SUCCEEDED")),
    ],
)
def test_the_end_of_an_execution_is_reported_with_its_error(
    someone: Account, state: dict[str, Any], ending: ExecutionEnding
) -> None:
    workflow, arn = begun(someone, state)
    sfn = someone.client("stepfunctions")
    until(lambda: sfn.describe_execution(executionArn=arn)["status"] != "RUNNING")

    assert workflow.ending(execution_input()) == ending


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_an_end_that_is_not_reported_is_no_end(someone: Account, code: str) -> None:
    workflow, _ = begun(someone, PASSING)

    with refusing(workflow._states, "describe_execution", code), pytest.raises(DrawbridgeError):
        workflow.ending(execution_input())
