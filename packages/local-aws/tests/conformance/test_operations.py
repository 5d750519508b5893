"""Every operation of the models answers in its protocol, and names what the local AWS lacks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from local_aws import server
from local_aws.middleware import Middleware
from local_aws.server import LocalAws
from local_aws.throttling.throttles import throttles
from local_aws_tests import made_up

SERVICES = (
    "cloudformation",
    "cloudwatch",
    "dynamodb",
    "ec2",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "organizations",
    "ram",
    "route53",
    "s3",
    "scheduler",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "stepfunctions",
    "sts",
    "vpc-lattice",
)
IN_PART = Path(__file__).with_name("operations_in_part.json")
SECONDS = 30.0
"""The most processor time of one answer; some of EC2's list thousands of entries."""
FAILURES = frozenset({"InternalFailure", "InternalError", "InternalServerError", "500"})


@pytest.fixture(scope="module")
def middleware(local_aws_server: LocalAws) -> Iterator[Middleware]:
    """Yield the middleware without socket and throttles: thousands of calls come in a few seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(throttles, "admit", lambda call: True)
        yield Middleware(DomainDispatcherApplication(server._service))


@pytest.fixture(scope="module")
def credentials(person: Callable[[str], boto3.Session]) -> dict[str, str]:
    kept: Any = person("618000000001").get_credentials()
    return {
        "aws_access_key_id": kept.access_key,
        "aws_secret_access_key": kept.secret_key,
        "aws_session_token": kept.token,
    }


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_answers_in_its_protocol(
    service: str, middleware: Middleware, credentials: dict[str, str]
) -> None:
    client = made_up.client(middleware, service, credentials)
    in_part: list[str] = []
    wrong: list[str] = []

    for operation in sorted(client.meta.service_model.operation_names):
        started = time.thread_time()
        code, message, status = call(client, operation)
        if "only in part" in message:
            in_part.append(operation)
        if code in FAILURES or (status >= 500) != (code == "NotImplemented"):
            wrong.append(f"{operation}: {status} {code} {message}")
        if (took := time.thread_time() - started) > SECONDS:
            wrong.append(f"{operation} took {took:.1f} s")
        if "local AWS does not have" in message and operation not in message:
            wrong.append(f"{operation} is not named: {message}")

    assert wrong == []
    assert in_part == json.loads(IN_PART.read_text()).get(service, [])


def test_the_operations_in_part_are_counted() -> None:
    known = json.loads(IN_PART.read_text())

    assert known.pop("count") == sum(map(len, known.values()))
    assert known.keys() <= set(SERVICES)


def call(client: Any, operation: str) -> tuple[str, str, int]:
    """Call the operation; return the error's code, its message and the HTTP status."""
    shape = client.meta.service_model.operation_model(operation).input_shape
    try:
        answer = client._make_api_call(operation, made_up.params(shape) if shape else {})
    except ClientError as error:
        problem, metadata = error.response["Error"], error.response["ResponseMetadata"]
        return str(problem["Code"]), str(problem.get("Message", "")), metadata["HTTPStatusCode"]
    return "", "", int(answer["ResponseMetadata"]["HTTPStatusCode"])
