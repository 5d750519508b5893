"""Withdrawal by an operator's command: at once, and until the operator says otherwise."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from subprocess import CompletedProcess
from typing import Any

import pytest

from scenarios.people import Person
from tests.system import providers
from tests.system.attachments import published
from tests.system.conftest import CommandLine, World, until
from tests.system.requests_in_ledger import reasons, row_of, settled, statuses
from tests.system.withdrawing import HOUR, Connection, bind, endpoints, new_vpc, pass_time, status

_numbers = itertools.count(1)
_registered = itertools.count(530000000172)


@pytest.fixture(scope="module")
def other(world: World) -> Person:
    return world.person("530000000171")


@pytest.fixture(scope="module")
def home(deployed: Callable[..., Person], other: Person) -> Person:
    """Return an account with the stack, which lets the other in by one policy, and whom it has registered."""
    person = deployed("540000000171")
    permit = f'permit(principal == Account::"{other.account_id}", action == Action::"accept", resource);'
    person.write_policy("let-in", permit)
    return person


@pytest.fixture
def registered(world: World, home: Person, command_line: CommandLine) -> Person:
    """Return somebody who is let in because of the registry alone."""
    person = world.person(str(next(_registered)))
    succeeded(command_line(home, "consumers", "add", person.account_id, "--tier", "gold", "--service", "*"))
    return person


@pytest.fixture
def name() -> str:
    return f"command-{next(_numbers):02}"


class Shared:
    """A database of the other's that is shared and attached."""

    def __init__(self, home: Person, other: Person, name: str) -> None:
        self.home, self.name = home, name
        self.vpc = new_vpc(home)
        self.arn = providers.single(other, name)
        bind(home, other, name, self.vpc)
        self.share_arn = providers.share(other, name, self.arn, home.account_id)
        settled(home, self.share_arn, "AVAILABLE")
        assert self.is_up

    @property
    def row(self) -> dict[str, Any]:
        return row_of(self.home, self.share_arn) or {}

    @property
    def is_up(self) -> bool:
        return (len(endpoints(self.home, self.vpc)), {*published(self.home, self.name)}) == (1, {self.name})

    @property
    def is_down(self) -> bool:
        return (endpoints(self.home, self.vpc), published(self.home, self.name)) == ({}, {})


@pytest.fixture
def shared(home: Person, other: Person, name: str) -> Shared:
    return Shared(home, other, name)


def succeeded(ended: CompletedProcess[str]) -> str:
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def attempts(row: dict[str, Any]) -> int:
    return int(row["attempt"]["N"])


def test_a_share_goes_by_command_stays_away_whatever_calls_for_it_and_comes_back_by_retry(
    world: World, home: Person, other: Person, shared: Shared, command_line: CommandLine
) -> None:
    began = statuses(shared.row)

    told = succeeded(command_line(home, "withdraw", shared.share_arn, "--yes"))

    assert "1 withdrawn by the next sweep" in told
    row = settled(home, shared.share_arn, "WITHDRAWN")
    assert shared.is_down
    assert reasons(row)[0] == "withdrawn-on-command"
    assert row["reasons"]["L"][0]["M"]["source"]["S"].endswith(f"/person/{home.called}")
    home.write_policy(
        f"as-well-{shared.name}",
        f'permit(principal == Account::"{other.account_id}", action == Action::"accept", resource);',
    )
    bind(home, other, shared.name, shared.vpc, resource=f"{shared.name}*")
    second = providers.single(other, f"{shared.name}-more")
    other.client("ram").associate_resource_share(resourceShareArn=shared.share_arn, resourceArns=[second])
    pass_time(world, 13 * HOUR)
    again = settled(home, shared.share_arn, "WITHDRAWN")
    assert shared.is_down
    assert (attempts(again), statuses(again)) == (attempts(row), statuses(row))

    succeeded(command_line(home, "retry", shared.share_arn, "--yes"))

    row = settled(home, shared.share_arn, "AVAILABLE")
    until(lambda: len(published(home, shared.name)) == 2, lambda: str(shared.row))
    assert len(endpoints(home, shared.vpc)) == 2
    assert statuses(row)[: len(began)] == began
    assert statuses(row)[-1] == "AVAILABLE"
    assert {"WITHDRAWING", "WITHDRAWN"} <= {*statuses(row)}
    assert "commanded" not in row
    pass_time(world, 7 * HOUR)
    assert len(endpoints(home, shared.vpc)) == 2


def test_a_connection_goes_by_command_for_good(
    world: World, home: Person, other: Person, command_line: CommandLine
) -> None:
    connection = Connection(home, other)
    shown = succeeded(command_line(home, "withdraw", connection.endpoint_id, "--dry-run"))
    assert connection.endpoint_id in shown
    pass_time(world, HOUR)
    assert connection.is_up

    succeeded(command_line(home, "withdraw", connection.endpoint_id, "--yes"))

    row = settled(home, connection.endpoint_id, "WITHDRAWN")
    assert connection.is_down
    assert reasons(row)[0] == "withdrawn-on-command"
    pass_time(world, 7 * HOUR)
    assert (connection.is_down, connection.status, statuses(connection.row)) == (True, "WITHDRAWN", statuses(row))
    refused = command_line(home, "retry", connection.endpoint_id, "--yes")
    assert refused.returncode == 1
    assert "consumer makes a new endpoint" in refused.stderr
    assert Connection(home, other).is_up


def test_what_is_commanded_while_its_attempt_is_under_way_goes_once_that_has_settled(
    home: Person, other: Person, command_line: CommandLine
) -> None:
    endpoint_id = other.connect(home.offer_service()[1])
    until(lambda: status(home, endpoint_id) not in {"", "AVAILABLE"}, lambda: status(home, endpoint_id))

    succeeded(command_line(home, "withdraw", endpoint_id, "--yes"))

    row = settled(home, endpoint_id, "WITHDRAWN")
    assert other.endpoint_state(endpoint_id) == "rejected"
    assert statuses(row)[-3:] == ["AVAILABLE", "WITHDRAWING", "WITHDRAWN"]
    assert reasons(row)[0] == "withdrawn-on-command"


def test_the_connections_of_an_account_go_by_command_and_what_it_shares_stays(
    world: World, home: Person, other: Person, shared: Shared, registered: Person, command_line: CommandLine
) -> None:
    connections = [Connection(home, other) for _ in range(2)]
    of_another = Connection(home, registered)

    succeeded(command_line(home, "withdraw", "--consumer", other.account_id, "--yes"))

    for each in connections:
        settled(home, each.endpoint_id, "WITHDRAWN")
        assert each.is_down
    pass_time(world, HOUR)
    assert shared.is_up
    assert of_another.is_up


def test_a_binding_goes_by_command_with_what_it_alone_calls_for(
    home: Person, shared: Shared, command_line: CommandLine
) -> None:
    before = home.parameter(f"/drawbridge/config/bindings/{shared.name}")

    told = succeeded(command_line(home, "withdraw", "--binding", shared.name, "--yes"))

    until(lambda: shared.is_down, lambda: str(shared.row))
    settled(home, shared.share_arn, "ACCEPTED")
    assert home.parameter(f"/drawbridge/config/bindings/{shared.name}") is None
    assert before
    assert before in told.replace("\n", "")


def test_a_consumer_that_is_removed_is_cut_off_and_let_in_no_more(
    world: World, home: Person, registered: Person, command_line: CommandLine
) -> None:
    connections = [Connection(home, registered) for _ in range(2)]

    told = succeeded(command_line(home, "consumers", "remove", registered.account_id, "--yes"))

    assert "2 withdrawn by the next sweep" in told
    for each in connections:
        settled(home, each.endpoint_id, "WITHDRAWN")
        assert each.is_down
    _, service_name = home.offer_service()
    late = registered.connect(service_name)
    settled(home, late, "HELD")
    pass_time(world, 7 * HOUR)
    assert registered.endpoint_state(late) == "pendingAcceptance"
    succeeded(command_line(home, "consumers", "add", registered.account_id, "--tier", "gold", "--service", "*"))
    settled(home, late, "AVAILABLE")
    assert [each.status for each in connections] == ["WITHDRAWN", "WITHDRAWN"]


def test_no_function_was_denied_anything(world: World, home: Person) -> None:
    assert world.denied(home) == []
