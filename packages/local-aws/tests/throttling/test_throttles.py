from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.http.answers import throttled
from local_aws.http.request_identification import IdentifiedCall
from local_aws.throttling.limits import Limit, limit_of
from local_aws.throttling.throttles import CLOUDFORMATION, Throttles


def _call(
    operation: str, account_id: str = "111111111111", role_name: str | None = "accept", region: str = "us-east-1"
) -> IdentifiedCall:
    service, _, name = operation.partition(":")
    return IdentifiedCall(
        account_id=account_id,
        region=region,
        service=service,
        operation=name,
        principal_arn=f"arn:aws:sts::{account_id}:assumed-role/accept/session",
        role_arn=f"arn:aws:iam::{account_id}:role/{role_name or 'person'}",
        role_name=role_name,
        model=service,
        protocol="ec2",
        parse=dict,
    )


_ACCEPT = "ec2:AcceptVpcEndpointConnections"


def test_a_burst_of_ten_accepts_is_admitted_and_the_eleventh_is_not() -> None:
    throttles = Throttles(now=lambda: 0.0)

    admitted = [throttles.admit(_call(_ACCEPT)) for _ in range(11)]

    assert admitted == [True] * 10 + [False]


def test_one_accept_a_second_is_admitted_after_the_burst() -> None:
    time = 0.0
    throttles = Throttles(now=lambda: time)
    for _ in range(10):
        throttles.admit(_call(_ACCEPT))

    time = 1.0
    admitted = [throttles.admit(_call(_ACCEPT)) for _ in range(2)]

    assert admitted == [True, False]


def test_accounts_have_buckets_of_their_own() -> None:
    throttles = Throttles(now=lambda: 0.0)
    for _ in range(10):
        throttles.admit(_call(_ACCEPT))

    assert throttles.admit(_call(_ACCEPT, account_id="222222222222"))


def test_parameter_store_counts_its_writes_and_slow_reads_together() -> None:
    throttles = Throttles(now=lambda: 0.0)

    admitted = [throttles.admit(_call(f"ssm:{name}")) for name in ("PutParameter", "DescribeParameters") * 2]

    assert admitted == [True, True, True, False]


def test_a_person_is_throttled_with_the_roles_of_the_account() -> None:
    throttles = Throttles(now=lambda: 0.0)
    for _ in range(10):
        throttles.admit(_call(_ACCEPT))

    assert not throttles.admit(_call(_ACCEPT, role_name=None))


def test_persons_can_be_exempted() -> None:
    throttles = Throttles(now=lambda: 0.0)
    throttles.persons = False

    by_persons = [throttles.admit(_call(_ACCEPT, role_name=None)) for _ in range(100)]
    by_roles = [throttles.admit(_call(_ACCEPT)) for _ in range(11)]

    assert all(by_persons)
    assert by_roles[-1] is False


def test_the_deployment_of_a_stack_is_not_throttled() -> None:
    throttles = Throttles(now=lambda: 0.0)
    by_cloudformation = replace(
        _call(_ACCEPT, role_name=None), role_arn=f"arn:aws:iam::111111111111:role/{CLOUDFORMATION}"
    )

    assert all(throttles.admit(by_cloudformation) for _ in range(100))


def test_throttles_can_be_switched_off() -> None:
    throttles = Throttles(now=lambda: 0.0)
    throttles.enabled = False

    assert all(throttles.admit(_call(_ACCEPT)) for _ in range(100))


def test_regions_have_buckets_of_their_own_unless_the_service_is_global() -> None:
    throttles = Throttles(now=lambda: 0.0)

    ec2 = [
        throttles.admit(_call("ec2:CreateVpcEndpoint", region=region)) for region in ["eu-west-1"] * 5 + ["us-west-2"]
    ]
    organizations = [
        throttles.admit(_call("organizations:ListParents", region=region))
        for region in ["eu-west-1"] * 11 + ["us-west-2"]
    ]

    assert ec2[-2:] == [False, True]
    assert organizations[-2:] == [False, False]


@pytest.mark.parametrize(
    ("operation", "region", "size", "refill"),
    [
        ("ec2:AcceptVpcEndpointConnections", "us-east-1", 10, 1),
        ("ec2:RejectVpcEndpointConnections", "us-east-1", 10, 1),
        ("ec2:CreateVpcEndpoint", "us-east-1", 4, 0.3),
        ("ec2:DescribeVpcEndpointConnections", "us-east-1", 100, 20),
        ("ssm:PutParameter", "us-east-1", 3, 3),
        ("ssm:GetParameter", "us-east-1", 40, 40),
        ("states:StartExecution", "us-east-1", 1300, 300),
        ("states:StartExecution", "eu-central-1", 800, 150),
        ("states:SendTaskSuccess", "eu-central-1", 1500, 300),
        ("events:PutEvents", "us-east-1", 10_000, 10_000),
        ("events:PutEvents", "me-south-1", 400, 400),
        ("route53:ListResourceRecordSets", "us-east-1", 5, 5),
        ("sts:AssumeRole", "us-east-1", 600, 600),
    ],
)
def test_the_throttles_are_those_that_aws_publishes(operation: str, region: str, size: float, refill: float) -> None:
    """Trap 20: PutParameter has 3 a second."""
    limit = limit_of(operation, region)

    assert limit is not None
    assert (limit.size, limit.refill) == (size, refill)


@pytest.mark.parametrize(
    "operation",
    [
        "ram:AcceptResourceShareInvitation",
        "vpc-lattice:CreateServiceNetworkResourceAssociation",
        "organizations:ListParents",
    ],
)
def test_an_operation_with_an_unpublished_throttle_is_throttled_too(operation: str) -> None:
    assert isinstance(limit_of(operation, "us-east-1"), Limit)


def test_an_operation_that_aws_does_not_throttle_by_account_is_admitted() -> None:
    assert limit_of("dynamodb:PutItem", "us-east-1") is None
    assert limit_of("sqs:SendMessage", "us-east-1") is None


@given(waits=st.lists(st.floats(min_value=0, max_value=5), min_size=1, max_size=60))
def test_no_more_is_admitted_than_the_bucket_and_its_refill(waits: list[float]) -> None:
    time = 0.0
    throttles = Throttles(now=lambda: time)
    admitted = 0

    for wait in waits:
        time += wait
        admitted += throttles.admit(_call(_ACCEPT))

    assert admitted <= 10 + time + 1e-6


def test_a_call_is_admitted_after_the_seconds_that_it_is_told() -> None:
    time = 0.0
    throttles = Throttles(now=lambda: time)
    call = _call("ec2:CreateVpcEndpoint")
    for _ in range(4):
        assert throttles.seconds_until_admitted(call) == 0
        throttles.admit(call)

    time = 1.0
    seconds = throttles.seconds_until_admitted(call)

    assert seconds == pytest.approx(1 / 0.3 - 1)
    time += seconds - 0.01
    assert not throttles.admit(call)
    time += 0.02
    assert throttles.admit(call)


@pytest.mark.parametrize(
    ("operation", "protocol", "header"),
    [
        ("vpc-lattice:CreateServiceNetworkVpcAssociation", "rest-json", "3"),
        ("lambda:GetFunction", "rest-json", "3"),
        ("ssm:PutParameter", "json", None),
        ("ec2:CreateVpcEndpoint", "ec2", None),
    ],
)
def test_a_throttled_answer_tells_in_whole_seconds_when_to_try_again_where_the_model_has_it(
    operation: str, protocol: str, header: str | None
) -> None:
    answer = throttled(replace(_call(operation), protocol=protocol), 2.1)

    assert dict(answer.headers).get("Retry-After") == header
