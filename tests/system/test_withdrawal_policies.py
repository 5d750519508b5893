"""Withdrawal by policy: what is no longer permitted is announced, stays for its time, and is taken down after it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from local_aws.testing.clock import clock
from scenarios.people import Person
from tests.system import providers
from tests.system.attachments import published
from tests.system.conftest import World, until
from tests.system.requests_in_ledger import reasons, row_of, settled, statuses
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
    status,
    withdraw_after,
    write_stop,
)

HOURS = 4
"""How long what is no longer permitted stays; a week of sweeps takes its time here too."""

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def other(world: World) -> Person:
    return world.person("530000000161")


@pytest.fixture(scope="module")
def stack(deployed: Callable[..., Person], other: Person) -> Person:
    """Return an account with the stack, which lets the other in by one policy."""
    person = deployed("540000000161", WithdrawAfterHours=str(HOURS))
    permit = f'permit(principal == Account::"{other.account_id}", action == Action::"accept", resource);'
    person.write_policy("let-in", permit)
    return person


@pytest.fixture
def home(stack: Person) -> Iterator[Person]:
    yield stack
    allow_again(stack)


@pytest.fixture
def name() -> str:
    return f"lapse-{next(_numbers):02}"


@pytest.fixture
def connection(home: Person, other: Person) -> Connection:
    return Connection(home, other)


def test_a_connection_that_is_no_longer_permitted_is_announced_stays_for_its_time_and_is_rejected(
    world: World, home: Person, other: Person, connection: Connection
) -> None:
    forbid(home, other, '@id("stop-it") @reason("contract ended")')

    after = announced(connection)
    assert timedelta(hours=HOURS - 1) < datetime.fromisoformat(after) - clock.now() <= timedelta(hours=HOURS)
    until(lambda: connection.tags() == {after}, lambda: str(connection.tags()))
    until(lambda: bool(events(world, home, "Withdrawal Announced")), lambda: "the event")
    (event,) = {each["id"]: each for each in events(world, home, "Withdrawal Announced")}.values()
    assert (event["subject"], event["withdrawAfter"], event["accountId"]) == (
        connection.endpoint_id,
        after,
        other.account_id,
    )
    assert "stop-it" in {each.get("source") for each in event["reasons"]}
    pass_time(world, (HOURS - 1) * HOUR)
    now = (status(home, connection.endpoint_id), connection.state, len(connection.names))
    assert now == ("AVAILABLE", "available", 2)

    pass_time(world, HOUR)

    row = settled(home, connection.endpoint_id, "WITHDRAWN")
    assert (connection.state, connection.names) == ("rejected", [])
    assert statuses(row)[-2:] == ["WITHDRAWING", "WITHDRAWN"]
    assert reasons(row)[0] == "no-longer-permitted"
    assert "withdraw_after" not in row


def test_the_mark_goes_when_it_is_permitted_again_and_a_later_forbid_begins_anew(
    world: World, home: Person, other: Person, connection: Connection
) -> None:
    forbid(home, other)
    first = announced(connection)
    until(lambda: connection.tags() == {first}, lambda: str(connection.tags()))
    pass_time(world, (HOURS - 1) * HOUR)

    allow_again(home)

    until(lambda: not connection.withdraw_after, lambda: connection.withdraw_after)
    until(lambda: connection.tags() == set(), lambda: str(connection.tags()))
    until(lambda: bool(events(world, home, "Withdrawal Cancelled")), lambda: "the event")
    pass_time(world, 2 * HOUR)
    assert (connection.state, len(connection.names)) == ("available", 2)
    forbid(home, other)
    second = announced(connection)
    assert datetime.fromisoformat(second) - datetime.fromisoformat(first) > timedelta(hours=HOURS)
    pass_time(world, 2 * HOUR)
    assert (connection.state, len(connection.names)) == ("available", 2)


def test_an_urgent_forbid_does_not_wait_and_what_is_let_in_again_is_a_new_endpoint(
    world: World, home: Person, other: Person, connection: Connection
) -> None:
    forbid(home, other, '@urgent("true")')

    settled(home, connection.endpoint_id, "WITHDRAWN")
    assert (connection.state, connection.names) == ("rejected", [])
    allow_again(home)
    again = Connection(home, other)
    assert (again.state, len(again.names)) == ("available", 2)
    assert status(home, connection.endpoint_id) == "WITHDRAWN"


def test_a_share_that_is_no_longer_permitted_goes_with_its_endpoint_and_names_and_comes_back_when_it_is_again(
    world: World, home: Person, other: Person, name: str
) -> None:
    vpc = new_vpc(home)
    arn = providers.single(other, name)
    bind(home, other, name, vpc)
    share_arn = providers.share(other, name, arn, home.account_id)
    attempts = int(settled(home, share_arn, "AVAILABLE")["attempt"]["N"])

    forbid(home, other)

    until(lambda: withdraw_after(home, share_arn), lambda: str(row_of(home, share_arn)))
    after = withdraw_after(home, share_arn)
    until(
        lambda: [each.get("drawbridge:withdraw-after") for each in endpoints(home, vpc).values()] == [after],
        lambda: str(endpoints(home, vpc)),
    )
    assert published(home, name).keys() == {name}
    pass_time(world, (HOURS + 1) * HOUR)
    row = settled(home, share_arn, "WITHDRAWN")
    assert (endpoints(home, vpc), published(home, name)) == ({}, {})
    assert reasons(row)[0] == "no-longer-permitted"
    pass_time(world, 7 * HOUR)
    assert status(home, share_arn) == "WITHDRAWN"

    allow_again(home)

    row = settled(home, share_arn, "AVAILABLE")
    assert (len(endpoints(home, vpc)), {*published(home, name)}) == (1, {name})
    assert int(row["attempt"]["N"]) > attempts
    assert "WITHDRAWN" in statuses(row)


def test_one_association_that_is_no_longer_permitted_goes_and_the_rest_of_the_share_stays_untouched(
    world: World, home: Person, other: Person, name: str
) -> None:
    vpc = new_vpc(home)
    stays, goes = providers.single(other, f"{name}-stays"), providers.single(other, f"{name}-goes")
    bind(home, other, name, vpc, f"{name}-*")
    made = other.client("ram").create_resource_share(
        name=name, resourceArns=[stays, goes], principals=[home.account_id]
    )
    share_arn = str(made["resourceShare"]["resourceShareArn"])
    settled(home, share_arn, "AVAILABLE")
    until(lambda: len(published(home, name)) == 2, lambda: str(published(home, name)))
    kept = {
        each: tags for each, tags in endpoints(home, vpc).items() if tags["drawbridge:resource-configuration"] == stays
    }

    which = f'action == Action::"associate", resource) when {{ resource.name == "{name}-goes" }}'
    write_stop(home, f"forbid(principal, {which};")

    until(lambda: withdraw_after(home, share_arn), lambda: str(row_of(home, share_arn)))
    assert len(published(home, name)) == 2
    pass_time(world, (HOURS + 1) * HOUR)
    until(lambda: published(home, name).keys() == {f"{name}-stays"}, lambda: str(row_of(home, share_arn)))
    until(lambda: endpoints(home, vpc) == kept, lambda: str(endpoints(home, vpc)))
    settled(home, share_arn, "AVAILABLE")
    until(lambda: not withdraw_after(home, share_arn), lambda: str(row_of(home, share_arn)))

    allow_again(home)

    until(lambda: len(published(home, name)) == 2, lambda: str(row_of(home, share_arn)))
    assert len(endpoints(home, vpc)) == 2


def withdraw_after_of_associations(home: Person, network: str) -> list[str]:
    """Return the tags that say when they go, of all that a network is associated with but VPCs."""
    lattice = home.client("vpc-lattice")
    (network_arn,) = (each["arn"] for each in lattice.list_service_networks()["items"] if each["name"] == network)
    associations = [
        each["arn"]
        for listing in (
            lattice.list_service_network_resource_associations,
            lattice.list_service_network_service_associations,
        )
        for each in listing(serviceNetworkIdentifier=network_arn)["items"]
    ]
    tags = (lattice.list_tags_for_resource(resourceArn=each)["tags"] for each in associations)
    return [each.get("drawbridge:withdraw-after", "") for each in tags]


def test_what_is_in_a_service_network_says_when_it_goes_until_it_is_permitted_again(
    home: Person, other: Person, name: str
) -> None:
    bind(home, other, name, new_vpc(home), f"{name}-*", mode="service-network")
    inside = [providers.single(other, f"{name}-database"), providers.service(other, f"{name}-service")]
    made = other.client("ram").create_resource_share(name=name, resourceArns=inside, principals=[home.account_id])
    share_arn = str(made["resourceShare"]["resourceShareArn"])
    settled(home, share_arn, "AVAILABLE")
    assert withdraw_after_of_associations(home, f"net-{name}") == ["", ""]

    forbid(home, other)

    until(lambda: withdraw_after(home, share_arn), lambda: str(row_of(home, share_arn)))
    after = withdraw_after(home, share_arn)
    until(lambda: withdraw_after_of_associations(home, f"net-{name}") == [after] * 2, lambda: "tags")
    allow_again(home)
    until(lambda: withdraw_after_of_associations(home, f"net-{name}") == ["", ""], lambda: "no tags")
    assert len(published(home, name)) == 2


def test_an_endpoint_says_when_it_goes_until_it_is_permitted_again(home: Person, other: Person, name: str) -> None:
    vpc = new_vpc(home)
    bind(home, other, name, vpc)
    share_arn = providers.share(other, name, providers.single(other, name), home.account_id)
    settled(home, share_arn, "AVAILABLE")
    before = endpoints(home, vpc)

    forbid(home, other)

    until(lambda: withdraw_after(home, share_arn), lambda: str(row_of(home, share_arn)))
    mark = {"drawbridge:withdraw-after": withdraw_after(home, share_arn)}
    marked = {each: tags | mark for each, tags in before.items()}
    until(lambda: endpoints(home, vpc) == marked, lambda: str(endpoints(home, vpc)))
    allow_again(home)
    until(lambda: endpoints(home, vpc) == before, lambda: str(endpoints(home, vpc)))


def test_no_function_was_denied_anything(world: World, stack: Person) -> None:
    assert world.denied(stack) == []
