"""AWS fails, throttles or lies while something is withdrawn by policy: what is not known takes nothing down."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local_aws.testing.organizations import arrange
from scenarios.people import Person
from tests.system import providers
from tests.system.attachments import published
from tests.system.conftest import LONG, World, until
from tests.system.requests_in_ledger import row_of, settled, statuses
from tests.system.withdrawing import (
    HOUR,
    Connection,
    allow_again,
    announced,
    bind,
    endpoints,
    events,
    forbid,
    new_vpc,
    pass_time,
    withdraw_after,
    write_stop,
)

MANAGEMENT = "590000000201"
_PLANS = "drawbridge-PlanWithdrawal*"
_SWEEPS = "drawbridge-DiscoverRequests*"
_TAKES_DOWN = "drawbridge-WithdrawAttachment*"

Fault = dict[str, Any]

UNKNOWN: dict[str, Fault] = {
    "Organizations denies": {
        "operation": "organizations:DescribeAccount",
        "fault": "error",
        "code": "AccessDeniedException",
        "status": 400,
    },
    "the registry fails": {"operation": "dynamodb:GetItem", "fault": "error", "role": _PLANS},
    "there seem to be no policies": {"operation": "ssm:GetParametersByPath", "fault": "empty", "role": _PLANS},
    "Organizations throttles": {"operation": "organizations:DescribeAccount", "fault": "throttle"},
    "the role is denied": {"operation": "sts:AssumeRole", "fault": "error", "code": "AccessDenied", "status": 403},
    "the registry fails in a sweep": {"operation": "dynamodb:GetItem", "fault": "error", "role": _SWEEPS},
    "policies can't be listed": {"operation": "ssm:GetParametersByPath", "fault": "throttle", "role": _PLANS},
    "connections seem to be none": {
        "operation": "ec2:DescribeVpcEndpointConnections",
        "fault": "empty",
        "role": _PLANS,
    },
}
SHORT = 3
"""Of these; the soak tries all of them."""

REJECTING: dict[str, Fault] = {
    "throttled": {"fault": "throttle", "times": 8},
    "failing": {"fault": "error", "times": 3},
    "its answer lost": {"fault": "lost-answer", "times": 1},
}

_consumers = itertools.count(530000000201)


@pytest.fixture(scope="module")
def stack(deployed: Callable[..., Person]) -> Iterator[Person]:
    """Return an account in an organization with the stack, which may ask who is in it."""
    person = deployed("540000000201", WithdrawAfterHours="1")
    arrange(MANAGEMENT, {person.account_id: "shared"}, ram_sharing=False)
    yield person
    arrange(MANAGEMENT, {}, ram_sharing=False)


@pytest.fixture
def home(stack: Person) -> Iterator[Person]:
    yield stack
    allow_again(stack)


@pytest.fixture
def consumer(world: World) -> Person:
    return world.person(str(next(_consumers)))


@pytest.fixture
def connection(home: Person, consumer: Person) -> Connection:
    """Return a connection that is there because its account is registered."""
    service_id, service_name = home.offer_service()
    home.register_consumer(consumer.account_id, service_id)
    return Connection(home, consumer, service_name)


@pytest.fixture
def faulty(world: World) -> Iterator[Callable[[Fault], None]]:
    yield lambda fault: world.control("faults", {"calls": [fault]})
    world.control("faults", {})


def struck(world: World) -> int:
    (fault,) = world.control("faults")["calls"]
    return int(fault["struck"])


@pytest.mark.parametrize("unknown", list(UNKNOWN) if LONG else list(UNKNOWN)[:SHORT])
def test_what_is_not_known_when_the_time_has_come_takes_nothing_down(
    world: World,
    home: Person,
    consumer: Person,
    connection: Connection,
    faulty: Callable[[Fault], None],
    unknown: str,
) -> None:
    table = home.output("ConsumersTableName")
    home.client("dynamodb").delete_item(TableName=table, Key={"account_id": {"S": consumer.account_id}})
    announced(connection)

    faulty(UNKNOWN[unknown])
    pass_time(world, 2 * HOUR)

    assert struck(world) > 0
    assert connection.is_up, connection.row
    assert "WITHDRAWN" not in statuses(connection.row)
    world.control("faults", {})
    # What was kept for it is decided on anew after six hours, and what was tried is tried again after six more.
    pass_time(world, 14 * HOUR)
    settled(home, connection.endpoint_id, "WITHDRAWN")
    assert connection.is_down


@pytest.mark.parametrize("how", REJECTING)
def test_a_rejection_that_fails_is_tried_again(
    world: World, home: Person, consumer: Person, connection: Connection, faulty: Callable[[Fault], None], how: str
) -> None:
    fault = {"operation": "ec2:RejectVpcEndpointConnections", "role": _TAKES_DOWN, **REJECTING[how]}
    faulty(fault)

    forbid(home, consumer, '@urgent("true")')

    settled(home, connection.endpoint_id, "WITHDRAWN")
    assert connection.is_down
    assert struck(world) == fault["times"]


@pytest.mark.parametrize("left", [1, 2, 3, 4] if LONG else [1, 2])
def test_a_listing_of_policies_that_is_cut_announces_nothing(
    world: World, home: Person, consumer: Person, faulty: Callable[[Fault], None], left: int
) -> None:
    name, vpc = f"cut-{left}", new_vpc(home)
    permit = f'permit(principal == Account::"{consumer.account_id}", action == Action::"accept", resource);'
    home.write_policy(f"a-{name}", permit)
    bind(home, consumer, name, vpc)
    share_arn = providers.share(consumer, name, providers.single(consumer, name), home.account_id)
    settled(home, share_arn, "AVAILABLE")
    before = len(events(world, home, "Withdrawal Announced"))

    faulty({"operation": "ssm:GetParametersByPath", "fault": "cut", "items": left, "role": _SWEEPS})
    pass_time(world, 20 * 60)

    assert struck(world) > 0
    assert withdraw_after(home, share_arn) == "", row_of(home, share_arn)
    assert len(events(world, home, "Withdrawal Announced")) == before
    assert (len(endpoints(home, vpc)), {*published(home, name)}) == (1, {name})


def test_what_two_shares_hold_stays_as_long_as_one_of_them_is_permitted(
    world: World, home: Person, consumer: Person
) -> None:
    name, vpc = "twice", new_vpc(home)
    permit = f'permit(principal == Account::"{consumer.account_id}", action == Action::"accept", resource);'
    home.write_policy("twice", permit)
    bind(home, consumer, name, vpc)
    arn = providers.single(consumer, name)
    first, second = (providers.share(consumer, each, arn, home.account_id) for each in (name, f"{name}-more"))
    for each in (first, second):
        settled(home, each, "AVAILABLE")
    made = {*endpoints(home, vpc)}
    assert len(made) == 1

    write_stop(
        home, f'@urgent("true") forbid(principal, action == Action::"accept", resource == ResourceShare::"{first}");'
    )

    settled(home, first, "WITHDRAWN")
    pass_time(world, 2 * HOUR)
    assert ({*endpoints(home, vpc)}, {*published(home, name)}) == (made, {name})
    write_stop(
        home, f'@urgent("true") forbid(principal, action == Action::"accept", resource == ResourceShare::"{second}");'
    )
    settled(home, second, "WITHDRAWN")
    until(lambda: (endpoints(home, vpc), published(home, name)) == ({}, {}), lambda: str(row_of(home, second)))


def test_no_function_was_denied_anything(world: World, home: Person) -> None:
    # What was denied on purpose is another role's to do, or was no role's.
    assert [each for each in world.denied(home) if each["operation"] != "sts:AssumeRole"] == []
