from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local_aws.testing.workflows import FunctionError
from local_aws.time import activity
from local_aws.time.clock import clock
from local_aws.workflows.execution import executions
from local_aws_tests.waiting import ended, until
from local_aws_tests.workflow_runs import (
    INVOKE_AND_WAIT,
    Json,
    client_of,
    functions_called,
    kinds,
    refused,
    run,
    start,
    task,
)


@pytest.fixture
def tokens() -> Iterator[list[str]]:
    """Yield the list of tokens that the function ``ask`` receives."""
    issued: list[str] = []
    with functions_called() as functions:
        functions["ask"] = issued.append
        functions["refuse"] = _raise
        yield issued


def _raise(event: Any) -> Any:
    raise FunctionError({"errorType": "NoChannel", "errorMessage": "no such channel"})


def asking_state(function: str = "ask", **fields: Any) -> Json:
    arguments = {"FunctionName": function, "Payload": "{% $states.context.Task.Token %}"}
    return {"Ask": task(INVOKE_AND_WAIT, Arguments=arguments, **fields)}


def waiting_execution(sfn: Any, tokens: list[str], **fields: Any) -> str:
    """Start an execution that waits for an answer, and return its ARN."""
    count = len(tokens)
    arn = start(sfn, asking_state(**fields))
    until(lambda: len(tokens) > count and "TaskSubmitted" in kinds(sfn, arn))
    return arn


def test_an_answer_is_the_task_s_result(sfn: Any, tokens: list[str]) -> None:
    arn = waiting_execution(sfn, tokens)

    sfn.send_task_success(taskToken=tokens[0], output='{"decision": "approve"}')

    assert ended(sfn, arn)["output"] == {"decision": "approve"}


def test_a_failure_keeps_its_error_and_cause(sfn: Any, tokens: list[str]) -> None:
    arn = waiting_execution(sfn, tokens)

    sfn.send_task_failure(taskToken=tokens[0], error="Denied", cause="by Ann")

    ran = ended(sfn, arn)
    assert (ran["error"], ran["cause"]) == ("Denied", "by Ann")


def test_a_token_is_long(sfn: Any, tokens: list[str]) -> None:
    """Trap 21."""
    waiting_execution(sfn, tokens)

    assert 600 < len(tokens[0]) < 800


def test_a_second_answer_is_refused_and_changes_nothing(sfn: Any, tokens: list[str]) -> None:
    """Trap 21."""
    states = {
        "Ask": {**asking_state()["Ask"], "Next": "Wait"},
        "Wait": {"Type": "Wait", "Seconds": 3600, "End": True},
    }
    del states["Ask"]["End"]
    arn = start(sfn, states)
    until(lambda: tokens)
    sfn.send_task_success(taskToken=tokens[0], output='"yes"')

    with refused("TaskTimedOut"):
        sfn.send_task_failure(taskToken=tokens[0], error="Denied")
    with refused("TaskTimedOut"):
        sfn.send_task_heartbeat(taskToken=tokens[0])
    assert sfn.describe_execution(executionArn=arn)["status"] == "RUNNING"
    sfn.stop_execution(executionArn=arn)


def test_no_token_is_invalid_and_so_is_another_account_s(sfn: Any, port: int, tokens: list[str]) -> None:
    """Trap 21."""
    waiting_execution(sfn, tokens)

    with refused("InvalidToken"):
        sfn.send_task_success(taskToken="never given", output="1")
    with refused("InvalidToken"):
        client_of(port, "stepfunctions", "222222222222").send_task_success(taskToken=tokens[0], output="1")


def test_a_well_formed_token_that_was_never_issued_belongs_to_no_task(sfn: Any, tokens: list[str]) -> None:
    """Trap 21."""
    waiting_execution(sfn, tokens)
    never = tokens[0][:-8] + ("B" * 8 if not tokens[0].endswith("B" * 8) else "C" * 8)

    with refused("TaskDoesNotExist"):
        sfn.send_task_success(taskToken=never, output="1")
    with refused("TaskDoesNotExist"):
        sfn.send_task_failure(taskToken=never)
    with refused("TaskDoesNotExist"):
        sfn.send_task_heartbeat(taskToken=never)
    with refused("InvalidToken"):
        sfn.send_task_success(taskToken=tokens[0][:-4], output="1")


def test_an_output_that_is_no_json_is_refused_and_the_token_stays_good(sfn: Any, tokens: list[str]) -> None:
    arn = waiting_execution(sfn, tokens)

    with refused("InvalidOutput"):
        sfn.send_task_success(taskToken=tokens[0], output="approved")
    with refused("InvalidOutput"):
        sfn.send_task_success(taskToken=tokens[0], output=json.dumps("x" * 262_144))

    sfn.send_task_success(taskToken=tokens[0], output='"approved"')
    assert ended(sfn, arn)["output"] == "approved"


def test_a_timeout_goes_by_the_clock_and_late_answers_are_refused(sfn: Any, tokens: list[str]) -> None:
    arn = waiting_execution(sfn, tokens, TimeoutSeconds="{% 40 * 60 %}")

    clock.advance(40 * 60)

    assert ended(sfn, arn)["error"] == "States.Timeout"
    with refused("TaskTimedOut"):
        sfn.send_task_success(taskToken=tokens[0], output="1")


def test_heartbeats_keep_a_task_and_their_lack_ends_it(sfn: Any, tokens: list[str]) -> None:
    arn = waiting_execution(sfn, tokens, HeartbeatSeconds=60, TimeoutSeconds=3600)
    clock.advance(50)
    sfn.send_task_heartbeat(taskToken=tokens[0])
    clock.advance(50)
    after_a_heartbeat = sfn.describe_execution(executionArn=arn)["status"]

    clock.advance(10)

    assert after_a_heartbeat == "RUNNING"
    assert ended(sfn, arn)["error"] == "States.HeartbeatTimeout"
    assert "TaskTimedOut" in kinds(sfn, arn)


def test_each_retry_has_a_new_token_and_the_old_one_is_dead(sfn: Any, tokens: list[str]) -> None:
    """Trap 21."""
    retry = [{"ErrorEquals": ["Later"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    arn = waiting_execution(sfn, tokens, Retry=retry)
    sfn.send_task_failure(taskToken=tokens[0], error="Later")
    until(lambda: "TaskFailed" in kinds(sfn, arn))
    clock.advance(2)
    until(lambda: len(tokens) == 2)

    with refused("TaskTimedOut"):
        sfn.send_task_success(taskToken=tokens[0], output="1")
    sfn.send_task_success(taskToken=tokens[1], output="2")

    assert ended(sfn, arn)["output"] == 2


def test_a_function_that_fails_fails_the_task_before_any_answer(sfn: Any, tokens: list[str]) -> None:
    assert run(sfn, asking_state("refuse"))["error"] == "NoChannel"


def test_an_answer_from_inside_the_call_is_taken(sfn: Any) -> None:
    def answer(token: Any) -> None:
        sfn.send_task_success(taskToken=token, output='"at once"')

    with functions_called() as functions:
        functions["ask"] = answer

        assert run(sfn, asking_state())["output"] == "at once"


def test_stopping_an_execution_ends_its_token(sfn: Any, tokens: list[str]) -> None:
    arn = waiting_execution(sfn, tokens)

    sfn.stop_execution(executionArn=arn)

    assert sfn.describe_execution(executionArn=arn)["status"] == "ABORTED"
    until(lambda: not getattr(executions.get(arn), "branches"))  # noqa: B009 - it is there
    with refused("TaskTimedOut"):
        sfn.send_task_success(taskToken=tokens[0], output="1")


def test_waiting_for_an_answer_is_nothing_in_flight(sfn: Any, tokens: list[str]) -> None:
    arn = waiting_execution(sfn, tokens, TimeoutSeconds=60)
    until(lambda: "executions" not in activity.in_flight())

    sfn.stop_execution(executionArn=arn)


def test_tokens_work_inside_a_map_and_by_queue(sfn: Any, port: int) -> None:
    sqs = client_of(port, "sqs")
    url = sqs.create_queue(QueueName="questions")["QueueUrl"]
    arguments = {
        "QueueUrl": url,
        "MessageBody": {"token": "{% $states.context.Task.Token %}", "item": "{% $states.input %}"},
    }
    send_task = task("arn:aws:states:::sqs:sendMessage.waitForTaskToken", Arguments=arguments)
    each = {
        "Type": "Map",
        "Items": ["a", "b"],
        "ItemProcessor": {"StartAt": "Ask", "States": {"Ask": send_task}},
        "End": True,
    }
    arn = start(sfn, {"Each": each})
    questions: list[Json] = []

    def all_started() -> bool:
        questions.extend(_received(sqs, url))
        return len(questions) == len("ab")

    until(all_started)

    for question in questions:
        sfn.send_task_success(taskToken=question["token"], output=json.dumps(question["item"] + "!"))

    assert ended(sfn, arn)["output"] == ["a!", "b!"]


def _received(sqs: Any, url: str) -> list[Json]:
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in messages]
