from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from local_aws import workflows
from local_aws.testing.workflows import Function, FunctionError, is_waiting
from local_aws.time.clock import clock
from local_aws.workflows.failures import StateFailed, answers_to
from local_aws.workflows.retries import Retries
from local_aws.workflows.sdk_names import botocore_service, exception, pascal, prefix
from local_aws_tests.waiting import ended, until
from local_aws_tests.workflow_runs import Json, client_of, functions_called, invoke, kinds, machine, run, start, task

RAISED = {"errorMessage": "share gone", "errorType": "ShareGone", "stackTrace": ["app.py, line 1"]}
SSM = "arn:aws:states:::aws-sdk:ssm:"


@pytest.fixture
def functions() -> Iterator[dict[str, Function]]:
    with functions_called() as known:
        yield known


def failing(payload: Any, times: int = 1_000_000) -> Function:
    left = [times]

    def function(event: Any) -> Any:
        if left[0] > 0:
            left[0] -= 1
            raise FunctionError(payload)
        return {"done": event}

    return function


def one_state_after(state: Json) -> Json:
    return {
        "Do": {**state, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]},
        "Caught": {"Type": "Succeed"},
    }


def test_a_function_s_payload_is_under_payload(sfn: Any, functions: dict[str, Function]) -> None:
    functions["decide"] = lambda event: {"decision": "accept", **event}

    output = run(sfn, {"Decide": invoke("decide")}, {"a": 1})["output"]

    assert output["Payload"] == {"decision": "accept", "a": 1}
    assert output["StatusCode"] == 200
    assert "SdkResponseMetadata" in output


def test_a_function_s_own_arn_gives_its_payload_alone(sfn: Any, functions: dict[str, Function]) -> None:
    functions["decide"] = lambda event: [event["a"]]

    ran = run(sfn, {"Decide": task("arn:aws:lambda:us-east-1:111111111111:function:decide")}, {"a": 1})

    assert ran["output"] == [1]
    assert "LambdaFunctionSucceeded" in kinds(sfn, ran["executionArn"])


def test_a_catch_sees_the_exception_s_class_and_lambda_s_details(sfn: Any, functions: dict[str, Function]) -> None:
    functions["accept"] = failing(RAISED)
    states = {
        "Accept": invoke(
            "accept",
            Catch=[
                {"ErrorEquals": ["Other"], "Next": "Caught"},
                {
                    "ErrorEquals": ["ShareGone"],
                    "Assign": {"cause": "{% $parse($states.errorOutput.Cause) %}"},
                    "Output": {"error": "{% $states.errorOutput.Error %}", "input": "{% $states.input %}"},
                    "Next": "Caught",
                },
            ],
        ),
        "Caught": {"Type": "Succeed", "Output": "{% $merge([$states.input, {'cause': $cause}]) %}"},
    }

    output = run(sfn, states, {"a": 1})["output"]

    assert output == {"error": "ShareGone", "input": {"a": 1}, "cause": RAISED}


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out after 3.00 seconds"}, "Sandbox.Timedout"),
        ({"errorMessage": "2026-01-01 Task timed out after 3.00 seconds"}, "Lambda.Unknown"),
    ],
)
def test_failures_by_lambda_itself_have_lambda_s_names(
    sfn: Any, functions: dict[str, Function], payload: Json, error: str
) -> None:
    functions["slow"] = failing(payload)

    assert run(sfn, {"Do": invoke("slow")})["error"] == error


def test_a_missing_function_is_a_lambda_error(sfn: Any, functions: dict[str, Function]) -> None:
    output = run(sfn, one_state_after(invoke("absent")))["output"]

    assert output["Error"] == "Lambda.ResourceNotFoundException"
    assert "(Service: Lambda, Status Code: 404" in output["Cause"]


def test_retries_go_by_the_clock_and_count_as_transitions(sfn: Any, functions: dict[str, Function]) -> None:
    functions["flaky"] = failing(RAISED, times=2)
    retry = [{"ErrorEquals": ["ShareGone"], "IntervalSeconds": 600, "MaxAttempts": 2, "BackoffRate": 2}]
    arn = start(sfn, {"Do": invoke("flaky", Retry=retry, Output="{% $states.context.State.RetryCount %}")})
    until(lambda: is_waiting(arn))
    clock.advance(600)
    until(lambda: kinds(sfn, arn).count("TaskFailed") == 2 and is_waiting(arn))
    clock.advance(600)
    still = sfn.describe_execution(executionArn=arn)["status"]

    clock.advance(600)

    assert still == "RUNNING"
    assert ended(sfn, arn)["output"] == 2
    assert workflows.transitions(arn) == 3


def test_a_failed_output_can_be_retried_and_caught(sfn: Any, functions: dict[str, Function]) -> None:
    calls: list[Any] = []
    functions["do"] = calls.append
    retry = [
        {"ErrorEquals": ["States.QueryEvaluationError"], "IntervalSeconds": 1, "MaxAttempts": 1, "MaxDelaySeconds": 1}
    ]
    arn = start(sfn, one_state_after(invoke("do", Retry=retry, Output="{% $states.result.absent %}")))
    until(lambda: is_waiting(arn))

    clock.advance(1)

    assert ended(sfn, arn)["output"]["Error"] == "States.QueryEvaluationError"
    assert len(calls) == 2


def test_a_task_s_timeout_is_measured_in_real_seconds(sfn: Any, functions: dict[str, Function]) -> None:
    go_on = threading.Event()
    functions["hangs"] = lambda event: go_on.wait(60)
    began = time.monotonic()
    arn = start(sfn, {"Do": invoke("hangs", TimeoutSeconds="{% $states.input.timeout %}")}, {"timeout": 1})
    until(lambda: "TaskStarted" in kinds(sfn, arn))

    clock.advance(3600)
    early = sfn.describe_execution(executionArn=arn)["status"]
    ran = ended(sfn, arn)
    go_on.set()

    assert early == "RUNNING"
    assert ran["error"] == "States.Timeout"
    assert time.monotonic() - began >= 1
    assert "TaskTimedOut" in kinds(sfn, arn)


def test_an_sdk_task_speaks_pascal_case_in_and_out(sfn: Any) -> None:
    """Trap 22."""
    put = {
        **task(f"{SSM}putParameter", Arguments={"Name": "/dns", "Value": "{% $states.input.dns %}", "Type": "String"}),
        "Next": "Get",
    }
    del put["End"]
    states = {"Put": put, "Get": task(f"{SSM}getParameter", Arguments={"Name": "/dns"})}

    output = run(sfn, states, {"dns": "db.example"})["output"]

    assert output["Parameter"]["Value"] == "db.example"
    assert output["Parameter"]["Arn"].endswith(":111111111111:parameter/dns")
    assert output["Parameter"]["LastModifiedDate"].endswith("Z")
    assert "ResponseMetadata" not in output


@pytest.mark.parametrize(
    ("resource", "arguments", "error"),
    [
        ("ssm:getParameter", {"Name": "/absent"}, "Ssm.ParameterNotFoundException"),
        ("ec2:describeVpcs", {"VpcIds": ["vpc-0123456789abcdef0"]}, "Ec2.Ec2Exception"),
        (
            "vpclattice:getService",
            {"ServiceIdentifier": "svc-0123456789abcdef0"},
            "VpcLattice.ResourceNotFoundException",
        ),
        ("sfn:describeExecution", {"ExecutionArn": "x"}, "Sfn.InvalidArnException"),
        ("dynamodb:describeTable", {"TableName": "absent"}, "DynamoDb.ResourceNotFoundException"),
        ("eventbridge:describeRule", {"Name": "absent"}, "EventBridge.ResourceNotFoundException"),
        ("sqs:getQueueUrl", {"QueueName": "absent"}, "Sqs.QueueDoesNotExistException"),
    ],
)
def test_an_sdk_error_has_the_service_s_prefix_and_ends_in_exception(
    sfn: Any, resource: str, arguments: Json, error: str
) -> None:
    """Trap 22."""
    output = run(sfn, one_state_after(task(f"arn:aws:states:::aws-sdk:{resource}", Arguments=arguments)))["output"]

    assert output["Error"] == error


@pytest.mark.parametrize(
    "arguments",
    [{"Name": 5}, "{% {'name': '/a'} %}", {"Name": "/a", "WithDecryption": "yes"}, "{% {} %}"],
)
def test_arguments_of_the_wrong_type_end_the_execution_whatever_is_caught(sfn: Any, arguments: Any) -> None:
    assert run(sfn, one_state_after(task(f"{SSM}getParameter", Arguments=arguments)))["error"] == "States.Runtime"


def test_optimized_integrations_take_json_where_the_api_takes_a_string(sfn: Any, port: int) -> None:
    sqs = client_of(port, "sqs")
    url = sqs.create_queue(QueueName="hints")["QueueUrl"]
    arguments = {"QueueUrl": url, "MessageBody": {"kind": "{% $states.input.kind %}"}}

    output = run(sfn, {"Send": task("arn:aws:states:::sqs:sendMessage", Arguments=arguments)}, {"kind": "share"})[
        "output"
    ]

    assert "MessageId" in output
    assert json.loads(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"]) == {"kind": "share"}


def test_dynamodb_writes_and_its_condition_fails_by_name(sfn: Any, port: int) -> None:
    client_of(port, "dynamodb").create_table(
        TableName="ledger",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    arguments = {"TableName": "ledger", "Item": {"id": {"S": "one"}}, "ConditionExpression": "attribute_not_exists(id)"}
    states = one_state_after(task("arn:aws:states:::dynamodb:putItem", Arguments=arguments))

    first, second = run(sfn, states), run(sfn, states)

    assert "SdkHttpMetadata" in first["output"]
    assert second["output"]["Error"] == "DynamoDB.ConditionalCheckFailedException"


def test_a_task_runs_in_the_account_of_the_machine_s_role(sfn: Any) -> None:
    output = run(sfn, {"Who": task("arn:aws:states:::aws-sdk:sts:getCallerIdentity", Arguments={})})["output"]

    assert output["Account"] == "111111111111"
    assert output["Arn"].startswith("arn:aws:sts::111111111111:assumed-role/onboarding/")


def test_a_task_with_credentials_runs_as_that_role(sfn: Any) -> None:
    credentials = {"RoleArn": "{% 'arn:aws:iam::' & $states.input.account & ':role/other' %}"}
    identity_task = task("arn:aws:states:::aws-sdk:sts:getCallerIdentity", Arguments={}, Credentials=credentials)

    assert run(sfn, {"Who": identity_task}, {"account": "222222222222"})["output"]["Account"] == "222222222222"


@pytest.mark.parametrize(("pattern", "output"), [("sync", '{"a":1}'), ("sync:2", {"a": 1})])
def test_a_nested_execution_is_waited_for(sfn: Any, pattern: str, output: Any) -> None:
    nested = machine(sfn, {"Say": {"Type": "Pass", "End": True, "Output": {"a": 1}}})
    arguments = {"StateMachineArn": nested, "Input": {"from": "parent"}}

    ran = run(sfn, {"Run": task(f"arn:aws:states:::states:startExecution.{pattern}", Arguments=arguments)})

    assert ran["output"]["Output"] == output


def test_stopping_a_parent_stops_its_nested_execution(sfn: Any) -> None:
    nested = machine(sfn, {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}})
    arguments = {"StateMachineArn": nested, "Name": "inner"}
    arn = start(sfn, {"Run": task("arn:aws:states:::states:startExecution.sync:2", Arguments=arguments)})
    until(lambda: "TaskSubmitted" in kinds(sfn, arn))

    sfn.stop_execution(executionArn=arn)

    inner = f"{nested.replace(':stateMachine:', ':execution:')}:inner"
    until(lambda: sfn.describe_execution(executionArn=inner)["status"] == "ABORTED")


def test_put_events_names_its_execution_and_fails_on_a_failed_entry(sfn: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Json] = []

    def send(resource: Any, request: Json, caller: Any) -> Json:
        sent.append(request)
        return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}], "ResponseMetadata": {}}

    monkeypatch.setattr("local_aws.workflows.calls._send", send)
    entry = {"Source": "app", "DetailType": "Changed", "Detail": {"a": 1}}

    ran = run(sfn, {"Tell": task("arn:aws:states:::events:putEvents", Arguments={"Entries": [entry]})})

    assert ran["error"] == "EventBridge.FailedEntry"
    assert sent[0]["Entries"][0]["Detail"] == '{"a":1}'
    assert sent[0]["Entries"][0]["Resources"] == [ran["stateMachineArn"], ran["executionArn"]]


@pytest.mark.parametrize(
    ("error", "names", "answers"),
    [
        ("ShareGone", ["ShareGone"], True),
        ("ShareGone", ["States.ALL"], True),
        ("ShareGone", ["States.TaskFailed"], True),
        ("States.Timeout", ["States.TaskFailed"], False),
        ("States.Timeout", ["States.ALL"], True),
        ("States.HeartbeatTimeout", ["States.TaskFailed"], False),
        ("States.HeartbeatTimeout", ["States.Timeout"], True),
        ("States.Timeout", ["States.HeartbeatTimeout"], False),
        ("States.Runtime", ["States.ALL"], False),
        ("States.Runtime", ["States.Runtime"], False),
        ("States.DataLimitExceeded", ["States.ALL"], False),
        ("States.DataLimitExceeded", ["States.TaskFailed"], False),
        ("States.DataLimitExceeded", ["States.DataLimitExceeded"], True),
        ("States.QueryEvaluationError", ["States.ALL"], True),
    ],
)
def test_an_error_answers_to_names_as_the_language_says(error: str, names: list[str], answers: bool) -> None:
    assert answers_to(error, names) is answers


def test_delays_grow_up_to_their_limit_and_each_retrier_counts_for_itself() -> None:
    retries = Retries(
        [
            {"ErrorEquals": ["A"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxDelaySeconds": 10, "MaxAttempts": 4},
            {"ErrorEquals": ["B"], "MaxAttempts": 0},
            {"ErrorEquals": ["States.ALL"]},
        ]
    )

    delays = [retries.delay(StateFailed(error)) for error in "AACAAABC"]

    assert delays == [2, 6, 1, 10, 10, None, None, 2]


def test_full_jitter_spreads_over_the_whole_delay() -> None:
    retrier = {
        "ErrorEquals": ["A"],
        "IntervalSeconds": 100,
        "JitterStrategy": "FULL",
        "MaxAttempts": 99,
        "BackoffRate": 1,
    }
    retries = Retries([retrier])

    delays = [retries.delay(StateFailed("A")) or 0 for _ in range(99)]

    assert all(0 <= delay <= 100 for delay in delays)
    assert max(delays) - min(delays) > 50


def test_names_are_the_java_sdk_s() -> None:
    names = {name: pascal(name) for name in ("serviceNetworkArn", "ARN", "DNSName", "KMSKeyId", "VpcEndpointIds")}
    prefixes = [prefix(service) for service in ("VPC Lattice", "SSM", "EC2", "DynamoDB", "EventBridge", "RAM", "SFN")]

    assert list(names.values()) == ["ServiceNetworkArn", "Arn", "DnsName", "KmsKeyId", "VpcEndpointIds"]
    assert prefixes == ["VpcLattice", "Ssm", "Ec2", "DynamoDb", "EventBridge", "Ram", "Sfn"]
    assert [exception(shape) for shape in ("ParameterNotFound", "LimitFault", "ConflictException")] == [
        "ParameterNotFoundException",
        "LimitException",
        "ConflictException",
    ]
    assert [botocore_service(name) for name in ("vpclattice", "sfn", "eventbridge", "events", "ram", "nothing")] == [
        "vpc-lattice",
        "stepfunctions",
        "events",
        None,
        "ram",
        None,
    ]
