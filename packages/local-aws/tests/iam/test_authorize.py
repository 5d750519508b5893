"""The authorization of calls by roles and persons, and the messages of refusals."""

from __future__ import annotations

from typing import Any

import pytest
from moto.backends import get_backend
from moto.iam.models import AWSManagedPolicy, iam_backends
from moto.ssm.models import ssm_backends

from local_aws.functions.roles import trusts
from local_aws.iam import identities, usage
from local_aws.iam.authorize import authorize
from local_aws.services.organizations import membership
from local_aws_tests.role_calls import RoleCall, account, allow, document, make_policy, make_role, moto, unused_account

__all__ = ["account", "moto"]  # fixtures

POLICY_OF_AWS = {
    "DefaultVersionId": "v3",
    "Path": "/",
    "Document": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ssm:D*", "Resource": "*"}]},
    "CreateDate": "2015-02-06T18:40:00+00:00",
    "UpdateDate": "2015-02-06T18:40:00+00:00",
}


def parameter(account_id: str, name: str) -> str:
    return f"arn:aws:ssm:us-east-1:{account_id}:parameter/{name}"


def test_a_role_that_the_account_does_not_have_is_a_person_who_may_do_everything(account: str) -> None:
    assert authorize(RoleCall.make(account, "ssm:DeleteParameter", None, Name="/a")) is None


def test_a_role_may_do_what_its_policy_allows_on_that_resource_alone(account: str) -> None:
    make_role(account, allow("ssm:PutParameter", parameter(account, "app/*")))

    mine = authorize(RoleCall.make(account, "ssm:PutParameter", Name="/app/a"))
    other = authorize(RoleCall.make(account, "ssm:PutParameter", Name="/other/a"))

    assert mine is None
    assert other is not None
    assert (other.code, other.status) == ("AccessDeniedException", 400)
    assert other.message == (
        f"User: arn:aws:sts::{account}:assumed-role/worker/session is not authorized to perform: ssm:PutParameter "
        f"on resource: {parameter(account, 'other/a')} "
        "because no identity-based policy allows the ssm:PutParameter action"
    )


def test_an_explicit_deny_is_named_in_the_message(account: str) -> None:
    make_role(account, allow("ssm:*"), {"Effect": "Deny", "Action": "ssm:*", "Resource": parameter(account, "secret")})

    refused = authorize(RoleCall.make(account, "ssm:GetParameter", Name="secret"))

    assert refused is not None
    assert refused.message.endswith("with an explicit deny in an identity-based policy")


@pytest.mark.parametrize(
    ("operation", "code", "status", "spelled"),
    [
        ("ec2:DescribeVpcs", "UnauthorizedOperation", 403, "ec2:DescribeVpcs"),
        ("ssm:DescribeParameters", "AccessDeniedException", 400, "ssm:DescribeParameters"),
        ("dynamodb:ListTables", "AccessDeniedException", 400, "dynamodb:ListTables"),
        ("states:ListStateMachines", "AccessDeniedException", 400, "states:ListStateMachines"),
        ("vpc-lattice:ListServices", "AccessDeniedException", 403, "vpc-lattice:ListServices"),
        ("ram:GetResourceShares", "AccessDeniedException", 403, "ram:GetResourceShares"),
        ("sns:ListTopics", "AuthorizationError", 403, "SNS:ListTopics"),
        ("sqs:ListQueues", "AccessDenied", 403, "sqs:listqueues"),
        ("iam:ListRoles", "AccessDenied", 403, "iam:ListRoles"),
        ("cloudwatch:PutMetricData", "AccessDeniedException", 400, "cloudwatch:PutMetricData"),
    ],
)
def test_each_service_refuses_with_its_own_error(
    account: str, operation: str, code: str, status: int, spelled: str
) -> None:
    make_role(account)

    refused = authorize(RoleCall.make(account, operation))

    assert refused is not None
    assert (refused.code, refused.status) == (code, status)
    assert f"not authorized to perform: {spelled} on" in refused.message


def test_an_attached_policy_counts_in_its_default_version(account: str) -> None:
    make_role(account)
    arn = make_policy(account, "read", allow("ssm:GetParameter"))
    backend = iam_backends[account]["aws"]
    backend.attach_role_policy(arn, "worker")
    before = authorize(RoleCall.make(account, "ssm:GetParameter", Name="a"))

    backend.create_policy_version(arn, document(allow("ssm:PutParameter")), "true")

    assert before is None
    assert authorize(RoleCall.make(account, "ssm:GetParameter", Name="a")) is not None
    assert authorize(RoleCall.make(account, "ssm:PutParameter", Name="a")) is None


def test_a_policy_of_aws_counts_too(account: str) -> None:
    make_role(account)
    arn = "arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess"
    backend = iam_backends[account]["aws"]
    # moto loads AWS's own policies on request only.
    backend.managed_policies[arn] = AWSManagedPolicy.from_data(
        "AmazonSSMReadOnlyAccess", account, "us-east-1", POLICY_OF_AWS
    )
    backend.attach_role_policy(arn, "worker")

    refused = authorize(RoleCall.make(account, "ssm:DescribeParameters"))

    assert refused is None


@pytest.mark.parametrize(
    ("in_boundary", "reason"),
    [
        (allow("ssm:*"), None),
        (allow("dynamodb:*"), "because no permissions boundary allows the ssm:GetParameter action"),
        (
            {"Effect": "Deny", "Action": "ssm:*", "Resource": "*"},
            "with an explicit deny in a permissions boundary",
        ),
    ],
)
def test_a_boundary_has_to_allow_it_too(account: str, in_boundary: dict[str, Any], reason: str | None) -> None:
    boundary = make_policy(account, "boundary", in_boundary)
    make_role(account, allow("*"), boundary=boundary)

    refused = authorize(RoleCall.make(account, "ssm:GetParameter", Name="a"))

    assert (refused.message.split("parameter/a ")[1] if refused else None) == reason


def test_a_boundary_alone_allows_nothing(account: str) -> None:
    make_role(account, boundary=make_policy(account, "boundary", allow("*")))

    assert authorize(RoleCall.make(account, "ssm:GetParameter", Name="a")) is not None


def test_tags_of_the_resource_are_known_to_conditions(account: str) -> None:
    make_role(account, allow("ssm:DeleteParameter", "*", StringEquals={"aws:ResourceTag/owner": "app"}))
    parameters = ssm_backends[account]["us-east-1"]
    for name, owner in (("/mine", "app"), ("/theirs", "someone")):
        parameters.put_parameter(
            name, "", "x", "String", "", "", False, [{"Key": "owner", "Value": owner}], "text", None, None
        )

    mine = authorize(RoleCall.make(account, "ssm:DeleteParameter", Name="/mine"))
    theirs = authorize(RoleCall.make(account, "ssm:DeleteParameter", Name="/theirs"))
    absent = authorize(RoleCall.make(account, "ssm:DeleteParameter", Name="/absent"))

    assert mine is None
    assert theirs is not None
    assert absent is not None


def test_the_callers_own_tags_and_account_are_known_to_conditions(account: str) -> None:
    make_role(
        account,
        allow(
            "ssm:GetParameter",
            "arn:aws:ssm:*:${aws:PrincipalAccount}:parameter/${aws:PrincipalTag/team}/*",
            ArnLike={"aws:PrincipalArn": f"arn:aws:iam::{account}:role/worker"},
        ),
        tags=[{"Key": "team", "Value": "red"}],
    )

    assert authorize(RoleCall.make(account, "ssm:GetParameter", Name="/red/a")) is None
    assert authorize(RoleCall.make(account, "ssm:GetParameter", Name="/blue/a")) is not None


def test_everything_that_a_call_needs_has_to_be_allowed(account: str) -> None:
    make_role(account, allow("ec2:CreateVpcEndpoint"), allow("ec2:Describe*"))
    tags = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "k", "Value": "v"}]}]

    untagged = authorize(RoleCall.make(account, "ec2:CreateVpcEndpoint", VpcId="vpc-1"))
    tagged = authorize(RoleCall.make(account, "ec2:CreateVpcEndpoint", VpcId="vpc-1", TagSpecifications=tags))

    assert untagged is None
    assert tagged is not None
    assert "ec2:CreateTags" in tagged.message


def test_get_caller_identity_is_always_allowed(account: str) -> None:
    make_role(account, {"Effect": "Deny", "Action": "*", "Resource": "*"})

    assert authorize(RoleCall.make(account, "sts:GetCallerIdentity")) is None


def test_a_malformed_policy_is_reported_rather_than_ignored(account: str) -> None:
    make_role(account)
    identities.find_role(account, "aws", "worker").policies["broken"] = '{"Statement": [{"Effect": "Allow"}]}'  # type: ignore[union-attr]  # it was made above

    refused = authorize(RoleCall.make(account, "ssm:GetParameter", Name="a"))

    assert refused is not None
    assert refused.code == "MalformedPolicyDocument"
    assert "policy broken of worker" in refused.message


def test_a_user_is_limited_by_policies_of_its_own_and_of_its_groups(account: str) -> None:
    backend = iam_backends[account]["aws"]
    backend.create_user("us-east-1", "alice")
    backend.create_group("readers")
    backend.add_user_to_group("readers", "alice")
    backend.put_group_policy("readers", "read", document(allow("ssm:GetParameter")))
    call = RoleCall.make(account, "ssm:GetParameter", None, Name="a")
    put = RoleCall.make(account, "ssm:PutParameter", None, Name="a")
    arn = f"arn:aws:iam::{account}:user/alice"

    read, written = (authorize(RoleCall(**{**vars(each), "principal_arn": arn})) for each in (call, put))

    assert read is None
    assert written is not None


# --- assuming roles


def assume(account_id: str, role_arn: str, role_name: str | None = None, **more: Any) -> Any:
    return authorize(
        RoleCall.make(account_id, "sts:AssumeRole", role_name, RoleArn=role_arn, RoleSessionName="s", **more)
    )


def trusting(principal: Any, **condition: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, "Condition": condition}


def test_anyone_becomes_a_person_in_an_account_that_lacks_the_role(account: str) -> None:
    assert assume("123456789012", f"arn:aws:iam::{account}:role/anything") is None


def test_a_services_role_cannot_be_assumed_by_a_person(account: str) -> None:
    role = make_role(account, allow("*"))

    refused = assume(account, role)

    assert refused.code == "AccessDenied"
    assert refused.message.endswith(f"sts:AssumeRole on resource: {role}")


@pytest.mark.parametrize(
    ("same_account", "names_role", "own_policy", "allowed"),
    [
        pytest.param(True, True, False, True, id="named in its own account, it needs no policy"),
        pytest.param(True, False, False, False, id="with the account trusted, it needs one"),
        pytest.param(True, False, True, True, id="with the account trusted and a policy"),
        pytest.param(False, True, False, False, id="between accounts both sides have to agree"),
        pytest.param(False, True, True, True, id="between accounts, both agree"),
    ],
)
def test_trust_and_the_callers_policy_are_combined(
    account: str, same_account: bool, names_role: bool, own_policy: bool, allowed: bool
) -> None:
    home = account if same_account else unused_account()
    caller = make_role(home, *([allow("sts:AssumeRole")] if own_policy else []))
    principal = caller if names_role else f"arn:aws:iam::{home}:root"
    target = make_role(account, name="target", trust=trusting({"AWS": principal}))

    refused = assume(home, target, "worker")

    assert (refused is None) is allowed


def test_a_person_of_a_trusted_account_may_assume_the_role(account: str) -> None:
    target = make_role(account, name="target", trust=trusting({"AWS": "222222222222"}))

    assert assume("222222222222", target) is None
    assert assume("333333333333", target) is not None


def test_an_external_id_is_required(account: str) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "secret"}}
    target = make_role(account, name="target", trust=trusting({"AWS": "*"}, **condition))

    assert assume("222222222222", target, ExternalId="secret") is None
    assert assume("222222222222", target) is not None


def test_a_role_may_trust_an_organization(account: str) -> None:
    management, member, stranger = (unused_account() for _ in range(3))
    membership.arrange(management, {member: "workloads"}, ram_sharing=False)
    mine = membership.membership(member)
    assert mine is not None
    condition = {"StringEquals": {"aws:PrincipalOrgID": mine.organization_id}}
    target = make_role(account, name="target", trust=trusting({"AWS": "*"}, **condition))

    assert assume(member, target) is None
    assert assume(stranger, target) is not None


@pytest.mark.parametrize(
    ("condition", "trusted"),
    [
        ({"aws:SourceArn": "arn:aws:events:us-east-1:111111111111:rule/mine"}, True),
        ({"aws:SourceArn": "arn:aws:events:us-east-1:111111111111:rule/other"}, False),
        ({"aws:SourceAccount": "ACCOUNT"}, True),
        ({"aws:SourceAccount": "222222222222"}, False),
    ],
)
def test_a_service_assumes_a_role_for_the_sources_that_the_role_trusts(
    account: str, condition: dict[str, str], trusted: bool
) -> None:
    conditions = {name: account if value == "ACCOUNT" else value for name, value in condition.items()}
    role = make_role(account, trust=trusting({"Service": "events.amazonaws.com"}, StringEquals=conditions))

    result = trusts(role, "events.amazonaws.com", source_arn="arn:aws:events:us-east-1:111111111111:rule/mine")

    assert result is trusted
    assert not trusts(role, "lambda.amazonaws.com")


def test_a_session_with_tags_has_to_be_trusted_with_them(account: str) -> None:
    target = make_role(account, name="target", trust=trusting({"AWS": "222222222222"}))

    refused = assume("222222222222", target, Tags=[{"Key": "k", "Value": "v"}])

    assert "sts:TagSession" in refused.message


def test_a_roles_own_deny_applies_even_if_another_role_trusts_it(account: str) -> None:
    caller = make_role(account, {"Effect": "Deny", "Action": "sts:*", "Resource": "*"})
    target = make_role(account, name="target", trust=trusting({"AWS": caller}))

    assert assume(account, target, "worker") is not None


def test_a_role_may_only_assume_what_its_policy_allows_even_if_it_does_not_exist(account: str) -> None:
    make_role(account, allow("sts:AssumeRole", "arn:aws:iam::222222222222:role/reader"))

    assert assume(account, "arn:aws:iam::222222222222:role/reader", "worker") is None
    assert assume(account, "arn:aws:iam::222222222222:role/other", "worker") is not None


# --- least privilege


def test_usage_lists_denied_and_unused_permissions(account: str) -> None:
    role = make_role(
        account,
        allow(["ssm:GetParameter", "ssm:PutParameter"], [parameter(account, "a"), parameter(account, "b")]),
        {"Effect": "Deny", "Action": "iam:*", "Resource": "*"},
    )
    authorize(RoleCall.make(account, "ssm:GetParameter", Name="a"))
    authorize(RoleCall.make(account, "ssm:DeleteParameter", Name="a"))
    held = identities.role(account, "aws", "worker")
    assert held is not None

    seen = usage.uses(role)

    assert [(use.action, use.resource) for use in usage.denied(seen)] == [
        ("ssm:DeleteParameter", parameter(account, "a"))
    ]
    assert [(each.element, each.value) for each in usage.unused(held.statements, seen)] == [
        ("Action", "ssm:PutParameter"),
        ("Resource", parameter(account, "b")),
    ]


# --- what of moto this builds on


def test_the_attributes_of_moto_that_facts_read_exist() -> None:
    account_id = unused_account()

    parameters = get_backend("ssm")[account_id]["us-east-1"]
    functions = get_backend("lambda")[account_id]["us-east-1"]
    network = get_backend("ec2")[account_id]["us-east-1"]

    assert hasattr(parameters, "_resource_tags")
    assert hasattr(functions._lambdas, "get_arn")
    assert hasattr(network, "tags")
    assert hasattr(network, "subnets")
    assert hasattr(network, "groups")
    assert hasattr(get_backend("dynamodb")[account_id]["us-east-1"], "tables")
    assert hasattr(get_backend("sqs")[account_id]["us-east-1"], "queues")
    assert hasattr(get_backend("secretsmanager")[account_id]["us-east-1"], "secrets")
