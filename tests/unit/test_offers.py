"""Offers: what the registry calls for is offered, and what it does not is taken back, whatever goes wrong between."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.decision.facts import Consumer
from drawbridge.errors import InvalidInputError, NotReadyError, ThrottledError
from drawbridge.hint import CONNECTIONS, EVERYTHING, ORPHANS, SERVICES, SHARES, SweepScope
from drawbridge.intake.offering.converged import Converged
from drawbridge.intake.offering.desired import DesiredOffers
from drawbridge.intake.offering.offers import PrincipalStatus
from drawbridge.intake.offering.steps import AddToShare, Offer, plan_for_share
from drawbridge.request.connections import ManagedService
from tests.builders import CONSUMER, NOW, PROVIDER, SERVICE_ID, SHARE_ARN, STRANGER
from tests.fakes.interruptions import CrashError
from tests.unit.discovering import World as Sweeping
from tests.unit.offering import (
    CONFIRM,
    GOLD,
    OTHER_SERVICE,
    PERMIT,
    ROLE,
    ROOT,
    SILVER_ARN,
    STRANGERS,
    WAIT,
    World,
    on_record,
    record,
)
from tests.unit.policies import compiled

HOURS_12 = timedelta(hours=12)


@pytest.fixture
def world() -> World:
    return World()


def test_who_is_registered_is_allowed_with_our_tag_and_is_in_the_share_of_its_tier(world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD

    converged = world.converge()

    assert world.allowed() == {ROOT: "drawbridge"}
    assert (world.in_share(), world.in_share(SILVER_ARN)) == ({CONSUMER}, set())
    assert world.confirmed() == {(SERVICE_ID, ROOT): True, (SHARE_ARN, CONSUMER): True}
    assert converged == Converged(offered=[f"{SERVICE_ID} to {ROOT}", f"{SHARE_ARN} to {CONSUMER}"])


def test_what_is_as_it_should_be_is_written_by_nobody(world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    world.converge()
    world.interruptions.writes_until_crash = 0

    assert world.converge() == Converged()


@pytest.mark.parametrize(
    "consumer",
    [
        Consumer(services=frozenset({SERVICE_ID})),
        Consumer(services=frozenset({"*"})),
        Consumer(tier="silver"),
        Consumer(tier="silver", services=frozenset({OTHER_SERVICE})),
    ],
    ids=["by id", "by star", "by tier", "by tier and otherwise"],
)
def test_a_service_is_offered_by_its_id_by_a_star_or_by_its_tier(consumer: Consumer, world: World) -> None:
    world.services.services = [ManagedService(service_id=SERVICE_ID, tags={"drawbridge:tier": "silver"})]
    world.consumers.registered[CONSUMER] = consumer

    world.converge()

    assert world.allowed() == {ROOT: "drawbridge"}


@pytest.mark.parametrize("tags", [None, {}, {"drawbridge:tier": ""}, {"drawbridge:tier": "gold"}], ids=str)
def test_a_service_of_no_tier_is_not_for_those_of_none(tags: dict[str, str] | None, world: World) -> None:
    world.services.services = [ManagedService(service_id=SERVICE_ID, tags=tags)]
    world.consumers.registered[CONSUMER] = Consumer(services=frozenset({OTHER_SERVICE}))

    world.converge()

    assert world.allowed() == {}


def test_an_entry_that_names_principals_has_those_allowed_and_not_the_account(world: World) -> None:
    world.consumers.registered[CONSUMER] = msgspec.structs.replace(GOLD, principals=frozenset({ROLE}))

    world.converge()

    assert world.allowed() == {ROLE: "drawbridge"}
    assert world.in_share() == {CONSUMER}


@pytest.mark.parametrize(
    "principal",
    ["*", STRANGERS, f"arn:aws:iam::{CONSUMER}:role/in/a/path", "arn:aws:organizations::1:ou/o-1/ou-1", ""],
)
def test_what_is_no_principal_of_the_account_is_never_allowed(principal: str, world: World) -> None:
    world.consumers.registered[CONSUMER] = msgspec.structs.replace(GOLD, principals=frozenset({principal, ROLE}))

    world.converge()

    assert world.allowed() == {ROLE: "drawbridge"}


def test_what_an_entry_does_not_call_for_any_longer_is_taken_back(world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    world.converge()
    del world.consumers.registered[CONSUMER]

    converged = world.converge()

    assert (world.allowed(), world.in_share(), world.confirmed()) == ({}, set(), {(SHARE_ARN, CONSUMER): True})
    assert converged == Converged(taken_back=[f"{SERVICE_ID} from {ROOT}", f"{SHARE_ARN} from {CONSUMER}"])
    world.forget_who_left()
    assert world.records.records == {}


def test_what_is_somebody_else_s_is_left_alone_and_not_recorded(world: World) -> None:
    world.has_allowed(ROOT)
    world.has_allowed(STRANGERS, owner="another-prefix")
    world.has_allowed("*", owner="drawbridge")
    world.shares.members[SHARE_ARN] = {
        CONSUMER: PrincipalStatus.ASSOCIATED,
        STRANGER: PrincipalStatus.ASSOCIATED,
    }
    world.consumers.registered[CONSUMER] = GOLD
    world.interruptions.writes_until_crash = 0

    world.converge()
    del world.consumers.registered[CONSUMER]
    world.converge()

    assert world.allowed() == {ROOT: None, STRANGERS: "another-prefix", "*": "drawbridge"}
    assert world.in_share() == {CONSUMER, STRANGER}
    assert world.records.records == {}


def test_what_carries_our_tag_and_is_on_no_record_is_ours(world: World) -> None:
    world.has_allowed(ROOT, owner="drawbridge")
    world.has_allowed(STRANGERS, owner="drawbridge")
    world.consumers.registered[CONSUMER] = GOLD

    world.converge()

    assert world.allowed() == {ROOT: "drawbridge"}
    assert world.records.records[SERVICE_ID, ROOT] == record(SERVICE_ID, ROOT)


def test_a_permission_that_somebody_took_our_tag_off_is_theirs(world: World) -> None:
    on_record(world, record(SERVICE_ID, ROOT), record(SERVICE_ID, STRANGERS, account_id=STRANGER))
    world.has_allowed(ROOT)
    world.has_allowed(STRANGERS, permission_id="vpce-svc-perm-2")
    world.consumers.registered[CONSUMER] = Consumer(services=frozenset({SERVICE_ID}))

    world.converge()

    assert (world.allowed(), world.records.records) == ({ROOT: None, STRANGERS: None}, {})


@pytest.mark.parametrize("is_registered", [True, False])
def test_what_was_added_and_not_tagged_is_tagged_or_taken_back(is_registered: bool, world: World) -> None:
    on_record(world, record(SERVICE_ID, ROOT, is_confirmed=False))
    world.has_allowed(ROOT)
    if is_registered:
        world.consumers.registered[CONSUMER] = Consumer(services=frozenset({SERVICE_ID}))

    world.converge()

    assert world.allowed() == ({ROOT: "drawbridge"} if is_registered else {})
    assert world.confirmed() == ({(SERVICE_ID, ROOT): True} if is_registered else {})


def test_what_was_added_and_not_tagged_is_taken_back_though_a_listing_leaves_it_out(world: World) -> None:
    on_record(world, record(SERVICE_ID, ROOT, is_confirmed=False))
    world.has_allowed(ROOT)
    world.permissions.left_out = {ROOT}

    world.converge()

    assert (world.allowed(), world.records.records) == ({}, {})


def test_a_permission_that_shows_no_id_is_ours_by_its_record_alone(world: World) -> None:
    on_record(world, record(SERVICE_ID, ROOT, is_confirmed=False))
    world.has_allowed(ROOT, permission_id="")
    world.consumers.registered[CONSUMER] = Consumer(services=frozenset({SERVICE_ID}))

    world.converge()
    at_first = world.allowed(), world.confirmed()
    del world.consumers.registered[CONSUMER]
    world.converge()

    assert at_first == ({ROOT: None}, {(SERVICE_ID, ROOT): False})
    assert world.allowed() == {}


def test_what_is_allowed_and_can_t_be_tagged_is_not_confirmed(world: World) -> None:
    world.consumers.registered[CONSUMER] = Consumer(services=frozenset({SERVICE_ID}))
    world.permissions.gives_ids = False

    world.converge()

    assert (world.allowed(), world.confirmed()) == ({ROOT: None}, {(SERVICE_ID, ROOT): False})


def test_what_does_not_show_yet_is_tagged_by_the_next_sweep(world: World) -> None:
    world.consumers.registered[CONSUMER] = Consumer(services=frozenset({SERVICE_ID}))
    world.permissions.shows = False

    world.converge()
    at_first = world.allowed(), world.confirmed()
    world.converge()

    assert at_first == ({ROOT: None}, {(SERVICE_ID, ROOT): False})
    assert (world.allowed(), world.confirmed()) == ({ROOT: "drawbridge"}, {(SERVICE_ID, ROOT): True})


def test_who_changes_tiers_changes_shares_and_is_in_the_new_one_first(world: World) -> None:
    world.consumers.registered[CONSUMER] = Consumer(tier="gold")
    world.converge()
    world.consumers.registered[CONSUMER] = Consumer(tier="silver")
    # Noted and put in; taking out is the third write.
    world.interruptions.writes_until_crash = 3

    with pytest.raises(CrashError):
        world.converge()
    between = world.in_share(), world.in_share(SILVER_ARN)
    world.interruptions.writes_until_crash = 1_000
    world.converge()

    assert between == ({CONSUMER}, {CONSUMER})
    assert (world.in_share(), world.in_share(SILVER_ARN)) == (set(), {CONSUMER})


def test_an_account_s_own_shares_are_not_offered_to_itself(world: World) -> None:
    world.consumers.registered[PROVIDER] = Consumer(tier="gold")

    world.converge()

    assert world.in_share() == set()


@pytest.mark.parametrize("status", [PrincipalStatus.FAILED, PrincipalStatus.DISASSOCIATED])
def test_who_refuses_a_share_is_invited_again_after_twelve_hours_and_no_sooner(
    status: PrincipalStatus, world: World
) -> None:
    world.consumers.registered[CONSUMER] = Consumer(tier="gold")
    world.converge()
    world.shares.members[SHARE_ARN][CONSUMER] = status

    world.now += HOURS_12 - timedelta(seconds=1)
    too_soon = world.converge()
    invited_by_then = len(world.shares.invited)
    world.now += timedelta(seconds=1)
    again = world.converge()
    world.shares.members[SHARE_ARN][CONSUMER] = status
    world.converge()

    (told,) = too_soon.not_offered
    assert told.startswith(f"{SHARE_ARN} is not offered to {CONSUMER}: It was put into the share at 2026-11-21T12:00")
    assert "It is put in again at 2026-11-22T00:00:00+00:00." in told
    assert (invited_by_then, len(world.shares.invited)) == (1, 2)
    assert again.offered == [f"{SHARE_ARN} to {CONSUMER}"]


def test_what_was_noted_and_never_added_does_not_wait_for_twelve_hours(world: World) -> None:
    on_record(world, record(SHARE_ARN, CONSUMER, is_confirmed=False))
    world.consumers.registered[CONSUMER] = Consumer(tier="gold")

    world.converge()

    assert world.in_share() == {CONSUMER}


@pytest.mark.parametrize("status", [PrincipalStatus.FAILED, PrincipalStatus.DISASSOCIATED])
def test_who_is_not_in_a_share_any_longer_and_not_to_be_is_forgotten_and_ram_is_told_nothing(
    status: PrincipalStatus, world: World
) -> None:
    on_record(world, record(SHARE_ARN, CONSUMER))
    world.shares.members[SHARE_ARN][CONSUMER] = status

    converged = world.converge()
    world.forget_who_left()

    assert (converged, world.records.records) == (Converged(), {})
    assert world.shares.members[SHARE_ARN] == {CONSUMER: status}


def test_who_is_in_a_share_by_the_record_and_not_by_a_listing_that_was_cut_is_taken_out(world: World) -> None:
    on_record(world, record(SHARE_ARN, CONSUMER))
    world.shares.members[SHARE_ARN][CONSUMER] = PrincipalStatus.ASSOCIATED
    world.shares.left_out = {CONSUMER}

    world.converge()
    world.forget_who_left()

    assert (world.in_share(), world.records.records) == (set(), {})


def test_it_is_not_forgotten_when_who_is_suspended_was_invited_last(world: World) -> None:
    on_record(world, record(SHARE_ARN, CONSUMER))
    world.shares.members[SHARE_ARN][CONSUMER] = PrincipalStatus.FAILED
    world.consumers.registered[CONSUMER] = Consumer(tier="gold", suspended_at=NOW)

    world.converge()

    assert world.confirmed() == {(SHARE_ARN, CONSUMER): True}


def test_who_refused_a_share_is_not_invited_sooner_for_a_listing_of_the_registry_that_was_cut(world: World) -> None:
    on_record(world, record(SHARE_ARN, CONSUMER))
    world.shares.members[SHARE_ARN][CONSUMER] = PrincipalStatus.FAILED
    world.consumers.registered[CONSUMER] = Consumer(tier="gold")
    world.consumers.left_out = {CONSUMER}
    world.converge()
    world.consumers.left_out = set()

    world.converge()

    assert (world.in_share(), world.confirmed()) == (set(), {(SHARE_ARN, CONSUMER): True})


def test_nothing_is_confirmed_that_is_not_seen(world: World) -> None:
    desired = DesiredOffers(principals={CONSUMER: CONSUMER})
    unconfirmed = {CONSUMER: record(SHARE_ARN, CONSUMER, is_confirmed=False)}

    plan = plan_for_share(world.shares.shares[0], desired, [], unconfirmed, NOW, wait=WAIT)

    assert plan.steps == (AddToShare(SHARE_ARN, (Offer(CONSUMER, CONSUMER, unconfirmed[CONSUMER]),)),)


def test_whom_ram_is_taking_out_is_waited_for(world: World) -> None:
    on_record(world, record(SHARE_ARN, CONSUMER, offered_at=NOW - HOURS_12))
    world.shares.members[SHARE_ARN][CONSUMER] = PrincipalStatus.DISASSOCIATING
    world.consumers.registered[CONSUMER] = Consumer(tier="gold")

    world.converge()
    del world.consumers.registered[CONSUMER]
    world.converge()

    assert (world.shares.invited, world.confirmed()) == ([], {(SHARE_ARN, CONSUMER): True})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"suspended_at": NOW}, "suspended"),
        ({"unreadable": ("suspended_at",)}, "suspended"),
        ({"proof_required": True}, "not proved"),
        ({"proof_required": True, "unreadable": ("proved_at",)}, "not proved"),
    ],
    ids=str,
)
def test_who_is_not_in_force_loses_permissions_and_stays_in_its_shares(
    changes: dict[str, Any], code: str, world: World
) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    world.consumers.registered[STRANGER] = msgspec.structs.replace(GOLD, **changes)
    world.converge()
    never_in = world.in_share()
    world.consumers.registered[CONSUMER] = msgspec.structs.replace(GOLD, **changes)

    converged = world.converge()

    assert never_in == {CONSUMER}
    assert (world.allowed(), world.in_share()) == ({}, {CONSUMER})
    assert {each for each in converged.not_offered if CONSUMER in each and code in each} == {
        each for each in converged.not_offered if f"to {CONSUMER}" in each
    }
    assert len(converged.not_offered) == 4


def test_who_is_suspended_and_changes_tiers_stays_in_its_share_and_gets_into_no_other(world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    world.converge()
    world.consumers.registered[CONSUMER] = msgspec.structs.replace(GOLD, tier="silver", suspended_at=NOW)

    planned = world.planned()
    world.converge()

    assert planned == [f"allow {ROOT} at {SERVICE_ID} no longer"]
    assert (world.in_share(), world.in_share(SILVER_ARN)) == ({CONSUMER}, set())


def test_who_is_suspended_and_forbidden_stays_in_its_share(world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    world.converge()
    world.consumers.registered[CONSUMER] = msgspec.structs.replace(GOLD, suspended_at=NOW)
    world.policies = compiled([PERMIT, "forbid(principal, action, resource);"])

    world.converge()

    assert (world.in_share(), world.allowed()) == ({CONSUMER}, {})


@pytest.mark.parametrize("field", ["services", "tier"])
def test_who_is_suspended_loses_permissions_whatever_else_of_it_can_t_be_read(field: str, world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    world.converge()
    world.consumers.registered[CONSUMER] = Consumer(suspended_at=NOW, unreadable=(field,))

    world.converge()

    assert (world.allowed(), world.in_share()) == ({}, {CONSUMER})


def test_who_has_proved_who_it_is_is_offered_what_it_calls_for(world: World) -> None:
    world.consumers.registered[CONSUMER] = msgspec.structs.replace(GOLD, proof_required=True, proved_at=NOW)

    world.converge()

    assert world.allowed() == {ROOT: "drawbridge"}


@pytest.mark.parametrize("field", ["tier", "services"])
def test_of_an_entry_that_can_t_be_read_nothing_is_added_and_nothing_taken_back(field: str, world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    world.converge()
    world.consumers.registered[CONSUMER] = Consumer(unreadable=(field,))
    world.consumers.registered[STRANGER] = msgspec.structs.replace(GOLD, unreadable=(field,))

    planned, converged = world.planned(), world.converge()

    assert (planned, world.allowed(), world.in_share()) == ([], {ROOT: "drawbridge"}, {CONSUMER})
    assert [CONSUMER in str(each) and field in str(each) for each in converged.broken] == [True, False]


def test_nothing_is_allowed_to_principals_that_can_t_be_read(world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    world.converge()
    world.consumers.registered[CONSUMER] = msgspec.structs.replace(GOLD, unreadable=("principals",))

    converged = world.converge()

    assert (world.allowed(), world.in_share()) == ({}, {CONSUMER})
    (told,) = (str(each) for each in converged.broken)
    assert told.startswith(f"the registry's entry of {CONSUMER} can't be read: principals; ")
    assert told.endswith(
        f"; drawbridge consumers add {CONSUMER} --replace --service SERVICE --principal ARN writes it anew, with all "
        "that it may reach"
    )


def test_an_entry_of_what_is_no_account_stops_no_other(world: World) -> None:
    world.consumers.registered |= {"12345": GOLD, CONSUMER: GOLD, "*": GOLD}

    converged = world.converge()

    assert (world.allowed(), world.in_share()) == ({ROOT: "drawbridge"}, {CONSUMER})
    assert len(converged.broken) == 2
    assert isinstance(converged.broken[0], InvalidInputError)


def test_a_registry_that_can_t_be_listed_changes_nothing(world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    world.converge()
    world.consumers.is_throttled = True
    world.consumers.registered[STRANGER] = GOLD

    converged = world.converge()

    assert (world.allowed(), world.in_share()) == ({ROOT: "drawbridge"}, {CONSUMER})
    assert [type(each) for each in converged.failures] == [ThrottledError]


def test_a_listing_of_the_registry_that_is_empty_or_cut_takes_nothing_back(world: World) -> None:
    world.consumers.registered |= {CONSUMER: GOLD, STRANGER: GOLD}
    world.converge()
    world.consumers.left_out = {CONSUMER, STRANGER}
    del world.consumers.registered[STRANGER]

    world.converge()

    assert (world.allowed(), world.in_share()) == ({ROOT: "drawbridge"}, {CONSUMER})


@pytest.mark.parametrize("read", [1, 2])
def test_who_is_removed_while_it_is_being_offered_something_is_offered_nothing(read: int, world: World) -> None:
    world.consumers.registered |= {CONSUMER: GOLD, STRANGER: Consumer(tier="gold")}
    reads = 0

    def remove() -> None:
        nonlocal reads
        reads += 1
        if reads == read:
            world.consumers.registered.pop(CONSUMER, None)

    world.consumers.on_read = remove

    converged = world.converge()
    at_first = world.allowed(), world.in_share()
    world.converge()

    assert at_first == (world.allowed(), world.in_share()) == ({}, {STRANGER})
    world.forget_who_left()
    assert world.confirmed() == {(SHARE_ARN, STRANGER): True}
    assert converged.offered == [f"{SHARE_ARN} to {STRANGER}"]


@pytest.mark.parametrize("changes", [{"suspended_at": NOW}, {"unreadable": ("tier",)}], ids=["suspended", "unreadable"])
def test_who_is_left_out_of_a_listing_and_is_to_stay_in_its_shares_stays(changes: dict[str, Any], world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    world.converge()
    world.consumers.registered[CONSUMER] = msgspec.structs.replace(GOLD, **changes)
    world.consumers.left_out = {CONSUMER}

    world.converge()

    assert world.in_share() == {CONSUMER}


def test_what_an_entry_calls_for_no_more_while_it_is_being_offered_is_not_offered(world: World) -> None:
    world.consumers.registered[CONSUMER] = Consumer(services=frozenset({SERVICE_ID}))
    world.consumers.on_read = lambda: world.consumers.registered.update({CONSUMER: Consumer()})

    world.converge()
    at_first = world.allowed(), world.confirmed()
    world.converge()

    # What is begun may be there by another sweep: the next plan takes it away.
    assert at_first == ({}, {(SERVICE_ID, ROOT): False})
    assert (world.allowed(), world.records.records) == ({}, {})


def test_who_is_registered_again_while_its_offers_are_taken_back_keeps_them(world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    world.converge()
    del world.consumers.registered[CONSUMER]
    world.consumers.on_read = lambda: world.consumers.registered.update({CONSUMER: GOLD})

    converged = world.converge()

    assert (world.allowed(), world.in_share(), converged.taken_back) == ({ROOT: "drawbridge"}, {CONSUMER}, [])


def test_what_another_sweep_is_about_to_add_is_not_forgotten(world: World) -> None:
    on_record(world, record(SERVICE_ID, ROOT, is_confirmed=False))
    world.consumers.registered[CONSUMER] = Consumer(services=frozenset({SERVICE_ID}))
    world.consumers.left_out = {CONSUMER}

    world.converge()

    assert world.confirmed() == {(SERVICE_ID, ROOT): False}


def test_one_that_aws_refuses_stops_no_other_and_is_told(world: World) -> None:
    world.consumers.registered |= {CONSUMER: GOLD, STRANGER: GOLD}
    world.permissions.refused = {STRANGERS}
    world.shares.refused = {STRANGER}

    converged = world.converge()

    assert (world.allowed(), world.in_share()) == ({ROOT: "drawbridge"}, {CONSUMER})
    assert [str(each).partition(":")[0] for each in converged.refused] == [
        f"not all can be offered {SERVICE_ID}",
        "not all can be offered arn",
    ]
    assert world.confirmed() == {
        (SERVICE_ID, ROOT): True,
        (SERVICE_ID, STRANGERS): False,
        (SHARE_ARN, CONSUMER): True,
        (SHARE_ARN, STRANGER): False,
    }


def test_one_customer_with_many_roles_that_do_not_exist_keeps_nobody_out_and_nobody_in(world: World) -> None:
    roles = [f"arn:aws:iam::{CONSUMER}:role/gone{number}" for number in range(50)]
    others = {f"{number:012}": Consumer(services=frozenset({SERVICE_ID})) for number in range(1, 151)}
    bad = msgspec.structs.replace(GOLD, principals=frozenset(roles))
    world.consumers.registered = {CONSUMER: bad, **others}
    world.permissions.refused = {*roles}

    world.converge()
    inside = len(world.allowed())
    world.consumers.registered.clear()
    converged = world.converge()
    world.forget_who_left()

    assert (inside, world.allowed(), world.records.records, converged.refused) == (150, {}, {}, [])


def test_what_aws_refused_is_forgotten_with_its_entry(world: World) -> None:
    world.consumers.registered[STRANGER] = GOLD
    world.permissions.refused, world.shares.refused = {STRANGERS}, {STRANGER}
    world.converge()
    del world.consumers.registered[STRANGER]

    world.converge()

    assert world.records.records == {}


def test_a_service_that_can_t_be_listed_stops_no_other(world: World) -> None:
    world.has_service(OTHER_SERVICE)
    world.permissions.throttled = {SERVICE_ID}
    world.consumers.registered[CONSUMER] = Consumer(tier="gold", services=frozenset({"*"}))

    converged = world.converge()

    assert (world.allowed(OTHER_SERVICE), world.in_share()) == ({ROOT: "drawbridge"}, {CONSUMER})
    assert [str(each) for each in converged.failures] == [SERVICE_ID]


def test_a_step_that_fails_stops_no_other_and_is_made_good(world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD

    def throttle() -> None:
        raise ThrottledError("slowly")

    world.permissions.on_allow = throttle
    converged = world.converge()
    at_first = world.in_share(), world.confirmed()[SERVICE_ID, ROOT]
    world.permissions.on_allow = lambda: None
    world.converge()

    assert [str(each) for each in converged.failures] == ["slowly"]
    assert at_first == ({CONSUMER}, False)
    assert (world.allowed(), world.confirmed()[SERVICE_ID, ROOT]) == ({ROOT: "drawbridge"}, True)


def test_a_service_that_is_gone_is_no_failure_and_its_records_go_in_time(world: World) -> None:
    on_record(world, record(OTHER_SERVICE, ROOT), record(SERVICE_ID, ROOT), record("arn:gone", CONSUMER))
    world.has_allowed(ROOT, owner="drawbridge")
    world.services.services = [ManagedService(service_id=OTHER_SERVICE, tags={})]

    in_between = world.converge(), dict(world.confirmed())
    world.services.services = []
    converged = world.converge(forget_gone=True)

    assert in_between == (Converged(), in_between[1])
    assert len(in_between[1]) == 3
    # What is not managed any longer, and there, stays as it is; who was in the share may have something associated.
    assert world.confirmed() == {(SERVICE_ID, ROOT): True, ("arn:gone", CONSUMER): True}
    assert converged == Converged()

    world.now += CONFIRM
    world.converge(forget_gone=True)

    assert world.confirmed() == {(SERVICE_ID, ROOT): True}


@pytest.mark.parametrize(
    ("policy", "is_offered"),
    [
        ("forbid(principal, action, resource);", (False, False)),
        ('forbid(principal, action == Action::"offer", resource);', (False, False)),
        ('forbid(principal, action == Action::"offer", resource is EndpointService);', (False, True)),
        ('forbid(principal, action == Action::"offer", resource is ResourceShare);', (True, False)),
        ('forbid(principal, action == Action::"accept", resource);', (False, True)),
        (f'forbid(principal == Account::"{STRANGER}", action, resource);', (True, True)),
        ('forbid(principal, action == Action::"reject", resource);', (True, True)),
        ("forbid(principal, action, resource) when { principal has consumer };", (False, False)),
        ("forbid(principal, action, resource) unless { principal has consumer };", (True, True)),
        # What is not known yet, or only at times, is no certain forbid.
        ('forbid(principal, action, resource) when { context.region != "eu-west-1" };', (True, False)),
        ("forbid(principal, action, resource) unless { principal.ownOrganization };", (True, True)),
        ('forbid(principal in OrganizationalUnit::"ou-1", action, resource);', (True, True)),
        (
            "forbid(principal, action, resource) when { context has connections && context.connections < 5 };",
            (True, True),
        ),
        ('forbid(principal, action == Action::"accept", resource) when { context.local.hour > 5 };', (True, True)),
        ('forbid(principal, action == Action::"offer", resource) when { context.local.hour > 5 };', (True, True)),
        ('forbid(principal, action == Action::"offer", resource) when { context.local.hour > 20 };', (True, True)),
    ],
)
def test_what_policies_certainly_forbid_is_not_offered(
    policy: str, is_offered: tuple[bool, bool], world: World
) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    world.policies = compiled([PERMIT, f'@id("no")\n@reason("Not these.")\n{policy}'])

    converged = world.converge()

    assert (world.allowed() == {ROOT: "drawbridge"}, world.in_share() == {CONSUMER}) == is_offered
    assert len(converged.not_offered) == is_offered.count(False)
    assert all(each.endswith("Not these.") for each in converged.not_offered)


def test_what_is_forbidden_by_now_is_not_allowed_any_longer_and_nobody_leaves_a_share(world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    world.converge()
    world.policies = compiled([PERMIT, "forbid(principal, action, resource);"])

    converged = world.converge()

    assert (world.allowed(), world.in_share()) == ({}, {CONSUMER})
    assert f"{SHARE_ARN} is not offered to {CONSUMER}" in " ".join(converged.not_offered)


def test_with_no_policy_in_force_nothing_is_offered_and_what_is_stays(world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    world.converge()
    world.policies = compiled([])
    world.consumers.registered[STRANGER] = GOLD

    converged = world.converge()

    assert (world.allowed(), world.in_share()) == ({ROOT: "drawbridge"}, {CONSUMER})
    assert converged == Converged(not_offered=["no policy is in force: nothing is offered"])


def test_whose_entry_went_is_offered_nothing_any_longer_although_no_policy_is_in_force(world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    world.converge()
    world.policies = compiled([])
    world.consumers.registered = {STRANGER: GOLD}

    world.converge()

    assert (world.allowed(), world.in_share()) == ({}, set())


def test_cedar_is_not_asked_where_no_forbid_can_stand(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    world.policies = compiled([PERMIT, "forbid(principal, action, resource) unless { principal.ownOrganization };"])
    monkeypatch.setattr(world.policies, "ask", pytest.fail)

    converged = world.converge()

    assert (world.allowed(), converged.failures) == ({ROOT: "drawbridge"}, [])


def test_a_forbid_that_goes_by_the_clock_takes_nothing_back(world: World) -> None:
    world.consumers.registered[CONSUMER] = GOLD
    world.policies = compiled([PERMIT, "forbid(principal, action, resource) unless { context.local.hour < 18 };"])
    world.converge()
    world.now += timedelta(hours=11)

    world.converge()

    assert (world.allowed(), world.in_share()) == ({ROOT: "drawbridge"}, {CONSUMER})


@pytest.mark.parametrize(
    ("scope", "asked"),
    [(EVERYTHING, [False]), (SERVICES, [False]), (ORPHANS, [True]), (SHARES, []), (CONNECTIONS, [])],
    ids=["everything", "services", "orphans", "shares", "connections"],
)
def test_a_sweep_has_offers_made_where_they_may_have_changed(scope: SweepScope, asked: list[bool]) -> None:
    sweep = Sweeping()

    sweep.sweeper().sweep(scope, NOW)

    assert sweep.offers.asked == asked


def test_a_sweep_tells_what_became_of_offers_and_what_failed() -> None:
    sweep = Sweeping()
    failed, broken = ThrottledError("slowly"), InvalidInputError("no account")
    refused, held_back = InvalidInputError("not all"), InvalidInputError("too many")
    sweep.offers.done = Converged(
        offered=["a to b"],
        taken_back=["c from d"],
        not_offered=["e is not offered to f: no"],
        disassociated=["g of h with i"],
        still_associated=["j of k with l: why"],
        failures=[failed],
        broken=[broken],
        refused=[refused],
        too_many=[held_back],
        refused_before=["m is not offered to n: refused"],
        held_back=["o: p"],
    )

    result = sweep.sweeper().sweep(EVERYTHING, NOW)

    assert (result.offered, result.taken_back) == (("a to b",), ("c from d",))
    assert result.not_offered == ("e is not offered to f: no",)
    assert (result.disassociated, result.still_associated) == (("g of h with i",), ("j of k with l: why",))
    assert (result.failures, result.broken) == ((failed,), (broken,))
    assert (result.offers_refused, result.offers_held_back) == ((refused,), (held_back,))
    assert result.offers_refused_before == ("m is not offered to n: refused",)
    assert result.accounts_held_back == ("o: p",)


def test_what_aws_is_busy_with_has_the_sweep_repeated(world: World) -> None:
    world.consumers.registered |= {CONSUMER: GOLD, STRANGER: GOLD}
    world.shares.busy = {STRANGER}

    converged = world.converge()

    assert [type(each) for each in converged.failures] == [NotReadyError]
    assert world.in_share() == {CONSUMER}
    assert world.confirmed()[SHARE_ARN, STRANGER] is False


def test_what_is_planned_is_told_in_a_line_each(world: World) -> None:
    many = {f"{number:012}": Consumer(tier="gold") for number in range(1, 8)}
    world.consumers.registered = {**many, CONSUMER: GOLD}
    told = world.planned("aws-us-gov")

    assert told == [
        f"allow arn:aws-us-gov:iam::{CONSUMER}:root at {SERVICE_ID}",
        f"put {', '.join([*many][:5])} and 3 more into {SHARE_ARN}",
    ]
    assert world.records.records == {}
