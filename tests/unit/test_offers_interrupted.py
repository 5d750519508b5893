"""Wherever a sweep is killed, and whatever another one does meanwhile, offers come right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from drawbridge.decision.facts import Consumer
from drawbridge.errors import AccessDeniedError
from drawbridge.intake.offering.converged import Converged
from drawbridge.intake.offering.desired import RegisteredEntries, Target
from drawbridge.intake.offering.offers import Allowed, PartlyDeniedError, PrincipalStatus
from tests.builders import CONSUMER, EVALUATION_TIME, SERVICE_ID, SHARE_ARN, STRANGER
from tests.fakes.interruptions import CrashError
from tests.unit.offering import GOLD, ROOT, SILVER_ARN, STRANGERS, World, on_record, record

HOURS_12 = timedelta(hours=12)


@pytest.fixture
def world() -> World:
    return World()


def test_an_account_that_another_sweep_puts_in_meanwhile_stays_on_record(world: World) -> None:
    world.consumers.registered[CONSUMER] = Consumer(tier="gold")
    world.converge()
    del world.consumers.registered[CONSUMER]
    disassociate = world.shares.disassociate

    def and_another_sweep(share_arn: str, account_ids: Sequence[str]) -> None:
        world.shares.disassociate = disassociate  # type: ignore[method-assign]
        disassociate(share_arn, account_ids)
        world.consumers.registered[CONSUMER] = Consumer(tier="gold")
        world.now += HOURS_12
        world.converge()

    world.shares.disassociate = and_another_sweep  # type: ignore[method-assign]
    world.converge()

    assert (world.in_share(), world.confirmed()) == ({CONSUMER}, {(SHARE_ARN, CONSUMER): True})


def _meanwhile(world: World, name: str, do: Callable[[], object]) -> None:
    """Have something done by others right before the sweep's next call of the records of that name."""
    real = getattr(world.records, name)

    def call(*args: Any, **more: Any) -> object:
        setattr(world.records, name, real)
        do()
        return real(*args, **more)

    setattr(world.records, name, call)


def test_who_is_put_in_and_removed_while_another_sweep_is_about_to_put_it_in_does_not_stay(world: World) -> None:
    world.consumers.registered[CONSUMER] = Consumer(tier="gold")

    def by_another() -> None:
        world.now += timedelta(seconds=1)
        world.converge()
        del world.consumers.registered[CONSUMER]

    _meanwhile(world, "note", by_another)

    converged = world.converge()
    at_first = world.in_share(), world.confirmed()
    world.converge()
    world.forget_who_left()

    assert at_first == ({CONSUMER}, {(SHARE_ARN, CONSUMER): True})
    (told,) = converged.not_offered
    assert told.startswith(f"{SHARE_ARN} is not offered to 1 principals, {CONSUMER} among them, until the next sweep")
    assert (world.in_share(), world.records.records) == (set(), {})


def test_what_was_broken_off_and_is_called_for_no_longer_is_not_forgotten_before_it_is_taken_away(
    world: World,
) -> None:
    on_record(world, record(SHARE_ARN, CONSUMER, is_confirmed=False))
    world.shares.members[SHARE_ARN][CONSUMER] = PrincipalStatus.ASSOCIATED
    world.shares.left_out = {CONSUMER}
    world.consumers.registered[CONSUMER] = Consumer(tier="gold")
    world.consumers.on_read = world.consumers.registered.clear

    world.converge()
    world.converge()
    world.forget_who_left()

    assert (world.in_share(), world.records.records) == (set(), {})


@pytest.mark.parametrize("is_in", ["share", "service"])
def test_what_another_sweep_took_away_is_not_brought_back_as_confirmed(is_in: str, world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    if is_in == "share":
        on_record(world, record(SHARE_ARN, CONSUMER, is_confirmed=False))
        world.shares.members[SHARE_ARN][CONSUMER] = PrincipalStatus.ASSOCIATED
    else:
        on_record(world, record(SERVICE_ID, ROOT, is_confirmed=False))
        world.has_allowed(ROOT)
    reconciler, registry = world.reconciler(), RegisteredEntries(world.consumers.all())
    target: Target = world.shares.shares[0] if is_in == "share" else world.services.services[0]
    planned = reconciler.plan(target, registry, EVALUATION_TIME).steps
    world.consumers.registered.clear()
    world.converge()

    for step in planned:
        reconciler.apply(step, target, EVALUATION_TIME, Converged())
    left = all(each.is_out for each in world.records.records.values())
    world.consumers.registered[CONSUMER] = GOLD
    world.converge()

    assert (len(planned), left) == (1, True)
    assert (world.in_share(), world.allowed()) == ({CONSUMER}, {ROOT: "drawbridge"})


def test_who_comes_back_after_a_sweep_was_killed_while_taking_it_out_is_invited(world: World) -> None:
    world.consumers.registered[CONSUMER] = Consumer(tier="gold")
    world.converge()
    world.consumers.registered.clear()
    # Noted, and taken out; forgetting it is the third write.
    world.interruptions.writes_until_crash = 2
    with pytest.raises(CrashError):
        world.converge()
    by_then = world.in_share(), world.confirmed()
    world.interruptions.writes_until_crash = 1_000
    world.consumers.registered[CONSUMER] = Consumer(tier="gold")

    world.converge()

    assert by_then == (set(), {(SHARE_ARN, CONSUMER): False})
    assert (world.in_share(), world.confirmed()) == ({CONSUMER}, {(SHARE_ARN, CONSUMER): True})


@pytest.mark.parametrize("was_begun", [True, False])
def test_what_a_person_adds_after_aws_denied_it_is_theirs_but_for_what_was_broken_off(
    was_begun: bool, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.consumers.registered |= {CONSUMER: GOLD}
    if was_begun:
        on_record(world, record(SERVICE_ID, ROOT, is_confirmed=False), record(SHARE_ARN, CONSUMER, is_confirmed=False))
    with monkeypatch.context() as patch:
        patch.setattr(world.permissions, "allow", Mock(side_effect=AccessDeniedError("UnauthorizedOperation")))
        patch.setattr(world.shares, "associate", Mock(side_effect=AccessDeniedError("AccessDenied")))
        denied = world.converge()
    world.has_allowed(ROOT)
    world.shares.members[SHARE_ARN][CONSUMER] = PrincipalStatus.ASSOCIATED
    world.converge()
    world.consumers.registered.clear()

    world.converge()

    assert [str(each) for each in denied.failures] == ["UnauthorizedOperation", "AccessDenied"]
    assert (world.allowed(), world.in_share()) == (({}, set()) if was_begun else ({ROOT: None}, {CONSUMER}))


def test_what_was_added_before_the_rest_was_denied_is_ours(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.consumers.registered = {CONSUMER: GOLD, STRANGER: GOLD}
    allow = world.permissions.allow

    def partly(service_id: str, principals: Sequence[str]) -> Allowed:
        allow(service_id, principals[:1])
        raise PartlyDeniedError("UnauthorizedOperation", principals[1:])

    with monkeypatch.context() as patch:
        patch.setattr(world.permissions, "allow", partly)
        world.converge()
    first, second = sorted([ROOT, STRANGERS])
    world.has_allowed(second)

    world.converge()

    assert world.allowed() == {first: "drawbridge", second: None}


def _writes(world: World) -> int:
    """Return how many writes it takes until all is as it should be."""
    begun = world.interruptions.writes_until_crash
    world.converge()
    return begun - world.interruptions.writes_until_crash


def _changing() -> World:
    """Return a world in which somebody comes, somebody goes, and somebody changes tiers."""
    world = World()
    world.consumers.registered |= {CONSUMER: GOLD, "444444444444": GOLD}
    world.converge()
    world.has_allowed("arn:aws:iam::999999999999:root", permission_id="theirs")
    world.shares.members[SHARE_ARN]["999999999999"] = PrincipalStatus.ASSOCIATED
    del world.consumers.registered[CONSUMER]
    world.consumers.registered["444444444444"] = Consumer(tier="silver")
    world.consumers.registered[STRANGER] = GOLD
    return world


@pytest.mark.parametrize("writes", range(_writes(_changing())))
def test_wherever_a_sweep_is_killed_the_next_one_ends_the_same(writes: int) -> None:
    world, undisturbed = _changing(), _changing()
    undisturbed.converge()
    world.interruptions.writes_until_crash = writes

    with pytest.raises(CrashError):
        world.converge()
    world.interruptions.writes_until_crash = 1_000
    world.converge()

    assert world.allowed() == undisturbed.allowed() == {STRANGERS: "drawbridge", "arn:aws:iam::999999999999:root": None}
    for arn in (SHARE_ARN, SILVER_ARN):
        assert world.in_share(arn) == undisturbed.in_share(arn)
    assert world.confirmed() == undisturbed.confirmed()
    assert len(world.shares.invited) == len({*world.shares.invited})
    world.interruptions.writes_until_crash = 0
    assert world.converge() == Converged()


@pytest.mark.parametrize("writes", range(_writes(_changing())))
def test_who_is_removed_after_a_sweep_was_killed_is_offered_nothing(writes: int) -> None:
    world = _changing()
    world.interruptions.writes_until_crash = writes
    with pytest.raises(CrashError):
        world.converge()
    world.interruptions.writes_until_crash = 1_000
    world.consumers.registered.clear()

    world.converge()
    world.forget_who_left()

    assert world.allowed() == {"arn:aws:iam::999999999999:root": None}
    assert (world.in_share(), world.in_share(SILVER_ARN)) == ({"999999999999"}, set())
    assert world.records.records == {}
