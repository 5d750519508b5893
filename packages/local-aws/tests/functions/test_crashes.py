"""Functions that are killed at a chosen AWS call."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws.fault_injection.faults import CallFault, Kind, faults
from local_aws.functions import sources
from local_aws.functions.sandbox import Sandbox
from local_aws.http.call_record import record
from local_aws.time.clock import clock
from local_aws_tests.lambda_account import HANDLERS, Account, answer, failure, new_account, wait_until, wait_until_quiet
from local_aws_tests.people import Person


@pytest.fixture(scope="module")
def account(person: Person, sdk: Path) -> Iterator[Account]:
    """Make an account with a function that creates queues."""
    made = new_account(person)
    made.function("creator", Timeout=60)
    source = sources.FunctionSource(HANDLERS / "creator", (sdk,))
    sources.register(made.account_id, made.region, "creator", source)
    yield made
    made.close()


def _second_call(account: Account, kind: Kind) -> CallFault:
    return CallFault("sqs:CreateQueue", kind, times=1, skip=1, account=account.account_id, role="creator-*")


def _queues(account: Account, prefix: str) -> list[str]:
    listed = account.sqs.list_queues(QueueNamePrefix=prefix)
    return sorted(url.rsplit("/", 1)[-1] for url in listed.get("QueueUrls", []))


def _pass_time_until(condition: Callable[[], bool]) -> None:
    """Advance in small steps, as it is not visible when the next attempt is scheduled."""

    def holds() -> bool:
        clock.advance(5)
        return condition()

    wait_until(holds)


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        pytest.param("kill-before", ["kill-before-1"], id="before the call"),
        pytest.param("kill-after", ["kill-after-1", "kill-after-2"], id="after the call"),
    ],
)
def test_a_function_is_killed_at_the_chosen_call(account: Account, kind: Kind, made: list[str]) -> None:
    fault = _second_call(account, kind)

    with faults.injected(fault) as force:
        error = failure(account.invoke("creator", {"queues": [f"{kind}-{number}" for number in (1, 2, 3)]}))

    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
    assert force.struck(fault) == 1
    assert _queues(account, kind) == made
    assert "Status: error\tError Type: Runtime.ExitError" in account.log("creator")[-1]


def test_a_call_that_times_out_has_no_effect_and_nobody_waits_for_it(account: Account) -> None:
    begun = time.monotonic()

    with faults.injected(_second_call(account, "timeout")):
        error = failure(account.invoke("creator", {"queues": ["late-1", "late-2", "late-3"]}))

    log = account.log("creator")
    assert time.monotonic() - begun < 30
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Error: Task timed out after 60.00 seconds")
    assert _queues(account, "late") == ["late-1"]
    assert any("Task timed out after 60.00 seconds" in line for line in log)
    assert "Duration: 60000.00 ms" in log[-1]
    assert "Status: timeout" in log[-1]


@pytest.mark.parametrize("kind", ["kill-before", "kill-after", "timeout"])
def test_the_call_that_ends_a_function_is_recorded_before_the_end_is_visible(
    account: Account, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: list[int] = []
    mark = record.mark()
    kill = Sandbox.kill

    def noting(self: Sandbox) -> None:
        recorded.append(len(record.since(mark, function="creator", account_id=account.account_id)))
        kill(self)

    monkeypatch.setattr(Sandbox, "kill", noting)

    with faults.injected(_second_call(account, kind)):
        failure(account.invoke("creator", {"queues": [f"noted-{kind}-1", f"noted-{kind}-2"]}))

    assert recorded[0] == 2


def test_after_a_kill_the_next_invocation_has_a_new_process(account: Account) -> None:
    with faults.injected(_second_call(account, "kill-before")):
        failure(account.invoke("creator", {"queues": ["anew-1", "anew-2"]}))

        urls = answer(account.invoke("creator", {"queues": ["anew-1", "anew-2"]}))

    assert [url.rsplit("/", 1)[-1] for url in urls] == ["anew-1", "anew-2"]


def test_a_killed_asynchronous_invocation_is_tried_again(account: Account) -> None:
    before = len(account.invocations("creator"))

    with faults.injected(_second_call(account, "kill-after")):
        account.invoke("creator", {"queues": ["retried-1", "retried-2", "retried-3"]}, InvocationType="Event")
        _pass_time_until(lambda: len(account.invocations("creator")) == before + 2)
    wait_until_quiet()

    first, second = account.invocations("creator")[-2:]
    assert (first.error, second.error) == ("Runtime.ExitError", None)
    assert first.request_id == second.request_id
    assert _queues(account, "retried") == ["retried-1", "retried-2", "retried-3"]


def test_the_message_of_a_killed_function_comes_back(account: Account) -> None:
    queue = account.queue("work", VisibilityTimeout="60")
    mapping = account.functions.create_event_source_mapping(EventSourceArn=queue, FunctionName="creator")
    before = len(account.invocations("creator"))

    with faults.injected(_second_call(account, "kill-after")) as force:
        account.send(queue, {"queues": ["back-1", "back-2", "back-3"]})
        wait_until(lambda: len(account.invocations("creator")) == before + 1)
        clock.advance(61)
        wait_until(lambda: len(account.invocations("creator")) == before + 2)
    account.functions.delete_event_source_mapping(UUID=mapping["UUID"])
    wait_until_quiet()

    assert force.struck() == 1
    assert [each.error for each in account.invocations("creator")[-2:]] == ["Runtime.ExitError", None]
    assert _queues(account, "back") == ["back-1", "back-2", "back-3"]


@pytest.mark.parametrize(("kind", "error"), [("kill-before", "Runtime.ExitError"), ("timeout", "Sandbox.Timedout")])
def test_a_state_machine_tries_an_ended_function_again(account: Account, kind: Kind, error: str) -> None:
    role = account.role(f"{kind}-machine", "lambda:InvokeFunction")
    invoke = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "creator", "Payload": {"queues": [f"machine-{kind}-1", f"machine-{kind}-2"]}},
        "Retry": [{"ErrorEquals": [error], "IntervalSeconds": 60, "MaxAttempts": 1}],
        "End": True,
    }
    definition = {"QueryLanguage": "JSONata", "StartAt": "Invoke", "States": {"Invoke": invoke}}
    states = account.client("stepfunctions")
    machine = states.create_state_machine(name=kind, definition=json.dumps(definition), roleArn=role)

    with faults.injected(_second_call(account, kind)):
        execution = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
        _pass_time_until(lambda: states.describe_execution(executionArn=execution)["status"] != "RUNNING")

    assert states.describe_execution(executionArn=execution)["status"] == "SUCCEEDED"
    assert [each.error for each in account.invocations("creator")[-2:]] == [error, None]


def test_a_person_is_not_killed(account: Account) -> None:
    fault = CallFault("sqs:ListQueues", "kill-before", account=account.account_id)

    with faults.injected(fault) as force:
        account.sqs.list_queues()

    assert force.struck() == 0


def test_a_functions_calls_since_a_mark_are_returned_in_order(account: Account) -> None:
    account.sqs.list_queues()
    mark = record.mark()

    with faults.injected(_second_call(account, "kill-before")):
        failure(account.invoke("creator", {"queues": ["call-1", "call-2"]}))
    account.sqs.list_queues()

    calls = record.since(mark, function="creator", account_id=account.account_id)
    last = account.invocations("creator")[-1]
    assert [(made.call.params["QueueName"], made.error) for made in calls] == [
        ("call-1", None),
        ("call-2", "kill-before"),
    ]
    assert {made.request_id for made in calls} == {last.request_id}
    assert {made.call.role_name for made in calls} == {"creator-role"}


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        pytest.param({}, "InternalServerError", 500, id="nothing said"),
        pytest.param({"status": 503}, "InternalServerError", 503, id="a status"),
        pytest.param({"code": "QueueDoesNotExist"}, "QueueDoesNotExist", 400, id="a code of the service"),
        pytest.param({"code": "OverLimit", "status": 403}, "OverLimit", 403, id="a code and a status"),
    ],
)
def test_an_injected_error_has_the_given_code_and_status(
    account: Account, fault: dict[str, Any], code: str, status: int
) -> None:
    fault_plan = CallFault("sqs:CreateQueue", "error", times=1, **fault)
    mark = record.mark()

    with faults.injected(fault_plan):
        failure(account.invoke("creator", {"queues": ["erroneous"]}))

    (made,) = record.since(mark, function="creator")
    assert (made.error, made.status) == (code, status)
