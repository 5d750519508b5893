"""A consumer that is taken out of the registry itself, by the policies that a stack has from the start."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from local_aws.testing.organizations import arrange
from scenarios.people import Person
from tests.system.conftest import World, until
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


def test_no_function_was_denied_anything(world: World, stack: Person) -> None:
    assert world.denied(stack) == []
