"""Sweeps: what is connected and gone is noticed, confirmed, capped and withdrawn, and nothing else ever is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.discovery.findings import SweepResult
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.workflow import ExecutionEnding
from drawbridge.hint import CONNECTIONS, EVERYTHING, SHARES, SweepScope
from drawbridge.request import EndpointConnectionRequest, ResourceShareRequest
from drawbridge.request.absence import Absence
from drawbridge.request.connections import ConnectionState
from drawbridge.request.shares import InvitationStatus, Share
from drawbridge.status import Status
from tests.builders import (
    CONNECTION,
    ENDPOINT_ID,
    NOW,
    PROVIDER,
    RESOURCE_ARN,
    SERVICE_ARN,
    SERVICE_ID,
    SHARE,
    SHARE_ARN,
    invitation,
    row,
    shared_resource,
)
from tests.fakes.interruptions import CrashError
from tests.unit.discovering import LET_IN, World, connection, snapshot

SHARE_EXECUTION = f"{SHARE.request_id}-2"
CONNECTION_EXECUTION = f"{CONNECTION.request_id}-2"


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def sweep(world: World, minutes: float = 0, scope: SweepScope = EVERYTHING) -> SweepResult:
    return world.sweeper().sweep(scope, after(minutes))


@pytest.fixture
def world() -> World:
    """A share of which two resources are attached, and a connection, as they were left."""
    world = World()
    world.shares.listed_shares = [Share(arn=SHARE_ARN, name="orders", owner=PROVIDER)]
    world.shares.listed_resources = [shared_resource(), shared_resource(SERVICE_ARN, "vpc-lattice:service")]
    world.services.listed_connections = [connection(ConnectionState.AVAILABLE)]
    sweep(world)
    for request, changes in (
        (SHARE, {"attachments": (snapshot(RESOURCE_ARN), snapshot(SERVICE_ARN))}),
        (CONNECTION, {"attachments": None}),
    ):
        world.ledger.kept[request.request_id] = msgspec.structs.replace(
            world.ledger.kept[request.request_id],
            status=Status.AVAILABLE,
            settled=True,
            let_in=LET_IN,
            **changes,
        )
    world.existences.shares.add(SHARE_ARN)
    world.existences.held |= {RESOURCE_ARN, SERVICE_ARN}
    world.existences.connections[ENDPOINT_ID] = ConnectionState.AVAILABLE
    world.existences.services.add(SERVICE_ID)
    world.state_machine.running.clear()
    world.bus.announced.clear()
    return world


def unshare(world: World) -> None:
    world.shares.listed_shares, world.shares.listed_resources = [], []
    world.existences.shares.clear()
    world.existences.held.clear()


def disconnect(world: World) -> None:
    world.services.listed_connections = []
    world.existences.connections.clear()
    world.existences.connections["vpce-of-another"] = ConnectionState.AVAILABLE


def take_out(world: World, arn: str = SERVICE_ARN) -> None:
    world.shares.listed_resources = [each for each in world.shares.listed_resources if each.arn != arn]
    world.existences.held.discard(arn)


def kept(world: World, request_id: str = SHARE.request_id) -> Any:
    return world.ledger.kept[request_id]


def marks(world: World, request_id: str = SHARE.request_id) -> dict[str, tuple[datetime, bool]]:
    return {each.of: (each.since, each.confirmed) for each in kept(world, request_id).absent}


def test_what_is_as_it_was_left_is_asked_for_by_nobody(world: World) -> None:
    result = sweep(world)

    assert (result.started, result.failures, world.existences.asked) == ((), (), [])


@pytest.mark.parametrize(
    ("go", "request_id", "subject"),
    [(unshare, SHARE.request_id, SHARE_ARN), (disconnect, CONNECTION.request_id, ENDPOINT_ID)],
)
def test_what_the_other_side_ended_is_marked_confirmed_and_withdrawn(
    world: World, go: Callable[[World], None], request_id: str, subject: str
) -> None:
    go(world)
    first = sweep(world)
    early = sweep(world, 9.9)
    before = kept(world, request_id)

    late = sweep(world, 10)

    assert (first.started, early.started, late.started) == ((), (), (f"{request_id}-2",))
    assert (before.status, before.absent[0]) == (Status.AVAILABLE, Absence(of=subject, since=NOW))
    assert [*world.withdrawals.running] == [f"{request_id}-2"]
    assert world.state_machine.running == {}
    withdrawing = kept(world, request_id)
    assert (withdrawing.status, withdrawing.settled, withdrawing.attempt) == (Status.WITHDRAWING, False, 2)
    assert marks(world, request_id)[subject] == (NOW, True)
    (announced,) = world.bus.announced
    assert (announced.status, announced.attempt, announced.subject) == (Status.WITHDRAWING, 2, subject)
    assert announced.account_id == withdrawing.account_id
    assert {each["code"] for each in announced.reasons} == {"gone"}


@pytest.mark.parametrize("state", ["deleting", "deleted", "rejected", "failed", "expired"])
@pytest.mark.parametrize("status", [Status.AVAILABLE, Status.FAILED])
def test_a_connection_that_is_listed_as_ended_is_withdrawn_and_not_just_recorded(
    world: World, state: str, status: Status
) -> None:
    world.ledger.kept[CONNECTION.request_id] = msgspec.structs.replace(
        kept(world, CONNECTION.request_id), status=status
    )
    world.services.listed_connections = [connection(ConnectionState(state))]
    world.existences.connections[ENDPOINT_ID] = ConnectionState(state)
    sweep(world)

    assert sweep(world, 10).started == (CONNECTION_EXECUTION,)
    assert [*world.withdrawals.running] == [CONNECTION_EXECUTION]


def test_a_connection_in_a_state_that_nobody_knew_stays(world: World) -> None:
    world.services.listed_connections = [connection(ConnectionState.UNKNOWN)]
    sweep(world)

    assert sweep(world, 10).started == ()
    assert world.existences.asked == []


def test_an_invitation_that_was_accepted_days_ago_does_not_stand_for_its_share(world: World) -> None:
    unshare(world)
    world.shares.listed_invitations = [invitation(InvitationStatus.ACCEPTED)]
    sweep(world)

    assert sweep(world, 10).started == (SHARE_EXECUTION,)
    assert [*world.withdrawals.running] == [SHARE_EXECUTION]


def test_a_share_that_is_listed_and_not_in_effect_is_not_gone(world: World) -> None:
    unshare(world)
    sweep(world)
    world.shares.listed_shares = [Share(arn=SHARE_ARN, name="orders", owner=PROVIDER, in_effect=False)]

    assert sweep(world, 10).started == ()
    assert marks(world).keys() == {RESOURCE_ARN, SERVICE_ARN}


def test_of_a_share_that_shrinks_an_onboarding_attempt_takes_down_what_is_gone(world: World) -> None:
    take_out(world)
    # What the share holds has changed, which is a reason for an attempt at once: it takes nothing down.
    assert sweep(world).started == (SHARE_EXECUTION,)
    assert marks(world) == {SERVICE_ARN: (NOW, False)}
    world.ledger.kept[SHARE.request_id] = msgspec.structs.replace(kept(world), status=Status.AVAILABLE, settled=True)
    assert sweep(world, 9).started == ()

    assert sweep(world, 10).started == (f"{SHARE.request_id}-3",)

    assert world.withdrawals.running == {}
    assert marks(world) == {SERVICE_ARN: (NOW, True)}
    assert (kept(world).status, kept(world).settled) == (Status.PENDING, False)


def test_what_an_attempt_did_not_take_down_is_tried_again_after_hours(world: World) -> None:
    test_of_a_share_that_shrinks_an_onboarding_attempt_takes_down_what_is_gone(world)
    world.ledger.kept[SHARE.request_id] = msgspec.structs.replace(kept(world), status=Status.AVAILABLE, settled=True)

    assert sweep(world, 359).started == ()
    assert sweep(world, 360).started == (f"{SHARE.request_id}-4",)


def test_a_resource_that_another_share_in_effect_holds_is_not_gone(world: World) -> None:
    take_out(world)
    other = SHARE_ARN.replace("aaaaaaaa", "bbbbbbbb")
    world.shares.listed_shares.append(Share(arn=other, name="again", owner=PROVIDER))
    world.shares.listed_resources.append(msgspec.structs.replace(shared_resource(SERVICE_ARN), share_arn=other))

    sweep(world)

    assert (marks(world), world.existences.asked) == ({}, [])


def test_a_resource_waits_for_what_becomes_of_its_share(world: World) -> None:
    unshare(world)
    world.existences.shares.add(SHARE_ARN)
    sweep(world)

    assert sweep(world, 10).started == ()
    assert marks(world) == {RESOURCE_ARN: (NOW, False), SERVICE_ARN: (NOW, False)}


def test_what_is_listed_again_loses_its_mark_and_a_later_absence_begins_anew(world: World) -> None:
    listed = world.services.listed_connections
    disconnect(world)
    sweep(world)
    world.services.listed_connections = listed
    sweep(world, 5)
    assert marks(world, CONNECTION.request_id) == {}
    disconnect(world)
    sweep(world, 6)

    assert sweep(world, 15).started == ()
    assert sweep(world, 16).started == (CONNECTION_EXECUTION,)


@pytest.mark.parametrize("lost", ["claim", "mark"])
def test_what_was_noted_meanwhile_keeps_a_withdrawal_from_being_entered(world: World, lost: str) -> None:
    disconnect(world)
    sweep(world)
    there = kept(world, CONNECTION.request_id)
    stale = list(world.ledger.followed())
    world.ledger.kept[CONNECTION.request_id] = msgspec.structs.replace(
        there, **({"absent": ()} if lost == "mark" else {"attempt": 2, "status": Status.PENDING, "settled": False})
    )
    world.ledger.followed = lambda: stale  # type: ignore[method-assign]  # the index is a moment behind

    assert sweep(world, 10).started == ()
    assert world.withdrawals.running == {}
    assert kept(world, CONNECTION.request_id).status is not Status.WITHDRAWING


def empty(world: World) -> None:
    world.shares.listed_shares, world.shares.listed_resources, world.services.listed_connections = [], [], []


def cut_short(world: World) -> None:
    """Have each list end after its first page."""
    world.shares.listed_resources = world.shares.listed_resources[:1]
    world.services.listed_connections = []


@pytest.mark.parametrize("lie", [empty, cut_short])
def test_a_list_that_is_empty_or_cut_short_withdraws_nothing(world: World, lie: Callable[[World], None]) -> None:
    lie(world)

    for minutes in (0, 10, 20, 600):
        sweep(world, minutes)

    assert world.withdrawals.running == {}
    assert marks(world) == marks(world, CONNECTION.request_id) == {}
    assert world.existences.asked != []


def test_an_answer_that_is_empty_too_marks_nothing_and_is_told(world: World) -> None:
    empty(world)
    world.existences.says_nothing = True

    results = [sweep(world, minutes) for minutes in (0, 10, 20)]

    assert world.withdrawals.running == {}
    assert marks(world) == marks(world, CONNECTION.request_id) == {}
    assert {*results[0].existence_unknown} == {SHARE_ARN, RESOURCE_ARN, SERVICE_ARN, ENDPOINT_ID}


def test_an_empty_answer_later_keeps_the_mark_and_takes_nothing_down(world: World) -> None:
    unshare(world)
    sweep(world)
    before = marks(world)
    world.existences.says_nothing = True

    result = sweep(world, 10)

    assert (result.started, marks(world)) == ((), before)
    world.existences.says_nothing = False
    assert sweep(world, 15).started == (SHARE_EXECUTION,)


@pytest.mark.parametrize("minutes", [0, 10])
def test_where_asking_fails_nothing_is_marked_or_taken_down_and_the_sweep_is_repeated(
    world: World, minutes: int
) -> None:
    unshare(world)
    if minutes:
        sweep(world)
    before = marks(world)
    world.interruptions.failing = {"existence"}

    result = sweep(world, minutes)

    assert (result.started, marks(world)) == ((), before)
    assert [type(each).__name__ for each in result.failures] == ["ThrottledError"]
    # Whoever is throttled asks no more.
    assert len(world.existences.asked) == 3 * (minutes > 0) + 1


@pytest.mark.parametrize("failing", ["invitations", "managed"])
def test_where_a_list_fails_nothing_is_asked_of_its_kind_and_the_other_is_looked_at(world: World, failing: Any) -> None:
    unshare(world)
    disconnect(world)
    world.interruptions.failing = {failing}

    result = sweep(world)

    assert len(result.failures) >= 1
    marked = {name for name, each in world.ledger.kept.items() if each.absent}
    assert marked == {CONNECTION.request_id if failing == "invitations" else SHARE.request_id}


@pytest.mark.parametrize(("scope", "asked"), [(SHARES, SHARE_ARN), (CONNECTIONS, ENDPOINT_ID)])
def test_only_what_the_hints_say_is_looked_at(world: World, scope: SweepScope, asked: str) -> None:
    unshare(world)
    disconnect(world)

    sweep(world, scope=scope)

    assert {SHARE_ARN, ENDPOINT_ID} & {*world.existences.asked} == {asked}
    assert [each.request.subject for each in world.ledger.kept.values() if each.absent] == [asked]


def test_what_is_not_connected_and_gone_is_recorded_by_an_attempt_as_ever(world: World) -> None:
    for status in (Status.HELD, Status.ACCEPTED, Status.AVAILABLE):
        world.ledger.kept[CONNECTION.request_id] = row(status, let_in=None if status is Status.AVAILABLE else LET_IN)
        world.state_machine.running.clear()
        world.services.listed_connections = []

        assert sweep(world).started == (CONNECTION_EXECUTION,)
        assert [*world.state_machine.running] == [CONNECTION_EXECUTION]
    assert world.existences.asked == []


def many(world: World, count: int) -> list[EndpointConnectionRequest]:
    """Have so many connections more, all of them available."""
    requests = [
        EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=f"vpce-{number:017x}") for number in range(count)
    ]
    for request in requests:
        world.ledger.kept[request.request_id] = row(Status.AVAILABLE, request=request, let_in=LET_IN)
        world.services.listed_connections.append(connection(ConnectionState.AVAILABLE, endpoint_id=request.endpoint_id))
        world.existences.connections[request.endpoint_id] = ConnectionState.AVAILABLE
    world.fingerprints.counts = False
    world.fingerprints.policies = "these policies"
    opened = kept(world, CONNECTION.request_id)
    for request in requests:
        world.ledger.kept[request.request_id] = msgspec.structs.replace(
            kept(world, request.request_id), observed_fingerprint=opened.observed_fingerprint
        )
    return requests


def lose(world: World, requests: list[EndpointConnectionRequest]) -> None:
    endpoints = {each.endpoint_id for each in requests}
    world.services.listed_connections = [
        each for each in world.services.listed_connections if each.endpoint_id not in endpoints
    ]
    for each in endpoints:
        del world.existences.connections[each]


def test_as_many_as_the_cap_go_in_one_look_whatever_part_of_all_they_are(world: World) -> None:
    lost = many(world, 10)
    lose(world, lost)
    sweep(world)

    result = sweep(world, 10)

    assert len(result.started) == 10
    assert result.withdrawals_capped == ()


def test_of_too_many_none_goes_before_somebody_says_so(world: World) -> None:
    lost = many(world, 12)
    lose(world, lost)
    first = sweep(world)
    capped = sweep(world, 10)

    assert (first.withdrawals_capped, capped.started) == ((), ())
    assert {*capped.withdrawals_capped} == {each.request_id for each in lost}
    assert all(kept(world, each.request_id).withdrawal_capped for each in lost)
    assert not kept(world).withdrawal_capped
    assert world.withdrawals.running == {}

    # Somebody lets one of them go.
    one = kept(world, lost[0].request_id)
    confirmed = tuple(msgspec.structs.replace(each, confirmed=True) for each in one.absent)
    world.ledger.note_absent(one, confirmed, capped=True)
    by_hand = sweep(world, 15)

    assert by_hand.started == (f"{one.request_id}-2",)
    assert not kept(world, one.request_id).withdrawal_capped
    assert {*by_hand.withdrawals_capped} == {each.request_id for each in lost[1:]}


def test_a_few_of_very_many_go_at_once(world: World) -> None:
    requests = many(world, 58)
    lose(world, requests[:15])
    sweep(world)

    # Fifteen of sixty, a quarter.
    assert len(sweep(world, 10).started) == 15


def test_what_is_capped_and_there_again_is_not_capped_any_longer(world: World) -> None:
    lost = many(world, 11)
    listed = list(world.services.listed_connections)
    lose(world, lost)
    sweep(world)
    sweep(world, 10)
    world.services.listed_connections = listed

    sweep(world, 15)

    assert not any(kept(world, each.request_id).withdrawal_capped for each in lost)
    assert not any(kept(world, each.request_id).absent for each in lost)


def test_a_list_that_lies_costs_a_bounded_number_of_questions(world: World) -> None:
    many(world, 120)
    world.services.listed_connections = []

    sweep(world)

    assert len(world.existences.asked) == 50


def test_so_many_that_not_all_can_be_asked_for_are_capped_all_the_same(world: World) -> None:
    lost = many(world, 300)
    lose(world, lost)
    results = [sweep(world, minutes) for minutes in range(0, 120, 5)]

    assert world.withdrawals.running == {}
    assert [each.started for each in results if each.started] == []
    # One after the other each of them is marked.
    assert all(kept(world, each.request_id).absent for each in lost)


@pytest.mark.parametrize("status", [Status.AVAILABLE, Status.FAILED])
def test_a_connection_of_a_service_that_is_not_managed_any_longer_stays_until_it_is_gone(
    world: World, status: Status
) -> None:
    world.services.managed = list  # type: ignore[method-assign]  # its tag was removed
    world.ledger.kept[CONNECTION.request_id] = msgspec.structs.replace(
        kept(world, CONNECTION.request_id), status=status
    )

    released = [sweep(world, minutes) for minutes in (0, 10, 20)]
    asked = [*world.existences.asked]
    disconnect(world)
    sweep(world, 30)
    gone = sweep(world, 40)

    assert ([each.started for each in released], asked) == ([(), (), ()], [])
    assert marks(world, CONNECTION.request_id) == {ENDPOINT_ID: (after(30), True)}
    assert gone.started == (CONNECTION_EXECUTION,)


def test_an_attempt_that_is_under_way_is_seen_to_as_ever_while_its_share_is_gone(world: World) -> None:
    unshare(world)
    world.ledger.kept[SHARE.request_id] = msgspec.structs.replace(kept(world), status=Status.ASSOCIATING, settled=False)

    sweep(world, 10)

    assert [*world.state_machine.running] == [f"{SHARE.request_id}-1"]
    assert (world.withdrawals.running, world.existences.asked) == ({}, [])
    world.state_machine.end(f"{SHARE.request_id}-1", None)
    assert sweep(world, 20).started == (SHARE_EXECUTION,)
    assert [*world.state_machine.running] == [SHARE_EXECUTION]


def test_what_is_not_connected_with_a_service_that_is_not_managed_any_longer_is_recorded_as_ever(world: World) -> None:
    world.services.managed = list  # type: ignore[method-assign]  # its tag was removed
    world.ledger.kept[CONNECTION.request_id] = row(Status.HELD)

    assert sweep(world).started == (CONNECTION_EXECUTION,)
    assert [*world.state_machine.running] == [CONNECTION_EXECUTION]


@pytest.fixture
def withdrawing(world: World) -> World:
    """A connection that is being withdrawn, since ten minutes after ``NOW``."""
    disconnect(world)
    sweep(world)
    sweep(world, 10)
    world.ledger.kept[CONNECTION.request_id] = msgspec.structs.replace(
        kept(world, CONNECTION.request_id), updated_at=after(10).isoformat()
    )
    return world


def test_a_withdrawal_that_runs_is_left_alone(withdrawing: World) -> None:
    assert sweep(withdrawing, 10.5).started == ()
    assert sweep(withdrawing, 20).started == ()
    assert [*withdrawing.withdrawals.running] == [CONNECTION_EXECUTION]
    assert withdrawing.state_machine.running == {}


def test_whoever_was_stopped_before_announcing_and_starting_it_is_made_good(world: World) -> None:
    disconnect(world)
    sweep(world)
    world.interruptions.writes_until_crash = 1
    with contextlib.suppress(CrashError):
        sweep(world, 10)
    world.interruptions.writes_until_crash = 1_000
    assert (world.bus.announced, world.withdrawals.running) == ([], {})

    sweep(world, 12)

    assert [*world.withdrawals.running] == [CONNECTION_EXECUTION]
    first = world.bus.announced
    sweep(world, 14)
    # Announced once more, as the same event.
    assert len({each.id for each in first}) == 1
    assert {each.status for each in first} == {Status.WITHDRAWING}


def test_a_withdrawal_that_ended_without_a_word_is_tried_again_after_the_waits_of_a_failure(withdrawing: World) -> None:
    withdrawing.withdrawals.end(CONNECTION_EXECUTION, ExecutionEnding(status="FAILED"))
    assert sweep(withdrawing, 20).started == ()
    hung = kept(withdrawing, CONNECTION.request_id)
    assert (hung.status, hung.settled, hung.failures) == (Status.WITHDRAWING, True, 1)
    withdrawing.ledger.kept[CONNECTION.request_id] = msgspec.structs.replace(hung, updated_at=after(20).isoformat())

    assert sweep(withdrawing, 20.9).started == ()
    assert sweep(withdrawing, 21).started == (f"{CONNECTION.request_id}-3",)
    assert [*withdrawing.withdrawals.running] == [f"{CONNECTION.request_id}-3"]
    assert withdrawing.state_machine.running == {}


def test_an_end_that_nobody_knows_of_is_followed_by_another_withdrawal(withdrawing: World) -> None:
    withdrawing.withdrawals.end(CONNECTION_EXECUTION, None)

    assert sweep(withdrawing, 12).started == (f"{CONNECTION.request_id}-3",)
    assert [*withdrawing.withdrawals.running] == [f"{CONNECTION.request_id}-3"]
    assert kept(withdrawing, CONNECTION.request_id).failures == 1


def test_the_end_of_a_withdrawal_is_asked_of_its_own_workflow(withdrawing: World) -> None:
    withdrawing.withdrawals.end(CONNECTION_EXECUTION, ExecutionEnding(status="ABORTED"))

    sweep(withdrawing, 11, SweepScope(executions=frozenset({CONNECTION_EXECUTION})))

    assert withdrawing.state_machine.asked == []
    assert kept(withdrawing, CONNECTION.request_id).settled


def test_what_is_there_again_before_it_was_withdrawn_is_onboarded_anew(withdrawing: World) -> None:
    withdrawing.services.listed_connections = [connection(ConnectionState.PENDING_ACCEPTANCE)]
    sweep(withdrawing, 10.5)
    assert marks(withdrawing, CONNECTION.request_id) == {}
    withdrawing.withdrawals.end(CONNECTION_EXECUTION, ExecutionEnding(status="FAILED"))
    sweep(withdrawing, 12)

    assert sweep(withdrawing, 13).started == (f"{CONNECTION.request_id}-3",)
    assert [*withdrawing.state_machine.running] == [f"{CONNECTION.request_id}-3"]
    assert kept(withdrawing, CONNECTION.request_id).status is Status.PENDING


def test_a_withdrawal_that_failed_needs_marks_anew_if_there_was_a_sign_of_it_meanwhile(withdrawing: World) -> None:
    there = kept(withdrawing, CONNECTION.request_id)
    withdrawing.ledger.kept[CONNECTION.request_id] = msgspec.structs.replace(there, settled=True, absent=())

    assert sweep(withdrawing, 20).started == ()
    assert sweep(withdrawing, 29).started == ()
    assert sweep(withdrawing, 30).started == (f"{CONNECTION.request_id}-3",)


def test_a_row_that_an_earlier_version_wrote_is_followed_from_when_it_is_observed(world: World) -> None:
    request = ResourceShareRequest(share_arn=SHARE_ARN)
    world.ledger.kept[request.request_id] = msgspec.structs.replace(kept(world), followed="")

    sweep(world)

    assert kept(world).followed == "yes"
    assert request.request_id in {each.request_id for each in world.ledger.followed()}


def test_rows_that_are_followed_are_not_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    rows = world.ledger.rows

    def noted(ids: Collection[str]) -> Mapping[str, LedgerRow]:
        read.extend(ids)
        return rows(ids)

    monkeypatch.setattr(world.ledger, "rows", noted)

    sweep(world)

    assert read == []
