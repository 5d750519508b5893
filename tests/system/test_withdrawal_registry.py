"""Consumers that come and go, by the policies that a stack has from the start: by hand, and by a sign-up service."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local_aws.testing.clock import clock
from local_aws.testing.organizations import arrange
from scenarios.people import Person
from tests.system.conftest import LONG, World, until
from tests.system.logs import dead_letters, logged
from tests.system.requests_in_ledger import reasons, settled, statuses
from tests.system.withdrawing import HOUR, Connection, announced, events, pass_time

HOURS = 4
MANAGEMENT = "590000000181"

_consumers = itertools.count(530000000181)


@pytest.fixture(scope="module")
def stack(deployed: Callable[..., Person]) -> Person:
    return deployed("540000000181", WithdrawAfterHours=str(HOURS))


@pytest.fixture
def consumer(world: World) -> Person:
    return world.person(str(next(_consumers)))


def connected(home: Person, consumer: Person) -> Connection:
    service_id, service_name = home.offer_service()
    home.register_consumer(consumer.account_id, service_id)
    return Connection(home, consumer, service_name)


def forget(home: Person, consumer: Person) -> None:
    """Delete the entry as somebody does who does not use the command line."""
    table = home.output("ConsumersTableName")
    home.client("dynamodb").delete_item(TableName=table, Key={"account_id": {"S": consumer.account_id}})


def test_whoever_is_registered_no_longer_is_announced_and_cut_off_after_its_time(
    world: World, stack: Person, consumer: Person
) -> None:
    connection = connected(stack, consumer)

    forget(stack, consumer)

    after = announced(connection)
    until(lambda: connection.tags() == {after}, lambda: str(connection.tags()))
    pass_time(world, (HOURS - 1) * HOUR)
    assert (connection.status, connection.is_up) == ("AVAILABLE", True)
    pass_time(world, HOUR)
    row = settled(stack, connection.endpoint_id, "WITHDRAWN")
    assert connection.is_down
    assert (reasons(row)[0], statuses(row)[-2:]) == ("no-longer-permitted", ["WITHDRAWING", "WITHDRAWN"])


def test_whoever_is_registered_again_in_time_stays(world: World, stack: Person, consumer: Person) -> None:
    service_id, service_name = stack.offer_service()
    stack.register_consumer(consumer.account_id, service_id)
    connection = Connection(stack, consumer, service_name)
    forget(stack, consumer)
    announced(connection)
    pass_time(world, (HOURS - 1) * HOUR)

    stack.register_consumer(consumer.account_id, service_id)

    until(lambda: not connection.withdraw_after, lambda: connection.withdraw_after)
    until(lambda: connection.tags() == set(), lambda: str(connection.tags()))
    until(
        lambda: connection.endpoint_id in {each["subject"] for each in events(world, stack, "Withdrawal Cancelled")},
        lambda: "the event",
    )
    pass_time(world, (HOURS + 7) * HOUR)
    assert (connection.status, connection.is_up) == ("AVAILABLE", True)


def test_what_was_unknown_of_an_account_when_it_was_let_in_does_not_keep_it(
    world: World, deployed: Callable[..., Person], consumer: Person
) -> None:
    home = deployed("540000000182", WithdrawAfterHours=str(HOURS), OrganizationsRoleName="")
    arrange(MANAGEMENT, {home.account_id: "shared"}, ram_sharing=False)
    connection = connected(home, consumer)
    assert '"membership":"unknown"' in connection.row["grounds"]["S"]

    forget(home, consumer)

    announced(connection)
    pass_time(world, (HOURS + 1) * HOUR)
    settled(home, connection.endpoint_id, "WITHDRAWN")
    assert connection.is_down
    arrange(MANAGEMENT, {}, ram_sharing=False)


def tell(home: Person, detail_type: str, detail: dict[str, Any], **entry: Any) -> None:
    """Have the account's sign-up service put an event on the bus."""
    told = {"EventBusName": home.output("BusName"), "Source": "com.example.sign-up", "DetailType": detail_type}
    answer = home.client("events").put_events(Entries=[told | {"Detail": json.dumps(detail)} | entry])
    assert answer["FailedEntryCount"] == 0


def entry_of(home: Person, consumer: Person) -> dict[str, Any]:
    table = home.output("ConsumersTableName")
    found: dict[str, Any] = home.client("dynamodb").get_item(
        TableName=table, Key={"account_id": {"S": consumer.account_id}}
    )
    return dict(found.get("Item", {}))


def taken(home: Person, consumer: Person) -> list[str]:
    """Return what became of the events about an account, in order."""
    lines = logged(home, "register_consumer", "event taken")
    return [line["result"] for line in lines if line["account_id"] == consumer.account_id]


def test_whom_a_sign_up_service_registers_is_connected_and_out_once_it_says_so(
    world: World, stack: Person, consumer: Person
) -> None:
    service_id, service_name = stack.offer_service()
    waiting = consumer.connect(service_name)
    settled(stack, waiting, "HELD")

    tell(stack, "Consumer Registered", {"account_id": consumer.account_id, "services": [service_id], "tier": "gold"})

    settled(stack, waiting, "AVAILABLE")
    connection = Connection(stack, consumer, service_name)
    tell(stack, "Consumer Removed", {"account_id": consumer.account_id})
    until(lambda: not entry_of(stack, consumer), lambda: str(entry_of(stack, consumer)))
    late = consumer.connect(service_name)
    rows = [settled(stack, each, "WITHDRAWN") for each in (waiting, connection.endpoint_id)]
    assert connection.is_down
    assert {reasons(row)[0] for row in rows} == {"withdrawn-on-command"}
    assert reasons(settled(stack, late, "HELD"))[-1] == "policy"
    assert taken(stack, consumer) == ["registered", "removed"]


def test_events_that_come_twice_and_in_the_wrong_order_come_to_the_same(
    world: World, stack: Person, consumer: Person
) -> None:
    service_id, service_name = stack.offer_service()
    signed_up = {"account_id": consumer.account_id, "services": [service_id]}
    now = datetime.fromtimestamp(clock.time(), UTC)
    before, after = now - timedelta(minutes=2), now - timedelta(minutes=1)

    tell(stack, "Consumer Removed", {"account_id": consumer.account_id}, Time=after)
    until(lambda: taken(stack, consumer) == ["removed"], lambda: str(taken(stack, consumer)))
    tell(stack, "Consumer Registered", signed_up, Time=before)
    until(lambda: taken(stack, consumer)[1:] == ["outdated"], lambda: str(taken(stack, consumer)))
    assert entry_of(stack, consumer) == {}
    for _ in range(2):
        tell(stack, "Consumer Registered", signed_up, Time=now)
    connection = Connection(stack, consumer, service_name)
    tell(stack, "Consumer Removed", {"account_id": consumer.account_id}, Time=after)

    until(lambda: len(taken(stack, consumer)) == 5, lambda: str(taken(stack, consumer)))
    assert taken(stack, consumer)[2:] == ["registered", "unchanged", "removed-before"]
    pass_time(world, HOUR)
    assert (connection.status, connection.is_up) == ("AVAILABLE", True)


def test_an_event_that_nobody_can_read_is_kept_with_its_reason_and_stops_no_other(
    stack: Person, consumer: Person
) -> None:
    good = {"account_id": consumer.account_id, "tier": "gold"}

    tell(stack, "Consumer Registered", good | {"account_id": int(consumer.account_id)})
    tell(stack, "Consumer Registered", good)

    until(lambda: entry_of(stack, consumer), lambda: "the good one")
    (letter,) = until(lambda: dead_letters(stack), lambda: "a dead letter")
    assert json.loads(letter["Body"])["detail"]["account_id"] == int(consumer.account_id)
    reason = letter["MessageAttributes"]["reason"]["StringValue"]
    assert reason == (
        "account_id: a text is needed, not a number: as a number an id loses its leading zeros, so put its 12 digits "
        "in quotes"
    )


KILLED_AT = (
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:BatchGetItem",
    "ec2:DescribeVpcEndpointServiceConfigurations",
    "dynamodb:UpdateItem",
    "sqs:SendMessage",
)


@pytest.mark.parametrize("operation", KILLED_AT[:: 1 if LONG else 3])
def test_a_removal_that_is_killed_between_two_steps_is_finished(
    world: World, stack: Person, consumer: Person, operation: str
) -> None:
    connection = connected(stack, consumer)
    calls = [
        {"operation": operation, "fault": kind, "role": "drawbridge-RegisterConsumer*", "times": 1}
        for kind in ("kill-before", "kill-after")
    ]
    world.control("faults", {"calls": calls})

    tell(stack, "Consumer Removed", {"account_id": consumer.account_id})

    settled(stack, connection.endpoint_id, "WITHDRAWN")
    until(lambda: taken(stack, consumer), lambda: "the end of it")
    world.control("faults", {})
    assert connection.is_down
    assert entry_of(stack, consumer) == {}
    assert taken(stack, consumer) == ["removed"]


def test_no_function_was_denied_anything(world: World, stack: Person) -> None:
    assert world.denied(stack) == []
