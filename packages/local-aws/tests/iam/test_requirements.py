"""The requirements of AWS calls: actions, resources and condition keys."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.iam.requirements import requirements
from local_aws.iam.rules import AwsCall

HERE = "us-east-1:111111111111"
SHARE = f"arn:aws:ram:{HERE}:resource-share/s"
EC2 = f"arn:aws:ec2:{HERE}"
LATTICE = f"arn:aws:vpc-lattice:{HERE}"
LINKED_ROLE = "arn:aws:iam::111111111111:role/aws-service-role/vpc-lattice.amazonaws.com/AWSServiceRoleForVpcLattice"


def needed(service: str, operation: str, params: dict[str, Any]) -> list[tuple[str, str]]:
    call = AwsCall(service, operation, params, "111111111111", "us-east-1")
    return [(each.action, each.resource) for each in requirements(call)]


@pytest.mark.parametrize(
    ("service", "operation", "params", "expected"),
    [
        pytest.param(
            "ssm",
            "PutParameter",
            {"Name": "/app/name", "Value": "x"},
            [("ssm:PutParameter", f"arn:aws:ssm:{HERE}:parameter/app/name")],
            id="a parameter's ARN has no second slash",
        ),
        pytest.param(
            "ssm",
            "PutParameter",
            {"Name": "name", "Value": "x", "Tags": [{"Key": "k", "Value": "v"}]},
            [
                ("ssm:PutParameter", f"arn:aws:ssm:{HERE}:parameter/name"),
                ("ssm:AddTagsToResource", f"arn:aws:ssm:{HERE}:parameter/name"),
            ],
            id="a parameter with tags needs leave to tag",
        ),
        pytest.param(
            "ssm",
            "GetParameters",
            {"Names": ["/a:3", f"arn:aws:ssm:{HERE}:parameter/b:label"]},
            [
                ("ssm:GetParameters", f"arn:aws:ssm:{HERE}:parameter/a"),
                ("ssm:GetParameters", f"arn:aws:ssm:{HERE}:parameter/b"),
            ],
            id="version and label are not the parameter's name",
        ),
        pytest.param(
            "ssm",
            "GetParametersByPath",
            {"Path": "/app/config/"},
            [("ssm:GetParametersByPath", f"arn:aws:ssm:{HERE}:parameter/app/config/")],
            id="a path is checked unchanged",
        ),
        pytest.param("ssm", "DescribeParameters", {}, [("ssm:DescribeParameters", "*")], id="describing is for all"),
        pytest.param(
            "ec2",
            "ModifyVpcEndpointServicePermissions",
            {"ServiceId": "vpce-svc-1", "AddAllowedPrincipals": ["*"]},
            [("ec2:ModifyVpcEndpointServicePermissions", f"{EC2}:vpc-endpoint-service/vpce-svc-1")],
            id="who may find a service is the service's",
        ),
        pytest.param(
            "ec2",
            "CreateTags",
            {"Resources": ["vpce-svc-perm-1", "vpce-svc-1"], "Tags": [{"Key": "k", "Value": "v"}]},
            [
                ("ec2:CreateTags", f"{EC2}:vpc-endpoint-service-permission/vpce-svc-perm-1"),
                ("ec2:CreateTags", f"{EC2}:vpc-endpoint-service/vpce-svc-1"),
            ],
            id="a permission of a service is tagged by itself",
        ),
        pytest.param(
            "ram",
            "AssociateResourceShare",
            {"resourceShareArn": SHARE, "principals": ["222222222222"]},
            [("ram:AssociateResourceShare", SHARE)],
            id="a share is what accounts are put into",
        ),
        pytest.param(
            "ram",
            "DisassociateResourceShare",
            {"resourceShareArn": SHARE, "principals": ["222222222222"]},
            [("ram:DisassociateResourceShare", SHARE)],
            id="a share is what accounts are taken out of",
        ),
        pytest.param(
            "ram",
            "GetResourceShareAssociations",
            {"associationType": "PRINCIPAL", "resourceShareArns": [SHARE]},
            [("ram:GetResourceShareAssociations", "*")],
            id="who is in shares is for all",
        ),
        pytest.param(
            "vpc-lattice",
            "ListResourceEndpointAssociations",
            {"resourceConfigurationIdentifier": "rcfg-1"},
            [("vpc-lattice:ListResourceEndpointAssociations", "*")],
            id="a listing of a configuration's endpoints is for all",
        ),
        pytest.param(
            "cloudformation",
            "ListStackResources",
            {"StackName": "mine"},
            [("cloudformation:ListStackResources", f"arn:aws:cloudformation:{HERE}:stack/mine/*")],
            id="a stack goes by its name",
        ),
        pytest.param(
            "dynamodb",
            "Query",
            {"TableName": "ledger", "IndexName": "by-status"},
            [("dynamodb:Query", f"arn:aws:dynamodb:{HERE}:table/ledger/index/by-status")],
            id="a query on an index needs the index",
        ),
        pytest.param(
            "dynamodb",
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"TableName": "a"}}, {"ConditionCheck": {"TableName": "b"}}]},
            [
                ("dynamodb:PutItem", f"arn:aws:dynamodb:{HERE}:table/a"),
                ("dynamodb:ConditionCheckItem", f"arn:aws:dynamodb:{HERE}:table/b"),
            ],
            id="a transaction is what is in it",
        ),
        pytest.param(
            "dynamodb",
            "BatchWriteItem",
            {"RequestItems": {"a": [], "b": []}},
            [
                ("dynamodb:BatchWriteItem", f"arn:aws:dynamodb:{HERE}:table/a"),
                ("dynamodb:BatchWriteItem", f"arn:aws:dynamodb:{HERE}:table/b"),
            ],
            id="a batch needs each table",
        ),
        pytest.param(
            "sqs",
            "SendMessageBatch",
            {"QueueUrl": "http://127.0.0.1:4566/222222222222/hints"},
            [("sqs:SendMessage", "arn:aws:sqs:us-east-1:222222222222:hints")],
            id="a batch of messages is SendMessage",
        ),
        pytest.param(
            "sns",
            "PublishBatch",
            {"TopicArn": f"arn:aws:sns:{HERE}:hints"},
            [("sns:Publish", f"arn:aws:sns:{HERE}:hints")],
            id="a batch of notifications is Publish",
        ),
        pytest.param(
            "events",
            "PutEvents",
            {"Entries": [{"EventBusName": "orders"}, {}]},
            [
                ("events:PutEvents", f"arn:aws:events:{HERE}:event-bus/orders"),
                ("events:PutEvents", f"arn:aws:events:{HERE}:event-bus/default"),
            ],
            id="each event's bus",
        ),
        pytest.param(
            "events",
            "PutRule",
            {"Name": "r", "EventBusName": "orders"},
            [("events:PutRule", f"arn:aws:events:{HERE}:rule/orders/r")],
            id="a rule bears its bus's name",
        ),
        pytest.param(
            "states",
            "StartExecution",
            {"stateMachineArn": f"arn:aws:states:{HERE}:stateMachine:onboarding:live"},
            [("states:StartExecution", f"arn:aws:states:{HERE}:stateMachine:onboarding")],
            id="a state machine's alias is no part of it",
        ),
        pytest.param("states", "SendTaskSuccess", {}, [("states:SendTaskSuccess", "*")], id="a token has no ARN"),
        pytest.param(
            "lambda",
            "Invoke",
            {"FunctionName": "decide", "Qualifier": "live"},
            [("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:decide:live")],
            id="a function's alias is part of it",
        ),
        pytest.param(
            "ram",
            "AcceptResourceShareInvitation",
            {"resourceShareInvitationArn": "arn:aws:ram:us-east-1:222222222222:resource-share-invitation/i"},
            [
                (
                    "ram:AcceptResourceShareInvitation",
                    "arn:aws:ram:us-east-1:222222222222:resource-share-invitation/i",
                )
            ],
            id="an invitation is its sender's",
        ),
        pytest.param("ram", "GetResourceShares", {}, [("ram:GetResourceShares", "*")], id="shares are read as a whole"),
        pytest.param(
            "ec2",
            "AcceptVpcEndpointConnections",
            {"ServiceId": "vpce-svc-1", "VpcEndpointIds": ["vpce-1", "vpce-2"]},
            [("ec2:AcceptVpcEndpointConnections", f"{EC2}:vpc-endpoint-service/vpce-svc-1")],
            id="accepting is on the service, not on the endpoints",
        ),
        pytest.param(
            "ec2",
            "DescribeVpcEndpointConnections",
            {},
            [("ec2:DescribeVpcEndpointConnections", "*")],
            id="describing cannot be limited",
        ),
        pytest.param(
            "ec2",
            "ModifyVpcEndpoint",
            {"VpcEndpointId": "vpce-1", "AddSubnetIds": ["subnet-1"], "RemoveSecurityGroupIds": ["sg-1"]},
            [
                ("ec2:ModifyVpcEndpoint", f"{EC2}:vpc-endpoint/vpce-1"),
                ("ec2:ModifyVpcEndpoint", f"{EC2}:security-group/sg-1"),
                ("ec2:ModifyVpcEndpoint", f"{EC2}:subnet/subnet-1"),
            ],
            id="an endpoint and what is added to it",
        ),
        pytest.param(
            "ec2",
            "CreateTags",
            {"Resources": ["vpce-svc-1", "vpce-1"], "Tags": [{"Key": "k", "Value": "v"}]},
            [
                ("ec2:CreateTags", f"{EC2}:vpc-endpoint-service/vpce-svc-1"),
                ("ec2:CreateTags", f"{EC2}:vpc-endpoint/vpce-1"),
            ],
            id="an id has its type",
        ),
        pytest.param(
            "vpc-lattice",
            "GetServiceNetworkResourceAssociation",
            {"serviceNetworkResourceAssociationIdentifier": "snra-1"},
            [
                (
                    "vpc-lattice:GetServiceNetworkResourceAssociation",
                    f"{LATTICE}:servicenetworkresourceassociation/snra-1",
                )
            ],
            id="an id becomes an ARN",
        ),
        pytest.param(
            "vpc-lattice",
            "CreateServiceNetwork",
            {"name": "n", "tags": {"k": "v"}},
            [
                ("vpc-lattice:CreateServiceNetwork", f"{LATTICE}:servicenetwork/*"),
                ("vpc-lattice:TagResource", f"{LATTICE}:servicenetwork/*"),
                ("iam:CreateServiceLinkedRole", LINKED_ROLE),
            ],
            id="what does not exist yet is a star",
        ),
        pytest.param(
            "secretsmanager",
            "GetSecretValue",
            {"SecretId": "app/absent"},
            [("secretsmanager:GetSecretValue", "app/absent")],
            id="a secret that does not exist has no ARN",
        ),
        pytest.param(
            "scheduler",
            "CreateSchedule",
            {"Name": "sweep", "Target": {"RoleArn": "arn:aws:iam::111111111111:role/r"}},
            [
                ("scheduler:CreateSchedule", f"arn:aws:scheduler:{HERE}:schedule/default/sweep"),
                ("iam:PassRole", "arn:aws:iam::111111111111:role/r"),
            ],
            id="a role is passed",
        ),
        pytest.param(
            "logs",
            "PutRetentionPolicy",
            {"logGroupName": "/aws/lambda/f"},
            [("logs:PutRetentionPolicy", f"arn:aws:logs:{HERE}:log-group:/aws/lambda/f:log-stream:")],
            id="a log group's ARN goes on",
        ),
        pytest.param(
            "route53",
            "ChangeResourceRecordSets",
            {"HostedZoneId": "Z1"},
            [("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z1")],
            id="records are their zone's",
        ),
        pytest.param(
            "route53",
            "GetHostedZone",
            {"Id": "/hostedzone/Z1"},
            [("route53:GetHostedZone", "arn:aws:route53:::hostedzone/Z1")],
            id="a zone by its long id",
        ),
        pytest.param(
            "route53",
            "GetChange",
            {"Id": "C1"},
            [("route53:GetChange", "arn:aws:route53:::change/C1")],
            id="a change of records",
        ),
        pytest.param(
            "route53",
            "ListHostedZonesByVPC",
            {"VPCId": "vpc-1", "VPCRegion": "us-east-1"},
            [("route53:ListHostedZonesByVPC", "*"), ("ec2:DescribeVpcs", "*")],
            id="zones of a VPC need DescribeVpcs",
        ),
        pytest.param(
            "route53",
            "ListHostedZonesByName",
            {"DNSName": "example.com"},
            [("route53:ListHostedZonesByName", "*")],
            id="zones are found by name among all",
        ),
        pytest.param(
            "route53",
            "ChangeTagsForResource",
            {"ResourceType": "hostedzone", "ResourceId": "Z1"},
            [("route53:ChangeTagsForResource", "arn:aws:route53:::hostedzone/Z1")],
            id="a zone's tags",
        ),
        pytest.param("xray", "PutTraceSegments", {}, [("xray:PutTraceSegments", "*")], id="a service without rules"),
        pytest.param("ec2", "Unheard", {"VpcId": "vpc-1"}, [("ec2:Unheard", "*")], id="an unknown operation"),
    ],
)
def test_a_call_needs_these_actions_on_these_resources(
    service: str, operation: str, params: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert needed(service, operation, params) == expected


CREATE_ENDPOINT = {
    "VpcEndpointType": "ServiceNetwork",
    "VpcId": "vpc-1",
    "SubnetIds": ["subnet-1"],
    "SecurityGroupIds": ["sg-1"],
    "ServiceNetworkArn": f"{LATTICE}:servicenetwork/sn-1",
    "TagSpecifications": [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "owner", "Value": "app"}]}],
}


def test_an_endpoint_needs_permission_on_all_its_resources() -> None:
    assert set(needed("ec2", "CreateVpcEndpoint", CREATE_ENDPOINT)) == {
        ("ec2:CreateVpcEndpoint", f"{EC2}:vpc-endpoint/*"),
        ("ec2:CreateVpcEndpoint", f"{EC2}:vpc/vpc-1"),
        ("ec2:CreateVpcEndpoint", f"{EC2}:subnet/subnet-1"),
        ("ec2:CreateVpcEndpoint", f"{EC2}:security-group/sg-1"),
        ("ec2:CreateTags", f"{EC2}:vpc-endpoint/*"),
        ("ec2:DescribeVpcs", "*"),
        ("ec2:DescribeSubnets", "*"),
        ("ec2:DescribeSecurityGroups", "*"),
        ("vpc-lattice:CreateServiceNetworkVpcEndpointAssociation", "*"),
        ("iam:CreateServiceLinkedRole", LINKED_ROLE),
    }


def test_a_requests_tags_count_only_for_what_is_tagged() -> None:
    call = AwsCall("ec2", "CreateVpcEndpoint", CREATE_ENDPOINT, "111111111111", "us-east-1")

    tagged = {each.kind for each in requirements(call) if "aws:requesttag/owner" in each.keys}

    assert tagged == {"vpc-endpoint"}


def test_tagging_while_creating_has_the_creating_action() -> None:
    call = AwsCall("ec2", "CreateVpcEndpoint", CREATE_ENDPOINT, "111111111111", "us-east-1")

    tagging = next(each for each in requirements(call) if each.action == "ec2:CreateTags")

    assert tagging.keys["ec2:createaction"] == ("CreateVpcEndpoint",)


def test_an_association_needs_network_interfaces_too() -> None:
    params = {
        "resourceConfigurationIdentifier": "arn:aws:vpc-lattice:us-east-1:222222222222:resourceconfiguration/rcfg-1",
        "serviceNetworkIdentifier": "sn-1",
    }

    found = needed("vpc-lattice", "CreateServiceNetworkResourceAssociation", params)

    create = "vpc-lattice:CreateServiceNetworkResourceAssociation"
    assert (create, "arn:aws:vpc-lattice:us-east-1:222222222222:resourceconfiguration/rcfg-1") in found
    assert (create, f"{LATTICE}:servicenetwork/sn-1") in found
    assert (create, f"{LATTICE}:servicenetworkresourceassociation/*") in found
    assert {resource for action, resource in found if action == "ec2:CreateNetworkInterface"} == {
        f"{EC2}:network-interface/*",
        f"{EC2}:security-group/*",
        f"{EC2}:subnet/*",
    }


@pytest.mark.parametrize(
    ("service", "operation", "params", "name", "values"),
    [
        pytest.param(
            "ram",
            "AcceptResourceShareInvitation",
            {"resourceShareInvitationArn": "arn:aws:ram:us-east-1:222222222222:resource-share-invitation/i"},
            "ram:shareowneraccountid",
            ("222222222222",),
            id="whose share it is",
        ),
        pytest.param(
            "ram",
            "AssociateResourceShare",
            {"resourceShareArn": SHARE, "principals": ["222222222222"]},
            "ram:principal",
            ("222222222222",),
            id="who is put into a share",
        ),
        pytest.param(
            "vpc-lattice",
            "ListResourceEndpointAssociations",
            {"resourceConfigurationIdentifier": "rcfg-1", "vpcEndpointId": "vpce-1"},
            "vpc-lattice:resourceconfigurationarn",
            (f"{LATTICE}:resourceconfiguration/rcfg-1",),
            id="whose endpoints are listed",
        ),
        pytest.param(
            "ssm", "PutParameter", {"Name": "n", "Overwrite": True}, "ssm:overwrite", ("true",), id="overwriting"
        ),
        pytest.param(
            "events",
            "PutEvents",
            {"Entries": [{"Source": "app", "DetailType": "Status"}]},
            "events:source",
            ("app",),
            id="an event's source",
        ),
        pytest.param(
            "sns", "Subscribe", {"TopicArn": "arn:aws:sns:::t", "Protocol": "sqs"}, "sns:protocol", ("sqs",), id="how"
        ),
        pytest.param(
            "ec2",
            "CreateVpcEndpoint",
            {"VpcId": "vpc-1", "ServiceName": "com.amazonaws.us-east-1.ssm"},
            "ec2:vpceservicename",
            ("com.amazonaws.us-east-1.ssm",),
            id="which service",
        ),
        pytest.param(
            "dynamodb",
            "PutItem",
            {"TableName": "t", "Item": {"b": {"S": "1"}, "a": {"S": "2"}}},
            "dynamodb:attributes",
            ("a", "b"),
            id="which attributes",
        ),
        pytest.param(
            "cloudwatch",
            "PutMetricData",
            {"Namespace": "App"},
            "cloudwatch:namespace",
            ("App",),
            id="which namespace",
        ),
        pytest.param(
            "route53",
            "ChangeResourceRecordSets",
            {
                "HostedZoneId": "Z1",
                "ChangeBatch": {
                    "Changes": [{"Action": "UPSERT", "ResourceRecordSet": {"Name": "*.Example.com.", "Type": "A"}}]
                },
            },
            "route53:changeresourcerecordsetsnormalizedrecordnames",
            ("\\052.example.com",),
            id="which records",
        ),
        pytest.param(
            "route53",
            "AssociateVPCWithHostedZone",
            {"HostedZoneId": "Z1", "VPC": {"VPCId": "vpc-1", "VPCRegion": "us-east-1"}},
            "route53:vpcs",
            ("VPCId=vpc-1,VPCRegion=us-east-1",),
            id="which VPC",
        ),
    ],
)
def test_a_call_has_condition_keys(
    service: str, operation: str, params: dict[str, Any], name: str, values: tuple[str, ...]
) -> None:
    call = AwsCall(service, operation, params, "111111111111", "us-east-1")

    first, *_ = requirements(call)

    assert first.keys[name] == values
