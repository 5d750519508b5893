"""Every error that AWS documents of what Drawbridge calls is classified on purpose, and none by the default."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from drawbridge import errors
from drawbridge.aws.errors import error_for, known_error_for
from tests.workflow.definition import RESOURCES

DOCUMENTED = Path(__file__).with_name("ec2_client_errors.txt").read_text().split()
"""Of Amazon EC2 API Reference, "Error codes": the client errors that speak of networks, or of any call. Botocore's
model of EC2 names none."""

MAY_PASS = {
    "InternalException",
    "InternalServerError",
    "InternalServerException",
    "InternalServiceError",
    "ServerInternalException",
    "ServiceException",
    "ServiceUnavailableException",
    # A listing that lost its place, credentials and signatures that are too old.
    "ExpiredTokenException",
    "InvalidNextToken",
    "InvalidNextTokenException",
    "RequestExpired",
}
"""Errors that another try may get over."""

_SERVICES = {"states": "stepfunctions"}
_BY_LAMBDA = {"logs", "xray", "lambda", "firehose"}
"""Actions that the runtime or the workflow calls, and no code of ours."""
_BY_AWS = {"iam:CreateServiceLinkedRole", "route53:AssociateVPCWithHostedZone"}
"""Actions that AWS does in the caller's name: their errors are those of the call that they are done for."""


def modelled() -> Iterator[tuple[str, str]]:
    """Yield the errors in botocore's models of all that a role of the template allows: whose, and its code."""
    session = botocore.session.get_session()
    for action in sorted({*actions()}):
        service, _, operation = action.partition(":")
        if action in _BY_AWS or service in _BY_LAMBDA or service not in {*session.get_available_services(), *_SERVICES}:
            continue
        model = session.get_service_model(_SERVICES.get(service, service))
        if operation in model.operation_names:
            shapes: list[Any] = model.operation_model(operation).error_shapes
            yield from ((service, shape.error_code) for shape in shapes)


def actions() -> Iterator[str]:
    for resource in RESOURCES.values():
        for policy in resource["Properties"].get("Policies", []) if resource["Type"] == "AWS::IAM::Role" else []:
            yield from _allowed(policy["PolicyDocument"]["Statement"])


def _allowed(node: Any) -> Iterator[str]:
    """Find actions, in statements under a condition too."""
    if isinstance(node, list):
        for each in node:
            yield from _allowed(each)
    elif isinstance(node, dict):
        found = node.get("Action", [])
        yield from [found] if isinstance(found, str) else found
        yield from _allowed(node.get("Fn::If", [])[1:])


MODELLED = sorted({*modelled()})


def test_the_models_speak_of_every_service_that_drawbridge_calls() -> None:
    named = {service for service, _ in MODELLED}

    assert {"dynamodb", "events", "organizations", "ram", "route53", "secretsmanager", "sqs", "ssm", "states"} <= named
    assert {"sts", "vpc-lattice"} <= named
    assert len(MODELLED) > 100


@pytest.mark.parametrize(("service", "code"), MODELLED, ids=str)
def test_a_modelled_error_is_known_and_passes_only_where_another_try_may_help(service: str, code: str) -> None:
    known = known_error_for(code)

    assert known is not None, f"{service}: {code}"
    assert (known is errors.UpstreamError) is (code in MAY_PASS)


@pytest.mark.parametrize("code", DOCUMENTED)
def test_a_documented_error_of_ec2_is_known_and_does_not_pass_by_itself(code: str) -> None:
    known = known_error_for(code)

    assert known is not None
    assert known is not errors.UpstreamError or code in MAY_PASS


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("InvalidSubnetID.NotFound", errors.RefusedError),
        ("InvalidSubnetId.NotFound", errors.RefusedError),
        ("InvalidVpcID.NotFound", errors.RefusedError),
        ("InvalidGroup.NotFound", errors.RefusedError),
        ("InvalidServiceName", errors.RefusedError),
        ("InvalidSubnet.Range", errors.RefusedError),
        ("UnsupportedOperation", errors.RefusedError),
        ("InsufficientFreeAddressesInSubnet", errors.RefusedError),
        ("FilterLimitExceeded", errors.RefusedError),
        ("InvalidResourceConfigurationArn.Malformed", errors.RefusedError),
        ("SecurityGroupLimitExceeded", errors.QuotaExceededError),
        ("SecurityGroupsPerInterfaceLimitExceeded", errors.QuotaExceededError),
        ("SomethingNewLimitExceeded", errors.QuotaExceededError),
        ("DependencyViolation", errors.ConflictError),
        ("InvalidSubnet.Conflict", errors.ConflictError),
        ("OptInRequired", errors.AccessDeniedError),
        ("Blocked", errors.AccessDeniedError),
        ("PendingVerification", errors.AccessDeniedError),
        ("AuthFailure", errors.AccessDeniedError),
        ("AuthFailure.ServiceLinkedRoleCreationNotPermitted", errors.AccessDeniedError),
        ("RequestLimitExceeded", errors.ThrottledError),
        ("IncorrectState", errors.NotReadyError),
        ("SomethingThatNobodyHasSeen", errors.UpstreamError),
    ],
)
def test_what_is_permanent_a_quota_or_passing_is_told_apart(code: str, error: type[errors.DrawbridgeError]) -> None:
    assert error_for(code) is error


def test_that_a_network_s_thing_is_gone_does_not_say_that_the_request_is() -> None:
    gone = {code for code in DOCUMENTED if known_error_for(code) is errors.GoneError}

    assert gone == {code for code in DOCUMENTED if code.startswith("InvalidVpcEndpoint") and code.endswith("NotFound")}
