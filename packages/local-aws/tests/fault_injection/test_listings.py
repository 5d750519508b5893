"""Listings that lie: the faults ``empty`` and ``cut``, in each protocol."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.core.utils import get_service_model

from local_aws.fault_injection import listings
from local_aws.fault_injection.faults import CallFault, faults
from local_aws.http.control_input import InvalidInputError
from local_aws.http.request_identification import models_of
from local_aws.testing.conformance import Finding
from local_aws.testing.settings import changed
from local_aws_tests.people import Person

ACCOUNT = "312000000001"


@dataclass(frozen=True)
class Listing:
    """A listing whose first page is full, and that has a second one."""

    service: str
    """As botocore names it."""
    operation: str
    """As IAM and the API name it."""
    params: dict[str, Any]
    member: str
    page: int
    tokens: tuple[str, ...]
    """The members of the answer that say that there is more."""


LISTINGS = {
    "ec2": Listing("ec2", "ec2:DescribeVpcEndpoints", {"MaxResults": 5}, "VpcEndpoints", 5, ("NextToken",)),
    "query": Listing("iam", "iam:ListRoles", {"MaxItems": 2}, "Roles", 2, ("Marker",)),
    "json": Listing("ssm", "ssm:GetParametersByPath", {"Path": "/", "MaxResults": 2}, "Parameters", 2, ("NextToken",)),
    "json, told by a map": Listing(
        "dynamodb", "dynamodb:Scan", {"TableName": "three", "Limit": 2}, "Items", 2, ("LastEvaluatedKey",)
    ),
    "json of another name": Listing(
        "stepfunctions", "states:ListActivities", {"maxResults": 2}, "activities", 2, ("nextToken",)
    ),
    "rest-json": Listing(
        "vpc-lattice", "vpc-lattice:ListServiceNetworks", {"maxResults": 2}, "items", 2, ("nextToken",)
    ),
    "rest-xml": Listing("route53", "route53:ListHostedZones", {"MaxItems": "2"}, "HostedZones", 2, ("NextMarker",)),
    "rest-xml, flattened": Listing(
        "s3", "s3:ListObjectsV2", {"Bucket": "three-objects", "MaxKeys": 2}, "Contents", 2, ("NextContinuationToken",)
    ),
}


@pytest.fixture(scope="module")
def somebody(person: Person, local_aws_unthrottled_persons: None) -> boto3.Session:
    """Return a person in an account that has three of each, and six endpoints, as a page there has five at least."""
    session = person(ACCOUNT)
    client: Any = session.client
    (vpc,) = client("ec2").describe_vpcs()["Vpcs"]
    for _ in range(6):
        client("ec2").create_vpc_endpoint(VpcId=vpc["VpcId"], ServiceName="com.amazonaws.us-east-1.s3")
    client("s3").create_bucket(Bucket="three-objects")
    client("dynamodb").create_table(
        TableName="three",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for name in ("one", "two", "three"):
        client("iam").create_role(RoleName=name, AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
        client("ssm").put_parameter(Name=f"/{name}", Value=name, Type="String")
        client("dynamodb").put_item(TableName="three", Item={"id": {"S": name}})
        client("stepfunctions").create_activity(name=name)
        client("vpc-lattice").create_service_network(name=f"network-{name}")
        client("route53").create_hosted_zone(Name=f"{name}.example.com", CallerReference=name)
        client("s3").put_object(Bucket="three-objects", Key=name, Body=b"")
    return session


@pytest.fixture(autouse=True)
def _every_page_is_full(local_aws_settings: Callable[..., None]) -> None:
    local_aws_settings(empty_pages=0.0)


def ask(somebody: boto3.Session, listing: Listing) -> dict[str, Any]:
    client: Any = somebody.client(listing.service)  # type: ignore[call-overload]  # any service
    methods = {api: method for method, api in client.meta.method_to_api_mapping.items()}
    answer: dict[str, Any] = getattr(client, methods[listing.operation.partition(":")[2]])(**listing.params)
    return answer


def lied(somebody: boto3.Session, listing: Listing, kind: Any, items: int | None = None) -> dict[str, Any]:
    fault = CallFault(listing.operation, kind, account=ACCOUNT, items=items)
    with faults.injected(fault) as injected:
        answer = ask(somebody, listing)
    assert injected.struck(fault) == 1
    return answer


def says_that_there_is_more(answer: dict[str, Any], listing: Listing) -> bool:
    return bool(answer.keys() & set(listing.tokens)) or answer.get("IsTruncated", False)


@pytest.mark.parametrize("listing", LISTINGS.values(), ids=LISTINGS)
def test_an_empty_listing_succeeds_and_has_neither_entries_nor_a_next_page(
    somebody: boto3.Session, local_aws_findings: Callable[[], list[Finding]], listing: Listing
) -> None:
    truth = ask(somebody, listing)
    found_in_the_truth = local_aws_findings()
    lie = lied(somebody, listing, "empty")

    assert (len(truth[listing.member]), says_that_there_is_more(truth, listing)) == (listing.page, True)
    assert lie["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert (lie.get(listing.member, []), says_that_there_is_more(lie, listing)) == ([], False)
    assert local_aws_findings() == found_in_the_truth


@pytest.mark.parametrize("listing", LISTINGS.values(), ids=LISTINGS)
def test_a_listing_that_is_cut_has_the_first_entries_of_its_first_page_and_no_next_one(
    somebody: boto3.Session, local_aws_findings: Callable[[], list[Finding]], listing: Listing
) -> None:
    truth = ask(somebody, listing)[listing.member]
    found_in_the_truth = local_aws_findings()

    by_itself, by_two, by_many = (lied(somebody, listing, "cut", items) for items in (None, 2, 100))

    assert [each[listing.member] for each in (by_itself, by_two, by_many)] == [truth[:1], truth[:2], truth]
    assert not any(says_that_there_is_more(each, listing) for each in (by_itself, by_two, by_many))
    assert local_aws_findings() == found_in_the_truth


def test_a_count_is_that_of_the_entries_that_are_left(somebody: boto3.Session) -> None:
    listing = LISTINGS["json, told by a map"]

    empty, cut = lied(somebody, listing, "empty"), lied(somebody, listing, "cut")

    assert [(each["Count"], each["ScannedCount"]) for each in (empty, cut)] == [(0, 0), (1, 1)]


def test_each_table_of_a_batch_is_cut_by_itself(somebody: boto3.Session) -> None:
    keys = [{"id": {"S": name}} for name in ("one", "two", "three")]
    listing = Listing("dynamodb", "dynamodb:BatchGetItem", {"RequestItems": {"three": {"Keys": keys}}}, "", 0, ())

    empty, cut = lied(somebody, listing, "empty"), lied(somebody, listing, "cut", 2)

    assert (empty["Responses"], len(cut["Responses"]["three"])) == ({"three": []}, 2)


def test_a_listing_that_is_cut_does_not_begin_with_an_empty_page(somebody: boto3.Session) -> None:
    by_path = LISTINGS["json"]

    with changed(empty_pages=1.0):
        truth, lie = ask(somebody, by_path), lied(somebody, by_path, "cut")

    assert (truth["Parameters"], len(lie["Parameters"])) == ([], 1)


def test_an_error_of_a_listing_stays_an_error(somebody: boto3.Session) -> None:
    unknown = Listing("dynamodb", "dynamodb:Scan", {"TableName": "nothing"}, "Items", 0, ())

    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        lied(somebody, unknown, "empty")


def test_a_wildcard_strikes_listings_alone_and_counts_no_other_call(somebody: boto3.Session) -> None:
    sqs: Any = somebody.client("sqs")

    with faults.injected(CallFault("sqs:*", "empty", account=ACCOUNT, skip=1, times=1)) as injected:
        sqs.create_queue(QueueName="there")
        url = sqs.get_queue_url(QueueName="there")["QueueUrl"]
        skipped, lie, truth = (sqs.list_queues().get("QueueUrls", []) for _ in range(3))

    assert injected.struck() == 1
    assert (len(skipped), lie, truth) == (1, [], [url])


def test_what_is_not_listed_is_there(somebody: boto3.Session) -> None:
    """A listing lies about what there is; asked by its name, the resource is still told."""
    ssm: Any = somebody.client("ssm")

    with faults.injected(CallFault("ssm:*", "empty", account=ACCOUNT)):
        listed = ssm.describe_parameters()["Parameters"]
        value = ssm.get_parameter(Name="/one")["Parameter"]["Value"]

    assert (listed, value) == ([], "one")


@pytest.mark.parametrize("kind", ["empty", "cut"])
@pytest.mark.parametrize(
    "operation",
    [
        pytest.param("ec2:CreateTags", id="it writes"),
        pytest.param("ec2:DeleteVpcEndpoints", id="it writes, and answers with a list"),
        pytest.param("ssm:GetParameter", id="it answers with one thing"),
        pytest.param("ec2:Delete*", id="a wildcard for what writes"),
        pytest.param("*:CreateTags", id="it writes, in any service"),
        pytest.param("ec2:DescribeNothing", id="an unknown operation"),
        pytest.param("nothing:ListThings", id="an unknown service"),
        pytest.param("sts:*", id="a service without listings"),
    ],
)
def test_what_lists_nothing_is_refused_with_the_field_and_what_to_do(kind: Any, operation: str) -> None:
    with pytest.raises(InvalidInputError) as refusal, faults.injected(CallFault(operation, kind)):
        pytest.fail("it was taken")

    assert str(refusal.value) == (
        f"calls[0].operation: {operation} lists nothing that {kind} could leave out; name an operation that reads and "
        "answers with a list, such as ec2:DescribeVpcEndpoints, or ec2:* for all of a service"
    )


@pytest.mark.parametrize(
    "operation",
    [
        "ec2:*",
        "*:*",
        "*:List*",
        "*:ListTagsForResource",
        "cloudwatch:DescribeAlarms",
        "tag:GetResources",
        "ec2:*Endpoints",
    ],
)
def test_a_plan_may_name_listings_by_wildcards_and_as_iam_does(operation: str) -> None:
    with faults.injected(CallFault(operation, "empty")):
        assert [each.operation for each in faults.calls] == [operation]


@pytest.mark.parametrize("service", ["ec2", "ram", "vpc-lattice", "ssm", "route53", "iam", "s3", "logs", "states"])
def test_every_listing_that_comes_in_pages_can_be_left_without_a_next_one(service: str) -> None:
    (name,) = models_of(service)
    operations = [get_service_model(name).operation_model(each) for each in listings._listings(service)]
    takes_token = re.compile("token|marker", re.IGNORECASE)
    paged = [each for each in operations if any(map(takes_token.search, each.input_shape.members))]

    assert paged
    for each in paged:
        members = listings._members(each)
        assert members.dropped | members.denied, each.name
