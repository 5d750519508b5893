from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from local_aws.recognition import Call
from local_aws.throttles import Throttles, limit_of


def _call(operation: str, account_id: str = "111111111111", role_name: str | None = "accept") -> Call:
    service, _, name = operation.partition(":")
    return Call(
        account_id=account_id,
        region="us-east-1",
        service=service,
        operation=name,
        principal_arn=f"arn:aws:sts::{account_id}:assumed-role/accept/session",
        role_arn=f"arn:aws:iam::{account_id}:role/accept",
        role_name=role_name,
        model=service,
        protocol="ec2",
        parse=dict,
    )


_ACCEPT = "ec2:AcceptVpcEndpointConnections"


def test_a_burst_of_ten_accepts_is_let_through_and_the_eleventh_is_not() -> None:
    throttles = Throttles(now=lambda: 0.0)

    admitted = [throttles.admit(_call(_ACCEPT)) for _ in range(11)]

    assert admitted == [True] * 10 + [False]


def test_one_accept_a_second_is_let_through_after_the_burst() -> None:
    moment = 0.0
    throttles = Throttles(now=lambda: moment)
    for _ in range(10):
        throttles.admit(_call(_ACCEPT))

    moment = 1.0
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


def test_a_person_is_not_throttled() -> None:
    throttles = Throttles(now=lambda: 0.0)

    assert all(throttles.admit(_call(_ACCEPT, role_name=None)) for _ in range(100))


def test_what_has_no_published_throttle_is_let_through() -> None:
    assert limit_of("ram:GetResourceShareInvitations") is None


@given(waits=st.lists(st.floats(min_value=0, max_value=5), min_size=1, max_size=60))
def test_no_more_is_let_through_than_the_bucket_and_its_refill(waits: list[float]) -> None:
    moment = 0.0
    throttles = Throttles(now=lambda: moment)
    admitted = 0

    for wait in waits:
        moment += wait
        admitted += throttles.admit(_call(_ACCEPT))

    assert admitted <= 10 + moment + 1e-6
