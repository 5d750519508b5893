from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest

from local_aws.testing.workflows import Function, FunctionError, is_waiting
from local_aws.time.clock import clock
from local_aws.workflows import history, redrives
from local_aws.workflows.execution import Execution, executions
from local_aws.workflows.loop import loop
from local_aws_tests.waiting import ended, until
from local_aws_tests.workflow_runs import (
    INVOKE_AND_WAIT,
    Json,
    functions_called,
    invoke,
    kinds,
    passing,
    refused,
    run,
    start,
    task,
)

DAY = 86_400.0


class Moody:
    """A function that fails until it is repaired, and counts its calls by payload."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.is_mended = False

    def __call__(self, event: Any) -> Any:
        self.calls.append(event)
        if not self.is_mended and event != "good":
            raise FunctionError({"errorType": "Broken", "errorMessage": "broken"})
        return {"said": event}


@pytest.fixture
def functions() -> Iterator[dict[str, Function]]:
    with functions_called() as known:
        yield known


@pytest.fixture
def moody(functions: dict[str, Function]) -> Moody:
    functions["moody"] = made = Moody()
    return made


def redriven(sfn: Any, arn: str) -> Json:
    sfn.redrive_execution(executionArn=arn)
    return ended(sfn, arn)


def test_a_redriven_execution_goes_on_from_the_state_that_failed(sfn: Any, moody: Moody) -> None:
    second = invoke("moody", Next="Third")
    del second["End"]
    states = {
        "First": {"Type": "Pass", "Output": "{% $uuid() %}", "Assign": {"from": "first"}, "Next": "Second"},
        "Second": second,
        "Third": passing({"from": "{% $from %}", "said": "{% $states.input.Payload.said %}"}),
    }
    failed = run(sfn, states)
    moody.is_mended = True

    described = redriven(sfn, failed["executionArn"])

    assert (failed["status"], described["status"]) == ("FAILED", "SUCCEEDED")
    assert described["output"] == {"from": "first", "said": moody.calls[0]}
    assert moody.calls[0] == moody.calls[1]
    assert (described["redriveCount"], described["startDate"]) == (1, failed["startDate"])
    assert "error" not in described
    events = kinds(sfn, failed["executionArn"])
    assert events.count("ExecutionStarted") == 1
    assert events[events.index("ExecutionRedriven") :][:2] == ["ExecutionRedriven", "TaskScheduled"]


def test_attempts_of_a_retry_are_counted_anew(sfn: Any, moody: Moody) -> None:
    retry = [{"ErrorEquals": ["Broken"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    arn = start(sfn, {"Only": invoke("moody", Retry=retry)})
    for _ in range(2):
        until(lambda: is_waiting(arn))
        clock.advance(1)
        ended(sfn, arn)
        sfn.redrive_execution(executionArn=arn)

    until(lambda: is_waiting(arn))
    clock.advance(1)

    assert ended(sfn, arn)["status"] == "FAILED"
    assert len(moody.calls) == 6


def test_only_the_iterations_that_failed_run_again(sfn: Any, moody: Moody) -> None:
    states = {
        "Each": {
            "Type": "Map",
            "MaxConcurrency": 1,
            "ItemProcessor": {
                "StartAt": "One",
                "States": {"One": invoke("moody", Output="{% $states.result.Payload %}")},
            },
            "End": True,
        }
    }
    failed = run(sfn, states, ["good", "bad", "later"])
    moody.is_mended = True

    described = redriven(sfn, failed["executionArn"])

    assert described["output"] == [{"said": "good"}, {"said": "bad"}, {"said": "later"}]
    assert moody.calls == ["good", "bad", "bad", "later"]


def test_only_the_branches_that_failed_run_again(sfn: Any, moody: Moody, functions: dict[str, Function]) -> None:
    counted: list[Any] = []
    functions["counted"] = lambda event: counted.append(event) or "done"  # type: ignore[func-returns-value]  # None, always
    branches = [
        {"StartAt": "A", "States": {"A": invoke("counted", Output="{% $states.result.Payload %}")}},
        {
            "StartAt": "Wait",
            "States": {
                "Wait": {"Type": "Wait", "Seconds": 60, "Next": "B"},
                "B": invoke("moody", Output="{% $states.result.Payload.said.x %}"),
            },
        },
    ]
    arn = start(sfn, {"Both": {"Type": "Parallel", "Branches": branches, "End": True}}, {"x": 1})
    until(lambda: is_waiting(arn) and counted)
    clock.advance(60)
    assert ended(sfn, arn)["status"] == "FAILED"
    moody.is_mended = True

    described = redriven(sfn, arn)

    assert described["output"] == ["done", 1]
    assert len(counted) == 1


def test_a_redriven_task_has_a_new_token_and_the_old_one_is_dead(sfn: Any, functions: dict[str, Function]) -> None:
    """Trap 21."""
    tokens: list[str] = []
    functions["ask"] = tokens.append
    arguments = {"FunctionName": "ask", "Payload": "{% $states.context.Task.Token %}"}
    arn = start(sfn, {"Ask": task(INVOKE_AND_WAIT, Arguments=arguments)})
    until(lambda: "TaskSubmitted" in kinds(sfn, arn))
    sfn.stop_execution(executionArn=arn)

    sfn.redrive_execution(executionArn=arn)
    until(lambda: len(tokens) > 1)

    assert tokens[0] != tokens[1]
    with refused("TaskTimedOut"):
        sfn.send_task_success(taskToken=tokens[0], output="{}")
    sfn.send_task_success(taskToken=tokens[1], output="{}")
    assert ended(sfn, arn)["status"] == "SUCCEEDED"


def test_a_stopped_run_has_ended_before_the_redriven_one_goes_on(sfn: Any) -> None:
    inner = {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 60, "End": True}}}
    each = {"Type": "Map", "Items": list(range(20)), "ItemProcessor": inner, "End": True}
    arn = start(sfn, {"Each": each})
    execution = executions.get(arn)
    assert execution is not None

    def all_rest() -> bool:
        return [each.waiting_until not in {None, math.inf} for each in list(execution.branches)].count(True) == 20

    until(all_rest)

    execution.stop()
    execution.redrive()
    until(lambda: kinds(sfn, arn).count("MapStateStarted") > 1 and all_rest())
    clock.advance(60)

    assert ended(sfn, arn)["status"] == "SUCCEEDED"
    events = kinds(sfn, arn)
    assert "MapIterationAborted" not in events[events.index("ExecutionRedriven") :]


def test_an_execution_that_was_stopped_before_it_began_is_redriven_once(sfn: Any, moody: Moody) -> None:
    moody.is_mended = True
    first = run(sfn, {"Only": invoke("moody")})["executionArn"]
    begun = executions.get(first)
    assert begun is not None
    execution = Execution(f"{first}-again", "again", begun.machine, "{}")
    executions.add(execution)

    async def before_anything_begins() -> None:
        execution.start()
        execution.stop()
        execution.redrive()

    loop.start(before_anything_begins())

    assert ended(sfn, execution.execution_arn)["status"] == "SUCCEEDED"
    assert len(moody.calls) == 2


def test_the_machine_s_own_timeout_begins_anew(sfn: Any, moody: Moody) -> None:
    states: Json = {"Rest": {"Type": "Wait", "Seconds": 800, "Next": "Work"}, "Work": invoke("moody")}
    arn = start(sfn, states, TimeoutSeconds=400)
    until(lambda: is_waiting(arn))
    clock.advance(400)
    assert ended(sfn, arn)["status"] == "TIMED_OUT"

    sfn.redrive_execution(executionArn=arn)
    until(lambda: is_waiting(arn))
    clock.advance(200)
    still = sfn.describe_execution(executionArn=arn)["status"]
    clock.advance(200)

    assert still == "RUNNING"
    assert ended(sfn, arn)["status"] == "TIMED_OUT"


def test_the_context_shows_redrives(sfn: Any, functions: dict[str, Function]) -> None:
    seen: list[Any] = []

    def look(event: Any) -> Any:
        seen.append(event)
        raise FunctionError({"errorType": "Broken"})

    functions["look"] = look
    arguments = {"FunctionName": "look", "Payload": "{% $states.context.Execution %}"}
    failed = run(sfn, {"Look": task(Arguments=arguments)})

    redriven(sfn, failed["executionArn"])

    assert [each["RedriveCount"] for each in seen] == [0, 1]
    assert "RedriveTime" in seen[1]


def test_an_execution_that_succeeded_still_runs_or_ended_too_long_ago_is_not_redriven(sfn: Any, moody: Moody) -> None:
    good = run(sfn, {"A": passing(1)})["executionArn"]
    running = start(sfn, {"A": {"Type": "Wait", "Seconds": 10**7, "End": True}})
    old = run(sfn, {"A": invoke("moody")})["executionArn"]
    before = sfn.describe_execution(executionArn=old)
    clock.advance(redrives.PERIOD + 1)
    moody.is_mended = True

    for arn, reason in (
        (good, "Execution is SUCCEEDED and cannot be redriven"),
        (running, "Execution is RUNNING and cannot be redriven"),
        (old, "Execution redrivable period exceeded"),
    ):
        described = sfn.describe_execution(executionArn=arn)
        assert (described["redriveStatus"], described["redriveStatusReason"]) == ("NOT_REDRIVABLE", reason)
        with refused("ExecutionNotRedrivable"):
            sfn.redrive_execution(executionArn=arn)
    assert before["redriveStatus"] == "REDRIVABLE"
    assert "redriveStatusReason" not in before
    sfn.stop_execution(executionArn=running)


def test_an_execution_whose_history_is_full_is_not_redriven(
    sfn: Any, moody: Moody, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = run(sfn, {"A": invoke("moody")})
    count = len(sfn.get_execution_history(executionArn=failed["executionArn"])["events"])
    monkeypatch.setattr(redrives, "EVENT_LIMIT", count + 1)

    with refused("ExecutionNotRedrivable"):
        sfn.redrive_execution(executionArn=failed["executionArn"])

    assert history.EVENT_LIMIT == 25_000


def test_the_same_client_token_redrives_once(sfn: Any, moody: Moody) -> None:
    failed = run(sfn, {"A": invoke("moody")})["executionArn"]

    first = sfn.redrive_execution(executionArn=failed, clientToken="once")["redriveDate"]
    ended(sfn, failed)
    second = sfn.redrive_execution(executionArn=failed, clientToken="once")["redriveDate"]

    assert first == second
    assert sfn.describe_execution(executionArn=failed)["redriveCount"] == 1
    assert len(moody.calls) == 2


def test_a_definition_is_validated_without_an_error(sfn: Any) -> None:
    good = {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
    bad = {**good, "States": {"A": {"Type": "Pass", "Next": "B"}}}

    answer = sfn.validate_state_machine_definition(definition=json.dumps(bad))

    assert sfn.validate_state_machine_definition(definition=json.dumps(good)) | {"ResponseMetadata": 0} == {
        "result": "OK",
        "diagnostics": [],
        "truncated": False,
        "ResponseMetadata": 0,
    }
    assert answer["result"] == "FAIL"
    assert answer["diagnostics"] == [
        {
            "severity": "ERROR",
            "code": "MISSING_TRANSITION_TARGET",
            "message": "Missing 'Next' target: B",
            "location": "/States/A/Next",
        }
    ]


def test_there_are_no_express_workflows(sfn: Any) -> None:
    definition = json.dumps({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    role = "arn:aws:iam::111111111111:role/onboarding"

    with refused("StateMachineTypeNotSupported"):
        sfn.create_state_machine(name="express", definition=definition, roleArn=role, type="EXPRESS")
