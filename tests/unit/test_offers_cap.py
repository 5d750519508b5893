"""Of those who would leave shares at once, whom nobody had removed, only so many do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from unittest.mock import Mock

import msgspec
import pytest

from drawbridge.decision.facts import Consumer
from drawbridge.errors import ThrottledError
from drawbridge.intake.offering.offers import OfferedShare, PrincipalStatus
from drawbridge.intake.offering.reconcile import OfferReconciler
from drawbridge.intake.registration.off_boarding import RemovedConsumer
from tests.builders import CONSUMER, NOW, SHARE_ARN, STRANGER
from tests.unit.offering import GOLD, SILVER_ARN, STRANGERS, World, fifty

HOURS_12 = timedelta(hours=12)


@pytest.fixture
def world() -> World:
    return World()


def _retagged(world: World, tier: str) -> None:
    world.shares.shares[0] = msgspec.structs.replace(world.shares.shares[0], tier=tier)


def test_a_share_whose_tag_changed_is_not_emptied_at_once_but_of_those_who_were_removed_or_are_in_another() -> None:
    world = fifty()
    removed, changed_tier, *others = world.consumers.registered
    _retagged(world, "Gold")
    _removed(world, removed)
    world.consumers.registered[changed_tier] = Consumer(tier="silver")

    converged = world.converge()

    assert world.in_share() == {*others}
    assert world.in_share(SILVER_ARN) == {changed_tier}
    (capped,) = converged.too_many
    assert str(capped).startswith(
        f"48 of 50 accounts would be taken out of {SHARE_ARN} at once, and 48 out of all shares, whom nobody removed"
    )
    assert "the share's tag, their tiers (they were put in as gold), entries that are missing" in str(capped)
    assert str(capped).endswith("all go by drawbridge withdraw --confirm, or with WithdrawCap (10) as high as that")


def _removed(world: World, *accounts: str) -> None:
    """Have a command, or an event, remove accounts."""
    for account in accounts:
        del world.consumers.registered[account]
        world.removed.note(account, RemovedConsumer(removed_at=world.now))


def _deleted(world: World) -> None:
    world.consumers.registered.clear()


def _of_no_share(world: World) -> None:
    world.consumers.registered = dict.fromkeys(world.consumers.registered, Consumer(tier="golld"))


def _of_no_tier(world: World) -> None:
    world.consumers.registered = dict.fromkeys(world.consumers.registered, Consumer())


@pytest.mark.parametrize("change", [_deleted, _of_no_share, _of_no_tier])
@pytest.mark.parametrize(("cap", "stay"), [(49, 50), (50, 0)])
def test_many_whom_nobody_removed_and_who_would_be_in_no_share_stay(
    change: Callable[[World], None], cap: int, stay: int
) -> None:
    world = fifty()
    world.cap = cap
    change(world)

    converged = world.converge()

    assert (len(world.in_share()), len(converged.too_many)) == (stay, bool(stay))


def test_who_rejected_an_invitation_is_not_in_the_share_that_the_cap_is_a_part_of() -> None:
    world = fifty()
    accounts = [*world.consumers.registered]
    for each in accounts[12:]:
        world.shares.members[SHARE_ARN][each] = PrincipalStatus.DISASSOCIATED
    _retagged(world, "Gold")

    converged = world.converge()

    assert world.in_share() == {*accounts[:12]}
    assert [str(each).split(" would")[0] for each in converged.too_many] == ["12 of 12 accounts"]


def test_those_that_a_command_or_an_event_removed_go_at_once_however_many_they_are() -> None:
    world = fifty()
    _removed(world, *world.consumers.registered)

    converged = world.converge()

    assert (world.in_share(), converged.too_many) == (set(), [])


def test_who_was_removed_once_and_has_an_entry_again_is_not_removed() -> None:
    world = fifty()
    accounts = [*world.consumers.registered]
    _removed(world, *accounts)
    world.consumers.registered = dict.fromkeys(accounts, Consumer(tier="golld"))

    world.converge()

    assert len(world.in_share()) == 50


def test_those_that_were_removed_before_they_were_put_in_anew_are_not_removed() -> None:
    world = World()
    accounts = [f"{100_000_000_000 + number}" for number in range(50)]
    for account in accounts:
        world.removed.note(account, RemovedConsumer(removed_at=NOW - timedelta(days=2)))
    world.consumers.registered = dict.fromkeys(accounts, Consumer(tier="gold"))
    world.converge()
    world.consumers.registered = {}

    converged = world.converge()

    assert world.in_share() == {*accounts}
    assert len(converged.held_back) == 50


def test_those_that_were_removed_do_not_count_for_the_others() -> None:
    world = fifty()
    accounts = [*world.consumers.registered]
    _removed(world, *accounts[:30])
    for each in accounts[30:40]:
        del world.consumers.registered[each]

    world.converge()

    assert world.in_share() == {*accounts[40:]}


def _eight_shares(world: World, each: int) -> list[str]:
    """Put as many accounts into each of eight shares more; return the shares."""
    arns = [f"{SHARE_ARN[:-1]}{number}" for number in range(8)]
    for number, arn in enumerate(arns):
        tier = f"tier{number}"
        world.shares.shares.append(OfferedShare(arn=arn, name=tier, tier=tier, takes_outsiders=True))
        world.shares.members[arn] = {}
        first = 100_000_000_000 + 100 * number
        world.consumers.registered |= {f"{account}": Consumer(tier=tier) for account in range(first, first + each)}
    world.converge()
    return arns


def test_the_cap_is_of_a_sweep_and_not_of_each_share(world: World) -> None:
    arns = _eight_shares(world, each=10)
    world.shares.shares = [msgspec.structs.replace(share, tier=share.tier.upper()) for share in world.shares.shares]

    converged = world.converge()

    assert [len(world.in_share(arn)) for arn in arns] == [10] * 8
    assert ["10 of 10 accounts" in str(each) and "80 out of all" in str(each) for each in converged.too_many] == [
        True
    ] * 8


def test_of_a_share_that_loses_a_quarter_or_less_they_go_whatever_becomes_of_the_others(world: World) -> None:
    first, second, *others = _eight_shares(world, each=12)
    registered = world.consumers.registered
    gone = [*world.in_share(first), *sorted(world.in_share(second))[:3]]
    world.consumers.registered = {each: entry for each, entry in registered.items() if each not in gone}

    converged = world.converge()

    assert [len(world.in_share(arn)) for arn in (first, second, *others)] == [12, 9, *[12] * 6]
    assert len(converged.too_many) == 1


def test_who_came_into_a_share_by_a_slip_of_its_tag_leaves_it_once_that_is_mended() -> None:
    world = fifty()
    silver = world.shares.shares[1]
    world.shares.shares[1] = msgspec.structs.replace(silver, tier="gold")
    world.converge()
    by_slip = len(world.in_share(SILVER_ARN))
    world.shares.shares[1] = silver

    converged = world.converge()

    assert (by_slip, world.in_share(SILVER_ARN), len(world.in_share())) == (50, set(), 50)
    assert converged.too_many == []


def test_a_whole_tier_that_changes_to_another_moves_at_once_however_many_they_are() -> None:
    world = fifty()
    world.consumers.registered = dict.fromkeys(world.consumers.registered, Consumer(tier="silver"))

    converged = world.converge()

    assert (len(world.in_share()), len(world.in_share(SILVER_ARN)), converged.too_many) == (0, 50, [])


def test_whose_entry_goes_in_the_middle_of_the_taking_out_is_counted_by_the_next_sweep() -> None:
    world = fifty()
    accounts = [*world.consumers.registered]
    for each in accounts[:10]:
        world.consumers.registered[each] = Consumer(tier="golld")
    world.cap = 10
    reads = 0

    def delete_more() -> None:
        nonlocal reads
        reads += 1
        if reads == 2:
            world.consumers.registered.clear()

    world.consumers.on_read = delete_more
    # A listing that was cut has them planned to leave.
    world.consumers.left_out = {*accounts[10:20]}

    world.converge()

    # The third is of those that left.
    assert reads == 3
    assert world.in_share() == {*accounts[10:]}


def test_where_it_is_not_known_who_would_leave_nobody_does(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    world.converge()
    world.consumers.registered = {STRANGER: GOLD}
    monkeypatch.setattr(OfferReconciler, "departures", Mock(side_effect=ThrottledError("slowly")))

    converged = world.converge()

    assert (world.allowed(), world.in_share()) == ({STRANGERS: "drawbridge"}, {CONSUMER, STRANGER})
    assert [str(each) for each in converged.failures] == ["slowly"]


@pytest.mark.parametrize(("others", "stays"), [(3, False), (2, True)])
def test_a_quarter_of_a_share_leaves_it_for_its_tag_whatever_the_cap(others: int, stays: bool, world: World) -> None:
    accounts = [f"{number:012}" for number in range(1, others + 1)]
    world.consumers.registered = dict.fromkeys([CONSUMER, *accounts], Consumer(tier="gold"))
    world.converge()
    world.cap = 0
    _retagged(world, "Gold")
    world.consumers.registered |= dict.fromkeys(accounts, Consumer(tier="Gold"))

    world.converge()

    assert (CONSUMER in world.in_share()) is stays


def test_few_leave_a_share_for_its_tag_at_once() -> None:
    world = fifty()
    world.cap = 50
    _retagged(world, "Gold")

    converged = world.converge()

    assert (world.in_share(), converged.too_many) == (set(), [])


def test_a_tier_that_is_renamed_everywhere_is_as_safe_as_it_was() -> None:
    world = fifty()
    _retagged(world, "best")
    world.consumers.registered = dict.fromkeys(world.consumers.registered, Consumer(tier="best"))
    world.converge()
    _retagged(world, "Best")

    world.converge()

    assert len(world.in_share()) == 50
