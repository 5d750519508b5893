"""What AWS refuses keeps out no others, and is tried again after a while."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from drawbridge.decision.facts import Consumer
from drawbridge.intake.offering.converged import Converged
from drawbridge.intake.offering.desired import RegisteredEntries, Target
from drawbridge.intake.offering.offers import PrincipalStatus
from tests.builders import CONSUMER, EVALUATION_TIME, NOW, SERVICE_ID, SHARE_ARN
from tests.fakes.interruptions import CrashError
from tests.unit.offering import GOLD, ROOT, World, on_record, record

HOURS_12 = timedelta(hours=12)


@pytest.fixture
def world() -> World:
    return World()


def test_what_aws_refused_is_not_tried_in_each_sweep_but_after_an_hour(world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    world.permissions.refused, world.shares.refused = {ROOT}, {CONSUMER}
    world.shares.shares[0] = msgspec.structs.replace(world.shares.shares[0], takes_outsiders=False)
    world.converge()
    world.permissions.refused, world.shares.refused = set(), set()
    world.interruptions.writes_until_crash = 0

    world.now += timedelta(minutes=59)
    told = world.converge().not_offered
    world.interruptions.writes_until_crash = 1_000
    world.now += timedelta(minutes=1)
    world.converge()

    at, again = "at 2026-11-21T12:00:00+00:00", "It is tried again at 2026-11-21T13:00:00+00:00."
    alone = "(the share is for the organization alone)"
    assert sorted(told) == [
        f"{SHARE_ARN} is not offered to {CONSUMER}: AWS refused {CONSUMER} {at} {alone}. {again}",
        f"{SERVICE_ID} is not offered to {CONSUMER}: AWS refused {ROOT} {at}. {again}",
    ]
    assert (world.allowed(), world.in_share()) == ({ROOT: "drawbridge"}, {CONSUMER})


def test_what_aws_refuses_time_and_again_is_tried_after_an_hour_then_two_and_so_on_up_to_a_day(world: World) -> None:
    world.consumers.registered[CONSUMER] = Consumer(tier="gold")
    world.shares.refused = {CONSUMER}
    hours: list[float] = []
    for hour in range(24 * 5):
        world.now = NOW + timedelta(hours=hour)
        hours += [hour] if world.converge().refused else []
    world.shares.refused = set()
    world.now = NOW + timedelta(days=5, hours=23)
    world.converge()

    assert hours == [0, 1, 3, 7, 15, 31, 55, 79, 103]
    assert world.records.records[SHARE_ARN, CONSUMER].refusals == 0
    assert world.in_share() == {CONSUMER}


def test_what_aws_refused_and_is_broken_off_when_tried_again_waits_as_long_as_it_would(world: World) -> None:
    on_record(world, record(SHARE_ARN, CONSUMER, is_confirmed=False, refused_at=NOW, refusals=3))
    world.consumers.registered[CONSUMER] = Consumer(tier="gold")
    world.shares.refused = {CONSUMER}
    world.now += timedelta(hours=4)
    world.interruptions.writes_until_crash = 1
    with pytest.raises(CrashError):
        world.converge()
    world.interruptions.writes_until_crash = 1_000

    world.converge()

    assert world.records.records[SHARE_ARN, CONSUMER].refusals == 4


def test_what_aws_refused_and_somebody_else_adds_is_theirs(world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    world.permissions.refused, world.shares.refused = {ROOT}, {CONSUMER}
    world.converge()
    world.has_allowed(ROOT)
    world.shares.members[SHARE_ARN][CONSUMER] = PrincipalStatus.ASSOCIATED

    world.converge()
    del world.consumers.registered[CONSUMER]
    world.converge()

    assert (world.allowed(), world.in_share(), world.records.records) == ({ROOT: None}, {CONSUMER}, {})


@pytest.mark.parametrize("says_what_is_added", [True, False])
def test_what_a_listing_leaves_out_and_the_next_does_not_is_somebody_else_s(
    says_what_is_added: bool, world: World
) -> None:
    world.permissions.says_what_is_added = says_what_is_added
    world.has_allowed(ROOT)
    world.shares.members[SHARE_ARN][CONSUMER] = PrincipalStatus.ASSOCIATED
    world.consumers.registered[CONSUMER] = GOLD
    world.permissions.left_out = world.shares.left_out = {CONSUMER, ROOT}
    reconciler, registry = world.reconciler(), RegisteredEntries(world.consumers.all())
    targets: list[Target] = [*world.services.services, *world.shares.shares]
    plans = [(target, reconciler.plan(target, registry, EVALUATION_TIME)) for target in targets]
    world.permissions.left_out = world.shares.left_out = set()

    for target, plan in plans:
        for step in plan.steps:
            reconciler.apply(step, target, EVALUATION_TIME, Converged())

    assert [len(plan.steps) for _, plan in plans] == [1, 1, 0]
    assert (world.allowed(), world.records.records) == ({ROOT: None}, {})
    assert world.shares.invited == []


@pytest.mark.parametrize("stays_registered", [True, False])
def test_what_ec2_does_not_say_it_added_is_somebody_else_s(stays_registered: bool, world: World) -> None:
    world.has_allowed(ROOT)
    world.permissions.left_out = {ROOT}
    world.consumers.registered[CONSUMER] = Consumer(services=frozenset({SERVICE_ID}))

    def on_allow() -> None:
        world.permissions.left_out = set()
        if not stays_registered:
            world.consumers.registered.clear()

    world.permissions.on_allow = on_allow

    converged = world.converge()

    assert (world.allowed(), world.records.records, converged) == ({ROOT: None}, {}, Converged())


def test_what_was_added_and_not_tagged_is_ours_though_ec2_says_that_it_was_there(world: World) -> None:
    on_record(world, record(SERVICE_ID, ROOT, is_confirmed=False))
    world.has_allowed(ROOT)
    world.permissions.left_out = {ROOT}
    world.consumers.registered[CONSUMER] = Consumer(services=frozenset({SERVICE_ID}))
    world.permissions.on_allow = world.permissions.left_out.clear

    world.converge()

    assert (world.allowed(), world.confirmed()) == ({ROOT: "drawbridge"}, {(SERVICE_ID, ROOT): True})


def test_a_service_that_is_full_is_asked_for_no_more_in_this_sweep(world: World) -> None:
    world.consumers.registered = {
        f"{number:012}": Consumer(services=frozenset({SERVICE_ID})) for number in range(1, 301)
    }
    world.permissions.room = 50

    converged = world.converge()

    assert (len(world.allowed()), world.permissions.asked) == (50, [100])
    assert [str(each).partition(":")[0] for each in converged.refused] == [f"not all can be offered {SERVICE_ID}"]


def test_where_ec2_says_nothing_of_what_it_added_what_shows_is_ours(world: World) -> None:
    world.permissions.says_what_is_added = False
    world.consumers.registered[CONSUMER] = Consumer(services=frozenset({SERVICE_ID}))

    world.converge()

    assert (world.allowed(), world.confirmed()) == ({ROOT: "drawbridge"}, {(SERVICE_ID, ROOT): True})
