"""Data of resources in the requirements of calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local_aws.iam import facts
from local_aws.iam.requirements import requirements
from local_aws.iam.rules import AwsCall, Requirement
from local_aws.moto_extension import tables
from local_aws.services.organizations import membership
from local_aws.services.privatelink import endpoint_services

REGION = "us-east-1"
ACCOUNT = "123456789012"


@pytest.fixture(autouse=True)
def moto() -> Iterator[None]:
    with mock_aws():
        yield
        tables.forget_everything()


def client(service: Any) -> Any:
    return boto3.client(
        service, region_name=REGION, aws_access_key_id="anyone", aws_secret_access_key="anyone", aws_session_token="x"
    )


def first_need(service: str, operation: str, **params: Any) -> Requirement:
    return requirements(AwsCall(service, operation, params, ACCOUNT, REGION))[0]


@pytest.fixture
def ledger() -> str:
    made = client("dynamodb").create_table(
        TableName="ledger",
        AttributeDefinitions=[
            {"AttributeName": "request_id", "AttributeType": "S"},
            {"AttributeName": "status", "AttributeType": "S"},
        ],
        KeySchema=[{"AttributeName": "request_id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-status",
                "KeySchema": [{"AttributeName": "status", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
        Tags=[{"Key": "owner", "Value": "app"}],
    )
    return str(made["TableDescription"]["TableArn"])


def test_the_partition_key_of_an_item_is_a_condition_key(ledger: str) -> None:
    need = first_need("dynamodb", "GetItem", TableName="ledger", Key={"request_id": {"S": "r-1"}})

    assert need.keys["dynamodb:leadingkeys"] == ("r-1",)


def test_the_partition_key_of_a_query_is_found_in_its_condition(ledger: str) -> None:
    need = first_need(
        "dynamodb",
        "Query",
        TableName="ledger",
        IndexName="by-status",
        KeyConditionExpression="#s = :s",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": {"S": "HELD"}},
    )

    assert need.keys["dynamodb:leadingkeys"] == ("HELD",)


def test_a_batch_has_the_partition_keys_of_all_its_items(ledger: str) -> None:
    puts = [{"PutRequest": {"Item": {"request_id": {"S": name}}}} for name in ("a", "b")]

    need = first_need("dynamodb", "BatchWriteItem", RequestItems={"ledger": puts})

    assert need.keys["dynamodb:leadingkeys"] == ("a", "b")


def test_tags_are_found_wherever_moto_keeps_them(ledger: str) -> None:
    tag = {"owner": "app"}
    listed = [{"Key": "owner", "Value": "app"}]
    client("ssm").put_parameter(Name="/app/a", Value="x", Type="String", Tags=listed)
    queue = client("sqs").create_queue(QueueName="hints", tags=tag)["QueueUrl"]
    topic = client("sns").create_topic(Name="hints", Tags=listed)["TopicArn"]
    secret = client("secretsmanager").create_secret(Name="slack", SecretString="x", Tags=listed)["ARN"]
    key = client("kms").create_key(Tags=[{"TagKey": "owner", "TagValue": "app"}])["KeyMetadata"]["Arn"]
    rule = client("events").put_rule(Name="r", EventPattern='{"source": ["a"]}', Tags=listed)["RuleArn"]
    tagged = [{"ResourceType": "vpc", "Tags": listed}]
    vpc = client("ec2").create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged)["Vpc"]["VpcId"]

    arns = [
        ledger,
        f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/app/a",
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue.rsplit('/', 1)[-1]}",
        topic,
        secret,
        key,
        rule,
        f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/{vpc}",
    ]

    assert [dict(facts.tags_of(arn)) for arn in arns] == [tag] * len(arns)


@pytest.mark.parametrize(
    "arn",
    [
        pytest.param("*", id="no ARN"),
        pytest.param(f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/*", id="what is yet to be made"),
        pytest.param(f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/absent", id="a table that does not exist"),
        pytest.param(f"arn:aws:unheard:{REGION}:{ACCOUNT}:thing/x", id="an unknown service"),
        pytest.param(f"arn:aws:ssm:nowhere-1:{ACCOUNT}:parameter/x", id="an unknown Region"),
        pytest.param("arn:aws:s3:::bucket", id="no account"),
    ],
)
def test_an_unknown_resource_has_no_tags(arn: str) -> None:
    assert not facts.tags_of(arn)


def test_a_secrets_name_becomes_its_whole_arn() -> None:
    arn = client("secretsmanager").create_secret(Name="app/token", SecretString="x")["ARN"]

    assert first_need("secretsmanager", "GetSecretValue", SecretId="app/token").resource == arn


def test_an_alias_becomes_its_key() -> None:
    kms = client("kms")
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/app", TargetKeyId=key["KeyId"])

    need = first_need("kms", "Decrypt", KeyId="alias/app")

    assert need.resource == key["Arn"]
    assert need.keys["kms:requestalias"] == ("alias/app",)


def test_an_account_of_the_organization_is_named_by_its_management_account() -> None:
    membership.arrange("999999999999", {ACCOUNT: "workloads/prod"}, ram_sharing=True)
    mine = membership.membership(ACCOUNT)
    assert mine is not None

    need = first_need("organizations", "DescribeAccount", AccountId=ACCOUNT)

    assert need.resource == f"arn:aws:organizations::999999999999:account/{mine.organization_id}/{ACCOUNT}"


def test_an_endpoint_service_names_its_owner() -> None:
    service = endpoint_services.EndpointService("vpce-svc-1", "222222222222", REGION, True, [], [], [], [])
    endpoint_services.services[service.id] = service

    need = first_need("ec2", "CreateVpcEndpoint", VpcId="vpc-1", ServiceName=service.name)

    assert need.keys["ec2:vpceserviceowner"] == ("222222222222",)
