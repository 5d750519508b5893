"""Runs of small state machines over HTTP, with Python functions in place of Lambda's."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from local_aws import workflows
from local_aws.iam.role_credentials import credentials_for_role
from local_aws.testing.workflows import Function, functions_played
from local_aws.time import moto_time
from local_aws.workflows import clients
from local_aws_tests.waiting import ended

ROLE = "arn:aws:iam::111111111111:role/onboarding"
INVOKE = "arn:aws:states:::lambda:invoke"
INVOKE_AND_WAIT = "arn:aws:states:::lambda:invoke.waitForTaskToken"
Json = dict[str, Any]


@contextmanager
def served() -> Iterator[int]:
    """Serve moto with the package's Step Functions only; return the port."""
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
        # A whole local AWS of other tests may be running: its workflows go on calling it.
        clients._clients[:] = before
        server.stop()


@contextmanager
def functions_called() -> Iterator[dict[str, Function]]:
    """Make tasks invoke these functions; all other calls go to the server."""
    known: dict[str, Function] = {}
    with functions_played(known):
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


@contextmanager
def refused(code: str) -> Iterator[None]:
    """Expect an AWS error of this code."""
    with pytest.raises(ClientError) as error:
        yield
    assert error.value.response["Error"]["Code"] == code


def kinds(sfn: Any, arn: str) -> list[str]:
    return [event["type"] for event in sfn.get_execution_history(executionArn=arn)["events"]]
