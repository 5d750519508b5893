import pytest

from bench.limits import GUESSED, PER_CALL, PUBLISHED, Bucket, calls_for, of_connections, of_shares, physical
from local_aws.testing.throttles import limit_of

EACH_PUBLISHED = [(name, bucket) for bucket in PUBLISHED for name in bucket.operations]


def test_a_thousand_connections_take_as_long_as_their_names_do() -> None:
    limit = of_connections(1000, by_itself=5)

    # 2,000 parameters, of which three pass at once; 40 lists of 25 connections pass within 30 s.
    assert limit.throttled == pytest.approx(1997 / 3)
    assert limit.by == "ssm:PutParameter"
    assert limit.seconds == pytest.approx(670.67, abs=0.01)


def test_what_passes_in_the_bursts_takes_what_aws_takes_by_itself_alone() -> None:
    limit = of_connections(1, by_itself=5)

    assert (limit.throttled, limit.by, limit.seconds) == (0, None, 5)


def test_lists_are_counted_as_calls() -> None:
    assert calls_for({"ec2:AcceptVpcEndpointConnections": 26, "ssm:DeleteParameters": 10, "ssm:PutParameter": 3}) == {
        "ec2:AcceptVpcEndpointConnections": 2,
        "ssm:DeleteParameters": 1,
        "ssm:PutParameter": 3,
    }
    # 300 connections in lists are 12 calls, two more than pass at once.
    assert physical({"ec2:AcceptVpcEndpointConnections": 300}).throttled == 2


def test_nothing_to_do_takes_no_time() -> None:
    assert physical({"ec2:CreateVpcEndpoint": 0}).seconds == 0


@pytest.mark.parametrize(
    ("mode", "seconds", "by"),
    [
        # 100 endpoints, four of them at once, one more each 3.3 s.
        ("resource-endpoint", 96 / 0.3, "ec2:CreateVpcEndpoint"),
        # 200 parameters take longer than ten resources' and ten VPCs' associations, or ten endpoints (20 s).
        ("service-network", 197 / 3, "ssm:PutParameter"),
        ("service-network-endpoint", 197 / 3, "ssm:PutParameter"),
    ],
)
def test_ten_resources_in_ten_vpcs_by_each_mode(mode: str, seconds: float, by: str) -> None:
    limit = of_shares(mode, 10, 10, by_itself=0)

    assert limit.throttled == pytest.approx(seconds)
    assert limit.by == by


def test_a_hundred_shares_into_ten_vpcs_by_endpoints_of_networks_wait_for_names() -> None:
    # 1,000 resources, 20,000 parameters; ten endpoints pass in 20 s.
    assert of_shares("service-network-endpoint", 1000, 10, by_itself=0).throttled == pytest.approx(19997 / 3)


def test_a_mode_that_no_binding_has_is_refused() -> None:
    with pytest.raises(ValueError, match="gateway"):
        of_shares("gateway", 1, 1, by_itself=0)


@pytest.mark.parametrize(("operation", "bucket"), EACH_PUBLISHED)
def test_the_local_aws_throttles_as_aws_publishes(operation: str, bucket: Bucket) -> None:
    limit = limit_of(operation, "us-east-1")

    assert limit is not None
    assert (limit.size, limit.refill) == (bucket.burst, bucket.per_second)


def test_each_operation_has_one_bucket() -> None:
    names = [name for bucket in (*PUBLISHED, *GUESSED) for name in bucket.operations]

    assert len(names) == len(set(names))
    assert all(count > 1 for count in PER_CALL.values())
