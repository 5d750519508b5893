"""When time is short each sweep does something, and the next begins with what was left out."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Sequence
from datetime import timedelta
from unittest.mock import Mock

import pytest

from drawbridge.decision.facts import Consumer
from drawbridge.errors import ThrottledError
from drawbridge.request.connections import ManagedService
from tests.builders import CONSUMER, NOW, SERVICE_ID, SHARE_ARN, STRANGER
from tests.fakes.interruptions import CrashError
from tests.fakes.offers import InMemoryOfferRecords
from tests.unit.offering import GOLD, OTHER_SERVICE, ROOT, SILVER_ARN, World, planning_takes

HOURS_12 = timedelta(hours=12)


@pytest.fixture
def world() -> World:
    return World()


def test_when_time_is_short_what_is_left_is_told_and_the_next_sweep_begins_with_another(world: World) -> None:
    world.has_service(OTHER_SERVICE)
    everywhere = Consumer(tier="gold", services=frozenset({"*"}))
    world.consumers.registered = {f"{100_000_000_000 + number}": everywhere for number in range(150)}

    def take_long() -> None:
        world.seconds += 80

    world.permissions.on_allow = take_long
    converged, first = world.converge(), len(world.allowed()) or len(world.allowed(OTHER_SERVICE))
    for _ in range(20):
        world.now += timedelta(minutes=5)
        world.converge()

    assert first == 100
    assert converged.not_offered[-1].startswith("there was no time to finish ")
    assert [len(each) for each in (world.allowed(), world.allowed(OTHER_SERVICE), world.in_share())] == [150] * 3


def test_what_takes_all_the_time_in_each_sweep_does_not_come_first_in_each(world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD

    def take_long_and_fail() -> None:
        world.seconds += 80
        raise ThrottledError("slowly")

    world.permissions.on_allow = take_long_and_fail
    world.permissions.left_out = {ROOT}
    for _ in range(3):
        world.converge()
        world.now += timedelta(minutes=5)

    assert world.in_share() == {CONSUMER}


@pytest.mark.parametrize(("seconds", "left"), [(119, 0), (120, 1)])
def test_there_is_time_to_take_back_when_there_is_none_to_add_and_one_step_is_taken_always(
    seconds: int, left: int, world: World
) -> None:
    world.has_service(OTHER_SERVICE)
    world.consumers.registered[CONSUMER] = Consumer(services=frozenset({"*"}))
    world.converge()
    world.consumers.registered = {STRANGER: Consumer(services=frozenset({OTHER_SERVICE}))}

    def take_long() -> None:
        world.seconds += seconds

    world.permissions.on_allow = take_long
    # Whom the last sweep left out comes first.
    world.records.left = {SERVICE_ID: 1, OTHER_SERVICE: 1}
    disallow = world.permissions.disallow
    taken: list[str] = []

    def note(service_id: str, principals: Sequence[str]) -> None:
        taken.append(service_id)
        disallow(service_id, principals)

    world.permissions.disallow = note  # type: ignore[method-assign]
    world.converge()
    assert len(taken) == 2 - left
    world.seconds = 0
    world.converge()

    assert sorted(taken) == sorted([SERVICE_ID, OTHER_SERVICE])


@pytest.mark.parametrize("seconds", [30, 79, 81, 500])
def test_however_long_it_takes_to_compare_a_service_all_is_offered_in_as_many_sweeps(
    seconds: float, world: World
) -> None:
    world.has_service(OTHER_SERVICE)
    world.consumers.registered[CONSUMER] = Consumer(tier="gold", services=frozenset({"*"}))
    planning_takes(world, seconds)

    for _ in range(4):
        world.seconds = 0
        world.converge()

    assert (world.allowed(), world.allowed(OTHER_SERVICE)) == ({ROOT: "drawbridge"}, {ROOT: "drawbridge"})
    assert world.in_share() == {CONSUMER}


def test_however_long_the_listings_take_each_sweep_adds_and_takes_back(world: World) -> None:
    world.consumers.registered[STRANGER] = GOLD
    world.converge()
    world.consumers.registered = {CONSUMER: GOLD}
    listed = world.services.managed

    def slowly() -> list[ManagedService]:
        world.seconds += 200
        return listed()

    world.services.managed = slowly  # type: ignore[method-assign]
    done = [len([*converged.offered, *converged.taken_back]) for converged in (world.converge() for _ in range(3))]

    assert done == [2, 2, 0]
    assert (world.allowed(), world.in_share()) == ({ROOT: "drawbridge"}, {CONSUMER})


def test_many_are_added_a_hundred_in_each_sweep_whatever_takes_the_time(world: World) -> None:
    world.consumers.registered = {f"{100_000_000_000 + number}": Consumer(tier="gold") for number in range(250)}
    planning_takes(world, 100)

    there = []
    for _ in range(9):
        world.converge()
        there.append(len(world.in_share()))

    assert there[-1] == 250
    assert {after - before for before, after in itertools.pairwise(there)} <= {0, 50, 100}


def test_what_three_sweeps_in_a_row_leave_out_is_a_failure(world: World) -> None:
    for number in range(10):
        world.has_service(f"vpce-svc-{number:017}")
    world.consumers.registered[CONSUMER] = GOLD
    planning_takes(world, 80)

    failures = [[str(each) for each in world.converge().failures] for _ in range(4)]

    assert failures[:2] == [[], []]
    assert failures[2][0].startswith(
        "10 services and shares were left out of 3 sweeps in a row or more, as there was no"
    )
    # One has waited for three others.
    assert [len(each) for each in failures] == [0, 0, 1, 1]


def test_what_kills_each_sweep_does_not_come_first_in_each(world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD

    def kill() -> None:
        raise CrashError

    world.permissions.on_allow = kill
    world.permissions.left_out = {ROOT}
    for microsecond in range(3):
        world.now = NOW + timedelta(hours=1, microseconds=microsecond)
        with contextlib.suppress(CrashError):
            world.converge()

    assert world.in_share() == {CONSUMER}


def test_what_is_left_out_is_told_in_the_sweep_and_forgotten_once_it_is_done(world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    planning_takes(world, 80)

    converged = world.converge()
    left = world.records.left
    world.records.of = InMemoryOfferRecords.of.__get__(world.records)  # type: ignore[method-assign]
    world.seconds = 0
    world.converge()

    assert converged.not_offered == [
        "there was no time to finish 2 of 3 services and shares: they are left for the next sweep"
    ]
    assert (left, world.records.left) == ({SHARE_ARN: 1, SILVER_ARN: 1}, {})


@pytest.mark.parametrize("name", ["left_out", "note_left_out"])
def test_that_it_is_not_known_what_was_left_out_stops_nothing(
    name: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.records, name, Mock(side_effect=ThrottledError("slowly")))
    world.records.left = {SILVER_ARN: 1}
    world.consumers.registered[CONSUMER] = GOLD

    converged = world.converge()

    assert [str(each) for each in converged.failures] == ["slowly"]
    assert (world.allowed(), world.in_share()) == ({ROOT: "drawbridge"}, {CONSUMER})
