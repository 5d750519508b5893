"""The template's roles, as data: no wider than what they are for, and each wildcard with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from drawbridge.aws.endpoint_services import MANAGED_TAG
from drawbridge.aws.offered_shares import OFFER_TAG
from drawbridge.aws.ownership import OWNER_TAG
from drawbridge.aws.withdraw_after_tags import WITHDRAW_AFTER_TAG
from local_aws.testing.deployment import cloudformation_of, parameter_values
from local_aws.testing.iam import Action, find_action
from tests.builders import REPOSITORY
from tests.workflow.definition import (
    CALLED_BY,
    RESOURCES,
    TEMPLATE,
    WORKFLOWS,
    Json,
    Workflow,
    attribute_of,
    functions,
    of_type,
    statement,
    statements,
)

NO_RESOURCE = {
    "A list of all that there is in the account, or that is shared with it; the answer is what is looked through.": {
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcEndpointAssociations",
        "ec2:DescribeVpcEndpointConnectionNotifications",
        "ec2:DescribeVpcEndpointConnections",
        "ec2:DescribeVpcEndpointServiceConfigurations",
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeVpcs",
        "ram:GetResourceShareAssociations",
        "ram:GetResourceShareInvitations",
        "ram:GetResourceShares",
        "ram:ListPrincipals",
        "ram:ListResources",
        "route53:ListHostedZones",
        "servicequotas:ListServiceQuotas",
        "vpc-lattice:ListResourceConfigurations",
        "vpc-lattice:ListResourceEndpointAssociations",
        "vpc-lattice:ListServiceNetworkResourceAssociations",
        "vpc-lattice:ListServiceNetworkServiceAssociations",
        "vpc-lattice:ListServiceNetworkVpcAssociations",
        "vpc-lattice:ListServiceNetworks",
        "vpc-lattice:ListServices",
    },
    "The only organization that there can be: the account's own.": {"organizations:DescribeOrganization"},
    "IAM knows no resource for it.": {
        "vpc-lattice:CreateServiceNetworkVpcEndpointAssociation",
        "vpc-lattice:ListTagsForResource",
    },
    "A trace belongs to no resource.": {
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    },
    "A delivery of logs is no resource; Step Functions asks for all of these before it takes a log group.": {
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
    },
}
"""Why actions are allowed on ``*``."""

PATTERNS = {
    "ec2:network-interface/*": "VPC Lattice makes them where an association needs them, in the caller's name.",
    "ec2:vpc-endpoint-service/*": "A service becomes managed by its tag, after the stack is there.",
    "ec2:vpc-endpoint-service-permission/*": "An id of AWS's; a condition on its tags holds others off.",
    "ec2:vpc-endpoint/*": "Made by Drawbridge; a condition on its tags holds others off.",
    "ec2:vpc/*": "A binding names the VPC, after the stack is there.",
    "ec2:subnet/*": "A binding names the subnets, after the stack is there.",
    "ec2:security-group/*": "A binding names the security groups, after the stack is there.",
    "iam:*:role/${OrganizationsRoleName}": "The management account is only known when it is asked for.",
    "ram:resource-share/*": "A share becomes an offer by its tag, after the stack is there.",
    "ram:*:resource-share-invitation/*": "An invitation has an id of AWS's, in the account of who shares.",
    "secretsmanager:secret:${Prefix}/slack-*": "AWS adds six characters to a secret's name.",
    "secretsmanager:secret:${Prefix}/webhook-*": "AWS adds six characters to a secret's name.",
    "states:execution:${OnboardingStateMachine.Name}:*": "Discovery names the executions, after requests and attempts.",
    "states:execution:${Prefix}-withdrawal:*": "Discovery names the executions, after requests and attempts.",
    "ssm:parameter/${Prefix}/config/bindings/*": "People name their bindings.",
    "ssm:parameter/${Prefix}/config/policies/*": "People name their policies.",
    "ssm:parameter/${Prefix}/config/budgets*": "People write the budgets that are not AWS's.",
    "ssm:parameter/${Prefix}/config/*": "People name their policies and bindings.",
    "ssm:parameter/${Prefix}/connections/*": "The names come from bindings and from shares.",
    "ssm:parameter/${Prefix}/consumers/*": "The names are accounts and endpoints.",
    "route53:hostedzone/*": "A binding names the zone; a marker record says what in it is Drawbridge's.",
    "vpc-lattice:*:resourceconfiguration/*": "A shared one has an id of AWS's, in the account of who shares.",
    "vpc-lattice:*:service/*": "A shared one has an id of AWS's, in the account of who shares.",
    "vpc-lattice:*:servicenetwork/*": "A shared one has an id of AWS's, in the account of who shares.",
    "vpc-lattice:*:servicenetworkvpcassociation/*": "With a shared network it is in the account of who shares.",
    "vpc-lattice:resourceendpointassociation/*": "An id of AWS's; whose it is is looked at right before it is deleted.",
    "vpc-lattice:servicenetwork/*": "A binding names the network, after the stack is there.",
    "vpc-lattice:servicenetworkresourceassociation/*": "An id of AWS's; a condition on its tags holds others off.",
    "vpc-lattice:servicenetworkserviceassociation/*": "An id of AWS's; a condition on its tags holds others off.",
    "vpc-lattice:servicenetworkvpcassociation/*": "An id of AWS's; a condition on its tags holds others off.",
}
"""Why resources are named by a pattern: service, account where it is not our own, and resource."""

DEPLOYED: dict[str, Json] = cloudformation_of(REPOSITORY / "template.yaml")["Resources"]
"""What SAM makes of the template."""

ROLES = of_type("AWS::IAM::Role")
WITHDRAWING = "WithdrawAttachmentFunctionRole"
every_role = pytest.mark.parametrize("role", ROLES)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def each_value(value: Any) -> Iterator[Any]:
    """Yield what a value may come to, whatever the conditions."""
    if isinstance(value, dict) and "Fn::If" in value:
        for branch in value["Fn::If"][1:]:
            yield from each_value(branch)
    elif value != {"Ref": "AWS::NoValue"}:
        yield value


def every_statement(role: str) -> list[Json]:
    return [resolved_value for each in statements(role) for resolved_value in each_value(each)]


def resources(statement: Json) -> list[Any]:
    return [resolved_value for each in listed(statement["Resource"]) for resolved_value in each_value(each)]


def text_of(resource: Any) -> str:
    """Return a resource as it is written; what names one of the stack is no pattern."""
    return resource if isinstance(resource, str) else str(resource.get("Fn::Sub", ""))


def described(action: str) -> Action:
    found = find_action(action)
    assert found is not None, f"IAM knows no action {action}"
    return found


def as_deployed(role: str, parameters: dict[str, str]) -> dict[str, Json]:
    """Return a role's statements as CloudFormation makes them of the template with these parameters, by name."""
    values = {**parameter_values(TEMPLATE, parameters), "AWS::Partition": "aws"}
    found = [resolved(each, values) for each in statements(role)]
    return {each["Sid"]: each for each in found if each is not None}


def resolved(value: Any, values: dict[str, str]) -> Any:  # noqa: PLR0911 - one for each function of CloudFormation's
    """Resolve what depends on parameters alone; what names resources stays as it is."""
    match value:
        case {"Ref": "AWS::NoValue"}:
            return None
        case {"Ref": name}:
            return values.get(name, value)
        case {"Fn::If": [condition, then, otherwise]}:
            return resolved(then if holds(TEMPLATE["Conditions"][condition], values) else otherwise, values)
        case {"Fn::Split": [delimiter, text]}:
            return resolved(text, values).split(delimiter)
        case {"Fn::Join": [delimiter, parts]}:
            return delimiter.join(resolved(parts, values))
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([\w:]+)\}", lambda found: values.get(found[1], found[0]), text)
        case dict():
            members = {name: resolved(each, values) for name, each in value.items()}
            return {name: each for name, each in members.items() if each not in (None, {})}
        case list():
            return [each for each in (resolved(each, values) for each in value) if each is not None]
    return value


def holds(condition: Json, values: dict[str, str]) -> bool:
    match condition:
        case {"Fn::Not": [inner]}:
            return not holds(inner, values)
        case {"Fn::Equals": [left, right]}:
            return bool(resolved(left, values) == resolved(right, values))
    raise AssertionError(condition)


EVERY_ACTION = sorted(
    {action for role in ROLES for statement in every_statement(role) for action in listed(statement["Action"])}
)


def test_every_role_is_written_down_in_the_template() -> None:
    """None is made by SAM, whose roles may write every log of the account."""
    deployed = {name for name, each in DEPLOYED.items() if each["Type"] == "AWS::IAM::Role"}

    assert deployed == ROLES.keys()
    assert [name for name, role in ROLES.items() if "ManagedPolicyArns" in role] == []
    kinds = {each["Type"] for each in DEPLOYED.values() if each["Type"].startswith("AWS::IAM::")}
    assert kinds == {"AWS::IAM::Role"}


@pytest.mark.parametrize("function", functions())
def test_a_function_has_a_role_of_its_own(function: str) -> None:
    role = attribute_of(functions()[function]["Role"])

    assert role == f"{function}Role"
    assert ROLES[role]["AssumeRolePolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]


@pytest.mark.parametrize("function", functions())
def test_a_function_writes_its_own_log_and_no_other(function: str) -> None:
    writing = statement(f"{function}Role", "WriteLogs")

    # No CreateLogGroup: one that Lambda makes keeps its logs for ever.
    assert sorted(writing["Action"]) == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert attribute_of(writing["Resource"]) == attribute_of(functions()[function]["LoggingConfig"]["LogGroup"])
    others = [each for each in every_statement(f"{function}Role") if each is not writing]
    assert [each["Sid"] for each in others if "logs:" in str(each["Action"])] == []


@pytest.mark.parametrize("role", ["LookRole", "OnboardingStateMachineRole", "WithdrawalStateMachineRole"])
def test_a_service_takes_a_role_for_this_account_only(role: str) -> None:
    (trust,) = ROLES[role]["AssumeRolePolicyDocument"]["Statement"]

    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


@every_role
def test_every_statement_allows_and_has_a_name_of_its_own(role: str) -> None:
    found = every_statement(role)

    assert {each["Effect"] for each in found} == {"Allow"}
    assert len({each["Sid"] for each in found}) == len(found)
    assert [each["Sid"] for each in found if each.keys() & {"NotAction", "NotResource"}] == []


@pytest.mark.parametrize("action", EVERY_ACTION)
def test_every_action_is_one_that_iam_knows_as_it_spells_it(action: str) -> None:
    assert described(action).name == action.partition(":")[2]


def test_a_role_speaks_of_everything_only_where_iam_knows_no_resource_for_the_action() -> None:
    wide = {
        action
        for role in ROLES
        for each in every_statement(role)
        if "*" in resources(each)
        for action in listed(each["Action"])
    }

    assert {action: described(action).types for action in wide if described(action).types} == {}
    assert sorted(wide) == sorted(action for actions in NO_RESOURCE.values() for action in actions)


def test_every_pattern_of_resources_has_its_reason() -> None:
    arn = re.compile(
        r"arn:\$\{AWS::Partition\}:([a-z0-9-]+):(?:\$\{AWS::Region\})?:(?:\$\{AWS::AccountId\}|([^:]*)):(.+)"
    )
    written = [text_of(each) for role in ROLES for statement in every_statement(role) for each in resources(statement)]
    # A function's versions are the function's.
    of_stack = re.compile(r"\$\{\w+Function\.Arn\}:\*")
    patterns = {each for each in written if "*" in each and each != "*" and not of_stack.fullmatch(each)}

    parts = [match.groups() for match in map(arn.fullmatch, patterns) if match]

    assert len(parts) == len(patterns)
    assert {":".join(part for part in each if part) for each in parts} == PATTERNS.keys()


@every_role
def test_every_resource_is_of_a_type_that_the_action_knows(role: str) -> None:
    def fits(resource: str, action: str) -> bool:
        kinds = [re.escape(re.sub(r"\$\{\w+\}", "{}", each.arn)) for each in described(action).types]
        plain = re.sub(r"\$\{[\w:]+\}", "given", resource)
        return any(re.fullmatch(kind.replace(r"\{\}", ".*"), plain) for kind in kinds)

    misfits = [
        (each["Sid"], action, text)
        for each in every_statement(role)
        for action in listed(each["Action"])
        for text in map(text_of, resources(each))
        if text.startswith("arn:") and not fits(text, action)
    ]

    assert misfits == []


MAPPINGS = of_type("AWS::Lambda::EventSourceMapping")


@pytest.mark.parametrize("function", sorted({attribute_of(each["FunctionName"]) for each in MAPPINGS.values()}))
def test_a_function_may_read_its_queues_and_no_others(function: str) -> None:
    role = attribute_of(functions()[function]["Role"])
    queues = [each["EventSourceArn"] for each in MAPPINGS.values() if attribute_of(each["FunctionName"]) == function]

    (reading,) = (each for each in every_statement(role) if "sqs:ReceiveMessage" in each["Action"])

    assert sorted(reading["Action"]) == ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    assert listed(reading["Resource"]) == queues


ON_SERVICES = [
    ("AcceptRequestFunctionRole", "AnswerConnections"),
    ("DiscoverRequestsFunctionRole", "AskForNotifications"),
    (WITHDRAWING, "RejectConnections"),
]
on_services = pytest.mark.parametrize(("role", "sid"), ON_SERVICES)


@on_services
def test_endpoint_services_are_touched_by_their_tag(role: str, sid: str) -> None:
    tagged = statement(role, sid)

    assert text_of(tagged["Resource"]).endswith(":vpc-endpoint-service/*")
    assert tagged["Condition"] == {"StringEqualsIgnoreCase": {f"aws:ResourceTag/{MANAGED_TAG}": "true"}}


@on_services
@pytest.mark.parametrize(
    ("managed", "ids"),
    [
        pytest.param("", None, id="none"),
        pytest.param("vpce-svc-0123456789abcdef0", ["vpce-svc-0123456789abcdef0"], id="one"),
        pytest.param(
            "vpce-svc-0123456789abcdef0,vpce-svc-11111111, vpce-svc-22222222",
            ["vpce-svc-0123456789abcdef0", "vpce-svc-11111111", "vpce-svc-22222222"],
            id="several, with and without a space",
        ),
    ],
)
def test_services_that_are_listed_are_touched_by_their_id_and_no_others(
    role: str, sid: str, managed: str, ids: list[str] | None
) -> None:
    deployed = as_deployed(role, {"ManagedServices": managed}).get(f"{sid}OfListed")

    assert (deployed and deployed["Resource"]) == (
        ids and [f"arn:*:ec2:*:*:vpc-endpoint-service/{each}" for each in ids]
    )
    assert deployed is None or listed(deployed["Action"]) == listed(statement(role, sid)["Action"])


@pytest.mark.parametrize(
    ("role", "sid", "parameters", "expected"),
    [
        pytest.param("AcceptRequestFunctionRole", "AnswerInvitations", {}, None, id="invitations of anybody"),
        pytest.param(
            "AcceptRequestFunctionRole",
            "AnswerInvitations",
            {"ShareOwners": "111111111111, 222222222222"},
            {"StringEquals": {"ram:ShareOwnerAccountId": ["111111111111", "222222222222"]}},
            id="invitations of some accounts",
        ),
        pytest.param(
            "AssociateResourceFunctionRole",
            "MakeOwnEndpoints",
            {"WidestPrivateDns": "verified"},
            {
                "StringEquals": {f"aws:RequestTag/{OWNER_TAG}": "drawbridge"},
                "StringNotLike": {"ec2:VpceServiceName": ["*amazonaws*", "aws.*"]},
                "StringEqualsIfExists": {"ec2:VpcePrivateDnsPreference": "VERIFIED_DOMAINS_ONLY"},
            },
            id="endpoints of Lattice, for verified domains",
        ),
        pytest.param(
            "AssociateResourceFunctionRole",
            "AssociateVpcs",
            {"WidestPrivateDns": "verified"},
            {
                "StringEquals": {f"aws:RequestTag/{OWNER_TAG}": "drawbridge"},
                "StringEqualsIfExists": {"vpc-lattice:PrivateDnsPreference": "VERIFIED_DOMAINS_ONLY"},
            },
            id="a network's VPC, for verified domains",
        ),
        pytest.param(
            "AssociateResourceFunctionRole",
            "AssociateVpcs",
            {},
            {"StringEquals": {f"aws:RequestTag/{OWNER_TAG}": "drawbridge"}},
            id="a network's VPC, for what the binding says",
        ),
    ],
)
def test_a_parameter_of_the_stack_limits_what_iam_allows(
    role: str, sid: str, parameters: dict[str, str], expected: Json | None
) -> None:
    assert as_deployed(role, parameters)[sid].get("Condition") == expected


@pytest.mark.parametrize(
    ("zones", "arns"),
    [
        pytest.param("", "arn:aws:route53:::hostedzone/*", id="any zone"),
        pytest.param(
            "Z111,Z222", ["arn:*:route53:::hostedzone/Z111", "arn:*:route53:::hostedzone/Z222"], id="some zones"
        ),
    ],
)
@pytest.mark.parametrize(
    ("role", "writing"), [("PublishDnsFunctionRole", "PointAliases"), (WITHDRAWING, "RemoveAliases")]
)
def test_aliases_go_to_and_from_the_zones_that_are_listed(
    zones: str, arns: str | list[str], role: str, writing: str
) -> None:
    deployed = as_deployed(role, {"AliasZones": zones})

    assert deployed[writing]["Resource"] == arns
    assert deployed["ReadAliases"]["Resource"] == arns


def test_only_records_of_an_alias_and_its_marker_are_written() -> None:
    writing = statement("PublishDnsFunctionRole", "PointAliases")["Condition"]["ForAllValues:StringEquals"]

    assert writing == {
        "route53:ChangeResourceRecordSetsActions": ["CREATE", "UPSERT", "DELETE"],
        "route53:ChangeResourceRecordSetsRecordTypes": ["A", "TXT"],
    }


@every_role
def test_what_is_put_on_the_bus_says_where_it_is_from_and_what_it_is(role: str) -> None:
    for each in every_statement(role):
        if "events:PutEvents" in listed(each["Action"]):
            condition = each["Condition"]["StringEquals"]
            assert condition["events:source"] == "drawbridge"
            assert set(listed(condition["events:detail-type"])) == EVENTS[role]


EVENTS = {
    "AcceptRequestFunctionRole": {"Request Status Changed"},
    "PublishDnsFunctionRole": {"Request Status Changed"},
    "DiscoverRequestsFunctionRole": {
        "Request Status Changed",
        "Request Reviewed",
        "Withdrawal Announced",
        "Withdrawal Cancelled",
        "Offer Status Changed",
        "Offer Withdrawal Announced",
        "Offer Withdrawal Cancelled",
    },
    "RecordOutcomeFunctionRole": {"Request Status Changed"},
    "RelayNotificationFunctionRole": {"Endpoint Connection Notification"},
}
"""What each function may say: one that relays can't claim that a request was decided."""


def test_network_interfaces_are_lattice_s_to_make_and_not_the_function_s() -> None:
    made = {
        action: each["Condition"]
        for each in every_statement("AssociateResourceFunctionRole")
        for action in listed(each["Action"])
        if ("NetworkInterface" in action and "Describe" not in action) or action == "ec2:AssignIpv6Addresses"
    }

    assert made == {
        "ec2:AssignIpv6Addresses": {"Bool": {"aws:ViaAWSService": "true"}},
        "ec2:CreateNetworkInterface": {"Bool": {"aws:ViaAWSService": "true"}},
        "ec2:CreateNetworkInterfacePermission": {
            "StringEquals": {"ec2:AuthorizedService": "vpc-lattice.amazonaws.com"}
        },
    }


def test_the_one_role_that_may_be_made_is_lattice_s_own() -> None:
    making = statement("AssociateResourceFunctionRole", "LetLatticeHaveItsRole")

    assert making["Action"] == "iam:CreateServiceLinkedRole"
    assert text_of(making["Resource"]).endswith(
        ":role/aws-service-role/vpc-lattice.amazonaws.com/AWSServiceRoleForVpcLattice"
    )
    assert making["Condition"] == {"StringEquals": {"iam:AWSServiceName": "vpc-lattice.amazonaws.com"}}


def test_a_task_of_the_workflow_is_answered_and_no_other() -> None:
    name = RESOURCES["OnboardingStateMachine"]["Properties"]["Name"]["Fn::Sub"]

    answering = {
        role: each["Resource"]
        for role in ROLES
        for each in every_statement(role)
        if "states:SendTaskSuccess" in listed(each["Action"])
    }

    # By its name where a reference would go round in a circle.
    for role in ("DecideRequestFunctionRole", "PublishDnsFunctionRole", "RequestApprovalFunctionRole"):
        assert answering.pop(role)["Fn::Sub"].endswith(f":stateMachine:{name}")
    # Of a queue's tasks those of both workflows, which it can only tell that it is their turn.
    assert {each["Ref"] for each in answering.pop("GiveTurnsFunctionRole")} == {
        "OnboardingStateMachine",
        "WithdrawalStateMachine",
    }
    assert answering.keys() == {"DiscoverRequestsFunctionRole", "ReceiveApprovalFunctionRole"}
    assert [*answering.values()] == [{"Ref": "OnboardingStateMachine"}] * 2


def test_only_endpoints_that_drawbridge_made_are_changed() -> None:
    changing = [
        each for each in every_statement("AssociateResourceFunctionRole") if "ec2:ModifyVpcEndpoint" in each["Action"]
    ]

    conditions = {
        text_of(resource).rpartition(":")[2]: each.get("Condition")
        for each in changing
        for resource in listed(each["Resource"])
    }

    assert conditions == {
        "vpc-endpoint/*": {"StringEquals": {f"aws:ResourceTag/{OWNER_TAG}": {"Ref": "Prefix"}}},
        "security-group/*": None,
        "subnet/*": None,
    }


def test_only_associations_that_drawbridge_made_are_changed_or_deleted() -> None:
    changing = [
        each
        for each in every_statement("AssociateResourceFunctionRole")
        for action in listed(each["Action"])
        if re.match("vpc-lattice:(Update|Delete)", action)
    ]

    assert len(changing) == 3
    for each in changing:
        assert each["Condition"] == {"StringEquals": {f"aws:ResourceTag/{OWNER_TAG}": {"Ref": "Prefix"}}}


def test_whatever_drawbridge_makes_in_lattice_carries_its_tag() -> None:
    making = [
        each
        for each in every_statement("AssociateResourceFunctionRole")
        for action in listed(each["Action"])
        if re.match("vpc-lattice:(Create|Tag)", action) and "*" not in resources(each)
    ]

    assert len(making) == 5
    for each in making:
        assert each["Condition"]["StringEquals"][f"aws:RequestTag/{OWNER_TAG}"] == {"Ref": "Prefix"}


def test_only_what_is_being_made_is_tagged() -> None:
    """Whoever may tag what is there makes it Drawbridge's, and may delete it then."""
    role = "AssociateResourceFunctionRole"
    made = {
        action.partition(":Create")[2]
        for each in every_statement(role)
        for action in listed(each["Action"])
        if action.startswith("vpc-lattice:Create") and "*" not in resources(each)
    }

    in_lattice = statement(role, "TagNewOnes")["Condition"]["StringEquals"]["vpc-lattice:CreateAction"]
    in_ec2 = statement(role, "TagNewEndpoints")["Condition"]["StringEquals"]["ec2:CreateAction"]

    assert {each.removeprefix("Create") for each in in_lattice} == made
    assert in_ec2 == "CreateVpcEndpoint"


def deleting(role: str) -> dict[str, Json]:
    """Return the statements by which a role deletes, by the action."""
    return {
        action: each
        for each in every_statement(role)
        for action in listed(each["Action"])
        if action.partition(":")[2].startswith("Delete") and not action.startswith("logs:")
    }


def test_only_what_carries_our_tag_is_deleted_by_withdrawal() -> None:
    found = deleting(WITHDRAWING)

    assert found.keys() == {
        "ec2:DeleteVpcEndpoints",
        "ssm:DeleteParameters",
        "vpc-lattice:DeleteServiceNetwork",
        "vpc-lattice:DeleteServiceNetworkResourceAssociation",
        "vpc-lattice:DeleteServiceNetworkServiceAssociation",
        "vpc-lattice:DeleteServiceNetworkVpcAssociation",
    }
    for action, each in found.items():
        assert each["Condition"] == {"StringEquals": {f"aws:ResourceTag/{OWNER_TAG}": {"Ref": "Prefix"}}}, action


def test_a_sweep_deletes_records_and_associations_that_no_stack_made_for_itself() -> None:
    found = deleting("DiscoverRequestsFunctionRole")

    assert {action: each.get("Condition") for action, each in found.items() if "vpc-lattice" in action} == {
        # IAM has no key that tells a consumer's from others: by the tags of it alone, which are the provider's.
        "vpc-lattice:DeleteResourceEndpointAssociation": None,
        "vpc-lattice:DeleteServiceNetworkResourceAssociation": {"Null": {f"aws:ResourceTag/{OWNER_TAG}": "true"}},
    }
    assert {each.partition(":")[0] for each in found} == {"dynamodb", "ec2", "sqs", "vpc-lattice"}


def test_each_kind_of_thing_is_deleted_by_a_statement_of_its_own() -> None:
    """A condition on what IAM gives no tags for would hold off everything; a resource of another kind, nothing."""
    patterns = {action: [*map(text_of, resources(each))] for action, each in deleting(WITHDRAWING).items()}

    kinds = {action: {each.rpartition(":")[2] for each in arns} for action, arns in patterns.items()}
    assert kinds == {
        "ec2:DeleteVpcEndpoints": {"vpc-endpoint/*"},
        "ssm:DeleteParameters": {"parameter/${Prefix}/connections/*", "parameter/${Prefix}/consumers/*"},
        "vpc-lattice:DeleteServiceNetwork": {"servicenetwork/*"},
        "vpc-lattice:DeleteServiceNetworkResourceAssociation": {"servicenetworkresourceassociation/*"},
        "vpc-lattice:DeleteServiceNetworkServiceAssociation": {"servicenetworkserviceassociation/*"},
        "vpc-lattice:DeleteServiceNetworkVpcAssociation": {"servicenetworkvpcassociation/*"},
    }


def test_withdrawal_makes_and_tags_nothing_and_rejects_connections() -> None:
    making = re.compile(r"\w[\w-]*:(Create|Put|Tag|AddTags|Modify|Update|Accept|Reject|Associate)\w*")
    others = {"dynamodb:PutItem", "logs:CreateLogStream", "logs:PutLogEvents"}
    others |= {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}

    made = {
        action
        for role in (WITHDRAWING, "PlanWithdrawalFunctionRole")
        for each in every_statement(role)
        for action in listed(each["Action"])
        if making.fullmatch(action)
    }

    assert made == others | {"ec2:RejectVpcEndpointConnections"}
    assert deleting("PlanWithdrawalFunctionRole") == {}
    assert not any("Reject" in str(each["Action"]) for each in every_statement("PlanWithdrawalFunctionRole"))


def test_a_sweep_tags_what_carries_our_tag_and_only_with_when_it_goes() -> None:
    """Without a list of keys EC2 deletes every tag, that of ownership too."""
    tagging = re.compile(r"\w[\w-]*:(\w*Tags|(Un)?[tT]agResource|AddTagsTo\w+|RemoveTagsFrom\w+)")
    found = [
        (action, each)
        for each in every_statement("DiscoverRequestsFunctionRole")
        for action in listed(each["Action"])
        if tagging.fullmatch(action) and not re.search(r":(List|Describe|Get)", action)
        if each["Sid"] != "TagOwnPermissions"
    ]

    assert {action for action, _ in found} == {
        "ec2:CreateTags",
        "ec2:DeleteTags",
        "ssm:AddTagsToResource",
        "ssm:RemoveTagsFromResource",
        "vpc-lattice:TagResource",
        "vpc-lattice:UntagResource",
    }
    for action, each in found:
        assert each["Condition"] == {
            "StringEquals": {f"aws:ResourceTag/{OWNER_TAG}": {"Ref": "Prefix"}},
            "ForAllValues:StringEquals": {"aws:TagKeys": WITHDRAW_AFTER_TAG},
            "Null": {"aws:TagKeys": "false"},
        }, action


def test_a_sweep_tags_permissions_as_ours_and_with_nothing_else_unless_they_are_another_s() -> None:
    assert statement("DiscoverRequestsFunctionRole", "TagOwnPermissions") == {
        "Sid": "TagOwnPermissions",
        "Effect": "Allow",
        "Action": "ec2:CreateTags",
        "Resource": {
            "Fn::Sub": "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:vpc-endpoint-service-permission/*"
        },
        "Condition": {
            "StringEqualsIfExists": {f"aws:ResourceTag/{OWNER_TAG}": {"Ref": "Prefix"}},
            "StringEquals": {f"aws:RequestTag/{OWNER_TAG}": {"Ref": "Prefix"}},
            "ForAllValues:StringEquals": {"aws:TagKeys": OWNER_TAG},
        },
    }


def test_a_sweep_changes_shares_that_are_offers_and_services_that_are_managed_and_no_others() -> None:
    role = "DiscoverRequestsFunctionRole"

    assert statement(role, "OfferShares")["Condition"] == {
        "Null": {f"aws:ResourceTag/{OFFER_TAG}": "false", "ram:RequestedResourceType": "true"}
    }
    assert statement(role, "OfferServices")["Condition"] == {
        "StringEqualsIgnoreCase": {f"aws:ResourceTag/{MANAGED_TAG}": "true"}
    }


def test_a_sweep_writes_no_records_of_consumers_that_were_removed() -> None:
    written = statement("DiscoverRequestsFunctionRole", "KeepOffers")["Condition"]["ForAllValues:StringLike"]

    assert written == {"dynamodb:LeadingKeys": ["vpce-svc-*", "arn:*", "left-out"]}


def test_withdrawal_only_deletes_records_of_an_alias_and_its_marker() -> None:
    removing = statement(WITHDRAWING, "RemoveAliases")["Condition"]["ForAllValues:StringEquals"]

    assert removing == {
        "route53:ChangeResourceRecordSetsActions": ["DELETE"],
        "route53:ChangeResourceRecordSetsRecordTypes": ["A", "TXT"],
    }


@pytest.mark.parametrize("role", ["DecideRequestFunctionRole", "PlanAssociationsFunctionRole"])
def test_the_organization_s_role_is_taken_in_its_account_only_where_that_is_known(role: str) -> None:
    ((asks, assuming, nothing),) = (each["Fn::If"] for each in statements(role) if "Fn::If" in each)

    administrator, its_own, any_account = assuming["Resource"]["Fn::If"]

    assert (asks, administrator) == ("AsksOrganizations", "AsksAdministrator")
    assert its_own["Fn::Sub"].endswith(":iam::${OrganizationsAccountId}:role/${OrganizationsRoleName}")
    assert any_account["Fn::Sub"].endswith(":iam::*:role/${OrganizationsRoleName}")
    assert assuming["Action"] == "sts:AssumeRole"
    assert assuming["Condition"] == {"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}}
    assert nothing == {"Ref": "AWS::NoValue"}


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_workflow_may_invoke_the_functions_that_it_names_and_no_others(workflow: Workflow) -> None:
    invoking = statement(f"{workflow.title()}StateMachineRole", "InvokeFunctions")

    assert invoking["Action"] == "lambda:InvokeFunction"
    named = {attribute_of(each) for each in CALLED_BY[workflow].values()}
    # Executions that began before there were queues go on for nine days.
    named |= {"DecideRequestFunction", "PublishDnsFunction"} if workflow == "onboarding" else set()
    versions = [{"Fn::Sub": f"${{{each}.Arn}}:*"} for each in named]
    assert sorted(map(str, invoking["Resource"])) == sorted(map(str, versions))
