"""Requests that the model does not allow are refused, with each service's own error."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from local_aws import server
from local_aws.middleware import Middleware
from local_aws.server import LocalAws
from local_aws_tests import made_up

NULL = "failed to satisfy constraint: Member must not be null"
ROLE = "arn:aws:iam::618000000002:role/person"


@pytest.fixture(scope="module")
def middleware(local_aws_server: LocalAws) -> Middleware:
    return Middleware(DomainDispatcherApplication(server._service))


@pytest.fixture(scope="module")
def credentials(person: Callable[[str], boto3.Session]) -> dict[str, str]:
    kept: Any = person("618000000002").get_credentials()
    return {
        "aws_access_key_id": kept.access_key,
        "aws_secret_access_key": kept.secret_key,
        "aws_session_token": kept.token,
    }


REFUSED = [
    (
        "ssm",
        "GetParameter",
        {"Name": ""},
        "ValidationException",
        "1 validation error detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater",
    ),
    ("ssm", "GetParameter", {}, "ValidationException", f"1 validation error detected: Value null at 'name' {NULL}"),
    ("ssm", "GetParameter", {"Name": 7}, "SerializationException", "NUMBER_VALUE can not be converted to a String"),
    ("ssm", "GetParameters", {"Names": []}, "ValidationException", "Value '[]' at 'names'"),
    ("ssm", "PutParameter", {"Name": "a", "Value": "v", "Tier": "Best"}, "ValidationException", "enum value set: [Sta"),
    ("ssm", "DescribeParameters", {"MaxResults": 51}, "ValidationException", "value less than or equal to 50"),
    ("ec2", "AcceptVpcEndpointConnections", {"ServiceId": "s"}, "MissingParameter", "must contain the parameter VpcE"),
    ("ec2", "RunInstances", {"MinCount": 1, "MaxCount": 1, "InstanceType": "huge"}, "InvalidParameterValue", "(huge)"),
    ("sqs", "SendMessage", {"MessageBody": "a"}, "MissingParameter", "must contain the parameter QueueUrl"),
    ("sns", "Subscribe", {"Protocol": "sqs"}, "InvalidParameter", "Invalid parameter: TopicArn"),
    ("iam", "CreateRole", {"RoleName": "r"}, "ValidationError", f"Value null at 'assumeRolePolicyDocument' {NULL}"),
    ("iam", "GetRole", {"RoleName": "a b"}, "ValidationError", r"regular expression pattern: [\w+=,.@-]+"),
    (
        "sts",
        "AssumeRole",
        {"RoleArn": ROLE, "RoleSessionName": "s", "DurationSeconds": 1},
        "ValidationError",
        "Value '1' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to",
    ),
    (
        "dynamodb",
        "CreateTable",
        {"TableName": "table", "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "X"}]},
        "ValidationException",
        "Value 'X' at 'attributeDefinitions.1.member.attributeType'",
    ),
    ("dynamodb", "GetItem", {}, "ValidationException", "2 validation errors detected"),
    ("lambda", "GetFunction", {"FunctionName": "a b"}, "ValidationException", "Value 'a b' at 'functionName'"),
    ("lambda", "ListFunctions", {"MaxItems": 0}, "ValidationException", "Value '0' at 'maxItems'"),
    ("events", "PutRule", {"Name": "a b"}, "ValidationException", "Value 'a b' at 'name'"),
    ("logs", "CreateLogGroup", {"logGroupName": ""}, "InvalidParameterException", "at 'logGroupName'"),
    ("stepfunctions", "StartExecution", {}, "ValidationException", f"'stateMachineArn' {NULL}"),
    ("scheduler", "GetSchedule", {"Name": "a b"}, "ValidationException", "Value 'a b' at 'name'"),
    ("secretsmanager", "GetSecretValue", {"SecretId": ""}, "ValidationException", "Value '' at 'secretId'"),
    ("kms", "DescribeKey", {}, "ValidationException", f"Value null at 'keyId' {NULL}"),
    ("cloudformation", "CreateStack", {}, "ValidationError", f"Value null at 'stackName' {NULL}"),
    ("cloudwatch", "PutMetricData", {"Namespace": ""}, "ValidationError", "Value '' at 'namespace'"),
    ("organizations", "DescribeAccount", {"AccountId": "1"}, "InvalidInputException", "Value '1' at 'accountId'"),
    ("ram", "CreateResourceShare", {}, "InvalidParameterException", f"Value null at 'name' {NULL}"),
    ("vpc-lattice", "CreateServiceNetwork", {"name": "A"}, "ValidationException", "Value 'A' at 'name'"),
    ("s3", "PutBucketPolicy", {"Bucket": "b618", "Policy": "example"}, "MalformedPolicy", "valid JSON"),
]


@pytest.mark.parametrize(
    ("service", "operation", "params", "code", "text"),
    REFUSED,
    ids=[f"{each[0]}-{each[1]}-{each[3]}" for each in REFUSED],
)
def test_a_request_that_the_model_does_not_allow_is_refused(
    middleware: Middleware, credentials: dict[str, str], service: str, operation: str, params: Any, code: str, text: str
) -> None:
    client = made_up.client(middleware, service, credentials)

    problem = refusal(lambda: client._make_api_call(operation, params))

    assert problem["Code"] == code
    assert text in problem["Message"]


def test_a_secret_value_is_not_repeated(middleware: Middleware, credentials: dict[str, str]) -> None:
    client = made_up.client(middleware, "secretsmanager", credentials)

    problem = refusal(lambda: client.create_secret(Name="a", SecretString="hush" * 20000))

    assert "hush" not in problem["Message"]


def test_vpc_lattice_names_the_fields(middleware: Middleware, credentials: dict[str, str]) -> None:
    client = made_up.client(middleware, "vpc-lattice", credentials)

    with pytest.raises(client.exceptions.ValidationException) as raised:
        client.create_service_network(name="A")

    assert raised.value.response["reason"] == "fieldValidationFailed"
    assert [field["name"] for field in raised.value.response["fieldList"]] == ["name", "name"]


def test_ec2_refuses_an_unknown_parameter(middleware: Middleware, credentials: dict[str, str]) -> None:
    known = "Action=DescribeVpcs&Version=2016-11-15&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1&MaxResults=5"

    status, body = send_signed(middleware, credentials, "ec2", known)
    refused = send_signed(middleware, credentials, "ec2", f"{known}&Filter.1.Colour=red")

    assert status == 200, body
    assert refused[0] == 400
    assert "<Code>UnknownParameter</Code>" in refused[1]
    assert "Filter.1.Colour" in refused[1]


def test_a_json_service_ignores_an_unknown_member(middleware: Middleware, credentials: dict[str, str]) -> None:
    status, body = send_signed(
        middleware, credentials, "ssm", '{"MaxResults": 5, "Colour": "red"}', "AmazonSSM.DescribeParameters"
    )

    assert (status, "Parameters" in json.loads(body)) == (200, True)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ("{", {}),
        ("[]", {}),
        ('"text"', {}),
        ('{"Names": {"a": "b"}}', {}),
        ('{"Names": "a"}', {}),
        ("no gzip", {"Content-Encoding": "gzip"}),
        ("[" * 100_000, {}),
    ],
    ids=["cut off", "a list", "a text", "a map", "no list", "no gzip", "too deep"],
)
def test_a_body_that_can_not_be_read_is_a_serialization_exception(
    middleware: Middleware, credentials: dict[str, str], body: str, headers: dict[str, str]
) -> None:
    status, answer = send_signed(middleware, credentials, "ssm", body, "AmazonSSM.GetParameters", headers)

    assert (status, json.loads(answer)["__type"]) == (400, "SerializationException")


def test_a_compressed_body_is_read(middleware: Middleware, credentials: dict[str, str]) -> None:
    body = gzip.compress(b'{"Names": ["none"]}')

    status, answer = send_signed(
        middleware, credentials, "ssm", body, "AmazonSSM.GetParameters", {"Content-Encoding": "gzip"}
    )

    assert (status, json.loads(answer)["InvalidParameters"]) == (200, ["none"])


def test_an_invalid_number_is_refused_by_query_services(middleware: Middleware, credentials: dict[str, str]) -> None:
    status, body = send_signed(middleware, credentials, "iam", "Action=ListRoles&Version=2010-05-08&MaxItems=many")

    assert (status, "<Code>MalformedInput</Code>" in body) == (400, True)


@pytest.mark.parametrize(
    ("service", "body", "target", "path", "status", "text"),
    [
        ("ec2", "Action=FlyAway&Version=2016-11-15", None, "/", 400, "<Code>InvalidAction</Code>"),
        ("iam", "Action=FlyAway&Version=2010-05-08", None, "/", 400, "<Code>InvalidAction</Code>"),
        ("ssm", "{}", "AmazonSSM.FlyAway", "/", 400, "UnknownOperationException"),
        ("ssm", "{}", "AmazonEC2ContainerServiceV20141113.FlyAway", "/", 400, "UnknownOperationException"),
        ("ssm", "{}", "FlyAway", "/", 400, "UnknownOperationException"),
        ("ram", "{}", None, "/FlyAway", 404, "UnknownOperationException"),
        ("vpc-lattice", "{}", None, "/FlyAway", 404, "UnknownOperationException"),
        ("lambda", "{}", None, "/2015-03-31/FlyAway", 404, "UnknownOperationException"),
        ("lightyear", "{}", "LightYear.FlyAway", "/", 400, "UnknownOperationException"),
        ("lightyear", "{}", None, "/FlyAway", 400, "UnknownOperationException"),
        ("comprehend", "{}", "Comprehend_20171127.FlyAway", "/", 400, "UnknownOperationException"),
    ],
)
def test_an_unknown_operation_is_named_in_the_error(
    middleware: Middleware,
    credentials: dict[str, str],
    service: str,
    body: str,
    target: str | None,
    path: str,
    status: int,
    text: str,
) -> None:
    returned_status, answer = send_signed(middleware, credentials, service, body, target, path=path)

    assert returned_status == status
    assert text in answer
    assert "FlyAway" in answer
    assert "html" not in answer.lower()


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "application/x-amz-json-1.1", ""])
@pytest.mark.parametrize("body", ["Action=AssumeRoleWithSAML&SAMLAssertion=x&RoleArn=r&PrincipalArn=p", "", "{"])
def test_an_unsigned_request_gets_an_error_of_awss(middleware: Middleware, content_type: str, body: str) -> None:
    status, answer = send(middleware, "/no/where", body.encode(), {"Content-Type": content_type})

    assert 400 <= status < 500
    assert "html" not in answer.lower()


def send_signed(
    middleware: Middleware,
    credentials: dict[str, str],
    service: str,
    body: str | bytes,
    target: str | None = None,
    headers: dict[str, str] | None = None,
    path: str = "/",
) -> tuple[int, str]:
    """Send a request unchanged; no signature is checked."""
    form = "application/x-www-form-urlencoded; charset=utf-8"
    kind = "application/x-amz-json-1.1" if target else "application/json" if path != "/" else form
    scope = f"{credentials['aws_access_key_id']}/20260101/us-east-1/{service}/aws4_request"
    signed = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "Content-Type": kind,
        **({"X-Amz-Target": target} if target else {}),
        **(headers or {}),
    }
    return send(middleware, path, body.encode() if isinstance(body, str) else body, signed)


def send(middleware: Middleware, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    statuses: list[str] = []
    environ = made_up.environment("POST", path, "", headers, body)
    answer = b"".join(middleware(environ, lambda status, headers: statuses.append(status)))
    return int(statuses[0].split()[0]), answer.decode()


def refusal(call: Callable[[], Any]) -> dict[str, str]:
    with pytest.raises(ClientError) as raised:
        call()
    return dict(raised.value.response["Error"])  # type: ignore[arg-type]  # its members are texts
