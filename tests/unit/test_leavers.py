"""What an account that left an offered share has associated goes once it is due, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from drawbridge.decision.facts import Consumer
from drawbridge.decision.registration import CLOCKS_AHEAD
from drawbridge.errors import (
    AccessDeniedError,
    ConflictError,
    DrawbridgeError,
    GoneError,
    ThrottledError,
    UpstreamError,
)
from drawbridge.intake.disassociation.associations import AssociationKind, ConsumerAssociation
from drawbridge.intake.disassociation.leavers import (
    ForgetLeaver,
    Leaver,
    ObservedResource,
    Reach,
    plan_for_records,
    plan_for_resource,
)
from drawbridge.intake.offering.converged import Converged
from drawbridge.intake.offering.leaving import Leaving, LeavingCause, leaving_after
from drawbridge.intake.offering.offers import OfferedShare, OfferRecord, PartlyDeniedError, PrincipalStatus
from drawbridge.intake.registration.off_boarding import RemovedConsumer
from drawbridge.request.announced import Announced
from tests.builders import CONSUMER, NOW, PROVIDER, SHARE_ARN, STRANGER
from tests.fakes.interruptions import CrashError
from tests.unit.offering import CONFIRM, SILVER_ARN, WAIT, World
from tests.unit.policies import compiled

OTHERS_SHARE = f"arn:aws:ram:us-east-1:{PROVIDER}:resource-share/11111111-bbbb-cccc-dddd-eeeeeeeeeeee"
ORDERS, WIDGETS = (f"arn:aws:vpc-lattice:us-east-1:{PROVIDER}:resourceconfiguration/rcfg-{end * 17}" for end in "01")
NETWORK = f"arn:aws:vpc-lattice:us-east-1:{PROVIDER}:servicenetwork/sn-00000000000000000"
ORGANIZATION = "arn:aws:organizations::999999999999:organization/o-0123456789"
GOLD = Consumer(tier="gold")
SOON = timedelta(minutes=5)


def association(account_id: str = CONSUMER, arn: str = ORDERS, number: int = 1, **changes: Any) -> ConsumerAssociation:
    of = ConsumerAssociation(
        id=f"rea-{account_id}-{arn[-1]}-{number}",
        kind=AssociationKind.ENDPOINT,
        resource_arn=arn,
        account_id=account_id,
        through=f"vpce-{number}",
    )
    return replace(of, **changes)


OF_CONSUMER = association()
OF_NETWORK = association(kind=AssociationKind.NETWORK, number=2, through=NETWORK)


@pytest.fixture
def world() -> World:
    """Return a world in which two accounts are in a share that holds something, with which both are associated."""
    world = World()
    world.shares.held = {SHARE_ARN: {ORDERS, WIDGETS, NETWORK}}
    world.consumers.registered = {CONSUMER: GOLD, STRANGER: GOLD}
    world.converge()
    world.associations.there = [OF_CONSUMER, OF_NETWORK, association(arn=WIDGETS), association(STRANGER)]
    world.associations.owned = {ORDERS, WIDGETS}
    return world


def command_removal(world: World, account_id: str = CONSUMER) -> None:
    """Remove an entry as a command or an event does."""
    world.removed.kept[account_id] = RemovedConsumer(removed_at=world.now)
    del world.consumers.registered[account_id]


def left(world: World, account_id: str = CONSUMER) -> Leaving | None:
    record = world.records.records.get((SHARE_ARN, account_id))
    return record.leaving if record is not None else None


def later(world: World, by: timedelta) -> Converged:
    world.now += by
    return world.converge()


def of_consumer(world: World) -> set[ConsumerAssociation]:
    return {each for each in world.associations.there if each.account_id == CONSUMER}


def test_whose_removal_was_commanded_has_nothing_associated_after_the_same_sweep(world: World) -> None:
    command_removal(world)

    converged = world.converge()

    assert world.associations.there == [association(STRANGER)]
    assert sorted(converged.disassociated) == sorted(map(str, [OF_CONSUMER, OF_NETWORK, association(arn=WIDGETS)]))
    assert (converged.still_associated, converged.failures, converged.broken) == ([], [], [])
    assert (leaving := left(world)) is not None
    assert (leaving.cause, leaving.announced.withdraw_after) == (LeavingCause.COMMANDED, NOW)


def test_whose_entry_was_just_gone_keeps_it_for_the_period(world: World) -> None:
    del world.consumers.registered[CONSUMER]
    world.converge()

    before = later(world, WAIT - timedelta(seconds=1)), of_consumer(world)
    after = later(world, timedelta(seconds=1))

    assert world.in_share() == {STRANGER}
    assert (before[0].disassociated, len(before[1])) == ([], 3)
    assert (len(after.disassociated), of_consumer(world)) == (3, set())


@pytest.mark.parametrize("holds_it_too", [True, False])
def test_who_moves_to_another_tier_keeps_what_the_next_share_holds_and_the_rest_for_the_period(
    holds_it_too: bool, world: World
) -> None:
    world.shares.held[SILVER_ARN] = {ORDERS} if holds_it_too else set()
    world.consumers.registered[CONSUMER] = Consumer(tier="silver")
    world.converge()
    world.shares.members[SILVER_ARN][CONSUMER] = PrincipalStatus.ASSOCIATED

    converged = later(world, WAIT)

    kept = {OF_CONSUMER, OF_NETWORK} if holds_it_too else set[ConsumerAssociation]()
    assert (world.in_share(), world.in_share(SILVER_ARN)) == ({STRANGER}, {CONSUMER})
    assert of_consumer(world) == kept
    # What is as it should be is not told.
    assert converged.still_associated == []


def test_who_has_left_and_has_nothing_associated_is_forgotten_by_the_second_look(world: World) -> None:
    del world.consumers.registered[STRANGER]
    world.associations.there = []
    world.converge()

    too_soon = later(world, CONFIRM - timedelta(seconds=1)), left(world, STRANGER)
    later(world, timedelta(seconds=1))

    assert too_soon[0] == Converged()
    assert too_soon[1] is not None
    assert world.records.records.keys() == {(SHARE_ARN, CONSUMER)}


def test_a_listing_that_is_cut_once_has_nobody_forgotten(world: World) -> None:
    del world.consumers.registered[CONSUMER]
    world.associations.left_out = {each.id for each in of_consumer(world)}
    world.converge()
    world.associations.left_out = set()
    later(world, CONFIRM)

    converged = later(world, WAIT)

    assert (len(converged.disassociated), of_consumer(world)) == (3, set())


def test_what_it_makes_in_the_last_moment_goes_with_the_next_sweep(world: World) -> None:
    command_removal(world)
    world.converge()
    late = association(number=7)
    world.associations.there.append(late)

    converged = later(world, CONFIRM)

    assert converged.disassociated == [str(late)]
    assert left(world) is not None


def test_who_is_removed_on_command_after_its_entry_was_gone_waits_no_longer(world: World) -> None:
    del world.consumers.registered[CONSUMER]
    world.converge()
    world.now += SOON
    world.removed.kept[CONSUMER] = RemovedConsumer(removed_at=world.now)

    world.converge()

    assert of_consumer(world) == set()


@pytest.mark.parametrize("by_clock", [timedelta(hours=-1), timedelta(0), timedelta(hours=1)], ids=str)
def test_a_removal_from_before_it_was_put_in_commands_nothing_whatever_the_clock_of_who_removed_it(
    by_clock: timedelta, world: World
) -> None:
    world.removed.kept[CONSUMER] = RemovedConsumer(removed_at=NOW + by_clock)
    del world.consumers.registered[CONSUMER]
    world.converge()
    world.consumers.registered[CONSUMER] = GOLD
    later(world, SOON)
    later(world, SOON)
    world.associations.there.append(OF_CONSUMER)
    del world.consumers.registered[CONSUMER]

    later(world, SOON)

    assert (world.in_share(), of_consumer(world)) == ({STRANGER}, {OF_CONSUMER})


@pytest.mark.parametrize("by_clock", [timedelta(hours=-1), timedelta(hours=1)], ids=str)
def test_a_removal_is_a_command_whatever_the_clock_of_who_removed_it(by_clock: timedelta, world: World) -> None:
    world.removed.kept[CONSUMER] = RemovedConsumer(removed_at=NOW + by_clock)
    del world.consumers.registered[CONSUMER]

    world.converge()

    assert of_consumer(world) == set()


def test_a_removal_while_it_is_put_in_is_a_command(world: World) -> None:
    world.shares.members[SHARE_ARN][CONSUMER] = PrincipalStatus.DISASSOCIATED
    world.consumers.on_read = lambda: world.removed.note(CONSUMER, RemovedConsumer(removed_at=NOW))
    later(world, timedelta(hours=13))
    del world.consumers.registered[CONSUMER]

    later(world, SOON)

    assert of_consumer(world) == set()


def test_a_removal_that_is_on_record_no_longer_was_a_command_all_the_same(world: World) -> None:
    command_removal(world)
    world.associations.refusing = {OF_CONSUMER.id: ConflictError("in progress")}
    world.converge()
    world.removed.kept.clear()
    world.associations.refusing = {}

    later(world, timedelta(days=31))

    assert of_consumer(world) == set()


def test_who_comes_back_with_another_tier_after_a_removal_has_a_period_of_its_own(world: World) -> None:
    command_removal(world)
    world.associations.refusing = {each.id: ConflictError("in progress") for each in of_consumer(world)}
    world.converge()
    world.associations.refusing = {}
    world.consumers.registered[CONSUMER] = Consumer(tier="bronze")

    converged = later(world, SOON)

    assert (converged.disassociated, len(of_consumer(world))) == ([], 3)
    assert (leaving := left(world)) is not None
    assert (leaving.cause, leaving.announced.withdraw_after) == (LeavingCause.OTHER_TIER, NOW + SOON + WAIT)


def test_who_comes_back_in_time_is_put_in_at_once_and_keeps_all(world: World) -> None:
    del world.consumers.registered[CONSUMER]
    world.converge()
    world.consumers.registered[CONSUMER] = GOLD

    later(world, SOON)
    back = world.in_share(), left(world)
    later(world, WAIT)

    assert back == ({CONSUMER, STRANGER}, None)
    assert len(of_consumer(world)) == 3


def test_who_comes_back_in_the_middle_of_the_deletions_keeps_the_rest(world: World) -> None:
    command_removal(world)
    real, deleted = world.associations.delete, []

    def delete(association: ConsumerAssociation) -> None:
        real(association)
        deleted.append(association)
        world.consumers.registered[CONSUMER] = GOLD

    world.associations.delete = delete  # type: ignore[method-assign]

    world.converge()
    world.converge()

    assert (len(deleted), len(of_consumer(world))) == (1, 2)
    assert world.in_share() == {CONSUMER, STRANGER}


def test_who_comes_back_and_goes_again_before_it_is_put_in_is_not_lost_sight_of(world: World) -> None:
    del world.consumers.registered[CONSUMER]
    world.converge()
    world.consumers.registered[CONSUMER] = GOLD
    world.consumers.on_read = lambda: world.consumers.registered.update({CONSUMER: Consumer()})
    later(world, SOON)
    world.consumers.on_read = lambda: None

    later(world, SOON)
    later(world, WAIT)

    assert (world.in_share(), of_consumer(world)) == ({STRANGER}, set())


def nothing() -> None:
    """Do nothing."""


def change_while_it_is_put_in(
    world: World, *, before: Callable[[], object] = nothing, after: Callable[[], object] = nothing
) -> None:
    """Have something happen elsewhere right before, or after, RAM puts accounts in for the next time."""
    associate = world.shares.associate

    def and_change(share_arn: str, account_ids: Sequence[str]) -> None:
        world.shares.associate = associate  # type: ignore[method-assign]
        before()
        associate(share_arn, account_ids)
        after()

    world.shares.associate = and_change  # type: ignore[method-assign]


def remove_in_another_sweep(world: World) -> None:
    command_removal(world)
    later(world, timedelta(seconds=7))


def test_who_is_removed_while_it_is_put_in_again_after_somebody_took_it_out_leaves_nothing(world: World) -> None:
    world.shares.members[SHARE_ARN][CONSUMER] = PrincipalStatus.DISASSOCIATED
    change_while_it_is_put_in(world, after=lambda: command_removal(world))
    later(world, timedelta(hours=13))

    later(world, SOON)

    assert (world.in_share(), of_consumer(world)) == ({STRANGER}, set())


@pytest.mark.parametrize(
    "entry", [Consumer(tier="silver"), Consumer(tier="gold", suspended_at=NOW)], ids=["other tier", "suspended"]
)
def test_whom_a_listing_leaves_out_and_whose_entry_changes_while_it_is_put_in_stays_as_another_sweep_would_have_it(
    entry: Consumer, world: World
) -> None:
    world.shares.left_out, world.shares.outsiders = {CONSUMER}, {CONSUMER}
    change_while_it_is_put_in(world, after=lambda: world.consumers.registered.update({CONSUMER: entry}))
    later(world, timedelta(hours=13))
    world.shares.left_out = set()

    later(world, SOON)

    # It is invited to the next share, and has not accepted yet.
    assert world.in_share() == {CONSUMER, STRANGER}
    assert len(of_consumer(world)) == 3


def test_whom_another_sweep_takes_out_while_it_is_put_in_again_is_taken_out_at_once(world: World) -> None:
    del world.consumers.registered[CONSUMER]
    world.converge()
    world.consumers.registered[CONSUMER] = GOLD
    change_while_it_is_put_in(world, before=lambda: remove_in_another_sweep(world))

    later(world, SOON)

    assert (world.in_share(), of_consumer(world)) == ({STRANGER}, set())


@pytest.mark.parametrize("is_commanded", [True, False])
def test_whom_aws_refuses_to_put_in_again_and_who_is_removed_leaves_nothing(is_commanded: bool, world: World) -> None:
    del world.shares.members[SHARE_ARN][CONSUMER]
    world.shares.refused = {CONSUMER}
    later(world, timedelta(hours=13))
    later(world, timedelta(hours=13))
    kept = of_consumer(world)
    if is_commanded:
        command_removal(world)
    else:
        del world.consumers.registered[CONSUMER]

    later(world, SOON)
    at_first = of_consumer(world)
    later(world, WAIT)

    assert len(kept) == 3
    assert (len(at_first), of_consumer(world)) == (0 if is_commanded else 3, set())


def test_whom_aws_refuses_for_long_to_put_in_again_and_whose_entry_is_lost_then_keeps_all_for_days(
    world: World,
) -> None:
    del world.consumers.registered[CONSUMER]
    world.converge()
    world.consumers.registered[CONSUMER] = GOLD
    world.shares.refused = {CONSUMER}
    for _ in range(9):
        later(world, timedelta(days=1))
    del world.consumers.registered[CONSUMER]

    later(world, WAIT - timedelta(days=1))

    assert len(of_consumer(world)) == 3


def test_who_may_not_be_put_in_again_by_the_role_and_is_removed_leaves_nothing(world: World) -> None:
    def denied(share_arn: str, account_ids: Sequence[str]) -> None:
        raise PartlyDeniedError("ram:AssociateResourceShare", account_ids)

    world.shares.members[SHARE_ARN][CONSUMER] = PrincipalStatus.DISASSOCIATED
    world.shares.associate = denied  # type: ignore[method-assign]
    later(world, timedelta(hours=13))
    command_removal(world)

    later(world, SOON)

    assert of_consumer(world) == set()


def test_whom_somebody_else_put_into_the_share_again_keeps_all_and_is_told_of(world: World) -> None:
    del world.consumers.registered[CONSUMER]
    world.converge()
    world.now += CONFIRM
    world.shares.members[SHARE_ARN][CONSUMER] = PrincipalStatus.ASSOCIATED
    world.shares.since[SHARE_ARN, CONSUMER] = world.now + CLOCKS_AHEAD + timedelta(seconds=1)

    later(world, CONFIRM)
    converged = later(world, WAIT)

    assert len(of_consumer(world)) == 3
    assert world.in_share() == {CONSUMER, STRANGER}
    assert left(world) is not None
    assert converged.still_associated == [
        f"{each}: the account may reach it by {SHARE_ARN}"
        for each in world.associations.there
        if each.account_id == CONSUMER
    ]


def test_whom_ram_has_not_taken_out_is_taken_out_again_and_told(world: World) -> None:
    disassociate = world.shares.disassociate
    world.shares.disassociate = lambda *_: None  # type: ignore[method-assign]
    command_removal(world)
    world.converge()
    soon, late = later(world, SOON), later(world, timedelta(days=1))
    still = world.in_share()
    world.shares.disassociate = disassociate  # type: ignore[method-assign]

    converged = later(world, SOON)

    told = f"{CONSUMER} are in {SHARE_ARN} still, or again, though RAM took the call to take them out, first at {NOW}"
    told = told.replace(" 12:", "T12:")
    assert [told in each for each in soon.not_offered] == [True]
    assert (soon.failures, [told in str(each) for each in late.failures]) == ([], [True])
    assert (still, world.in_share()) == ({CONSUMER, STRANGER}, {STRANGER})
    assert converged.taken_back == [f"{SHARE_ARN} from {CONSUMER}"]
    assert of_consumer(world) == set()


def test_who_comes_back_before_ram_has_taken_it_out_is_in_the_share(world: World) -> None:
    world.shares.disassociate = lambda *_: None  # type: ignore[method-assign]
    del world.consumers.registered[CONSUMER]
    world.converge()
    world.consumers.registered[CONSUMER] = GOLD

    later(world, SOON)

    assert left(world) is None
    assert (SHARE_ARN, CONSUMER) in world.records.records


@pytest.mark.parametrize("meanwhile", [Consumer(tier="gold", suspended_at=NOW), Consumer(unreadable=("tier",)), GOLD])
def test_who_came_back_and_is_not_offered_it_before_it_was_seen_in_it_is_in_the_share_and_goes_with_all(
    meanwhile: Consumer, world: World
) -> None:
    del world.consumers.registered[CONSUMER]
    world.converge()
    world.consumers.registered[CONSUMER] = GOLD
    world.interruptions.writes_until_crash = 2
    with pytest.raises(CrashError):
        later(world, SOON)
    world.interruptions.writes_until_crash = 1_000
    world.consumers.registered[CONSUMER] = meanwhile
    if meanwhile is GOLD:
        world.policies = compiled([])
    later(world, SOON)
    seen = world.records.records[SHARE_ARN, CONSUMER]
    # When RAM has put it in is known for as long as it lists it; here it is of no help.
    world.shares.since[SHARE_ARN, CONSUMER] = world.now + WAIT
    command_removal(world)

    later(world, SOON)
    later(world, SOON)

    assert (seen.is_confirmed, seen.leaving) == (True, None)
    assert (world.in_share(), of_consumer(world)) == ({STRANGER}, set())


def test_who_came_back_and_whose_entry_is_gone_before_it_was_seen_has_a_period_of_its_own(world: World) -> None:
    del world.consumers.registered[CONSUMER]
    world.converge()
    world.consumers.registered[CONSUMER] = GOLD
    world.interruptions.writes_until_crash = 2
    with pytest.raises(CrashError):
        later(world, WAIT - SOON)
    world.interruptions.writes_until_crash = 1_000
    del world.consumers.registered[CONSUMER]

    later(world, SOON)

    assert (leaving := left(world)) is not None
    assert leaving.announced.withdraw_after == NOW + WAIT + WAIT
    assert len(of_consumer(world)) == 3


def test_whom_one_sweep_takes_out_while_another_puts_it_in_is_taken_out_by_the_next(world: World) -> None:
    del world.consumers.registered[CONSUMER]
    world.converge()
    world.consumers.registered[CONSUMER] = GOLD

    def in_another_sweep() -> None:
        remove_in_another_sweep(world)
        world.now += timedelta(seconds=7)

    def killed() -> None:
        raise CrashError

    change_while_it_is_put_in(world, before=in_another_sweep, after=killed)
    with pytest.raises(CrashError):
        later(world, SOON)
    put_in = world.in_share()

    later(world, SOON)

    assert (put_in, world.in_share()) == ({CONSUMER, STRANGER}, {STRANGER})
    assert of_consumer(world) == set()


@pytest.mark.parametrize("status", [*PrincipalStatus])
def test_what_another_share_gives_is_kept_while_the_account_is_in_it(status: PrincipalStatus, world: World) -> None:
    world.shares.held[OTHERS_SHARE] = {ORDERS}
    world.shares.members[OTHERS_SHARE] = {CONSUMER: status}
    command_removal(world)

    world.converge()

    assert of_consumer(world) == ({OF_CONSUMER, OF_NETWORK} if status.is_in_share else set())


@pytest.mark.parametrize(
    ("principal", "stays", "is_doubtful"),
    [
        (ORGANIZATION, True, True),
        ("arn:aws:organizations::999999999999:ou/o-0123456789/ou-1", True, True),
        (f"arn:aws:iam::{CONSUMER}:role/connect", True, False),
        (f"arn:aws:iam::{STRANGER}:role/connect", False, False),
        (STRANGER, False, False),
        ("something.amazonaws.com", True, True),
    ],
)
def test_what_the_account_may_reach_as_part_of_something_is_kept_and_told_where_that_is_not_certain(
    principal: str, stays: bool, is_doubtful: bool, world: World
) -> None:
    world.shares.held[OTHERS_SHARE] = {ORDERS}
    world.shares.members[OTHERS_SHARE] = {principal: PrincipalStatus.ASSOCIATED}
    command_removal(world)

    converged = world.converge()

    assert (OF_CONSUMER in of_consumer(world)) is stays
    assert [principal in each for each in converged.still_associated] == [True, True] * is_doubtful


def test_as_long_as_it_is_not_known_whether_it_may_reach_something_the_record_stays(world: World) -> None:
    world.shares.held[OTHERS_SHARE] = {ORDERS}
    world.shares.members[OTHERS_SHARE] = {ORGANIZATION: PrincipalStatus.ASSOCIATED}
    command_removal(world)
    for _ in range(5):
        later(world, CONFIRM)
    still = left(world)
    world.shares.members[OTHERS_SHARE] = {}

    later(world, CONFIRM)

    assert still is not None
    assert of_consumer(world) == set()


@pytest.mark.parametrize("cut", ["holders", "other listing"])
def test_where_ram_s_listings_do_not_agree_nothing_is_deleted(cut: str, world: World) -> None:
    if cut == "holders":
        world.shares.holders_left_out = {SHARE_ARN}
    else:
        world.shares.held[OTHERS_SHARE] = {ORDERS}
        world.shares.members[OTHERS_SHARE] = {CONSUMER: PrincipalStatus.ASSOCIATED}
        world.shares.left_out = {CONSUMER}
    command_removal(world)

    converged = world.converge()

    assert {OF_CONSUMER, OF_NETWORK} <= of_consumer(world)
    assert len(converged.still_associated) >= 2


def test_a_listing_of_ram_that_is_behind_holds_nothing_up(world: World) -> None:
    command_removal(world)
    world.shares.listed_late = {CONSUMER}

    world.converge()

    assert of_consumer(world) == set()


def test_what_a_service_of_aws_made_is_left_and_told(world: World) -> None:
    managed = association(kind=AssociationKind.NETWORK, number=3, is_managed=True)
    world.associations.there = [managed]
    command_removal(world)

    converged = world.converge()
    later(world, CONFIRM)

    assert of_consumer(world) == {managed}
    assert converged.still_associated == [f"{managed}: a service of AWS made it; delete it, or have the consumer"]
    assert left(world) is not None


def test_what_is_being_deleted_is_waited_for_and_not_told(world: World) -> None:
    going = association(is_going=True)
    world.associations.there = [going]
    command_removal(world)

    at_first = world.converge()
    later(world, CONFIRM)
    still = left(world)
    world.associations.there = []
    later(world, CONFIRM)
    later(world, CONFIRM)

    assert (at_first.disassociated, at_first.still_associated) == ([], [])
    assert still is not None
    assert left(world) is None


def test_one_resource_that_can_t_be_listed_holds_up_no_other_and_is_told(world: World) -> None:
    world.associations.refusing = {ORDERS: AccessDeniedError("not yours")}
    command_removal(world)

    converged = world.converge()
    later(world, CONFIRM)
    later(world, CONFIRM)

    assert of_consumer(world) == {OF_CONSUMER, OF_NETWORK}
    assert [str(each) for each in converged.failures] == ["not yours"]
    assert left(world) is not None


@pytest.mark.parametrize(
    ("error", "deleted", "failed", "told"),
    [
        (GoneError("gone"), 2, 0, 0),
        (ConflictError("being made"), 2, 0, 1),
        (UpstreamError("broken"), 2, 1, 0),
        (AccessDeniedError("no"), 0, 1, 0),
        (ThrottledError("slowly"), 0, 1, 0),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_can_t_be_deleted_holds_up_no_other_unless_all_would_be_answered_so(
    error: DrawbridgeError, deleted: int, failed: int, told: int, world: World
) -> None:
    world.associations.refusing = {OF_CONSUMER.id: error}
    command_removal(world)

    converged = world.converge()
    world.associations.refusing = {}
    again = later(world, SOON)

    assert (len(converged.disassociated), len(converged.failures)) == (deleted, failed)
    assert len(converged.still_associated) == told
    assert of_consumer(world) == set()
    assert again.failures == []


def test_what_is_no_resource_configuration_of_this_account_is_not_looked_at(world: World) -> None:
    foreign = ORDERS.replace(PROVIDER, STRANGER)
    world.shares.held[SHARE_ARN] = {NETWORK, foreign}
    world.associations.there = [association(arn=NETWORK), association(arn=foreign)]
    command_removal(world)

    converged = world.converge()

    assert (len(of_consumer(world)), converged.disassociated, converged.failures) == (2, [], [])


def test_what_this_account_itself_has_associated_stays_whatever_a_record_says(world: World) -> None:
    own = association(PROVIDER)
    world.associations.there = [own]
    (record,) = [each for each in world.records.records.values() if each.principal == CONSUMER]
    leaving = replace(leaving_after(None, LeavingCause.COMMANDED, NOW, WAIT), taken_out_at=NOW)
    by_hand = replace(record, principal=PROVIDER, account_id=PROVIDER, leaving=leaving)
    world.records.records[SHARE_ARN, PROVIDER] = by_hand

    world.converge()

    assert world.associations.there == [own]


def taken_out_of_the_share(world: World) -> None:
    world.shares.held[SHARE_ARN] = set()


def just_taken_out_of_the_share(world: World) -> None:
    world.shares.held[SHARE_ARN] = set()
    world.shares.taken_out = {ORDERS, WIDGETS}


def deleted(world: World) -> None:
    world.shares.held = {}
    del world.shares.members[SHARE_ARN]
    world.shares.shares = [each for each in world.shares.shares if each.arn != SHARE_ARN]


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("change", [taken_out_of_the_share, just_taken_out_of_the_share, deleted])
def test_who_is_removed_on_command_loses_what_the_share_held_before_too(
    change: Callable[[World], None], is_first: bool, world: World
) -> None:
    if is_first:
        change(world)
        command_removal(world)
        world.converge(forget_gone=True)
    else:
        command_removal(world)
        world.associations.refusing = {each.id: ConflictError("in progress") for each in of_consumer(world)}
        world.converge()
        change(world)
        world.associations.refusing = {}
    world.now += SOON

    world.converge(forget_gone=True)

    assert of_consumer(world) == set()


@pytest.mark.parametrize(
    ("change", "goes"), [(just_taken_out_of_the_share, True), (taken_out_of_the_share, False), (deleted, False)]
)
def test_of_who_was_just_not_called_for_what_the_share_is_not_known_to_have_held_stays_and_is_told(
    change: Callable[[World], None], goes: bool, world: World
) -> None:
    del world.consumers.registered[CONSUMER]
    world.converge()
    change(world)
    world.now += WAIT

    converged = world.converge(forget_gone=True)

    assert len(of_consumer(world)) == (0 if goes else 3)
    assert ["nothing shares it" in each for each in converged.still_associated] == [True] * len(of_consumer(world))


def test_a_share_that_is_gone_disconnects_nobody_who_is_registered(world: World) -> None:
    deleted(world)

    world.converge(forget_gone=True)
    world.now += WAIT
    converged = world.converge(forget_gone=True)

    assert len(world.associations.there) == 4
    assert (converged.disassociated, converged.still_associated) == ([], [])
    assert world.records.records.keys() == {(SHARE_ARN, CONSUMER), (SHARE_ARN, STRANGER)}


@pytest.mark.parametrize("is_registered", [True, False])
def test_of_a_share_that_is_no_offer_any_longer_only_those_go_who_have_no_entry(
    is_registered: bool, world: World
) -> None:
    world.consumers.registered[CONSUMER] = Consumer(tier="silver")
    world.converge()
    world.shares.shares = [each for each in world.shares.shares if each.arn != SHARE_ARN]
    if not is_registered:
        del world.consumers.registered[CONSUMER]
    world.now += WAIT

    world.converge(forget_gone=True)

    assert len(of_consumer(world)) == (3 if is_registered else 0)


def test_of_a_share_that_is_gone_nothing_is_kept_of_who_is_in_another(world: World) -> None:
    deleted(world)
    replaced = f"{SHARE_ARN[:-1]}f"
    world.shares.shares.append(OfferedShare(arn=replaced, name="gold", tier="gold", takes_outsiders=True))
    world.shares.members[replaced] = {}

    world.converge(forget_gone=True)

    assert world.records.records.keys() == {(replaced, CONSUMER), (replaced, STRANGER)}


def test_what_is_due_by_one_share_stays_for_as_long_as_it_is_not_by_another(world: World) -> None:
    also_gold = f"{SHARE_ARN[:-1]}f"
    world.shares.shares.append(OfferedShare(arn=also_gold, name="gold", tier="gold", takes_outsiders=True))
    world.shares.members[also_gold] = {}
    world.shares.held[also_gold] = {ORDERS}
    world.converge()
    world.shares.shares = [each for each in world.shares.shares if each.arn != SHARE_ARN]
    world.shares.shares.append(OfferedShare(arn=SHARE_ARN, name="gold", tier="none", takes_outsiders=True))
    world.converge()
    world.now += WAIT - SOON
    del world.consumers.registered[CONSUMER]
    world.converge()
    world.now += SOON
    world.shares.members[also_gold][CONSUMER] = PrincipalStatus.DISASSOCIATED

    by_one = world.converge()
    kept = of_consumer(world)
    later(world, WAIT)

    assert (len(by_one.disassociated), kept) == (1, {OF_CONSUMER, OF_NETWORK})
    assert of_consumer(world) == set()


def test_an_invitation_that_waits_is_no_certain_way(world: World) -> None:
    world.shares.held[OTHERS_SHARE] = {ORDERS}
    world.shares.members[OTHERS_SHARE] = {CONSUMER: PrincipalStatus.ASSOCIATING}
    world.shares.outsiders = {CONSUMER}
    command_removal(world)
    for _ in range(3):
        later(world, CONFIRM)
    kept = of_consumer(world)
    world.shares.members[OTHERS_SHARE][CONSUMER] = PrincipalStatus.FAILED

    later(world, CONFIRM)

    assert kept == {OF_CONSUMER, OF_NETWORK}
    assert of_consumer(world) == set()


def test_where_aws_does_not_say_whose_something_is_nobody_is_forgotten(world: World) -> None:
    nobody_s = association("", number=5)
    world.associations.there = [nobody_s]
    command_removal(world)

    converged = world.converge()
    for _ in range(3):
        later(world, CONFIRM)

    assert converged.still_associated == [f"{nobody_s}: AWS does not say whose it is"]
    assert left(world) is not None


@pytest.mark.parametrize(
    "error", [AccessDeniedError("no"), ThrottledError("slowly")], ids=lambda each: type(each).__name__
)
def test_one_refusal_is_met_once_however_many_have_left(error: DrawbridgeError, world: World) -> None:
    accounts = [f"{number:012}" for number in range(1, 101)]
    world.consumers.registered |= dict.fromkeys(accounts, GOLD)
    world.converge()
    world.associations.there = [association(each) for each in accounts]
    world.associations.refusing = {each.id: error for each in world.associations.there}
    for each in accounts:
        command_removal(world, each)

    converged = world.converge()

    assert converged.failures == [error]


def test_who_is_suspended_while_it_leaves_is_left_as_it_is(world: World) -> None:
    world.consumers.registered[CONSUMER] = Consumer(tier="silver")
    world.converge()
    world.consumers.registered[CONSUMER] = Consumer(tier="silver", suspended_at=NOW)

    later(world, WAIT)

    assert len(of_consumer(world)) == 3
    assert left(world) is not None


def test_where_time_is_short_the_rest_is_left_for_the_next_sweep_and_told_after_three(world: World) -> None:
    accounts = [f"{number:012}" for number in range(1, 26)]
    world.consumers.registered |= dict.fromkeys(accounts, GOLD)
    world.converge()
    world.associations.there = [association(each) for each in accounts]
    for each in accounts:
        command_removal(world, each)
    real = world.associations.delete

    def delete(association: ConsumerAssociation) -> None:
        world.seconds = 150.0
        real(association)

    world.associations.delete = delete  # type: ignore[method-assign]
    sweeps: list[Converged] = []
    for _ in range(3):
        world.seconds = 0.0
        sweeps.append(later(world, SOON))
    by_then = len(world.associations.there)
    world.seconds = 0.0
    world.associations.delete = real  # type: ignore[method-assign]
    later(world, SOON)

    assert [each.left_out for each in sweeps] == [{SHARE_ARN}] * 3
    assert [len(each.failures) for each in sweeps] == [0, 0, 1]
    # One is deleted at least in each sweep that comes to where something is associated.
    assert 22 <= by_then < 25
    assert world.associations.there == []


@pytest.mark.parametrize("microsecond", range(6))
def test_no_resource_is_the_last_in_each_sweep(microsecond: int, world: World) -> None:
    world.now = NOW.replace(microsecond=0)
    looked_at: list[str] = []
    real = world.associations.of

    def of(resource_arn: str) -> list[ConsumerAssociation]:
        looked_at.append(resource_arn)
        return real(resource_arn)

    world.associations.of = of  # type: ignore[method-assign]
    command_removal(world)

    later(world, timedelta(microseconds=microsecond))

    assert looked_at == ([ORDERS, WIDGETS] if microsecond % 2 == 0 else [WIDGETS, ORDERS])


def test_many_who_left_are_noted_and_forgotten_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = [f"{number:012}" for number in range(1, 301)]
    world.consumers.registered |= dict.fromkeys(accounts, GOLD)
    for _ in range(4):
        world.converge()
    for each in accounts:
        command_removal(world, each)
    writes: list[str] = []
    for name in ("note", "drop"):
        real = getattr(world.records, name)

        def counted(records: Any, *, name: str = name, real: Any = real, **after: Any) -> Any:
            writes.extend([name] if records else [])
            return real(records, **after)

        monkeypatch.setattr(world.records, name, counted)

    world.converge()
    leaving, writes[:] = [*writes], []
    world.forget_who_left()
    told, writes[:] = [*writes], []
    world.forget_who_left()

    # On record before they are taken out, and after; that nothing of theirs is associated, and what they are told.
    assert len(leaving) <= 3 + 2 * len(accounts) // 100
    assert len(told) + len(writes) <= 2 + 2 * len(accounts) // 100
    assert {name for _, name in world.records.records} == {CONSUMER, STRANGER}


def test_while_nothing_is_due_many_who_left_cost_aws_nothing(world: World) -> None:
    accounts = [f"{number:012}" for number in range(1, 1_001)]
    world.consumers.registered |= dict.fromkeys(accounts, GOLD)
    world.cap = 2_000
    world.converge()
    world.associations.there += [association(each) for each in accounts]
    for each in accounts:
        del world.consumers.registered[each]
    world.converge()
    later(world, CONFIRM)
    world.associations.listed = world.removed.asked = 0

    later(world, SOON)

    assert (world.associations.listed, world.removed.asked) == (0, 1)
    assert world.in_share() == {CONSUMER, STRANGER}


@pytest.mark.parametrize("writes", range(7))
def test_wherever_a_sweep_is_killed_the_next_ones_end_the_same(writes: int, world: World) -> None:
    command_removal(world)
    world.interruptions.writes_until_crash = writes

    try:
        world.converge()
    except CrashError:
        pass
    else:
        assert writes == 6
    world.interruptions.writes_until_crash = 1_000
    world.converge()
    gone = of_consumer(world), world.in_share()
    for _ in range(2):
        later(world, CONFIRM)

    assert gone == (set(), {STRANGER})
    assert world.records.records.keys() == {(SHARE_ARN, STRANGER)}


ACCOUNTS = st.sampled_from([PROVIDER, "222222222222", "333333333333"])
PRINCIPALS = ACCOUNTS | st.sampled_from([ORGANIZATION, "arn:aws:iam::222222222222:role/connect"])
SHARES = st.sampled_from([SHARE_ARN, SILVER_ARN, OTHERS_SHARE])
PAIRS = st.frozensets(st.tuples(SHARES, PRINCIPALS), max_size=3)


@st.composite
def resources(draw: st.DrawFn) -> ObservedResource:
    made = st.builds(
        association,
        ACCOUNTS | st.just(""),
        st.just(ORDERS),
        st.integers(1, 9),
        is_managed=st.booleans(),
        is_going=st.booleans(),
    )
    return ObservedResource(
        arn=ORDERS,
        held_by=draw(st.frozensets(SHARES)),
        associations=tuple(draw(st.lists(made, max_size=8))),
        reach=draw(st.builds(Reach, PAIRS, PAIRS, st.sampled_from(["", "", "cut"]))),
    )


@st.composite
def leavers_of(draw: st.DrawFn) -> list[Leaver]:
    def leaver(share: str, account_id: str) -> Leaver:
        since = NOW - timedelta(hours=draw(st.integers(0, 200)))
        made = leaving_after(None, draw(st.sampled_from([*LeavingCause])), since, WAIT)
        clear_since = draw(st.none() | st.sampled_from([NOW - CONFIRM, NOW]))
        leaving = replace(made, taken_out_at=since, clear_since=clear_since)
        record = OfferRecord(
            target=share,
            principal=account_id,
            account_id=account_id,
            offered_at=NOW,
            is_confirmed=True,
            leaving=leaving,
        )
        return Leaver(record, leaving)

    return [leaver(*each) for each in draw(st.sets(st.tuples(SHARES, ACCOUNTS)))]


def may_reach(reach: Reach, account_id: str) -> bool:
    """Return whether an account may reach something."""
    names = {name for _, name in reach.members | reach.perhaps}
    is_itself = account_id in names or any(f"iam::{account_id}:" in name for name in names)
    return bool(reach.unknown) or is_itself or ORGANIZATION in names


@given(resource=resources(), leavers=leavers_of())
def test_nothing_is_deleted_of_whom_it_is_not_or_who_may_reach_it(
    resource: ObservedResource, leavers: list[Leaver]
) -> None:
    plan = plan_for_resource(resource, leavers, NOW)

    for each in plan.deleting:
        theirs = [leaver for leaver in leavers if leaver.record.account_id == each.account_id != PROVIDER]
        by = [one for one in theirs if one.leaving.is_commanded or one.record.target in resource.held_by]
        assert by
        assert all(one.leaving.announced.withdraw_after <= NOW for one in by)
        assert not may_reach(resource.reach, each.account_id)
        assert (each.is_managed, each.is_going) == (False, False)
        assert {one.key for one in by} <= plan.unfinished
    assert {each.association for each in plan.stays}.isdisjoint(plan.deleting)


@given(resource=resources(), leavers=leavers_of(), is_complete=st.booleans())
def test_nobody_is_forgotten_of_whom_something_that_is_to_go_is_associated(
    resource: ObservedResource, leavers: list[Leaver], is_complete: bool
) -> None:
    plan = plan_for_resource(resource, leavers, NOW)

    steps = plan_for_records(leavers, plan.unfinished, NOW, CONFIRM, is_complete=is_complete)

    forgotten = {
        (step.record.target, step.record.principal)
        for step in steps
        if isinstance(step, ForgetLeaver)
        or (step.record.leaving is not None and step.record.leaving.clear_since is not None)
    }
    assert is_complete or not forgotten
    for each in leavers:
        left_by = {one.record.target for one in leavers if one.record.account_id == each.record.account_id}
        others = {pair for pair in resource.reach.members if pair[0] not in left_by}
        certain = not resource.reach.unknown and any(
            name == each.record.account_id or f"iam::{each.record.account_id}:" in name for _, name in others
        )
        has_it = each.leaving.is_commanded or each.record.target in resource.held_by
        for one in resource.associations:
            if one.account_id in {"", each.record.account_id} - {PROVIDER} and has_it:
                assert each.key not in forgotten or (certain and one.account_id)


@pytest.mark.parametrize("cause", [*LeavingCause])
def test_what_stands_announced_keeps_its_time(cause: LeavingCause) -> None:
    before = leaving_after(None, cause, NOW, WAIT)

    again = leaving_after(before, cause, NOW + SOON, WAIT)

    assert again == before
    assert before.announced == Announced(
        since=NOW, withdraw_after=NOW if cause is LeavingCause.COMMANDED else NOW + WAIT, forbidden=False
    )
