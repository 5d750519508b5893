"""The findings of answers that are compared with the models."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from local_aws.conformance.findings import Finding, Findings, findings
from local_aws.conformance.moto_patches import patched
from local_aws.conformance.outputs import check
from local_aws.http.answers import Answer
from local_aws.http.request_identification import IdentifiedCall, identify
from local_aws_tests import made_up
from local_aws_tests.known_findings import KNOWN, unexpected

PARAMETER = {"Name": "a", "Type": "String", "Version": 1, "LastModifiedDate": 1.5}


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"Parameter": PARAMETER}, []),
        ({"Parameter": {**PARAMETER, "Colour": "red"}}, [("unknown member", "Parameter.Colour")]),
        ({"Parameter": {**PARAMETER, "Type": "Red"}}, [("enum", "Parameter.Type")]),
        ({"Parameter": {**PARAMETER, "Version": "1"}}, [("type", "Parameter.Version")]),
        ({"Parameter": {**PARAMETER, "LastModifiedDate": "2026-01-01"}}, [("type", "Parameter.LastModifiedDate")]),
        ({"Parameter": []}, [("type", "Parameter")]),
        ([], [("type", "")]),
    ],
)
def test_a_json_answer_is_compared(answer: Any, found: list[tuple[str, str]]) -> None:
    problems = check(call("ssm", target="AmazonSSM.GetParameter"), Answer(200, (), json.dumps(answer).encode()))

    assert [(each.kind, each.path) for each in problems] == found


def test_a_missing_required_member_is_found() -> None:
    # Each element of a list is compared.
    execution = {"executionArn": "a", "stateMachineArn": "b", "name": "c", "status": "RUNNING"}
    body = json.dumps({"executions": [execution]}).encode()

    problems = check(call("states", target="AWSStepFunctions.ListExecutions"), Answer(200, (), body))

    assert problems == [Finding("states:ListExecutions", "missing", "executions[].startDate")]


@pytest.mark.parametrize(
    ("xml", "found"),
    [
        ("<vpcSet><item><vpcId>vpc-1</vpcId><isDefault>true</isDefault></item></vpcSet>", []),
        ("<vpcSet><item><isDefault>True</isDefault></item></vpcSet>", [("type", "Vpcs[].IsDefault")]),
        ("<vpcSet><item><state>gone</state></item></vpcSet>", [("enum", "Vpcs[].State")]),
        ("<vpcSet><member/></vpcSet>", [("unknown member", "Vpcs.member")]),
        ("<colour>red</colour>", [("unknown member", "colour")]),
        ("<", [("unreadable", "")]),
    ],
)
def test_an_xml_answer_is_compared(xml: str, found: list[tuple[str, str]]) -> None:
    root = f"<DescribeVpcsResponse xmlns='http://ec2'><requestId>r</requestId>{xml}</DescribeVpcsResponse>"

    problems = check(call("ec2", body="Action=DescribeVpcs&Version=2016-11-15"), Answer(200, (), root.encode()))

    assert [(each.kind, each.path) for each in problems] == found


def test_an_answer_of_a_query_service_is_compared_in_its_result_element() -> None:
    identity_call = call("sts", body="Action=GetCallerIdentity&Version=2011-06-15")
    whole = "<R><GetCallerIdentityResult><Account>1</Account></GetCallerIdentityResult><ResponseMetadata/></R>"

    assert check(identity_call, Answer(200, (), whole.encode())) == []
    assert [each.path for each in check(identity_call, Answer(200, (), b"<R/>"))] == ["GetCallerIdentityResult"]


@pytest.mark.parametrize(
    ("status", "code", "found"),
    [
        (400, "ParameterNotFound", []),
        (400, "ThrottlingException", []),
        (400, "ParameterLost", ["error code"]),
        (500, "InternalFailure", ["failed"]),
    ],
)
def test_an_error_has_a_code_that_the_service_has(status: int, code: str, found: list[str]) -> None:
    body = json.dumps({"__type": code, "message": "no"}).encode()

    problems = check(call("ssm", target="AmazonSSM.GetParameter"), Answer(status, (), body))

    assert [each.kind for each in problems] == found


def test_a_page_of_html_is_unreadable() -> None:
    problems = check(call("ssm", target="AmazonSSM.GetParameter"), Answer(404, (), b"<!doctype html><html></html>"))

    assert [each.kind for each in problems] == ["unreadable"]


def test_motos_answers_get_the_models_status_and_members() -> None:
    listing = call("events", target="AWSEvents.ListRules")
    body = json.dumps({"Rules": [{"Name": "a", "CreatedBy": "b"}]}).encode()

    answer = patched(listing, Answer(200, (), body))

    assert json.loads(answer.body) == {"Rules": [{"Name": "a"}]}
    assert dict(answer.headers)["Content-Length"] == str(len(answer.body))


def test_motos_errors_get_the_models_code() -> None:
    describe = call("dynamodb", target="DynamoDB_20120810.DescribeTimeToLive")

    answer = patched(describe, Answer(400, (), json.dumps({"__type": "ResourceNotFound", "message": "no"}).encode()))

    assert (answer.error_code(), json.loads(answer.body)["message"]) == ("ResourceNotFoundException", "no")


def test_an_error_that_moto_names_in_its_body_only_gets_its_code() -> None:
    listing = call("states", target="AWSStepFunctions.ListExecutions")
    body = json.dumps({"__type": "InvalidArn", "message": "no"}).encode()

    answer = patched(listing, Answer(400, (("X-Amzn-ErrorType", "UnknownError"),), body))

    assert answer.error_code() == "InvalidArn"


def test_every_answer_in_the_tests_is_checked(person: Callable[[str], boto3.Session]) -> None:
    assert findings.watching

    person("618000000003").client("sts").get_caller_identity()


def test_a_finding_is_kept_once_and_known_ones_have_reasons() -> None:
    kept = Findings()
    for detail in ("'a'", "'b'"):
        kept.add(Finding("ec2:DescribeVpcEndpoints", "enum", "VpcEndpoints[].State", detail))
        kept.add(Finding("ec2:DescribeVpcs", "unknown member", "colour", detail))

    assert len(kept.all()) == 2
    assert unexpected(kept.all()) == ["ec2:DescribeVpcs (unknown member) colour 'a'"]
    assert all(KNOWN.values())


def call(service: str, target: str | None = None, body: str = "{}") -> IdentifiedCall:
    scope = f"anyone/20260101/us-east-1/{service}/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "Content-Type": "application/x-amz-json-1.1" if target else "application/x-www-form-urlencoded",
        **({"X-Amz-Target": target} if target else {}),
    }
    identified = identify(made_up.environment("POST", "/", "", headers, body.encode()))
    assert identified is not None
    return identified
