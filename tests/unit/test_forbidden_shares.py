"""An account that policies forbid to be in an offered share is announced to leave it, and leaves once that is due."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from drawbridge.decision.facts import Consumer
from drawbridge.decision.permission import Lapsed
from drawbridge.errors import ThrottledError
from drawbridge.intake.disassociation.associations import AssociationKind, ConsumerAssociation
from drawbridge.intake.offering.converged import Converged
from drawbridge.intake.offering.desired import DesiredOffers
from drawbridge.intake.offering.leaving import Leaving, LeavingCause, announced_to_leave
from drawbridge.intake.offering.offers import OfferedShare, OfferRecord, PrincipalStatus, SharePrincipal
from drawbridge.intake.offering.steps import AnnounceLeaving, RemoveForbidden, RemoveFromShare, plan_for_share
from drawbridge.intake.registration.off_boarding import RemovedConsumer
from tests.builders import CONSUMER, NOW, PROVIDER, SHARE_ARN, STRANGER
from tests.fakes.interruptions import CrashError
from tests.unit.offering import CONFIRM, PERMIT, SILVER_ARN, WAIT, World
from tests.unit.policies import compiled

ORDERS = f"arn:aws:vpc-lattice:us-east-1:{PROVIDER}:resourceconfiguration/rcfg-00000000000000000"
GOLD = Consumer(tier="gold")
HOUR = timedelta(hours=1)


def forbid(about: str, condition: str = "", *, urgent: bool = False) -> str:
    annotations = '@id("no")\n@reason("Not these.")\n' + ('@urgent("true")\n' if urgent else "")
    when = f" when {{ {condition} }}" if condition else ""
    return f'{annotations}forbid({about}, action == Action::"offer", resource is ResourceShare){when};'


THIS_ONE = f'principal == Account::"{CONSUMER}"'
NO_GOLD = forbid("principal", 'principal has consumer && principal.consumer.tier == "gold"')
"""It goes by a fact, which may have changed for many at once."""


def policies(world: World, *texts: str) -> None:
    world.policies = compiled([PERMIT, *texts])


def association(account_id: str = CONSUMER) -> ConsumerAssociation:
    kind = AssociationKind.ENDPOINT
    return ConsumerAssociation(id=f"rea-{account_id}", kind=kind, resource_arn=ORDERS, account_id=account_id)


@pytest.fixture
def world() -> World:
    """Return a world in which two accounts are in a share that holds something, with which both are associated."""
    world = World()
    world.shares.held = {SHARE_ARN: {ORDERS}}
    world.consumers.registered = {CONSUMER: GOLD, STRANGER: GOLD}
    world.converge()
    world.associations.owned = {ORDERS}
    world.associations.there = [association(), association(STRANGER)]
    return world


def leaving(world: World, account_id: str = CONSUMER) -> Leaving | None:
    record = world.records.records.get((SHARE_ARN, account_id))
    return record.leaving if record is not None else None


def later(world: World, by: timedelta) -> Converged:
    world.now += by
    return world.converge()


def test_who_is_forbidden_is_announced_and_leaves_with_all_once_it_is_due(world: World) -> None:
    policies(world, forbid(THIS_ONE))

    announced = world.converge()
    by_then = world.in_share(), leaving(world)
    before = later(world, WAIT - HOUR), world.in_share()
    after = later(world, HOUR)

    assert announced.announced == [f"{SHARE_ARN} from {CONSUMER} at 2026-11-28T12:00:00+00:00: Not these."]
    assert by_then[0] == {CONSUMER, STRANGER}
    assert (mark := by_then[1]) is not None
    assert (mark.cause, mark.announced.since, mark.announced.withdraw_after) == (
        LeavingCause.FORBIDDEN,
        NOW,
        NOW + WAIT,
    )
    assert (mark.announced.forbidden, [each.text for each in mark.announced.reasons]) == (True, ["Not these."])
    assert (before[0].announced, before[0].taken_back, before[1]) == ([], [], {CONSUMER, STRANGER})
    assert after.taken_back == [f"{SHARE_ARN} from {CONSUMER}"]
    assert (world.in_share(), world.associations.there) == ({STRANGER}, [association(STRANGER)])


def test_what_is_announced_is_not_written_again_and_is_told_as_not_offered(world: World) -> None:
    policies(world, forbid(THIS_ONE))
    world.converge()
    world.interruptions.writes_until_crash = 0

    again = later(world, HOUR)

    assert again == Converged(not_offered=[f"{SHARE_ARN} is not offered to {CONSUMER}: Not these."])


def test_an_urgent_forbid_takes_it_out_in_the_same_sweep(world: World) -> None:
    policies(world, forbid(THIS_ONE, urgent=True))

    converged = world.converge()

    assert (world.in_share(), world.associations.there) == ({STRANGER}, [association(STRANGER)])
    assert len(converged.announced) == 1


def test_a_forbid_that_becomes_urgent_waits_no_longer(world: World) -> None:
    policies(world, forbid(THIS_ONE))
    world.converge()
    policies(world, forbid(THIS_ONE, urgent=True))

    later(world, HOUR)

    assert world.in_share() == {STRANGER}


def test_a_forbid_that_goes_in_time_ends_it_and_a_later_one_begins_anew(world: World) -> None:
    policies(world, forbid(THIS_ONE))
    world.converge()
    policies(world)
    later(world, WAIT - HOUR)
    in_between = leaving(world)
    policies(world, forbid(THIS_ONE))

    later(world, HOUR)

    assert in_between is None
    assert world.in_share() == {CONSUMER, STRANGER}
    assert (mark := leaving(world)) is not None
    assert (mark.announced.since, mark.announced.withdraw_after) == (world.now, world.now + WAIT)


@pytest.mark.parametrize(
    "changes", [{"suspended_at": NOW}, {"unreadable": ("tier",)}, {"proof_required": True}], ids=str
)
def test_what_is_not_known_or_shut_out_neither_begins_nor_ends_it(changes: dict[str, Any], world: World) -> None:
    policies(world, forbid(THIS_ONE))
    world.converge()
    mark = leaving(world)
    world.consumers.registered[CONSUMER] = replace(GOLD, **changes)

    later(world, WAIT)
    world.consumers.registered[STRANGER] = replace(GOLD, **changes)
    policies(world, forbid("principal"))
    later(world, WAIT)

    assert world.in_share() == {CONSUMER, STRANGER}
    assert (leaving(world), leaving(world, STRANGER)) == (mark, None)


def test_who_is_suspended_after_its_taking_out_was_broken_off_stays_announced(world: World) -> None:
    policies(world, forbid(THIS_ONE, urgent=True))
    world.interruptions.writes_until_crash = 2
    with pytest.raises(CrashError):
        world.converge()
    world.interruptions.writes_until_crash = 1_000
    begun = world.records.records[SHARE_ARN, CONSUMER].is_begun
    world.consumers.registered[CONSUMER] = replace(GOLD, suspended_at=NOW)

    later(world, HOUR)

    assert begun
    assert CONSUMER in world.in_share()
    assert leaving(world) is not None


def test_who_came_back_and_is_forbidden_before_it_was_seen_is_announced_for_a_period_of_its_own(world: World) -> None:
    del world.consumers.registered[CONSUMER]
    world.converge()
    world.consumers.registered[CONSUMER] = GOLD
    world.interruptions.writes_until_crash = 2
    with pytest.raises(CrashError):
        later(world, WAIT - HOUR)
    world.interruptions.writes_until_crash = 1_000
    policies(world, forbid(THIS_ONE))
    world.converge()
    announced = leaving(world)

    before = later(world, WAIT - timedelta(seconds=1)), world.in_share(), [*world.associations.there]
    later(world, timedelta(seconds=1))

    assert announced is not None
    assert (announced.cause, announced.taken_out_at) == (LeavingCause.FORBIDDEN, None)
    assert announced.announced.withdraw_after == NOW + WAIT - HOUR + WAIT
    assert before[1:] == ({CONSUMER, STRANGER}, [association(), association(STRANGER)])
    assert (world.in_share(), world.associations.there) == ({STRANGER}, [association(STRANGER)])


def test_who_came_back_and_is_forbidden_while_ram_s_listing_is_behind_does_not_stay(world: World) -> None:
    del world.consumers.registered[CONSUMER]
    world.converge()
    world.consumers.registered[CONSUMER] = GOLD
    world.interruptions.writes_until_crash = 2
    with pytest.raises(CrashError):
        later(world, HOUR)
    world.interruptions.writes_until_crash = 1_000
    policies(world, forbid(THIS_ONE))
    members = world.shares.members[SHARE_ARN]
    members[CONSUMER], there = PrincipalStatus.DISASSOCIATED, members[CONSUMER]
    later(world, timedelta(minutes=1))
    members[CONSUMER] = there

    later(world, WAIT)

    assert (world.in_share(), world.associations.there) == ({STRANGER}, [association(STRANGER)])


def test_whom_ram_has_not_taken_out_for_a_forbid_is_taken_out_again_whatever_the_cap(world: World) -> None:
    world.cap = 0
    policies(world, forbid(THIS_ONE, urgent=True))
    disassociate = world.shares.disassociate
    world.shares.disassociate = lambda *_: None  # type: ignore[method-assign]
    world.converge()
    world.shares.disassociate = disassociate  # type: ignore[method-assign]
    still = world.in_share()
    policies(world, NO_GOLD)

    later(world, HOUR)

    assert (still, world.in_share()) == ({CONSUMER, STRANGER}, {STRANGER})


@pytest.mark.parametrize("urgent", [True, False])
def test_who_was_out_of_the_share_before_it_was_forbidden_keeps_nothing_associated_either(
    urgent: bool, world: World
) -> None:
    world.shares.members[SHARE_ARN][CONSUMER] = PrincipalStatus.DISASSOCIATED
    policies(world, forbid(THIS_ONE, urgent=urgent))

    announced = world.converge()
    noted = leaving(world)
    before = later(world, WAIT - timedelta(seconds=1)), [*world.associations.there]
    later(world, timedelta(seconds=1))

    due = NOW if urgent else NOW + WAIT
    told = f"{SHARE_ARN} from {CONSUMER} at {due.isoformat(timespec='seconds')}: Not these."
    assert announced.announced == [told]
    assert noted is not None
    assert noted.taken_out_at == NOW
    assert before[1] == [association(STRANGER)] if urgent else [association(), association(STRANGER)]
    assert world.associations.there == [association(STRANGER)]
    world.forget_who_left()
    world.forget_who_left()
    assert world.records.records.keys() == {(SHARE_ARN, STRANGER)}


def test_who_was_taken_out_before_it_was_forbidden_and_is_permitted_in_time_is_put_in_again(world: World) -> None:
    world.shares.members[SHARE_ARN][CONSUMER] = PrincipalStatus.DISASSOCIATED
    policies(world, forbid(THIS_ONE))
    later(world, HOUR)
    policies(world)

    later(world, HOUR)
    later(world, WAIT)

    assert world.in_share() == {CONSUMER, STRANGER}
    assert (leaving(world), world.associations.there) == (None, [association(), association(STRANGER)])


def test_while_no_policy_is_in_force_it_stays_announced_and_in(world: World) -> None:
    policies(world, forbid(THIS_ONE))
    world.converge()
    world.policies = compiled([])

    later(world, WAIT)

    assert world.in_share() == {CONSUMER, STRANGER}
    assert leaving(world) is not None


def test_only_ours_are_announced_and_taken_out(world: World) -> None:
    world.shares.members[SHARE_ARN]["999999999999"] = PrincipalStatus.ASSOCIATED
    world.consumers.registered["999999999999"] = GOLD
    policies(world, forbid("principal", urgent=True))

    world.converge()

    assert world.in_share() == {"999999999999"}


def test_who_is_forbidden_and_registered_again_as_something_else_in_the_middle_stays(world: World) -> None:
    policies(world, forbid(THIS_ONE, 'principal has consumer && principal.consumer.tier == "gold"', urgent=True))
    world.consumers.on_read = lambda: world.consumers.registered.update({CONSUMER: Consumer(tier="silver")})

    converged = world.converge()

    assert CONSUMER in world.in_share()
    assert converged.taken_back == []


def test_who_is_out_of_it_for_a_forbid_is_put_in_again_once_that_goes(world: World) -> None:
    policies(world, forbid(THIS_ONE))
    world.converge()
    later(world, WAIT)
    policies(world)

    later(world, HOUR)

    assert world.in_share() == {CONSUMER, STRANGER}
    assert leaving(world) is None


def test_who_is_announced_and_removed_on_command_goes_at_once(world: World) -> None:
    policies(world, forbid(THIS_ONE))
    world.converge()
    world.removed.kept[CONSUMER] = RemovedConsumer(removed_at=NOW)
    del world.consumers.registered[CONSUMER]

    later(world, HOUR)

    assert (world.in_share(), world.associations.there) == ({STRANGER}, [association(STRANGER)])


def test_what_it_may_reach_by_another_share_stays(world: World) -> None:
    world.shares.held[SILVER_ARN] = {ORDERS}
    world.shares.members[SILVER_ARN] = {CONSUMER: PrincipalStatus.ASSOCIATED}
    policies(world, forbid(THIS_ONE, urgent=True))

    converged = world.converge()

    assert world.in_share() == {STRANGER}
    assert association() in world.associations.there
    assert converged.still_associated == []


@pytest.mark.parametrize("writes", range(6))
def test_wherever_a_sweep_is_killed_the_next_ones_end_the_same(writes: int, world: World) -> None:
    policies(world, forbid(THIS_ONE, urgent=True))
    world.interruptions.writes_until_crash = writes

    try:
        world.converge()
    except CrashError:
        pass
    else:
        assert writes == 5
    world.interruptions.writes_until_crash = 1_000
    world.converge()
    gone = world.associations.there, world.in_share()
    for _ in range(2):
        later(world, CONFIRM)

    assert gone == ([association(STRANGER)], {STRANGER})
    assert (SHARE_ARN, CONSUMER) not in world.records.records


def many(world: World, tier: str = "gold", first: int = 1) -> list[str]:
    accounts = [f"{number:012}" for number in range(first, first + 12)]
    world.consumers.registered |= {each: Consumer(tier=tier) for each in accounts}
    world.converge()
    return accounts


def test_many_whom_a_fact_forbids_stay_until_an_operator_lets_them_go(world: World) -> None:
    accounts = many(world)
    policies(world, NO_GOLD)
    world.converge()

    held_back = later(world, WAIT)
    still, capped = world.in_share(), [leaving(world, each) for each in accounts]
    world.interruptions.writes_until_crash = 0
    again = later(world, HOUR)
    world.interruptions.writes_until_crash = 1_000
    let_go(world)
    later(world, HOUR)

    assert still == {CONSUMER, STRANGER, *accounts}
    assert sorted(held_back.held_back) == sorted(f"{SHARE_ARN}: {each}" for each in still)
    assert all(each is not None and each.is_capped for each in capped)
    assert again.held_back == held_back.held_back
    assert (world.in_share(), world.associations.there) == (set(), [])


def test_whom_an_operator_let_go_does_not_count_against_the_others(world: World) -> None:
    many(world)
    many(world, "silver", first=101)
    for each in [f"{number:012}" for number in range(106, 113)]:
        del world.consumers.registered[each]
        del world.records.records[SILVER_ARN, each]
        del world.shares.members[SILVER_ARN][each]
    policies(world, forbid("principal", "principal has consumer"))
    world.converge()
    later(world, WAIT)
    held_back = len(world.in_share(SILVER_ARN))
    let_go(world, SHARE_ARN)

    later(world, HOUR)

    assert held_back == 5
    assert (world.in_share(), world.in_share(SILVER_ARN)) == (set(), set())


def let_go(world: World, share_arn: str = "arn:") -> None:
    """Let all go that is held back, or of one share, as an operator does."""
    for key, each in world.records.records.items():
        if each.leaving is not None and each.leaving.is_capped and each.target.startswith(share_arn):
            confirmed = replace(each.leaving.announced, confirmed=True)
            world.records.records[key] = replace(each, leaving=replace(each.leaving, announced=confirmed))


@pytest.mark.parametrize("cap", [14, 13])
def test_as_many_as_the_cap_go(cap: int, world: World) -> None:
    many(world)
    world.cap = cap
    policies(world, NO_GOLD)
    world.converge()

    later(world, WAIT)

    assert len(world.in_share()) == (0 if cap == 14 else 14)


def test_the_cap_is_of_all_shares_of_a_sweep(world: World) -> None:
    gold, silver = many(world), many(world, "silver", first=101)
    world.cap = 20
    policies(world, forbid("principal", "principal has consumer"))
    world.converge()

    later(world, WAIT)

    assert world.in_share() == {CONSUMER, STRANGER, *gold}
    assert world.in_share(SILVER_ARN) == {*silver}


def test_the_cap_s_part_of_a_share_is_of_all_who_leave_it_for_whatever_reason(world: World) -> None:
    accounts = many(world)
    some = ", ".join(f'Account::"{each}"' for each in accounts[:3])
    policies(world, forbid("principal", f"principal has consumer && principal in [{some}]"))
    world.cap = 5
    world.converge()
    world.now += WAIT
    world.consumers.registered |= dict.fromkeys(accounts[3:6], Consumer(tier="golld"))

    converged = world.converge()

    # Three of each: neither are a quarter of all, and together they are more.
    assert (len(world.in_share()), len(converged.held_back)) == (2 + len(accounts), 6)


def test_who_was_removed_goes_and_is_not_told_as_held_back_beside_many_who_are_forbidden(world: World) -> None:
    many(world)
    policies(world, NO_GOLD)
    world.converge()
    del world.consumers.registered[CONSUMER]
    world.removed.kept[CONSUMER] = RemovedConsumer(removed_at=world.now)

    converged = later(world, WAIT)

    assert CONSUMER not in world.in_share()
    assert (len(converged.held_back), converged.too_many) == (13, [])


def test_a_forbid_that_goes_by_no_fact_is_not_capped(world: World) -> None:
    many(world)
    policies(world, forbid("principal"))
    world.converge()

    later(world, WAIT)

    assert world.in_share() == set()


def test_what_was_held_back_and_is_permitted_again_stays_and_is_held_back_no_more(world: World) -> None:
    many(world)
    policies(world, NO_GOLD)
    world.converge()
    later(world, WAIT)
    policies(world)

    converged = later(world, HOUR)

    assert (len(world.in_share()), converged.held_back) == (14, [])
    assert all(each.leaving is None for each in world.records.records.values())


def test_who_would_leave_for_a_slip_can_be_let_go_too_and_has_a_period_from_then(world: World) -> None:
    accounts = many(world)
    world.associations.there = [association(each) for each in accounts]
    for each in accounts:
        world.consumers.registered[each] = Consumer(tier="golld")
    converged = world.converge()
    later(world, WAIT)
    let_go(world)
    later(world, HOUR)
    out = world.in_share(), len(world.associations.there)
    later(world, WAIT)

    assert sorted(converged.held_back) == [f"{SHARE_ARN}: {each}" for each in accounts]
    assert out == ({CONSUMER, STRANGER}, 12)
    assert world.associations.there == []


def test_where_ram_is_throttled_it_is_tried_again(world: World) -> None:
    policies(world, forbid(THIS_ONE, urgent=True))
    real = world.shares.disassociate
    world.shares.disassociate = throttled  # type: ignore[method-assign, assignment]
    failed = world.converge()
    world.shares.disassociate = real  # type: ignore[method-assign]

    later(world, HOUR)

    assert [str(each) for each in failed.failures] == ["slowly"]
    assert world.in_share() == {STRANGER}


def throttled(*_: object) -> None:
    raise ThrottledError("slowly")


ACCOUNTS = st.sampled_from([CONSUMER, STRANGER, "444444444444"])
PUT_IN = st.none() | st.builds(lambda hours: NOW - timedelta(hours=hours), st.integers(0, 200))
LAPSES = st.builds(Lapsed, because=st.just(()), urgent=st.booleans(), forbidden=st.just(True), stated=st.booleans())


@st.composite
def records(draw: st.DrawFn) -> dict[str, OfferRecord]:
    def leaving() -> Leaving | None:
        if draw(st.booleans()):
            return None
        before = NOW - timedelta(hours=draw(st.integers(0, 200)))
        made = announced_to_leave(None, draw(LAPSES), before, WAIT)
        cause = draw(st.sampled_from([*LeavingCause]))
        return replace(made, cause=cause, taken_out_at=draw(st.none() | st.just(before)), is_capped=draw(st.booleans()))

    return {
        each: OfferRecord(
            target=SHARE_ARN,
            principal=each,
            account_id=each,
            offered_at=NOW,
            is_confirmed=draw(st.booleans()),
            refused_at=draw(st.none() | st.just(NOW)),
            tier="gold",
            leaving=leaving(),
        )
        for each in draw(st.sets(ACCOUNTS))
    }


@given(
    on_record=records(),
    there=st.dictionaries(ACCOUNTS, st.tuples(st.sampled_from([*PrincipalStatus]), PUT_IN)),
    called_for=st.sets(ACCOUNTS),
    unchanged=st.frozensets(ACCOUNTS),
    forbidden=st.dictionaries(ACCOUNTS, LAPSES),
)
def test_whatever_there_is_nobody_leaves_before_its_time_or_who_is_not_ours(
    on_record: dict[str, OfferRecord],
    there: dict[str, tuple[PrincipalStatus, datetime | None]],
    called_for: set[str],
    unchanged: frozenset[str],
    forbidden: dict[str, Lapsed],
) -> None:
    principals = {each: each for each in called_for - forbidden.keys() - unchanged}
    desired = DesiredOffers(principals=principals, unchanged=unchanged - forbidden.keys(), forbidden=forbidden)
    share = OfferedShare(arn=SHARE_ARN, name="gold", tier="gold", takes_outsiders=True)
    listed = [SharePrincipal(principal=each, status=status, since=at) for each, (status, at) in there.items()]
    found = {each.principal: each for each in listed}

    plan = plan_for_share(share, desired, listed, on_record, NOW, wait=WAIT)

    for step in plan.steps:
        if isinstance(step, RemoveFromShare):
            assert {each.principal for each in step.offers}.isdisjoint(principals.keys() | unchanged | forbidden.keys())
        if isinstance(step, RemoveForbidden):
            assert {each.principal for each in step.offers} <= forbidden.keys()
            assert all(is_due(each.record) or each.principal in step.out for each in step.offers)
            assert {each.principal for each in step.offers if is_in(found.get(each.principal))}.isdisjoint(step.out)
        if isinstance(step, RemoveFromShare | RemoveForbidden):
            ours = [on_record[each.principal] for each in step.offers]
            assert not any(each.refused_at is not None for each in ours)
            assert all(is_still_in(each, found) for each in ours if each.is_out)
            statuses = {found[each.principal].status for each in ours if each.principal in found}
            assert PrincipalStatus.DISASSOCIATING not in statuses
        if isinstance(step, AnnounceLeaving):
            assert {each.principal for each in step.records} <= forbidden.keys()
            assert all(keeps_its_time(on_record[each.principal], each, forbidden) for each in step.records)


def is_in(found: SharePrincipal | None) -> bool:
    return found is not None and found.status.is_in_share


def is_still_in(record: OfferRecord, found: dict[str, SharePrincipal]) -> bool:
    assert record.leaving is not None
    assert record.leaving.taken_out_at is not None
    there = found[record.principal]
    put_in = there.since or NOW - timedelta(days=365)
    return there.status.is_in_share and put_in <= record.leaving.taken_out_at + timedelta(minutes=15)


def is_due(record: OfferRecord | None) -> bool:
    return record is not None and record.leaving is not None and record.leaving.announced.withdraw_after <= NOW


def keeps_its_time(before: OfferRecord, after: OfferRecord, forbidden: dict[str, Lapsed]) -> bool:
    if after.leaving is None:
        return False
    mark, limit = after.leaving.announced, NOW if forbidden[after.principal].urgent else NOW + WAIT
    was_held_back = before.leaving is not None and before.leaving.is_capped
    if (
        before.leaving is None
        or before.is_back
        or (was_held_back and before.leaving.cause is not LeavingCause.FORBIDDEN)
    ):
        return (mark.since, mark.withdraw_after) == (NOW, limit)
    was = before.leaving.announced
    return (mark.since, mark.withdraw_after) == (was.since, min(was.withdraw_after, limit))


def was_told_nothing(leaving: Leaving) -> bool:
    return leaving.is_capped and leaving.cause is not LeavingCause.FORBIDDEN


def test_who_is_announced_by_a_forbid_stays_with_the_others_while_the_share_has_a_wrong_tag(world: World) -> None:
    """Found by a newcomer: it was taken out six days before its time, past the cap."""
    many(world)
    policies(world, forbid(THIS_ONE))
    world.converge()
    announced = leaving(world)
    right = world.shares.shares[0]
    world.shares.shares[0] = replace(right, tier="golden")

    slip = later(world, HOUR)
    world.shares.shares[0] = right
    later(world, HOUR)

    assert (slip.taken_back, len(slip.held_back)) == ([], 14)
    assert announced is not None
    assert (now := leaving(world)) is not None
    assert now.announced.withdraw_after == announced.announced.withdraw_after
    assert CONSUMER in world.in_share()

    later(world, WAIT)

    assert CONSUMER not in world.in_share()


def test_who_was_held_back_and_is_forbidden_when_its_entry_is_back_has_the_whole_period(world: World) -> None:
    """Found by reading: nobody had told it that it would leave, and the time at which it was held back counted."""
    accounts = many(world)
    entries = {each: world.consumers.registered.pop(each) for each in accounts}
    held_back = world.converge()
    later(world, WAIT + HOUR)
    world.consumers.registered |= entries
    policies(world, forbid(f'principal == Account::"{accounts[0]}"'))

    world.converge()
    announced = leaving(world, accounts[0])
    kept = set(accounts) & world.in_share()

    assert len(held_back.held_back) == len(accounts)
    assert kept == set(accounts)
    assert announced is not None
    assert (announced.cause, announced.is_capped) == (LeavingCause.FORBIDDEN, False)
    assert announced.announced.withdraw_after == announced.announced.since + WAIT

    later(world, WAIT)

    assert set(accounts) - world.in_share() == {accounts[0]}
