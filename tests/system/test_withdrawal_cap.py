"""The cap: what nothing permits any longer goes in masses only when somebody says so; what is forbidden goes."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable

import pytest

from scenarios.people import Person
from tests.system.conftest import CommandLine, World, until
from tests.system.requests_in_ledger import reasons, settled
from tests.system.withdrawing import HOUR, Connection, announced, delete_policies, forbid, pass_time

HOURS = 4
MANY = 4

_others = itertools.count(530000000191)


@pytest.fixture(scope="module")
def home(deployed: Callable[..., Person]) -> Person:
    return deployed("540000000191", WithdrawAfterHours=str(HOURS), WithdrawCap="1")


@pytest.fixture
def other(world: World, home: Person) -> Person:
    """Return somebody who is let in by one policy."""
    person = world.person(str(next(_others)))
    permit = f'permit(principal == Account::"{person.account_id}", action == Action::"accept", resource);'
    home.write_policy(f"let-in-{person.account_id}", permit)
    return person


@pytest.fixture
def connections(home: Person, other: Person) -> list[Connection]:
    _, service_name = home.offer_service()
    return [Connection(home, other, service_name) for _ in range(MANY)]


def capped(connections: list[Connection]) -> int:
    """Return how many rows say that they are held back."""
    return sum(bool(each.row.get("withdrawal_capped", {}).get("BOOL")) for each in connections)


def counted(home: Person, metric: str) -> list[float]:
    """Return what the sweeps have counted of a metric."""
    events = home.client("logs").filter_log_events(logGroupName="/aws/lambda/drawbridge-discover_requests")["events"]
    lines = (json.loads(each["message"]) for each in events if each["message"].startswith("{"))
    return [value for line in lines if metric in line for value in line[metric]]


def test_so_much_that_nothing_permits_any_longer_goes_only_once_somebody_confirms_it(
    world: World, home: Person, other: Person, connections: list[Connection], command_line: CommandLine
) -> None:
    delete_policies(home, f"let-in-{other.account_id}")
    for each in connections:
        announced(each)
    assert capped(connections) == 0

    pass_time(world, (HOURS + 1) * HOUR)

    assert [each.is_up for each in connections] == [True] * MANY
    assert capped(connections) == MANY
    assert MANY in counted(home, "WithdrawalsCapped")
    pass_time(world, 13 * HOUR)
    assert [(each.is_up, each.status) for each in connections] == [(True, "AVAILABLE")] * MANY
    shown = command_line(home, "withdraw", "--confirm", "--dry-run", "--json")
    assert {each["result"] for each in json.loads(shown.stdout)["requests"]} == {"would-be-commanded"}
    pass_time(world, HOUR)
    assert capped(connections) == MANY

    confirmed = command_line(home, "withdraw", "--confirm", "--yes")

    assert (confirmed.returncode, f"{MANY} are let go" in confirmed.stdout) == (0, True), confirmed.stdout
    for each in connections:
        row = settled(home, each.endpoint_id, "WITHDRAWN")
        assert reasons(row)[0] == "no-longer-permitted"
        assert each.is_down
    assert capped(connections) == 0


def test_what_is_permitted_again_is_not_held_back_any_longer(
    world: World, home: Person, other: Person, connections: list[Connection]
) -> None:
    delete_policies(home, f"let-in-{other.account_id}")
    for each in connections:
        announced(each)
    pass_time(world, (HOURS + 1) * HOUR)
    assert capped(connections) == MANY
    permit = f'permit(principal == Account::"{other.account_id}", action == Action::"accept", resource);'

    home.write_policy(f"let-in-again-{other.account_id}", permit)

    until(lambda: capped(connections) == 0, lambda: str(connections[0].row))
    until(lambda: not any(each.withdraw_after for each in connections), lambda: str(connections[0].row))
    pass_time(world, (HOURS + 7) * HOUR)
    assert [(each.is_up, each.status) for each in connections] == [(True, "AVAILABLE")] * MANY


def test_what_is_forbidden_goes_however_much_it_is(
    world: World, home: Person, other: Person, connections: list[Connection]
) -> None:
    forbid(home, other)
    for each in connections:
        announced(each)

    pass_time(world, (HOURS + 1) * HOUR)

    for each in connections:
        settled(home, each.endpoint_id, "WITHDRAWN")
        assert each.is_down
    assert capped(connections) == 0


def test_no_function_was_denied_anything(world: World, home: Person) -> None:
    assert world.denied(home) == []
