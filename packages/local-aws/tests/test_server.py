from __future__ import annotations

import contextlib
import http.client
import io
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from local_aws.fault_injection.faults import CallFault, faults, parse
from local_aws.http import connection
from local_aws.http.call_record import record
from local_aws.middleware import IdentifiedCall, Middleware
from local_aws.server import LocalAws
from local_aws.time.clock import clock
from local_aws_tests.people import Person

_ONCE = Config(retries={"total_max_attempts": 1})


@pytest.fixture(autouse=True)
def _no_faults_are_left() -> Iterator[None]:
    yield
    faults.replace(parse({}))


def _code_and_status(error: ClientError) -> tuple[str, int]:
    return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_person_acts_in_the_account_of_the_role(person: Person) -> None:
    identity = person("311111111201").client("sts").get_caller_identity()

    assert identity["Account"] == "311111111201"
    assert identity["Arn"] == "arn:aws:sts::311111111201:assumed-role/person/test"


def test_an_answer_has_the_time_of_the_clock(person: Person) -> None:
    sts = person("311111111203").client("sts")
    clock.advance(3_600)

    answered = sts.get_caller_identity()["ResponseMetadata"]["HTTPHeaders"]["date"]

    assert abs(parsedate_to_datetime(answered).timestamp() - clock.time()) < 60


def test_a_fresh_account_has_a_default_vpc_with_subnets_in_several_zones(person: Person) -> None:
    ec2 = person("311111111202").client("ec2")

    vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpcs[0]["VpcId"]]}])["Subnets"]

    assert len(vpcs) == 1
    assert len({subnet["AvailabilityZone"] for subnet in subnets}) > 2


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code"),
    [
        pytest.param("ec2", "describe_fpga_images", {}, "InvalidAction", id="ec2"),
        pytest.param("sns", "list_origination_numbers", {}, "InvalidAction", id="query"),
        pytest.param("ssm", "describe_automation_executions", {}, "UnknownOperationException", id="json"),
        pytest.param("lambda", "list_code_signing_configs", {}, "UnknownOperationException", id="rest-json"),
        pytest.param("braket", "search_jobs", {"filters": []}, "UnknownOperationException", id="a service moto lacks"),
    ],
)
def test_an_operation_that_is_missing_here_is_an_error_that_names_it(
    person: Person, service: str, operation: str, parameters: dict[str, object], code: str
) -> None:
    client: Any = person("311111111203").client(service)  # type: ignore[call-overload]  # any service

    with pytest.raises(ClientError) as refusal:
        getattr(client, operation)(**parameters)

    name = client.meta.method_to_api_mapping[operation]
    assert refusal.value.response["Error"]["Code"] == code
    assert f"The local AWS does not have {service}:{name}" in refusal.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("service", "operation", "throttled", "broken"),
    [
        pytest.param("ec2", "describe_vpcs", ("RequestLimitExceeded", 503), ("InternalError", 500), id="ec2"),
        pytest.param("sns", "list_topics", ("Throttled", 429), ("InternalError", 500), id="query"),
        pytest.param(
            "ssm",
            "describe_parameters",
            ("ThrottlingException", 400),
            ("InternalServerError", 500),
            id="json",
        ),
        pytest.param(
            "ram",
            "list_resources",
            ("ThrottlingException", 429),
            ("ServerInternalException", 500),
            id="rest-json",
        ),
        pytest.param(
            "vpc-lattice",
            "list_service_networks",
            ("ThrottlingException", 429),
            ("InternalServerException", 500),
            id="rest-json with modelled errors",
        ),
        pytest.param(
            "lambda",
            "list_functions",
            ("TooManyRequestsException", 429),
            ("ServiceException", 500),
            id="lambda",
        ),
    ],
)
def test_a_fault_has_the_form_of_the_services_errors(
    person: Person, service: str, operation: str, throttled: tuple[str, int], broken: tuple[str, int]
) -> None:
    client: Any = person("311111111204").client(service, config=_ONCE)  # type: ignore[call-overload]  # any service
    name = f"{service}:{client.meta.method_to_api_mapping[operation]}"
    parameters = {"resourceOwner": "SELF"} if service == "ram" else {}

    errors = []
    for kind in ("throttle", "error"):
        faults.replace(parse({"calls": [{"operation": name, "fault": kind}]}))
        with pytest.raises(ClientError) as refusal:
            getattr(client, operation)(**parameters)
        errors.append(_code_and_status(refusal.value))

    assert errors == [throttled, broken]


def test_a_call_whose_answer_is_lost_was_made(person: Person) -> None:
    sqs = person("311111111205").client("sqs", config=_ONCE)
    faults.replace(parse({"calls": [{"operation": "sqs:CreateQueue", "fault": "lost-answer"}]}))

    with pytest.raises(ClientError) as lost:
        sqs.create_queue(QueueName="made")

    assert lost.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert sqs.get_queue_url(QueueName="made")["QueueUrl"].endswith("/made")


def test_a_slow_call_takes_its_time_on_the_clock(person: Person) -> None:
    sqs = person("311111111206").client("sqs", config=_ONCE)
    faults.replace(parse({"calls": [{"operation": "sqs:ListQueues", "fault": "slow", "times": 1}]}))
    answered = threading.Event()

    def call() -> None:
        sqs.list_queues()
        answered.set()

    caller = threading.Thread(target=call)
    caller.start()
    early = answered.wait(0.2)
    clock.advance(10)
    caller.join(60)

    assert not early
    assert answered.is_set()


def test_a_slow_call_takes_the_given_time(person: Person) -> None:
    sqs = person("311111111210").client("sqs", config=_ONCE)
    begun = clock.time()

    with faults.injected(CallFault("sqs:ListQueues", "slow", seconds=0.5)):
        sqs.list_queues()

    assert clock.time() - begun >= 0.5


def test_a_recorded_call_has_its_parameters(person: Person) -> None:
    ec2 = person("311111111207").client("ec2")

    ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": ["vpc-1"]}], MaxResults=5)

    made = next(made for made in reversed(record.recent()) if made.call.account_id == "311111111207")
    assert made.call.name == "ec2:DescribeSubnets"
    assert made.call.params == {"Filters": [{"Name": "vpc-id", "Values": ["vpc-1"]}], "MaxResults": 5}
    assert made.call.principal_arn == "arn:aws:sts::311111111207:assumed-role/person/test"
    assert made.call.role_arn == "arn:aws:iam::311111111207:role/person"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "name"),
    [
        pytest.param(
            "stepfunctions", "list_state_machines", {}, "states:ListStateMachines", id="json, signed as states"
        ),
        pytest.param("cloudwatch", "list_dashboards", {}, "cloudwatch:ListDashboards", id="signed as monitoring"),
        pytest.param("apigatewayv2", "get_apis", {}, "apigateway:GetApis", id="two services under one name"),
        pytest.param("lambda", "get_function", {"FunctionName": "x"}, "lambda:GetFunction", id="rest-json by its path"),
        pytest.param("iam", "list_users", {}, "iam:ListUsers", id="query"),
    ],
)
def test_a_call_is_named_as_iam_names_it(
    person: Person, service: str, operation: str, parameters: dict[str, object], name: str
) -> None:
    client: Any = person("311111111209").client(service)  # type: ignore[call-overload]  # any service

    with contextlib.suppress(ClientError):
        getattr(client, operation)(**parameters)

    made = next(made for made in reversed(record.recent()) if made.call.account_id == "311111111209")
    assert made.call.name == name


@dataclass(frozen=True)
class _No:
    code: str = "UnauthorizedOperation"
    message: str = "You are not authorized to perform this operation."
    status: int = 403


def test_a_call_that_is_denied_is_not_made() -> None:
    authorized: list[IdentifiedCall] = []

    def application(environ: object, start_response: object) -> list[bytes]:
        raise AssertionError("it was made")

    def deny(call: IdentifiedCall) -> _No:
        authorized.append(call)
        return _No()

    answered: list[str] = []
    middleware = Middleware(application, deny)
    body = middleware(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/",
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(b"Action=DescribeVpcs&Version=2016-11-15"),
            "CONTENT_LENGTH": "38",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/ec2/aws4_request, Signature=0",
        },
        lambda status, headers: answered.append(status),
    )

    assert answered == ["403 Error"]
    assert b"<Code>UnauthorizedOperation</Code>" in b"".join(body)
    assert [call.name for call in authorized] == ["ec2:DescribeVpcs"]


def test_a_connection_serves_several_requests(local_aws_server: LocalAws) -> None:
    client = http.client.HTTPConnection("127.0.0.1", local_aws_server.port)
    sockets = []

    for _ in range(2):
        client.request("GET", "/_local/clock")
        client.getresponse().read()
        sockets.append(client.sock)
    client.close()

    assert sockets[0] is sockets[1] is not None


def test_a_large_body_sent_in_chunks_arrives_whole(person: Person) -> None:
    s3 = person("311111111208").client("s3", config=Config(s3={"addressing_style": "path"}))
    s3.create_bucket(Bucket="chunks-3111")
    body = bytes(range(256)) * 4096

    s3.put_object(Bucket="chunks-3111", Key="a/b", Body=body)

    assert s3.get_object(Bucket="chunks-3111", Key="a/b")["Body"].read() == body


_SSM = (
    b"Host: localhost\r\n"
    b"Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/ssm/aws4_request, Signature=0\r\n"
    b"X-Amz-Target: AmazonSSM.DescribeParameters\r\nContent-Type: application/x-amz-json-1.1\r\n"
)


def _raw(port: int, request: bytes) -> tuple[int, str, str]:
    """Send bytes; return the answer's status, content type and body."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.headers["Content-Type"], answer.read().decode()


@pytest.mark.parametrize(
    ("request_bytes", "status", "message"),
    [
        pytest.param(
            b"POST / HTTP/1.1\r\n" + _SSM + b"Content-Length: 100000000000\r\n\r\n{}",
            413,
            "body: at most",
            id="a huge body",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + _SSM + b"Content-Length: many\r\n\r\n", 400, "Content-Length:", id="no length"
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + _SSM + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            400,
            "body:",
            id="a broken chunk",
        ),
        pytest.param(b"GET / / HTTP/1.1\r\n\r\n", 400, "HTTP:", id="a request line that is none"),
        pytest.param(b'GET /"\\ / HTTP/1.1\r\n\r\n', 400, "HTTP:", id="a request line with quotes"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431, "HTTP:", id="a header without end"),
        pytest.param(
            b"POST /_local/faults HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + b"[" * 100_000,
            400,
            "body: JSON is expected",
            id="JSON that is too deep",
        ),
    ],
)
def test_a_malformed_request_gets_a_clear_error(
    local_aws_server: LocalAws, request_bytes: bytes, status: int, message: str
) -> None:
    answered, kind, body = _raw(local_aws_server.port, request_bytes)

    assert answered == status
    assert kind == "application/json"
    assert json.loads(body)["error"].startswith(message)


def test_a_body_that_never_ends_times_out(local_aws_server: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BODY_SECONDS", 0.1)

    status, _, body = _raw(local_aws_server.port, b"POST / HTTP/1.1\r\n" + _SSM + b"Content-Length: 100\r\n\r\n{}")

    assert status == 408
    assert "nothing more of it came" in body


def test_a_body_that_is_no_json_is_an_aws_error(local_aws_server: LocalAws) -> None:
    status, _, body = _raw(local_aws_server.port, b"POST / HTTP/1.1\r\n" + _SSM + b"Content-Length: 1\r\n\r\n{")

    assert status == 400
    assert json.loads(body)["__type"] == "SerializationException"


def test_a_signed_call_finds_its_service_by_any_host_name(local_aws_server: LocalAws) -> None:
    named = _SSM.replace(b"localhost", b"nothing.example.org")

    status, _, body = _raw(local_aws_server.port, b"POST / HTTP/1.1\r\n" + named + b"Content-Length: 2\r\n\r\n{}")

    assert (status, json.loads(body)) == (200, {"Parameters": []})


def test_the_overridden_symbol_of_moto_exists() -> None:
    assert callable(DomainDispatcherApplication.get_backend_for_host)


def test_a_port_in_use_is_reported_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        LocalAws(taken.getsockname()[1])


def test_calls_without_a_roles_credentials_are_in_a_separate_account(local_aws_server: LocalAws) -> None:
    sts = boto3.client(
        "sts",
        endpoint_url=local_aws_server.url,
        region_name="us-east-1",
        aws_access_key_id="anyone",
        aws_secret_access_key="anyone",
    )

    assert sts.get_caller_identity()["Account"] == "123456789012"
