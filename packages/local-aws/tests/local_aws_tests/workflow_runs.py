"""Runs of small state machines, over HTTP, with functions that are Python's."""

from __future__ import annotations

import io
import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from local_aws import workflows
from local_aws.iam.role_credentials import credentials_for_role
from local_aws.time import moto_time
from local_aws.workflows import calls, clients
from local_aws.workflows.execution import executions

ROLE = "arn:aws:iam::111111111111:role/onboarding"
INVOKE = "arn:aws:states:::lambda:invoke"
ASK = "arn:aws:states:::lambda:invoke.waitForTaskToken"
Json = dict[str, Any]
Function = Callable[[Any], Any]


class FunctionError(Exception):
    def __init__(self, payload: Any) -> None:
        super().__init__()
        self.payload = payload


class FakeLambda:
    """Stands for Lambda: a function is a Python one, called with the payload."""

    def __init__(self, functions: dict[str, Function]) -> None:
        self._functions = functions

    def _make_api_call(self, operation: str, request: Json) -> Json:
        function = self._functions.get(request["FunctionName"].rpartition(":")[2])
        metadata = {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RequestId": "r"}
        if function is None:
            error = {"Code": "ResourceNotFoundException", "Message": "Function not found"}
            raise ClientError({"Error": error, "ResponseMetadata": {**metadata, "HTTPStatusCode": 404}}, operation)  # type: ignore[typeddict-item]  # the part that is read
        answer: Json = {"StatusCode": 200, "ExecutedVersion": "$LATEST", "ResponseMetadata": metadata}
        try:
            result = function(json.loads(request["Payload"]))
        except FunctionError as failed:
            result = failed.payload
            answer["FunctionError"] = "Unhandled"
        return {**answer, "Payload": io.BytesIO(json.dumps(result).encode())}


@contextmanager
def served() -> Iterator[int]:
    """Serve moto with our Step Functions, without the rest of the local AWS; give the port."""
    moto_time.install()
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    port = server.get_host_and_port()[1]
    before = list(clients._clients)
    workflows.install(port)
    try:
        yield port
    finally:
        workflows.stop()
        # A whole local AWS of other tests may be there: its workflows go on calling it.
        clients._clients[:] = before
        server.stop()


@contextmanager
def functions_called() -> Iterator[dict[str, Function]]:
    """Have tasks invoke these functions; all other calls go to the server."""
    known: dict[str, Function] = {}
    real = clients.client

    def client(role_arn: str, region: str, service: str, session_name: str) -> Any:
        return FakeLambda(known) if service == "lambda" else real(role_arn, region, service, session_name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calls, "client", client)
        yield known


def client_of(port: int, service: str, account_id: str = "111111111111") -> Any:
    someone = credentials_for_role(f"arn:aws:iam::{account_id}:role/person", "test")
    return boto3.client(
        service,  # type: ignore[call-overload]  # any service
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id=someone.access_key_id,
        aws_secret_access_key=someone.secret_access_key,
        aws_session_token=someone.session_token,
    )


def task(resource: str = INVOKE, **fields: Any) -> Json:
    return {"Type": "Task", "Resource": resource, "End": True, **fields}


def invoke(name: str, **fields: Any) -> Json:
    return task(Arguments={"FunctionName": name, "Payload": "{% $states.input %}"}, **fields)


def passing(output: Any, **fields: Any) -> Json:
    return {"Type": "Pass", "End": True, "Output": output, **fields}


def machine(sfn: Any, states: Json, **fields: Any) -> str:
    definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **fields}
    name = uuid.uuid4().hex
    created = sfn.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
    return str(created["stateMachineArn"])


def start(sfn: Any, states: Json, data: Any = None, **fields: Any) -> str:
    started = sfn.start_execution(stateMachineArn=machine(sfn, states, **fields), input=json.dumps(data or {}))
    return str(started["executionArn"])


def run(sfn: Any, states: Json, data: Any = None, **fields: Any) -> Json:
    return ended(sfn, start(sfn, states, data, **fields))


def ended(sfn: Any, arn: str) -> Json:
    until(lambda: sfn.describe_execution(executionArn=arn)["status"] != "RUNNING")
    described: Json = sfn.describe_execution(executionArn=arn)
    if "output" in described:
        described["output"] = json.loads(described["output"])
    return described


def until(condition: Callable[[], Any], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.005)


def waits(arn: str) -> bool:
    execution = executions.get(arn)
    assert execution is not None
    return any(branch.waiting_until not in (None, float("inf")) for branch in list(execution.branches))


@contextmanager
def refused(code: str) -> Iterator[None]:
    """Expect an AWS error of this code."""
    with pytest.raises(ClientError) as error:
        yield
    assert error.value.response["Error"]["Code"] == code


def kinds(sfn: Any, arn: str) -> list[str]:
    return [event["type"] for event in sfn.get_execution_history(executionArn=arn)["events"]]
