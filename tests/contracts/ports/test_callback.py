"""Tasks that wait for an answer, as ``Callback`` promises to complete them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from drawbridge.approval import Approved, Denied
from drawbridge.approval.ask import Callback
from drawbridge.aws.task_callback import TaskCallback
from local_aws_tests.waiting import ended, until
from tests.builders import asked
from tests.contracts.accounts import Account
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.contracts.waiting_tasks import waiting
from tests.fakes.callback import InMemoryCallback

APPROVAL = Approved(asked=asked(), by=("U0ALICE",))
DENIAL = Denied(asked=asked(), by=("U0BOB",))


@dataclass(frozen=True)
class Tasks:
    """The waiting tasks, and somebody who starts and stops them."""

    callback: Callback
    wait: Callable[[], str]
    """Have a task wait; return its token."""
    stop: Callable[[], None]
    """Have no task wait any longer."""


def in_memory() -> Tasks:
    fake = InMemoryCallback()
    tokens = iter(["one", "two"])
    return Tasks(fake, wait=lambda: next(tokens), stop=lambda: setattr(fake, "waits", False))


def on_aws(account: Account) -> Tasks:
    states = account.client("stepfunctions")
    executions: list[str] = []

    def wait() -> str:
        execution, token = waiting(account)
        executions.append(execution)
        return token

    def stop() -> None:
        for each in executions:
            states.stop_execution(executionArn=each)
            ended(states, each)

    return Tasks(TaskCallback(states), wait, stop)


@pytest.fixture(params=IMPLEMENTATIONS)
def tasks(request: pytest.FixtureRequest, account: Account) -> Tasks:
    return either(request, in_memory, lambda: on_aws(account))


def test_a_task_that_waits_is_completed_once(tasks: Tasks) -> None:
    token = tasks.wait()

    assert [tasks.callback.complete(token, each) for each in (APPROVAL, DENIAL, APPROVAL)] == [True, False, False]


def test_each_task_waits_for_itself(tasks: Tasks) -> None:
    first, second = tasks.wait(), tasks.wait()

    assert [tasks.callback.complete(each, APPROVAL) for each in (first, second)] == [True, True]


def test_a_task_that_was_stopped_does_not_wait(tasks: Tasks) -> None:
    token = tasks.wait()
    tasks.stop()

    # Step Functions ends the execution first and withdraws the token then.
    until(lambda: not tasks.callback.complete(token, APPROVAL))
