"""A workflow, as ``Workflow`` promises it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from drawbridge.aws.state_machine import StateMachine
from drawbridge.discovery.workflow import ExecutionEnding, Workflow
from drawbridge.request import ExecutionInput
from local_aws_tests.waiting import ended
from tests.builders import CONNECTION, SHARE, execution_input
from tests.contracts.accounts import Account
from tests.contracts.conftest import NewAccount
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.state_machine import InMemoryStateMachine


@dataclass(frozen=True)
class Running:
    """A workflow, and somebody who stops its executions."""

    machine: Workflow
    running: Callable[[], list[str]]
    """The names of the executions that run."""
    stop: Callable[[str], None]


STOPPED = ExecutionEnding(status="ABORTED", error="Stop", cause="it hung")


def in_memory() -> Running:
    fake = InMemoryStateMachine()
    return Running(fake, running=lambda: [*fake.running], stop=lambda name: fake.end(name, STOPPED))


def on_aws(account: Account) -> Running:
    states = account.client("stepfunctions")
    waiting = {"Type": "Wait", "Seconds": 3600, "End": True}
    arn = states.create_state_machine(
        name=uuid.uuid4().hex,
        definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": "Only", "States": {"Only": waiting}}),
        roleArn=f"arn:aws:iam::{account.account_id}:role/onboarding",
    )["stateMachineArn"]

    def running() -> list[str]:
        listed = states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]
        return [str(each["name"]) for each in listed]

    def stop(name: str) -> None:
        (execution,) = [
            each["executionArn"]
            for each in states.list_executions(stateMachineArn=arn)["executions"]
            if each["name"] == name
        ]
        states.stop_execution(executionArn=execution, error=STOPPED.error, cause=STOPPED.cause)
        ended(states, execution)

    return Running(StateMachine(states, arn), running, stop)


@pytest.fixture(scope="module")
def someone(new_account: NewAccount) -> Account:
    return new_account()


@pytest.fixture(params=IMPLEMENTATIONS)
def workflow(request: pytest.FixtureRequest, someone: Account) -> Running:
    return either(request, in_memory, lambda: on_aws(someone))


FIRST = execution_input(SHARE)


def test_an_execution_is_started_under_the_attempt_s_name(workflow: Running) -> None:
    assert workflow.machine.start(execution_input(CONNECTION, 3))

    assert workflow.running() == [f"{CONNECTION.request_id}-3"]


def test_trap_22_a_second_start_finds_the_execution_that_runs(workflow: Running) -> None:
    starts = [workflow.machine.start(FIRST) for _ in range(3)]

    assert starts == [True, True, True]
    assert workflow.running() == [FIRST.execution_name]


def test_trap_22_a_name_that_runs_with_another_input_is_not_started(workflow: Running) -> None:
    workflow.machine.start(FIRST)
    of_another = ExecutionInput(request=CONNECTION, request_id=FIRST.request_id, attempt=FIRST.attempt)

    assert not workflow.machine.start(of_another)


def test_trap_22_an_execution_that_has_ended_is_not_started_again_and_the_next_attempt_is(workflow: Running) -> None:
    workflow.machine.start(FIRST)
    workflow.stop(FIRST.execution_name)

    assert not workflow.machine.start(FIRST)
    assert workflow.machine.start(execution_input(SHARE, 2))
    assert workflow.running() == [execution_input(SHARE, 2).execution_name]


def test_of_an_execution_that_runs_or_never_was_there_is_no_end(workflow: Running) -> None:
    workflow.machine.start(FIRST)

    assert workflow.machine.ending(FIRST) is None
    assert workflow.machine.ending(execution_input(SHARE, 2)) is None


def test_the_end_of_an_execution_is_reported_as_it_was(workflow: Running) -> None:
    workflow.machine.start(FIRST)
    workflow.stop(FIRST.execution_name)

    assert workflow.machine.ending(FIRST) == STOPPED
