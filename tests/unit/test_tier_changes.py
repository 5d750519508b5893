"""Who changes tiers is in the share of the next before it leaves the last."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from unittest.mock import Mock

import pytest

from drawbridge.decision.facts import Consumer
from drawbridge.errors import ThrottledError
from drawbridge.intake.offering.offers import OfferedShare, PrincipalStatus
from tests.builders import CONSUMER, NOW, SHARE_ARN
from tests.unit.offering import PERMIT, SILVER_ARN, World, fifty, on_record, planning_takes, record
from tests.unit.policies import compiled

HOURS_12 = timedelta(hours=12)


@pytest.fixture
def world() -> World:
    return World()


def _to_silver(world: World) -> None:
    """Have an account that is in the share for gold change to silver."""
    world.consumers.registered[CONSUMER] = Consumer(tier="gold")
    world.converge()
    world.consumers.registered[CONSUMER] = Consumer(tier="silver")


def _refusing(world: World, patch: pytest.MonkeyPatch) -> None:
    world.shares.refused = {CONSUMER}


def _refused_before(world: World, patch: pytest.MonkeyPatch) -> None:
    on_record(world, record(SILVER_ARN, CONSUMER, is_confirmed=False, refused_at=NOW))


def _throttled(world: World, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(world.shares, "associate", Mock(side_effect=ThrottledError("slowly")))


def _without_time(world: World, patch: pytest.MonkeyPatch) -> None:
    planning_takes(world, 40)


def _busy(world: World, patch: pytest.MonkeyPatch) -> None:
    world.shares.busy = {CONSUMER}


def _without_policies(world: World, patch: pytest.MonkeyPatch) -> None:
    world.policies = compiled([])


@pytest.mark.parametrize(
    "wrong",
    [_refusing, _refused_before, _throttled, _without_time, _busy, _without_policies],
    ids=lambda each: each.__name__,
)
def test_who_changes_tiers_stays_in_its_share_while_the_next_has_not_taken_it(
    wrong: Callable[[World, pytest.MonkeyPatch], None], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _to_silver(world)
    with monkeypatch.context() as patch:
        wrong(world, patch)
        converged = world.converge()
    at_first = world.in_share(), world.in_share(SILVER_ARN)
    world.shares.refused, world.shares.busy, world.policies = set(), set(), compiled([PERMIT])
    for _ in range(3):
        world.now += timedelta(hours=1)
        world.seconds = 0
        world.converge()

    assert at_first == ({CONSUMER}, set())
    assert f"{CONSUMER} stay in {SHARE_ARN} until they are in {SILVER_ARN}" in " ".join(converged.not_offered)
    assert (world.in_share(), world.in_share(SILVER_ARN)) == (set(), {CONSUMER})


def test_who_is_outside_of_the_organization_stays_in_its_share_until_it_accepts_the_next(world: World) -> None:
    world.shares.outsiders = {CONSUMER}
    _to_silver(world)

    converged = world.converge()
    invited = world.in_share(), world.in_share(SILVER_ARN)
    world.shares.members[SILVER_ARN][CONSUMER] = PrincipalStatus.ASSOCIATED
    world.converge()

    assert invited == ({CONSUMER}, {CONSUMER})
    assert f"{CONSUMER} stay in {SHARE_ARN} until they are in {SILVER_ARN}" in " ".join(converged.not_offered)
    assert (world.in_share(), world.in_share(SILVER_ARN)) == (set(), {CONSUMER})


def test_who_was_put_into_the_next_share_and_is_not_listed_there_yet_stays_in_the_last(world: World) -> None:
    _to_silver(world)
    on_record(world, record(SILVER_ARN, CONSUMER))
    world.shares.left_out = {CONSUMER}

    world.converge()

    assert world.in_share() == {CONSUMER}


def _never_answers(world: World) -> None:
    world.shares.outsiders = {CONSUMER}


def _never_taken(world: World) -> None:
    world.shares.refused = {CONSUMER}


@pytest.mark.parametrize("wrong", [_never_answers, _never_taken])
def test_the_next_share_is_waited_for_no_longer_than_a_day(wrong: Callable[[World], None], world: World) -> None:
    _to_silver(world)
    wrong(world)
    silver = world.shares.members[SILVER_ARN]
    was_in: list[bool] = []
    for _ in range(25):
        world.converge()
        was_in.append(CONSUMER in world.in_share())
        world.now += timedelta(hours=1)
        # RAM lets an invitation expire, and it is repeated.
        invited = world.records.records[SILVER_ARN, CONSUMER]
        if silver.get(CONSUMER) and world.now >= invited.offered_at + HOURS_12:
            silver[CONSUMER] = PrincipalStatus.DISASSOCIATED

    assert was_in == [*[True] * 24, False]


@pytest.mark.parametrize("wrong", [_never_answers, _never_taken])
def test_who_leaves_though_the_next_share_has_not_taken_it_is_told(
    wrong: Callable[[World], None], world: World
) -> None:
    _to_silver(world)
    wrong(world)
    world.converge()
    world.now += timedelta(days=1)

    converged = world.converge()

    assert f"{CONSUMER} leave {SHARE_ARN} though they are not in {SILVER_ARN}" in " ".join(converged.not_offered)


def test_who_is_in_one_share_of_its_next_tier_waits_for_no_other_of_it(world: World) -> None:
    other = f"{SILVER_ARN[:-1]}f"
    world.shares.shares.append(OfferedShare(arn=other, name="other", tier="silver", takes_outsiders=False))
    world.shares.members[other] = {}
    world.shares.outsiders = {CONSUMER}
    on_record(world, record(other, CONSUMER, is_confirmed=False, refused_at=NOW))
    _to_silver(world)
    world.converge()
    invited = world.in_share()
    world.shares.members[SILVER_ARN][CONSUMER] = PrincipalStatus.ASSOCIATED

    converged = world.converge()

    assert (invited, world.in_share()) == ({CONSUMER}, set())
    assert f"{CONSUMER} leave {SHARE_ARN} though they are not in {other}" in " ".join(converged.not_offered)
    assert "stay in" not in " ".join(converged.not_offered)


def test_a_day_without_policies_is_not_one_in_which_the_next_share_was_waited_for(world: World) -> None:
    _to_silver(world)
    world.policies = compiled([])
    for _ in range(3):
        world.converge()
        world.now += timedelta(days=1)
    without_policies = world.in_share()
    world.policies, world.shares.refused = compiled([PERMIT]), {CONSUMER}
    world.converge()

    assert (without_policies, world.in_share()) == ({CONSUMER}, {CONSUMER})


def _no_policies(world: World) -> None:
    world.policies = compiled([])


def _suspended(world: World) -> None:
    world.consumers.registered[CONSUMER] = Consumer(tier="silver", suspended_at=NOW)


@pytest.mark.parametrize("meanwhile", [_no_policies, _suspended])
def test_the_next_share_is_waited_for_a_day_again_once_it_can_take_anybody_again(
    meanwhile: Callable[[World], None], world: World
) -> None:
    _to_silver(world)
    world.shares.outsiders = {CONSUMER}
    world.converge()
    before, policies = world.consumers.registered[CONSUMER], world.policies
    meanwhile(world)
    for _ in range(3):
        world.converge()
        world.now += timedelta(days=1)
    world.consumers.registered[CONSUMER], world.policies = before, policies

    assert in_share_each_hour(world) == [*[True] * 24, False]


def in_share_each_hour(world: World) -> list[bool]:
    """Sweep each hour of a day, and once more; return whether the account is in the share after each."""
    was_in: list[bool] = []
    for _ in range(25):
        world.converge()
        was_in.append(CONSUMER in world.in_share())
        world.now += timedelta(hours=1)
    return was_in


def test_who_changes_back_and_forth_has_a_day_each_time(world: World) -> None:
    world.shares.refused = {CONSUMER}
    on_record(world, record(SHARE_ARN, CONSUMER))
    world.shares.members[SHARE_ARN][CONSUMER] = PrincipalStatus.ASSOCIATED
    for tier, hours in (("silver", 23), ("gold", 1), ("silver", 23), ("silver", 0)):
        world.consumers.registered[CONSUMER] = Consumer(tier=tier)
        world.converge()
        world.now += timedelta(hours=hours)

    assert world.in_share() == {CONSUMER}


@pytest.mark.parametrize("hours", [23, 25])
def test_who_changes_to_a_third_tier_while_it_is_awaited_in_the_second_has_a_day_of_its_own_for_that(
    hours: int, world: World
) -> None:
    bronze = f"{SILVER_ARN[:-1]}f"
    world.shares.shares.append(OfferedShare(arn=bronze, name="bronze", tier="bronze", takes_outsiders=True))
    world.shares.members[bronze] = {}
    world.shares.outsiders = {CONSUMER}
    _to_silver(world)
    world.converge()
    world.now += timedelta(hours=hours)
    world.consumers.registered[CONSUMER] = Consumer(tier="bronze")

    assert in_share_each_hour(world) == [*[True] * 24, False]


def test_a_whole_tier_that_nobody_takes_is_not_without_its_share_after_a_day_unless_that_is_let() -> None:
    world = fifty()
    world.shares.outsiders = {*world.consumers.registered}
    world.shares.members[SHARE_ARN] = dict.fromkeys(world.shares.outsiders, PrincipalStatus.ASSOCIATED)
    world.consumers.registered = dict.fromkeys(world.consumers.registered, Consumer(tier="silver"))
    too_many: list[int] = []
    for _ in range(2):
        too_many.append(len(world.converge().too_many))
        world.now += timedelta(days=1)

    assert (len(world.in_share()), too_many) == (50, [0, 1])


def test_who_rejects_the_share_of_its_next_tier_does_not_keep_the_last(world: World) -> None:
    _to_silver(world)
    world.shares.members[SILVER_ARN][CONSUMER] = PrincipalStatus.FAILED
    on_record(world, record(SILVER_ARN, CONSUMER))

    world.converge()

    assert (world.in_share(), world.in_share(SILVER_ARN)) == (set(), set())


def test_who_may_not_be_in_the_share_of_its_next_tier_does_not_keep_the_last(world: World) -> None:
    _to_silver(world)
    world.policies = compiled([PERMIT, 'forbid(principal, action == Action::"offer", resource is ResourceShare);'])

    world.converge()

    assert (world.in_share(), world.in_share(SILVER_ARN)) == (set(), set())


def test_whom_somebody_else_put_into_the_next_share_leaves_the_last(world: World) -> None:
    _to_silver(world)
    world.shares.members[SILVER_ARN][CONSUMER] = PrincipalStatus.ASSOCIATED

    world.converge()

    assert (world.in_share(), world.in_share(SILVER_ARN)) == (set(), {CONSUMER})


def test_a_next_share_that_is_deleted_meanwhile_holds_nobody(world: World) -> None:
    _to_silver(world)
    del world.shares.members[SILVER_ARN]

    world.converge()

    assert world.in_share() == set()
