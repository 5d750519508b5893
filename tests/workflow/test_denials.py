"""Each condition in the roles lets what it is for and denies the rest, as the local AWS's IAM weighs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.aws.endpoint_services import MANAGED_TAG
from drawbridge.aws.ownership import OWNER_TAG
from local_aws.testing.accounts import Account as SomeAccount
from local_aws.testing.accounts import Accounts
from local_aws.testing.deployment import cloudformation_of, policies_of
from local_aws.testing.iam import refusal
from local_aws.testing.workflows import issue_token
from tests.builders import REPOSITORY
from tests.contracts.accounts import Account
from tests.contracts.owned_objects import owned_object
from tests.workflow.definition import RESOURCES

ACCOUNT = "111122223333"
HERE = f"us-east-1:{ACCOUNT}"
LATTICE = f"arn:aws:vpc-lattice:{HERE}"

LIMITS = {
    "AliasZones": "Z0123456789ABC, Z0123456789DEF",
    "ManagedServices": "vpce-svc-0123456789abcdef0, vpce-svc-0123456789abcdef1",
    "OrganizationsAccountId": ACCOUNT,
    "OrganizationsRoleName": "organizations",
    "ShareOwners": f"{ACCOUNT}, 444455556666",
}
DOCUMENTS: dict[str, Any] = dict(policies_of(cloudformation_of(REPOSITORY / "template.yaml"), LIMITS))
"""With every parameter that limits given, and ``-otherwise`` without."""

DISASSOCIATION = "vpc-lattice:DeleteServiceNetworkResourceAssociation"

OWNED = {OWNER_TAG: "drawbridge"}
OWNED_LIST = [{"Key": OWNER_TAG, "Value": "drawbridge"}]
ENDPOINT = {
    "VpcId": "vpc-1",
    "VpcEndpointType": "Resource",
    "ResourceConfigurationArn": f"{LATTICE}:resourceconfiguration/rcfg-1",
    "TagSpecifications": [{"ResourceType": "vpc-endpoint", "Tags": OWNED_LIST}],
}


def private_dns(preference: str) -> dict[str, Any]:
    return {**ENDPOINT, "PrivateDnsEnabled": True, "DnsOptions": {"PrivateDnsPreference": preference}}


def network_s_vpc(preference: str) -> dict[str, Any]:
    named = {"serviceNetworkIdentifier": "sn-1", "vpcIdentifier": "vpc-1", "tags": OWNED}
    return {**named, "privateDnsEnabled": True, "dnsOptions": {"privateDnsPreference": preference}}


def records(*kinds: str, zone: str = "Z0123456789ABC", action: str = "UPSERT") -> dict[str, Any]:
    sets = [{"Action": action, "ResourceRecordSet": {"Name": "orders.example.com", "Type": kind}} for kind in kinds]
    return {"HostedZoneId": zone, "ChangeBatch": {"Changes": sets}}


def event(detail_type: str, source: str = "drawbridge") -> dict[str, Any]:
    return {"Entries": [{"EventBusName": "Bus", "Source": source, "DetailType": detail_type}]}


def invitation(owner: str) -> dict[str, Any]:
    return {"resourceShareInvitationArn": f"arn:aws:ram:us-east-1:{owner}:resource-share-invitation/i"}


def approval_item(key: str) -> dict[str, Any]:
    return {"RequestItems": {"ApprovalsTable": [{"PutRequest": {"Item": {"request_id": {"S": key}}}}]}}


def forgotten_offer(target: str) -> dict[str, Any]:
    return {"TableName": "OffersTable", "Key": {"target": {"S": target}, "principal": {"S": ACCOUNT}}}


def principals(service_id: str) -> dict[str, Any]:
    return {"ServiceId": service_id, "AddAllowedPrincipals": [f"arn:aws:iam::{ACCOUNT}:root"]}


def permission(**tags: str) -> dict[str, Any]:
    tag_list = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"Resources": ["vpce-svc-perm-0123456789abcdef0"], "Tags": tag_list}


SHARED = {"resourceShareArn": f"arn:aws:ram:{HERE}:resource-share/11111111-2222-3333-4444-555555555555"}


def offers_item(target: str) -> dict[str, Any]:
    return {"TableName": "OffersTable", "Item": {"target": {"S": target}, "principal": {"S": ACCOUNT}}}


def of_consumer(**more: Any) -> dict[str, Any]:
    return {"TableName": "ConsumersTable", "Key": {"account_id": {"S": ACCOUNT}}, **more}


def reading(*attributes: str) -> dict[str, Any]:
    return of_consumer(ProjectionExpression=", ".join(attributes))


def writing(*attributes: str, **more: Any) -> dict[str, Any]:
    names = {f"#{each}": each for each in attributes}
    sets = ", ".join(f"#{each} = :v" for each in attributes)
    return of_consumer(UpdateExpression=f"SET {sets}", ExpressionAttributeNames=names, **more)


def budget(item: str = "budget", **more: Any) -> dict[str, Any]:
    return {"TableName": "AttemptsTable", "Key": {"attempt": {"S": item}, "item": {"S": "x"}}, **more}


ALLOWED = [
    pytest.param("GiveTurns", "dynamodb:UpdateItem", budget(UpdateExpression="SET a = :a"), id="a slot is reserved"),
    pytest.param("GiveTurns", "dynamodb:GetItem", budget(), id="a budget is read"),
    pytest.param("GiveTurns", "ssm:GetParametersByPath", {"Path": "/drawbridge/config/budgets/"}, id="budgets"),
    pytest.param("RegisterConsumer", "dynamodb:PutItem", offers_item("removed-consumers"), id="that one is removed"),
    pytest.param(
        "DiscoverRequests",
        "ec2:ModifyVpcEndpointServicePermissions",
        principals("vpce-svc-0123456789abcdef1"),
        id="a service that is listed is offered",
    ),
    pytest.param("DiscoverRequests", "ec2:CreateTags", permission(**OWNED), id="a permission is tagged as ours"),
    pytest.param("DiscoverRequests", "dynamodb:PutItem", offers_item("vpce-svc-0123456789abcdef1"), id="an offer"),
    pytest.param(
        "DiscoverRequests",
        "dynamodb:PutItem",
        offers_item(SHARED["resourceShareArn"]),
        id="an offer of a share",
    ),
    pytest.param(
        "DiscoverRequests",
        "dynamodb:DeleteItem",
        forgotten_offer(SHARED["resourceShareArn"]),
        id="an offer that was taken back",
    ),
    pytest.param(
        "DiscoverRequests",
        "vpc-lattice:DeleteResourceEndpointAssociation",
        {"resourceEndpointAssociationIdentifier": "rea-0123456789abcdef0"},
        id="a consumer's endpoint that is disassociated",
    ),
    pytest.param("ReceiveProof", "dynamodb:GetItem", reading("challenge"), id="the challenge of an entry"),
    pytest.param(
        "ReceiveProof",
        "dynamodb:UpdateItem",
        writing("proved_at", "proved_by", "challenge", ReturnValues="NONE"),
        id="what was proved",
    ),
    pytest.param(
        "DiscoverRequests", "dynamodb:BatchWriteItem", approval_item("sweep/scheduled"), id="the record of a sweep"
    ),
    pytest.param("AssociateResource", "vpc-lattice:CreateServiceNetwork", {"name": "n", "tags": OWNED}, id="a network"),
    pytest.param("AssociateResource", "ec2:CreateVpcEndpoint", ENDPOINT, id="an endpoint of Lattice"),
    pytest.param(
        "AssociateResource", "ec2:CreateVpcEndpoint", private_dns("VERIFIED_DOMAINS_ONLY"), id="verified names"
    ),
    pytest.param(
        "AssociateResource-otherwise",
        "ec2:CreateVpcEndpoint",
        private_dns("ALL_DOMAINS"),
        id="any name, unless limited",
    ),
    pytest.param(
        "AssociateResource",
        "vpc-lattice:CreateServiceNetworkResourceAssociation",
        {"serviceNetworkIdentifier": "sn-1", "resourceConfigurationIdentifier": "rcfg-1", "tags": OWNED},
        id="an association, with all that Lattice does for it",
    ),
    pytest.param(
        "AssociateResource",
        "vpc-lattice:CreateServiceNetworkVpcAssociation",
        network_s_vpc("VERIFIED_DOMAINS_ONLY"),
        id="a network's VPC, for verified names",
    ),
    pytest.param(
        "AcceptRequest",
        "ec2:AcceptVpcEndpointConnections",
        {"ServiceId": "vpce-svc-0123456789abcdef1"},
        id="a service that is listed",
    ),
    pytest.param(
        "AcceptRequest", "ram:AcceptResourceShareInvitation", invitation("444455556666"), id="a sender listed"
    ),
    pytest.param(
        "AcceptRequest-otherwise", "ram:AcceptResourceShareInvitation", invitation("999999999999"), id="any sender"
    ),
    pytest.param("PublishDns", "route53:ChangeResourceRecordSets", records("A", "TXT"), id="an alias and its marker"),
    pytest.param(
        "PublishDns-otherwise",
        "route53:ChangeResourceRecordSets",
        records("A", zone="Z9"),
        id="any zone, unless listed",
    ),
    pytest.param(
        "PublishDns",
        "ssm:PutParameter",
        {"Name": "/drawbridge/connections/a/dns-name", "Tags": OWNED_LIST},
        id="a new parameter, tagged",
    ),
    pytest.param(
        "PublishDns",
        "ssm:PutParameter",
        {"Name": "/drawbridge/connections/ours", "Overwrite": True},
        id="a parameter of ours",
    ),
    pytest.param(
        "PublishDns", "ssm:DeleteParameters", {"Names": ["/drawbridge/connections/ours"]}, id="taking ours back"
    ),
    pytest.param(
        "WithdrawAttachment", "ssm:DeleteParameters", {"Names": ["/drawbridge/connections/ours"]}, id="taking ours down"
    ),
    pytest.param(
        "WithdrawAttachment",
        "route53:ChangeResourceRecordSets",
        records("A", "TXT", action="DELETE"),
        id="an alias gone",
    ),
    pytest.param(
        "RelayNotification", "events:PutEvents", event("Endpoint Connection Notification"), id="a notification"
    ),
    *(
        pytest.param("DiscoverRequests", "events:PutEvents", event(each), id=each)
        for each in ("Offer Status Changed", "Offer Withdrawal Announced", "Offer Withdrawal Cancelled")
    ),
    pytest.param(
        "TellConsumers",
        "dynamodb:GetItem",
        forgotten_offer(SHARED["resourceShareArn"]),
        id="what is on record of a share",
    ),
]
DENIED = [
    pytest.param("GiveTurns", "dynamodb:GetItem", budget("share-1-1"), id="a plan, by who gives turns"),
    pytest.param(
        "GiveTurns", "dynamodb:UpdateItem", budget("share-1-1", UpdateExpression="SET a = :a"), id="a plan, changed"
    ),
    pytest.param("GiveTurns", "ssm:GetParametersByPath", {"Path": "/drawbridge/config/policies/"}, id="policies"),
    pytest.param("GiveTurns", "ec2:CreateVpcEndpoint", ENDPOINT, id="an endpoint, by who gives turns"),
    pytest.param(
        "TellConsumers",
        "dynamodb:GetItem",
        forgotten_offer("removed-consumers"),
        id="that one is removed, by who tells",
    ),
    pytest.param("RecordOutcome", "events:PutEvents", event("Offer Status Changed"), id="an offer, by who records"),
    pytest.param("RegisterConsumer", "dynamodb:PutItem", offers_item("vpce-svc-1"), id="an offer, by who registers"),
    pytest.param(
        "RegisterConsumer", "dynamodb:PutItem", {"TableName": "ConsumersTable", "Item": {}}, id="an entry, put whole"
    ),
    pytest.param(
        "RegisterConsumer",
        "ec2:ModifyVpcEndpointServicePermissions",
        {"ServiceId": "vpce-svc-0123456789abcdef1"},
        id="a permission, by who registers",
    ),
    pytest.param("ReceiveProof", "dynamodb:GetItem", of_consumer(), id="a whole entry"),
    pytest.param("ReceiveProof", "dynamodb:GetItem", reading("challenge", "notes"), id="another field of an entry"),
    pytest.param("ReceiveProof", "dynamodb:UpdateItem", writing("proved_at", "services"), id="an entry's services"),
    pytest.param(
        "ReceiveProof", "dynamodb:UpdateItem", writing("challenge", ReturnValues="ALL_NEW"), id="an entry by its update"
    ),
    pytest.param(
        "AssociateResource",
        "vpc-lattice:TagResource",
        {"resourceArn": f"{LATTICE}:servicenetworkresourceassociation/snra-1", "tags": OWNED},
        id="tagging what is there as ours",
    ),
    pytest.param(
        "WithdrawAttachment",
        "vpc-lattice:DeleteResourceEndpointAssociation",
        {"resourceEndpointAssociationIdentifier": "rea-0123456789abcdef0"},
        id="a consumer's endpoint, by who takes our own down",
    ),
    pytest.param(
        "DiscoverRequests",
        "vpc-lattice:DeleteServiceNetworkVpcAssociation",
        {"serviceNetworkVpcAssociationIdentifier": "snva-0123456789abcdef0"},
        id="a VPC of a shared network",
    ),
    pytest.param(
        "DiscoverRequests",
        "vpc-lattice:DeleteResourceConfiguration",
        {"resourceConfigurationIdentifier": "rcfg-0123456789abcdef0"},
        id="what is shared itself",
    ),
    pytest.param(
        "AssociateResource", "vpc-lattice:CreateServiceNetwork", {"name": "n"}, id="a network without our tag"
    ),
    pytest.param(
        "AssociateResource", "ec2:CreateTags", {"Resources": ["vpce-1"], "Tags": OWNED_LIST}, id="tagging an endpoint"
    ),
    pytest.param(
        "AssociateResource", "ec2:CreateNetworkInterface", {"SubnetId": "subnet-1"}, id="an interface of its own"
    ),
    pytest.param(
        "AssociateResource",
        "ec2:CreateNetworkInterfacePermission",
        {"NetworkInterfaceId": "eni-1", "AwsAccountId": "999999999999"},
        id="an interface given to an account",
    ),
    pytest.param(
        "AssociateResource",
        "ec2:CreateNetworkInterfacePermission",
        {"NetworkInterfaceId": "eni-1", "AwsService": "ec2.amazonaws.com"},
        id="an interface given to another service",
    ),
    pytest.param(
        "AssociateResource",
        "route53:AssociateVPCWithHostedZone",
        {"HostedZoneId": "Z1", "VPC": {"VPCId": "vpc-1", "VPCRegion": "us-east-1"}},
        id="a zone of its own choice",
    ),
    pytest.param(
        "AssociateResource",
        "iam:CreateServiceLinkedRole",
        {"AWSServiceName": "ecs.amazonaws.com"},
        id="another service's role",
    ),
    pytest.param(
        "AssociateResource",
        "ec2:CreateVpcEndpoint",
        {**ENDPOINT, "VpcEndpointType": "Interface", "ServiceName": "com.amazonaws.vpce.us-east-1.vpce-svc-1"},
        id="an endpoint to somebody's service",
    ),
    pytest.param(
        "AssociateResource", "ec2:CreateVpcEndpoint", private_dns("ALL_DOMAINS"), id="any name where only verified go"
    ),
    pytest.param(
        "AssociateResource",
        "vpc-lattice:CreateServiceNetworkVpcAssociation",
        network_s_vpc("ALL_DOMAINS"),
        id="any name in a network where only verified go",
    ),
    pytest.param(
        "AcceptRequest",
        "ec2:AcceptVpcEndpointConnections",
        {"ServiceId": "vpce-svc-fedcba9876543210f"},
        id="a service that is neither tagged nor listed",
    ),
    pytest.param(
        "AcceptRequest-otherwise",
        "ec2:RejectVpcEndpointConnections",
        {"ServiceId": "vpce-svc-0123456789abcdef1"},
        id="a service that is not tagged, where none is listed",
    ),
    pytest.param(
        "DiscoverRequests",
        "ec2:CreateVpcEndpointConnectionNotification",
        {"ServiceId": "vpce-svc-fedcba9876543210f"},
        id="a notification of a service that is not managed",
    ),
    pytest.param(
        "DiscoverRequests",
        "ec2:ModifyVpcEndpointServicePermissions",
        principals("vpce-svc-fedcba9876543210f"),
        id="offering a service that is neither tagged nor listed",
    ),
    pytest.param(
        "DiscoverRequests",
        "ec2:CreateTags",
        permission(**{OWNER_TAG: "another"}),
        id="a permission tagged as somebody else's",
    ),
    pytest.param("DiscoverRequests", "ec2:CreateTags", permission(**OWNED, Name="ours"), id="another tag beside ours"),
    pytest.param("DiscoverRequests", "ram:AssociateResourceShare", SHARED, id="a share that is no offer"),
    pytest.param("DiscoverRequests", "ram:DisassociateResourceShare", SHARED, id="out of a share that is no offer"),
    pytest.param(
        "DiscoverRequests",
        "dynamodb:PutItem",
        offers_item("removed-consumers"),
        id="saying which consumers were removed",
    ),
    pytest.param(
        "DiscoverRequests",
        "dynamodb:DeleteItem",
        forgotten_offer("removed-consumers"),
        id="forgetting that a consumer was removed",
    ),
    pytest.param(
        "DiscoverRequests",
        "dynamodb:BatchWriteItem",
        approval_item("share-a"),
        id="an answer in the name of an approver",
    ),
    pytest.param("AcceptRequest", "ram:AcceptResourceShareInvitation", invitation("999999999999"), id="another sender"),
    pytest.param("PublishDns", "route53:ChangeResourceRecordSets", records("A", "NS"), id="a record of another type"),
    pytest.param("PublishDns", "route53:ChangeResourceRecordSets", records("A", zone="Z9"), id="another zone"),
    pytest.param(
        "PublishDns", "ssm:PutParameter", {"Name": "/drawbridge/connections/a"}, id="a parameter without our tag"
    ),
    pytest.param(
        "PublishDns",
        "ssm:PutParameter",
        {"Name": "/drawbridge/connections/theirs", "Overwrite": True},
        id="a parameter that is not ours",
    ),
    pytest.param(
        "PublishDns", "ssm:DeleteParameters", {"Names": ["/drawbridge/connections/theirs"]}, id="deleting theirs"
    ),
    pytest.param("PublishDns", "ssm:PutParameter", {"Name": "/drawbridge/config/policies/p"}, id="a policy"),
    pytest.param(
        "WithdrawAttachment",
        "ssm:DeleteParameters",
        {"Names": ["/drawbridge/connections/theirs"]},
        id="taking theirs down",
    ),
    pytest.param(
        "WithdrawAttachment",
        "ssm:DeleteParameters",
        {"Names": ["/drawbridge/config/policies/p"]},
        id="lifting a policy",
    ),
    pytest.param("WithdrawAttachment", "route53:ChangeResourceRecordSets", records("A"), id="writing an alias"),
    pytest.param(
        "WithdrawAttachment",
        "route53:ChangeResourceRecordSets",
        records("NS", action="DELETE"),
        id="deleting a record of another type",
    ),
    pytest.param(
        "WithdrawAttachment",
        "route53:ChangeResourceRecordSets",
        records("A", zone="Z9", action="DELETE"),
        id="deleting from another zone",
    ),
    pytest.param(
        "WithdrawAttachment",
        "vpc-lattice:TagResource",
        {"resourceArn": f"{LATTICE}:servicenetwork/sn-1", "tags": OWNED},
        id="tagging what it would delete",
    ),
    pytest.param("PlanWithdrawal", "ec2:DeleteVpcEndpoints", {"VpcEndpointIds": ["vpce-1"]}, id="deleting by planning"),
    pytest.param(
        "RelayNotification", "events:PutEvents", event("Request Status Changed"), id="a status, by who relays"
    ),
    pytest.param(
        "RecordOutcome", "events:PutEvents", event("Request Status Changed", "somebody"), id="another's event"
    ),
    pytest.param("RelayNotification", "events:PutEvents", event("Consumer Registered"), id="a consumer, by who relays"),
]


TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture(scope="module", autouse=True)
def _account(local_aws_accounts: Accounts, local_aws_unthrottled_persons: None) -> None:
    """Have the functions' roles in an account, and parameters there."""
    somebody = local_aws_accounts.person(ACCOUNT)
    ssm = somebody.client("ssm")
    for name in DOCUMENTS:
        if "FunctionRole" in name:
            with_role(somebody, name)
    for name, tags in (("ours", OWNED_LIST), ("theirs", [])):
        ssm.put_parameter(Name=f"/drawbridge/connections/{name}", Type="String", Value="x", Tags=tags)
    # By the table's key IAM knows which item a call is about.
    for table in ("ApprovalsTable", "AttemptsTable", "OffersTable"):
        of_template = RESOURCES[table]["Properties"]
        desired = {name: of_template[name] for name in ("AttributeDefinitions", "KeySchema", "BillingMode")}
        somebody.client("dynamodb").create_table(TableName=table, **desired)


def with_role(somebody: SomeAccount, name: str) -> None:
    """Give the account a role of the template's."""
    iam = somebody.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    document = json.dumps(DOCUMENTS[name]).replace(ACCOUNT, somebody.account_id)
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)


def refused(function: str, name: str, params: dict[str, Any]) -> str | None:
    """Return why a function's role may not make a call; None if it may."""
    stem, dash, otherwise = function.partition("-")
    return refusal(ACCOUNT, f"{stem}FunctionRole{dash}{otherwise}", name, params)


@pytest.mark.parametrize(("function", "name", "params"), ALLOWED)
def test_a_function_may_do_what_it_is_for(function: str, name: str, params: dict[str, Any]) -> None:
    denied = refused(function, name, params)

    assert denied is None, denied


@pytest.mark.parametrize(("function", "name", "params"), DENIED)
def test_a_function_may_not_do_more(function: str, name: str, params: dict[str, Any]) -> None:
    denied = refused(function, name, params)

    assert denied is not None
    assert name.lower() in denied.lower()


DELETIONS: dict[str, tuple[OwnedKind, Callable[[OwnedObject], dict[str, Any]]]] = {
    "ec2:DeleteVpcEndpoints": (OwnedKind.NETWORK_ENDPOINT, lambda made: {"VpcEndpointIds": [made.id]}),
    "vpc-lattice:DeleteServiceNetwork": (
        OwnedKind.SERVICE_NETWORK,
        lambda made: {"serviceNetworkIdentifier": made.arn},
    ),
    "vpc-lattice:DeleteServiceNetworkResourceAssociation": (
        OwnedKind.RESOURCE_ASSOCIATION,
        lambda made: {"serviceNetworkResourceAssociationIdentifier": made.id},
    ),
    "vpc-lattice:DeleteServiceNetworkVpcAssociation": (
        OwnedKind.VPC_ASSOCIATION,
        lambda made: {"serviceNetworkVpcAssociationIdentifier": made.id},
    ),
}


@pytest.mark.parametrize(
    ("tags", "allowed"), [(OWNED, True), ({OWNER_TAG: "another"}, False), ({"Owner": "drawbridge"}, False), ({}, False)]
)
@pytest.mark.parametrize("name", DELETIONS)
def test_withdrawal_deletes_what_carries_our_tag_and_nothing_else(
    local_aws_accounts: Accounts, name: str, tags: dict[str, str], *, allowed: bool
) -> None:
    kind, params = DELETIONS[name]
    person = local_aws_accounts.new_person()
    account_id, somebody = person.account_id, Account(person.account_id, person.url)
    made = owned_object(somebody, kind, tags)
    with_role(somebody, "WithdrawAttachmentFunctionRole")

    denied = refusal(account_id, "WithdrawAttachmentFunctionRole", name, params(made))

    assert (denied is None) is allowed, denied


@pytest.mark.parametrize("name", ["ram:AssociateResourceShare", "ram:DisassociateResourceShare"])
def test_accounts_are_put_into_a_share_that_is_an_offer_and_taken_out_and_nothing_else_is(
    local_aws_accounts: Accounts, name: str
) -> None:
    person = local_aws_accounts.new_person()
    tags = [{"key": "drawbridge:offer", "value": "gold"}]
    share = person.client("ram").create_resource_share(name="gold", tags=tags)["resourceShare"]["resourceShareArn"]
    with_role(person, "DiscoverRequestsFunctionRole")
    accounts = {"principals": ["444455556666", "777788889999"]}
    database = {"resourceArns": [f"{LATTICE}:resourceconfiguration/rcfg-0123456789abcdef0"]}

    def denied(what: dict[str, Any]) -> str | None:
        return refusal(person.account_id, "DiscoverRequestsFunctionRole", name, {"resourceShareArn": share} | what)

    assert denied(accounts) is None
    assert denied(database) is not None
    assert denied(accounts | database) is not None


@pytest.mark.parametrize(("tags", "allowed"), [({}, True), ({"Owner": "drawbridge"}, True), (OWNED, False)])
def test_a_sweep_disassociates_networks_unless_a_stack_of_the_account_made_them(
    local_aws_accounts: Accounts, tags: dict[str, str], *, allowed: bool
) -> None:
    person = local_aws_accounts.new_person()
    somebody = Account(person.account_id, person.url)
    made = owned_object(somebody, OwnedKind.RESOURCE_ASSOCIATION, tags)
    with_role(somebody, "DiscoverRequestsFunctionRole")

    params = {"serviceNetworkResourceAssociationIdentifier": made.id}
    denied = refusal(person.account_id, "DiscoverRequestsFunctionRole", DISASSOCIATION, params)

    assert (denied is None) is allowed, denied


@pytest.mark.parametrize("function", ["DiscoverRequests", "RequestApproval", "ReceiveApproval"])
@pytest.mark.parametrize(("machine", "allowed"), [("ours", True), ("another", False)])
def test_a_task_of_another_workflow_is_not_answered(function: str, machine: str, *, allowed: bool) -> None:
    name = {"RequestApproval": "drawbridge-onboarding"}.get(function, "OnboardingStateMachine")
    arn = f"arn:aws:states:{HERE}:stateMachine:{name if machine == 'ours' else machine}"
    token = issue_token(ACCOUNT, arn)

    denied = refused(function, "states:SendTaskSuccess", {"taskToken": token, "output": "{}"})

    assert (denied is None) is allowed


def test_whoever_hears_slack_can_accept_nothing() -> None:
    for name, params in (
        ("ram:AcceptResourceShareInvitation", invitation("444455556666")),
        ("ec2:AcceptVpcEndpointConnections", {"ServiceId": "vpce-svc-0123456789abcdef1"}),
        ("dynamodb:UpdateItem", {"TableName": "LedgerTable"}),
        ("ssm:PutParameter", {"Name": "/drawbridge/config/approvers"}),
    ):
        assert refused("ReceiveApproval", name, params) is not None, name


def test_whoever_hears_consumers_can_accept_nothing_and_register_nobody() -> None:
    for name, params in (
        ("ram:AcceptResourceShareInvitation", invitation("444455556666")),
        ("ec2:AcceptVpcEndpointConnections", {"ServiceId": "vpce-svc-0123456789abcdef1"}),
        ("ec2:ModifyVpcEndpointServicePermissions", {"ServiceId": "vpce-svc-0123456789abcdef1"}),
        ("dynamodb:PutItem", {"TableName": "ConsumersTable", "Item": {"account_id": {"S": ACCOUNT}}}),
        ("dynamodb:DeleteItem", of_consumer()),
        ("dynamodb:Scan", {"TableName": "ConsumersTable"}),
        ("dynamodb:GetItem", {"TableName": "LedgerTable", "Key": {"request_id": {"S": "x"}}}),
        ("ssm:PutParameter", {"Name": "/drawbridge/config/approvers"}),
    ):
        assert refused("ReceiveProof", name, params) is not None, name


def test_the_tag_of_a_managed_service_is_what_the_product_looks_for() -> None:
    assert MANAGED_TAG == "drawbridge:managed"
