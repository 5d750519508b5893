"""Offers: what the registry calls for is offered, and what it does not is taken back, whatever goes wrong between."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest

from drawbridge.decision.facts import Consumer
from drawbridge.errors import AccessDeniedError, InvalidInputError, NotReadyError, ThrottledError
from drawbridge.hint import CONNECTIONS, EVERYTHING, ORPHANS, SERVICES, SHARES, SweepScope
from drawbridge.intake.offering.converged import Converged
from drawbridge.intake.offering.desired import DesiredOffers, RegisteredEntries, Target
from drawbridge.intake.offering.offers import Allowed, OfferedShare, OfferRecord, PartlyDeniedError, PrincipalStatus
from drawbridge.intake.offering.reconcile import OfferReconciler
from drawbridge.intake.offering.steps import AddToShare, Offer, plan_for_share
from drawbridge.intake.registration.off_boarding import RemovedConsumer
from drawbridge.request.connections import ManagedService
from tests.builders import CONSUMER, EVALUATION_TIME, NOW, PROVIDER, SERVICE_ID, SHARE_ARN, STRANGER
from tests.fakes.interruptions import CrashError
from tests.fakes.offers import InMemoryOfferRecords
from tests.unit.discovering import World as Sweeping
from tests.unit.offering import CONFIRM, PERMIT, SILVER_ARN, WAIT, World
from tests.unit.policies import compiled

OTHER_SERVICE = "vpce-svc-0123456789abcdef0"
ROOT = f"arn:aws:iam::{CONSUMER}:root"
ROLE = f"arn:aws:iam::{CONSUMER}:role/connect"
STRANGERS = f"arn:aws:iam::{STRANGER}:root"
GOLD = Consumer(tier="gold", services=frozenset({SERVICE_ID}))
HOURS_12 = timedelta(hours=12)


@pytest.fixture
def world() -> World:
    return World()


def record(target: str, principal: str, **changes: Any) -> OfferRecord:
    fields: dict[str, Any] = {"account_id": CONSUMER, "offered_at": NOW, "is_confirmed": True}
    return OfferRecord(target=target, principal=principal, **(fields | changes))


def on_record(world: World, *records: OfferRecord) -> None:
    world.records.records |= {(each.target, each.principal): each for each in records}


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


def _fifty() -> World:
    """Return a world in which fifty accounts are in the share for gold."""
    world = World()
    world.consumers.registered = {f"{100_000_000_000 + number}": Consumer(tier="gold") for number in range(50)}
    world.converge()
    return world


def _retagged(world: World, tier: str) -> None:
    world.shares.shares[0] = msgspec.structs.replace(world.shares.shares[0], tier=tier)


def test_a_share_whose_tag_changed_is_not_emptied_at_once_but_of_those_who_were_removed_or_are_in_another() -> None:
    world = _fifty()
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
    world = _fifty()
    world.cap = cap
    change(world)

    converged = world.converge()

    assert (len(world.in_share()), len(converged.too_many)) == (stay, bool(stay))


def test_who_rejected_an_invitation_is_not_in_the_share_that_the_cap_is_a_part_of() -> None:
    world = _fifty()
    accounts = [*world.consumers.registered]
    for each in accounts[12:]:
        world.shares.members[SHARE_ARN][each] = PrincipalStatus.DISASSOCIATED
    _retagged(world, "Gold")

    converged = world.converge()

    assert world.in_share() == {*accounts[:12]}
    assert [str(each).split(" would")[0] for each in converged.too_many] == ["12 of 12 accounts"]


def test_those_that_a_command_or_an_event_removed_go_at_once_however_many_they_are() -> None:
    world = _fifty()
    _removed(world, *world.consumers.registered)

    converged = world.converge()

    assert (world.in_share(), converged.too_many) == (set(), [])


def test_who_was_removed_once_and_has_an_entry_again_is_not_removed() -> None:
    world = _fifty()
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
    world = _fifty()
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
    world = _fifty()
    silver = world.shares.shares[1]
    world.shares.shares[1] = msgspec.structs.replace(silver, tier="gold")
    world.converge()
    by_slip = len(world.in_share(SILVER_ARN))
    world.shares.shares[1] = silver

    converged = world.converge()

    assert (by_slip, world.in_share(SILVER_ARN), len(world.in_share())) == (50, set(), 50)
    assert converged.too_many == []


def test_a_whole_tier_that_changes_to_another_moves_at_once_however_many_they_are() -> None:
    world = _fifty()
    world.consumers.registered = dict.fromkeys(world.consumers.registered, Consumer(tier="silver"))

    converged = world.converge()

    assert (len(world.in_share()), len(world.in_share(SILVER_ARN)), converged.too_many) == (0, 50, [])


def test_whose_entry_goes_in_the_middle_of_the_taking_out_is_counted_by_the_next_sweep() -> None:
    world = _fifty()
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
    _planning_takes(world, 40)


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
    was_in: list[bool] = []
    for _ in range(25):
        world.converge()
        was_in.append(CONSUMER in world.in_share())
        world.now += timedelta(hours=1)

    assert was_in == [*[True] * 24, False]


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
    was_in: list[bool] = []
    for _ in range(25):
        world.converge()
        was_in.append(CONSUMER in world.in_share())
        world.now += timedelta(hours=1)

    assert was_in == [*[True] * 24, False]


def test_a_whole_tier_that_nobody_takes_is_not_without_its_share_after_a_day_unless_that_is_let() -> None:
    world = _fifty()
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
    world = _fifty()
    world.cap = 50
    _retagged(world, "Gold")

    converged = world.converge()

    assert (world.in_share(), converged.too_many) == (set(), [])


def test_a_tier_that_is_renamed_everywhere_is_as_safe_as_it_was() -> None:
    world = _fifty()
    _retagged(world, "best")
    world.consumers.registered = dict.fromkeys(world.consumers.registered, Consumer(tier="best"))
    world.converge()
    _retagged(world, "Best")

    world.converge()

    assert len(world.in_share()) == 50


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


def _planning_takes(world: World, seconds: float) -> None:
    """Have it take as long to compare what is on record of each service or share."""
    of = world.records.of

    def slowly(target: str) -> dict[str, OfferRecord]:
        world.seconds += seconds
        return of(target)

    world.records.of = slowly  # type: ignore[method-assign]


@pytest.mark.parametrize("seconds", [30, 79, 81, 500])
def test_however_long_it_takes_to_compare_a_service_all_is_offered_in_as_many_sweeps(
    seconds: float, world: World
) -> None:
    world.has_service(OTHER_SERVICE)
    world.consumers.registered[CONSUMER] = Consumer(tier="gold", services=frozenset({"*"}))
    _planning_takes(world, seconds)

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
    _planning_takes(world, 100)

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
    _planning_takes(world, 80)

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
    _planning_takes(world, 80)

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


def test_what_is_planned_is_told_in_a_line_each(world: World) -> None:
    many = {f"{number:012}": Consumer(tier="gold") for number in range(1, 8)}
    world.consumers.registered = {**many, CONSUMER: GOLD}
    told = world.planned("aws-us-gov")

    assert told == [
        f"allow arn:aws-us-gov:iam::{CONSUMER}:root at {SERVICE_ID}",
        f"put {', '.join([*many][:5])} and 3 more into {SHARE_ARN}",
    ]
    assert world.records.records == {}
