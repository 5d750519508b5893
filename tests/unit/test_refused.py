"""Sweeps: what policies no longer permit is announced and taken down in its time, as is what an operator commanded."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.decision.permission import Lapsed
from drawbridge.discovery.announced import announcement_fingerprint, is_to_be_counted
from drawbridge.discovery.findings import SweepResult
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.permission_watch import MOST_TAGGED
from drawbridge.discovery.review import Lapse, Review, ReviewOpen
from drawbridge.discovery.workflow import ExecutionEnding
from drawbridge.errors import AccessDeniedError, DrawbridgeError, RefusedError, ThrottledError, UpstreamError
from drawbridge.hint import CONNECTIONS, EVERYTHING
from drawbridge.request import EndpointConnectionRequest, ResourceShareRequest
from drawbridge.request.absence import Absence
from drawbridge.request.announced import COMMANDED, NO_LONGER_PERMITTED, Announced, WithdrawalCommand
from drawbridge.request.connections import ConnectionState
from drawbridge.request.fingerprints import share_fingerprint
from drawbridge.request.shares import Share
from drawbridge.status import Reason, Status
from tests.builders import (
    CONNECTION,
    CONSUMER,
    ENDPOINT_ID,
    NOW,
    PROVIDER,
    RESOURCE_ARN,
    SERVICE_ARN,
    SERVICE_ID,
    SHARE,
    SHARE_ARN,
    shared_resource,
)
from tests.fakes.interruptions import CrashError
from tests.unit.discovering import LET_IN, World, connection, snapshot

replace = msgspec.structs.replace
WAIT = 168 * 60
"""Minutes that what is refused stays."""
SHARE_EXECUTION = f"{SHARE.request_id}-2"
CONNECTION_EXECUTION = f"{CONNECTION.request_id}-2"
WHY = Reason("policy", "the block list names it", source="block-list")
NAMES = (f"/drawbridge/consumers/{CONSUMER}/{ENDPOINT_ID}/connection",)
AFTER = "2026-11-28T12:00:00+00:00"
COMMAND = WithdrawalCommand(by="arn:aws:iam::222222222222:user/ann", at=NOW)


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def sweep(world: World, minutes: float = 0) -> SweepResult:
    return world.sweeper().sweep(EVERYTHING, after(minutes))


def lapse(binding: str = "", resource_arn: str = "", *, urgent: bool = False, forbidden: bool = True) -> Lapse:
    return Lapse(
        binding=binding,
        resource_arn=resource_arn,
        lapsed=Lapsed(because=(WHY,), urgent=urgent, forbidden=forbidden, stated=forbidden),
    )


WHOLE = lapse()
PART = lapse("orders", RESOURCE_ARN)
UNFORBIDDEN = lapse(forbidden=False)


def refuse(world: World, *lapses: Lapse, policies: str = "stricter policies") -> None:
    """Have other policies in force, which refuse this of all that is connected."""
    world.fingerprints.policies = policies
    world.reviewer.found = Review(permitted=False, reasons=(WHY,), lapses=lapses or (WHOLE,))


def permit(world: World, policies: str = "milder policies") -> None:
    world.fingerprints.policies = policies
    world.reviewer.found = Review(permitted=True)


def kept(world: World, request_id: str = CONNECTION.request_id) -> LedgerRow:
    return world.ledger.kept[request_id]


def set_row(world: World, request_id: str = CONNECTION.request_id, **changes: Any) -> None:
    world.ledger.kept[request_id] = replace(kept(world, request_id), **changes)


def of_connection(world: World) -> None:
    """Have a connection, as it was left."""
    world.services.listed_connections = [connection(ConnectionState.AVAILABLE)]
    sweep(world)
    set_row(world, status=Status.AVAILABLE, settled=True, let_in=LET_IN)
    world.existences.connections[ENDPOINT_ID] = ConnectionState.AVAILABLE
    world.existences.services.add(SERVICE_ID)
    world.state_machine.running.clear()
    world.bus.announced.clear()


def of_share(world: World) -> None:
    """Have a share of which two resources are attached, as they were left."""
    world.shares.listed_shares = [Share(arn=SHARE_ARN, name="orders", owner=PROVIDER)]
    world.shares.listed_resources = [shared_resource(), shared_resource(SERVICE_ARN, "vpc-lattice:service")]
    sweep(world)
    set_row(
        world,
        SHARE.request_id,
        status=Status.AVAILABLE,
        settled=True,
        let_in=LET_IN,
        attachments=(snapshot(RESOURCE_ARN), snapshot(SERVICE_ARN)),
    )
    world.existences.shares.add(SHARE_ARN)
    world.existences.held |= {RESOURCE_ARN, SERVICE_ARN}
    world.state_machine.running.clear()
    world.bus.announced.clear()


def many_connections(world: World, count: int) -> list[str]:
    """Have so many connections besides; return the ids of all of them."""
    template = kept(world)
    for number in range(count):
        request = EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=f"vpce-{number}")
        world.services.listed_connections.append(connection(ConnectionState.AVAILABLE, endpoint_id=request.endpoint_id))
        world.ledger.kept[request.request_id] = replace(template, request=request)
    return [each for each in world.ledger.kept if each != SHARE.request_id]


@pytest.fixture
def world() -> World:
    world = World()
    of_connection(world)
    return world


@pytest.fixture
def sharing() -> World:
    world = World()
    of_share(world)
    return world


def marks(world: World, request_id: str = CONNECTION.request_id) -> dict[tuple[str, str], datetime]:
    return {each.key: each.withdraw_after for each in kept(world, request_id).announced}


def events(world: World) -> list[tuple[str, str]]:
    """Return what was put on the bus of withdrawals: when, and which announcement."""
    return [(each.withdraw_after, each.id.split("/")[2]) for each in world.bus.withdrawals]


# ---- announced -------------------------------------------------------------------------------------------------------


def test_what_is_refused_is_announced_in_the_row_on_the_bus_and_by_tags_and_stays(world: World) -> None:
    refuse(world)

    result = sweep(world, 5)

    assert (result.started, result.no_longer_permitted) == ((), (CONNECTION.request_id,))
    there = kept(world)
    assert there.announced == (
        Announced(since=after(5), withdraw_after=after(5 + WAIT), forbidden=True, reasons=(WHY,)),
    )
    assert (there.status, there.no_longer_permitted) == (Status.AVAILABLE, True)
    assert there.reviewed_fingerprint == "2:stricter policies"
    (event,) = world.bus.withdrawals
    assert (event.withdraw_after, event.status, event.associations) == (
        "2026-11-28T12:05:00+00:00",
        Status.AVAILABLE,
        (),
    )
    assert (event.request_id, event.subject, event.account_id) == (CONNECTION.request_id, ENDPOINT_ID, CONSUMER)
    assert [each["text"] for each in event.reasons] == [WHY.text]
    assert world.tags.there == dict.fromkeys(NAMES, "2026-11-28T12:05:00+00:00") == dict(there.tagged)


def test_an_association_that_is_refused_is_announced_by_itself(sharing: World) -> None:
    refuse(sharing, PART)

    sweep(sharing)

    assert marks(sharing, SHARE.request_id) == {("orders", RESOURCE_ARN): after(WAIT)}
    (event,) = sharing.bus.withdrawals
    assert [(each.binding, each.resource) for each in event.associations] == [("orders", RESOURCE_ARN)]
    assert sharing.tags.there == {"vpce-1": AFTER}


def test_what_would_be_asked_about_only_is_reviewed_and_not_announced(world: World) -> None:
    world.fingerprints.policies, world.reviewer.found = "stricter", Review(permitted=False, reasons=(WHY,))

    sweep(world)

    assert (kept(world).no_longer_permitted, kept(world).announced) == (True, ())
    assert (world.bus.withdrawals, world.tags.calls) == ([], 0)


def test_an_announcement_is_put_on_the_bus_once_and_reviewed_once_until_policies_change(world: World) -> None:
    refuse(world)
    for minutes in range(0, 30, 5):
        sweep(world, minutes)

    assert (len(world.bus.withdrawals), world.reviewer.asked) == (1, [CONNECTION.request_id])
    assert world.tags.calls == len(NAMES)

    refuse(world, policies="other reasons")
    sweep(world, 60)

    assert len(world.reviewer.asked) == 2
    assert (len(world.bus.withdrawals), marks(world)) == (1, {("", ""): after(WAIT)})


def test_another_time_is_put_on_the_bus_and_on_the_tags(world: World) -> None:
    refuse(world)
    sweep(world)
    refuse(world, lapse(urgent=True), policies="urgent policies")
    world.ledger.kept[CONNECTION.request_id] = replace(kept(world), updated_at=after(30).isoformat())

    sweep(world, 30)

    assert [each for each, _ in events(world)] == [AFTER, "2026-11-21T12:30:00+00:00"]
    assert len({each.id for each in world.bus.withdrawals}) == 2
    assert set(world.tags.there.values()) == {"2026-11-21T12:30:00+00:00"}


def test_what_is_permitted_again_loses_its_mark_its_tags_and_says_so_once(world: World) -> None:
    refuse(world)
    sweep(world)
    permit(world)

    results = [sweep(world, minutes) for minutes in (WAIT - 1, WAIT, WAIT + 1)]

    assert [each.started for each in results] == [()] * 3
    there = kept(world)
    assert (there.announced, there.announcement_sent, there.tagged, there.no_longer_permitted) == ((), "", {}, False)
    assert events(world) == [(AFTER, "announced"), ("", "cancelled")]
    announced, cancelled = (each.id.rpartition("/")[2] for each in world.bus.withdrawals)
    assert announced == cancelled != ""
    assert world.tags.there == {}


def test_a_refusal_after_it_was_permitted_again_is_another_announcement_with_a_time_of_its_own(world: World) -> None:
    refuse(world)
    sweep(world)
    permit(world)
    sweep(world, 10)
    refuse(world, policies="stricter again")

    sweep(world, 20)

    assert marks(world) == {("", ""): after(20 + WAIT)}
    assert [kind for _, kind in events(world)] == ["announced", "cancelled", "announced"]
    assert len({each.id for each in world.bus.withdrawals}) == 3


def test_what_is_announced_is_reviewed_again_after_each_attempt(world: World) -> None:
    refuse(world)
    sweep(world)
    set_row(world, reviewed_fingerprint="", decision_fingerprint="stricter policies")
    permit(world, policies="stricter policies")

    sweep(world, 10)

    assert kept(world).announced == ()


def test_a_review_that_is_open_leaves_marks_as_they_are_and_takes_nothing_down(world: World) -> None:
    refuse(world)
    sweep(world)
    world.reviewer.found = ReviewOpen("no room")

    result = sweep(world, WAIT)

    assert (result.started, result.reviews_open) == ((), (f"{CONNECTION.request_id}: no room",))
    assert marks(world) == {("", ""): after(WAIT)}


@pytest.mark.parametrize("changes", [{"let_in": None}, {"settled": False, "updated_at": NOW.isoformat()}])
def test_what_is_not_connected_or_under_way_is_not_announced(world: World, changes: dict[str, Any]) -> None:
    set_row(world, **changes)
    refuse(world)

    sweep(world)

    assert (world.reviewer.asked, kept(world).announced, world.bus.withdrawals) == ([], (), [])


@pytest.mark.parametrize("writes", range(8))
@pytest.mark.parametrize("again", [False, True])
def test_an_announcement_that_is_broken_off_is_made_good_by_the_next_sweep(
    world: World, writes: int, *, again: bool
) -> None:
    refuse(world)
    if again:
        sweep(world)
        permit(world)
    world.interruptions.writes_until_crash = writes
    with contextlib.suppress(CrashError):
        sweep(world, 1)
    world.interruptions.writes_until_crash = 1_000

    sweep(world, 2)

    there = kept(world)
    assert there.announcement_sent == announcement_fingerprint(there.announced)
    assert bool(there.announced) is not again
    last = world.bus.withdrawals[-1]
    assert (last.withdraw_after == "") is again
    # What is put on the bus twice is the same to whoever hears it.
    sent = [each for each in world.bus.withdrawals if each.id == last.id]
    assert all(each == last for each in sent)
    if not again:
        assert world.tags.there == dict(there.tagged) != {}
    else:
        assert (world.tags.there, there.tagged) == ({}, {})
    calls, sent_so_far = world.tags.calls, len(world.bus.withdrawals)
    sweep(world, 3)
    assert (world.tags.calls, len(world.bus.withdrawals)) == (calls, sent_so_far)


def test_what_is_announced_is_in_the_row_before_it_is_on_the_bus(world: World) -> None:
    refuse(world)
    # The review on the bus, the row.
    world.interruptions.writes_until_crash = 2

    with pytest.raises(CrashError):
        sweep(world)

    assert (marks(world), world.bus.withdrawals) == ({("", ""): after(WAIT)}, [])


# ---- tags ------------------------------------------------------------------------------------------------------------


def test_what_is_gone_or_not_ours_any_longer_is_asked_to_be_tagged_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(world)
    world.tags.gone = {NAMES[0]}
    tag = world.tags.tag

    def refused(thing: str, value: str) -> None:
        tag(thing, value)
        raise AccessDeniedError(thing)

    monkeypatch.setattr(world.tags, "tag", refused)

    results = [sweep(world), sweep(world, 1)]

    assert [each.failures for each in results] == [(), ()]
    assert (world.tags.calls, {*kept(world).tagged}) == (1, {*NAMES})


def test_a_throttled_tag_is_a_failure_and_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(world)

    def throttled(thing: str, value: str) -> None:
        raise ThrottledError(thing)

    with monkeypatch.context() as patch:
        patch.setattr(world.tags, "tag", throttled)
        failed = sweep(world)

    assert [type(each) for each in failed.failures] == [ThrottledError]
    assert sweep(world, 1).failures == ()
    assert {*world.tags.there} == {*NAMES}


def test_of_very_many_one_sweep_tags_some_and_the_next_ones_the_rest(world: World) -> None:
    refuse(world)
    count = len(many_connections(world, MOST_TAGGED))

    sweep(world)
    first = len(world.tags.there)
    for minutes in (1, 2):
        sweep(world, minutes)

    assert (first, len(world.tags.there)) == (MOST_TAGGED, count)
    assert len(world.bus.withdrawals) == count
    assert world.tags.calls == count


def test_what_there_was_no_room_to_tag_costs_no_write(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(world)
    many_connections(world, MOST_TAGGED)
    noted: list[Mapping[str, str]] = []
    monkeypatch.setattr(world.ledger, "note_tagged", lambda row, tagged: noted.append(tagged))

    sweep(world)

    assert [len(each) for each in noted] == [1] * MOST_TAGGED


def test_only_what_goes_carries_the_tag(sharing: World) -> None:
    set_row(
        sharing,
        SHARE.request_id,
        attachments=(
            snapshot(RESOURCE_ARN),
            replace(snapshot(SERVICE_ARN), made=replace(snapshot(SERVICE_ARN).made, endpoint_id="vpce-2")),
        ),
    )
    refuse(sharing)
    sweep(sharing)
    assert {*sharing.tags.there} == {"vpce-1", "vpce-2"}
    refuse(sharing, PART, policies="only the one")

    sweep(sharing, 1)

    assert {*sharing.tags.there} == {"vpce-1"} == {*kept(sharing, SHARE.request_id).tagged}


OTHER_SHARE = ResourceShareRequest(share_arn=f"{SHARE_ARN}-2")


@pytest.fixture
def both_sharing(sharing: World) -> World:
    """Have another share that holds one of the resources, too."""
    sharing.shares.listed_shares.append(Share(arn=OTHER_SHARE.share_arn, name="billing", owner=PROVIDER))
    sharing.shares.listed_resources.append(replace(shared_resource(), share_arn=OTHER_SHARE.share_arn))
    sweep(sharing)
    set_row(
        sharing,
        OTHER_SHARE.request_id,
        status=Status.AVAILABLE,
        settled=True,
        let_in=LET_IN,
        attachments=(snapshot(RESOURCE_ARN),),
    )
    sharing.existences.shares.add(OTHER_SHARE.share_arn)
    sharing.state_machine.running.clear()
    return sharing


def test_what_another_share_keeps_is_never_tagged(both_sharing: World) -> None:
    set_row(both_sharing, OTHER_SHARE.request_id, reviewed_fingerprint="2:stricter policies")
    refuse(both_sharing)

    sweep(both_sharing)
    sweep(both_sharing, 1)

    assert kept(both_sharing, SHARE.request_id).announced
    assert not kept(both_sharing, OTHER_SHARE.request_id).announced
    assert both_sharing.tags.calls == 0


def test_what_both_shares_announce_is_tagged_by_the_sweep_that_finds_it(both_sharing: World) -> None:
    refuse(both_sharing)

    sweep(both_sharing)

    assert both_sharing.tags.there == {"vpce-1": AFTER}


# ---- due -------------------------------------------------------------------------------------------------------------


def test_what_is_due_is_withdrawn_as_a_whole(world: World) -> None:
    refuse(world)
    sweep(world)

    early, late = sweep(world, WAIT - 1), sweep(world, WAIT)

    assert (early.started, late.started) == ((), (CONNECTION_EXECUTION,))
    assert ([*world.withdrawals.running], world.state_machine.running) == ([CONNECTION_EXECUTION], {})
    there = kept(world)
    assert (there.status, there.settled, there.attempt) == (Status.WITHDRAWING, False, 2)
    (announced,) = world.bus.announced
    assert (announced.status, announced.attempt) == (Status.WITHDRAWING, 2)
    assert [each["code"] for each in announced.reasons] == [NO_LONGER_PERMITTED, "policy"]


def test_what_is_due_and_permitted_by_now_is_not_withdrawn(world: World) -> None:
    refuse(world)
    sweep(world)
    # Nothing is configured otherwise, and the review says so all the same.
    world.reviewer.found = Review(permitted=True)

    assert sweep(world, WAIT).started == ()
    assert kept(world).announced == ()


def test_an_association_that_is_due_is_taken_down_by_an_attempt_at_the_share(sharing: World) -> None:
    refuse(sharing, PART)
    sweep(sharing)

    early, late = sweep(sharing, WAIT - 1), sweep(sharing, WAIT)

    assert (early.started, late.started) == ((), (SHARE_EXECUTION,))
    assert ([*sharing.state_machine.running], sharing.withdrawals.running) == ([SHARE_EXECUTION], {})
    assert kept(sharing, SHARE.request_id).status is Status.PENDING
    # The attempt goes by the mark.
    assert marks(sharing, SHARE.request_id) == {("orders", RESOURCE_ARN): after(WAIT)}


def test_an_attempt_for_an_association_keeps_the_marks_of_what_is_gone_and_is_held_back_no_longer(
    sharing: World,
) -> None:
    absent = (Absence(of=SERVICE_ARN, since=NOW),)
    sharing.shares.listed_resources = sharing.shares.listed_resources[:1]
    there = share_fingerprint({RESOURCE_ARN})
    set_row(sharing, SHARE.request_id, absent=absent, withdrawal_capped=True, observed_fingerprint=there)
    sharing.existences.says_nothing = True
    refuse(sharing, lapse("orders", RESOURCE_ARN, urgent=True))

    assert sweep(sharing).started == (SHARE_EXECUTION,)
    assert len(sharing.bus.withdrawals) == 1
    assert (kept(sharing, SHARE.request_id).absent, kept(sharing, SHARE.request_id).withdrawal_capped) == (
        absent,
        False,
    )


def test_a_withdrawal_keeps_the_marks_of_what_is_gone(sharing: World) -> None:
    absent = (Absence(of=SERVICE_ARN, since=NOW),)
    sharing.shares.listed_resources = sharing.shares.listed_resources[:1]
    there = share_fingerprint({RESOURCE_ARN})
    set_row(sharing, SHARE.request_id, absent=absent, observed_fingerprint=there)
    sharing.existences.says_nothing = True
    refuse(sharing, lapse(urgent=True))

    assert sweep(sharing).started == (SHARE_EXECUTION,)
    assert ([*sharing.withdrawals.running], kept(sharing, SHARE.request_id).absent) == ([SHARE_EXECUTION], absent)


def test_what_is_due_is_withdrawn_although_something_else_asks_for_an_attempt(sharing: World) -> None:
    refuse(sharing)
    sweep(sharing)
    sharing.fingerprints.bindings = "other bindings"

    assert sweep(sharing, WAIT).started == (SHARE_EXECUTION,)
    assert ([*sharing.withdrawals.running], sharing.state_machine.running) == ([SHARE_EXECUTION], {})


def test_what_has_ended_is_not_reviewed(world: World) -> None:
    world.services.listed_connections = [connection(ConnectionState.REJECTED)]
    world.existences.connections[ENDPOINT_ID] = ConnectionState.REJECTED
    refuse(world)

    sweep(world)

    assert (world.reviewer.asked, kept(world).announced) == ([], ())


def test_of_a_row_that_is_not_any_longer_as_it_was_read_nothing_is_announced_or_taken_down(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(world, lapse(urgent=True))
    monkeypatch.setattr(world.ledger, "note_review", lambda *_, **__: False)

    result = sweep(world, 1)

    assert (result.started, result.failures, world.bus.withdrawals, world.tags.calls) == ((), (), [], 0)


def test_without_a_wait_what_nobody_forbade_is_counted_for_the_cap_before_it_goes(world: World) -> None:
    world.withdraw_after = timedelta()
    refuse(world, UNFORBIDDEN)

    found, counted = sweep(world, 1), sweep(world, 2)

    assert (found.started, counted.started) == ((), (CONNECTION_EXECUTION,))


def test_what_is_refused_urgently_goes_in_the_sweep_that_finds_it(world: World) -> None:
    refuse(world, lapse(urgent=True))

    assert sweep(world, 5).started == (CONNECTION_EXECUTION,)
    assert kept(world).announced[0].withdraw_after == after(5)
    assert [kind for _, kind in events(world)] == ["announced"]


def test_what_is_refused_urgently_goes_although_an_attempt_ended_after_the_sweep_began(world: World) -> None:
    refuse(world, lapse(urgent=True))
    set_row(world, updated_at=after(5.1).isoformat())

    assert sweep(world, 5).started == (CONNECTION_EXECUTION,)


def test_of_an_attempt_that_left_it_there_the_next_one_comes_after_six_hours(sharing: World) -> None:
    refuse(sharing, PART)
    sweep(sharing)
    sweep(sharing, WAIT)
    set_row(sharing, SHARE.request_id, status=Status.AVAILABLE, settled=True, updated_at=after(WAIT + 1).isoformat())

    started = [sweep(sharing, WAIT + 1 + minutes).started for minutes in (5, 359, 360)]

    assert started == [(), (), (f"{SHARE.request_id}-3",)]


@pytest.mark.parametrize("writes", range(8))
def test_a_withdrawal_that_is_broken_off_on_the_way_is_started_once(world: World, writes: int) -> None:
    refuse(world, lapse(urgent=True))
    world.interruptions.writes_until_crash = writes
    with contextlib.suppress(CrashError):
        sweep(world, 1)
    world.interruptions.writes_until_crash = 1_000

    for minutes in (2, 4):
        sweep(world, minutes)

    assert [*world.withdrawals.running] == [CONNECTION_EXECUTION]
    assert {each.id for each in world.bus.announced if each.status is Status.WITHDRAWING} == {
        world.bus.announced[-1].id
    }
    assert all(each.reasons == world.bus.announced[0].reasons for each in world.bus.announced)


# ---- the cap ---------------------------------------------------------------------------------------------------------


def due(world: World, *request_ids: str, forbidden: bool = False, confirmed: bool = False) -> None:
    """Have these announced, and their time come."""
    mark = Announced(since=NOW, withdraw_after=NOW, forbidden=forbidden, confirmed=confirmed, reasons=(WHY,))
    for each in request_ids:
        earlier = (NOW - timedelta(minutes=1)).isoformat()
        set_row(world, each, announced=(mark,), updated_at=earlier, no_longer_permitted=True)


def test_too_many_that_nobody_forbade_are_held_back_and_said_to_be(world: World) -> None:
    ids = many_connections(world, 10)
    due(world, *ids)
    refuse(world, UNFORBIDDEN)

    result = sweep(world, 1)

    assert (result.started, sorted(result.withdrawals_capped)) == ((), sorted(ids))
    assert all(kept(world, each).withdrawal_capped for each in ids)


def test_as_many_as_the_cap_go(world: World) -> None:
    ids = many_connections(world, 9)
    due(world, *ids)
    refuse(world, UNFORBIDDEN)

    assert len(sweep(world, 1).started) == len(ids) == world.withdraw_cap


def test_a_few_of_very_many_go_although_they_are_more_than_the_cap(world: World) -> None:
    ids = many_connections(world, 43)
    due(world, *ids[:11])
    refuse(world, UNFORBIDDEN)
    world.reviewer.found = Review(permitted=False, lapses=(UNFORBIDDEN,))

    assert len(sweep(world, 1).started) == 11


def test_what_is_announced_and_not_due_yet_holds_nothing_back(world: World) -> None:
    ids = many_connections(world, 20)
    refuse(world, UNFORBIDDEN)
    sweep(world)
    due(world, ids[0])

    assert sweep(world, 1).started == (f"{ids[0]}-2",)


def test_what_a_forbid_stands_against_goes_however_many_they_are(world: World) -> None:
    ids = many_connections(world, 20)
    due(world, *ids, forbidden=True)
    refuse(world)

    result = sweep(world, 1)

    assert (len(result.started), result.withdrawals_capped) == (len(ids), ())


def test_what_an_operator_let_go_goes_and_the_others_stay(world: World) -> None:
    ids = many_connections(world, 11)
    due(world, *ids)
    due(world, ids[0], confirmed=True)
    refuse(world, UNFORBIDDEN)

    result = sweep(world, 1)

    assert result.started == (f"{ids[0]}-2",)
    assert sorted(result.withdrawals_capped) == sorted(ids[1:])


def test_what_is_refused_and_what_is_gone_count_together(world: World) -> None:
    ids = many_connections(world, 10)
    refused, gone = ids[:6], ids[6:]
    due(world, *refused)
    refuse(world, UNFORBIDDEN)
    for each in gone:
        subject = kept(world, each).request.subject
        set_row(world, each, absent=(Absence(of=subject, since=NOW - timedelta(minutes=20)),))
    lost = {kept(world, each).request.subject for each in gone}
    world.services.listed_connections = [
        each for each in world.services.listed_connections if each.endpoint_id not in lost
    ]

    result = sweep(world, 1)

    assert result.started == ()
    assert sorted(result.withdrawals_capped) == sorted(ids)


def test_what_was_held_back_goes_once_it_is_not_too_many_any_longer(world: World) -> None:
    ids = many_connections(world, 10)
    due(world, *ids)
    refuse(world, UNFORBIDDEN)
    sweep(world, 1)
    permit(world)
    set_row(world, ids[0], announced=(), withdrawal_capped=False, reviewed_fingerprint="milder policies")
    refuse(world, UNFORBIDDEN, policies="milder policies")

    result = sweep(world, 6)

    assert sorted(result.started) == sorted(f"{each}-2" for each in ids[1:])
    assert not any(kept(world, each).withdrawal_capped for each in ids)


def test_what_was_held_back_and_is_permitted_again_is_not_said_to_be_held_back_any_longer(world: World) -> None:
    ids = many_connections(world, 10)
    due(world, *ids)
    refuse(world, UNFORBIDDEN)
    sweep(world, 1)
    permit(world)

    for minutes in (6, 12):
        sweep(world, minutes)

    assert [(kept(world, each).announced, kept(world, each).withdrawal_capped) for each in ids] == [((), False)] * 11


def test_what_is_held_back_is_noted_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = many_connections(world, 10)
    due(world, *ids)
    refuse(world, UNFORBIDDEN)
    sweep(world, 1)
    noted: list[str] = []
    note = world.ledger.note_announced

    def note_announced(row: LedgerRow, announced: tuple[Announced, ...], *, capped: bool) -> bool:
        noted.append(row.request_id)
        return note(row, announced, capped=capped)

    monkeypatch.setattr(world.ledger, "note_announced", note_announced)

    assert (len(sweep(world, 2).withdrawals_capped), noted) == (11, [])


def test_where_it_is_not_known_how_many_would_go_nothing_goes_that_nobody_forbade(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    due(world, CONNECTION.request_id)
    refuse(world, UNFORBIDDEN)

    def broken(*_: object, **__: object) -> None:
        raise ValueError("nobody foresaw this")

    monkeypatch.setattr("drawbridge.discovery.absence_watch.AbsenceWatch.observe", broken)

    result = sweep(world, 1)

    assert (result.started, result.withdrawals_capped) == ((), ())
    assert len(result.failures) == 1
    # Nobody says that too many would go.
    assert not world.ledger.kept[CONNECTION.request_id].withdrawal_capped


# ---- tried again -----------------------------------------------------------------------------------------------------


def fail(world: World, request_id: str = CONNECTION.request_id, *, minutes: float, failures: int = 1) -> None:
    """Have the withdrawal that runs end without success."""
    set_row(world, request_id, settled=True, failures=failures, updated_at=after(minutes).isoformat())
    world.withdrawals.running.clear()


def test_a_withdrawal_that_failed_is_tried_again_after_the_waits_of_a_failure(world: World) -> None:
    refuse(world, lapse(urgent=True))
    sweep(world)
    fail(world, minutes=10, failures=3)

    early, late = sweep(world, 13.9), sweep(world, 14)

    assert (early.started, late.started) == ((), (f"{CONNECTION.request_id}-3",))
    assert [*world.withdrawals.running] == [f"{CONNECTION.request_id}-3"]
    assert world.state_machine.running == {}


def test_what_is_permitted_again_while_a_failed_withdrawal_waits_is_connected_anew_by_the_next_sweep(
    world: World,
) -> None:
    refuse(world, lapse(urgent=True))
    sweep(world)
    fail(world, minutes=10, failures=5)
    permit(world)

    result = sweep(world, 11)

    assert result.started == (f"{CONNECTION.request_id}-3",)
    assert [*world.state_machine.running] == [f"{CONNECTION.request_id}-3"]
    assert world.withdrawals.running == {}
    assert (kept(world).announced, kept(world).status) == ((), Status.PENDING)
    assert [each.withdraw_after for each in world.bus.withdrawals][-1] == ""


def test_what_other_policies_refuse_too_is_reviewed_once_and_waits_for_its_turn(world: World) -> None:
    refuse(world, lapse(urgent=True))
    sweep(world)
    fail(world, minutes=10, failures=3)
    refuse(world, lapse(urgent=True), policies="others")

    early = sweep(world, 11)
    asked = len(world.reviewer.asked)
    again, late = sweep(world, 12), sweep(world, 14)

    assert (early.started, again.started, late.started) == ((), (), (f"{CONNECTION.request_id}-3",))
    assert len(world.reviewer.asked) == asked
    assert [*world.withdrawals.running] == [f"{CONNECTION.request_id}-3"]


def test_what_failed_of_a_command_is_not_connected_by_policies(world: World) -> None:
    refuse(world, lapse(urgent=True))
    sweep(world)
    fail(world, minutes=10, failures=5)
    set_row(world, commanded=COMMAND)
    permit(world)

    assert sweep(world, 11).started == ()


def test_of_a_withdrawal_of_what_is_not_due_any_longer_an_attempt_connects_it_anew(world: World) -> None:
    refuse(world, lapse(urgent=True))
    sweep(world)
    fail(world, minutes=1)
    set_row(world, announced=())

    assert sweep(world, 30).started == (f"{CONNECTION.request_id}-3",)
    assert [*world.state_machine.running] == [f"{CONNECTION.request_id}-3"]


def test_a_withdrawal_that_was_lost_is_started_again(world: World) -> None:
    refuse(world, lapse(urgent=True))
    sweep(world)
    world.withdrawals.end(CONNECTION_EXECUTION, None)

    young, late = sweep(world, 0.5), sweep(world, 5)

    assert (young.started, late.started) == ((), (f"{CONNECTION.request_id}-3",))
    assert kept(world).failures == 1
    assert [*world.withdrawals.running] == [f"{CONNECTION.request_id}-3"]


def test_a_withdrawal_that_runs_is_left_alone(world: World) -> None:
    refuse(world, lapse(urgent=True))
    sweep(world)

    assert [sweep(world, minutes).started for minutes in (5, 60, 600)] == [()] * 3
    assert [*world.withdrawals.running] == [CONNECTION_EXECUTION]


def test_the_end_of_a_withdrawal_that_nobody_recorded_is_recorded(world: World) -> None:
    refuse(world, lapse(urgent=True))
    sweep(world)
    world.withdrawals.end(CONNECTION_EXECUTION, ExecutionEnding(status="TIMED_OUT"))

    sweep(world, 5)

    assert (kept(world).status, kept(world).settled) == (Status.WITHDRAWING, True)


# ---- on command ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status", [Status.AVAILABLE, Status.ACCEPTED, Status.HELD, Status.FAILED, Status.WITHDRAWING, Status.PENDING]
)
def test_what_an_operator_has_withdrawn_goes_at_once_whatever_policies_say(world: World, status: Status) -> None:
    set_row(world, status=status, commanded=COMMAND, updated_at=NOW.isoformat(), followed="yes")

    result = sweep(world, 1)

    assert result.started == (CONNECTION_EXECUTION,)
    assert ([*world.withdrawals.running], world.state_machine.running) == ([CONNECTION_EXECUTION], {})
    (announced,) = world.bus.announced
    assert [(each["code"], each["source"]) for each in announced.reasons] == [(COMMANDED, COMMAND.by)]


def test_what_failed_of_a_command_is_tried_again_after_its_waits(world: World) -> None:
    set_row(world, status=Status.WITHDRAWING, commanded=COMMAND, failures=3, updated_at=NOW.isoformat(), followed="yes")

    assert [sweep(world, minutes).started for minutes in (3.9, 4)] == [(), (CONNECTION_EXECUTION,)]


def test_a_command_waits_for_the_attempt_that_runs(world: World) -> None:
    set_row(world, status=Status.PENDING, settled=False, commanded=COMMAND, updated_at=NOW.isoformat())

    assert sweep(world, 5).started == ()
    assert ([*world.state_machine.running], world.withdrawals.running) == ([f"{CONNECTION.request_id}-1"], {})


def test_a_withdrawal_on_command_that_runs_is_left_alone_and_one_that_was_lost_is_started_again(world: World) -> None:
    set_row(world, commanded=COMMAND)
    sweep(world)
    assert sweep(world, 5).started == ()
    world.withdrawals.end(CONNECTION_EXECUTION, None)

    assert sweep(world, 10).started == (f"{CONNECTION.request_id}-3",)
    assert all(each.reasons == world.bus.announced[0].reasons for each in world.bus.announced)


def test_of_a_withdrawal_on_command_of_what_is_gone_too_the_command_is_the_reason(world: World) -> None:
    set_row(world, commanded=COMMAND, absent=(Absence(of=ENDPOINT_ID, since=NOW, confirmed=True),))
    world.services.listed_connections = []
    world.existences.connections = {"vpce-of-another": ConnectionState.AVAILABLE}

    assert sweep(world, 1).started == (CONNECTION_EXECUTION,)
    assert [each["code"] for each in world.bus.announced[0].reasons] == [COMMANDED]


@pytest.mark.parametrize("status", [Status.WITHDRAWN, Status.REJECTED, Status.EXPIRED])
def test_a_command_is_over_with_what_it_is_about(world: World, status: Status) -> None:
    set_row(world, status=status, commanded=COMMAND, let_in=None, followed="")

    assert sweep(world, 500).started == ()
    assert world.withdrawals.running == {}


@pytest.mark.parametrize("status", [Status.REJECTED, Status.EXPIRED])
def test_what_ended_without_the_command_and_asks_again_is_decided_on(world: World, status: Status) -> None:
    set_row(world, status=status, commanded=COMMAND, let_in=None, followed="", observed_fingerprint="before")

    assert sweep(world, 1).started == (CONNECTION_EXECUTION,)
    assert [*world.state_machine.running] == [CONNECTION_EXECUTION]


def withdrawn(world: World, **changes: Any) -> None:
    fields: dict[str, Any] = {
        "status": Status.WITHDRAWN,
        "let_in": None,
        "followed": "",
        "reviewed_fingerprint": "stricter policies",
    }
    set_row(world, **(fields | changes))
    world.fingerprints.policies = "stricter policies"


def test_what_was_withdrawn_on_command_stays_so_whatever_changes(world: World) -> None:
    withdrawn(world, commanded=COMMAND)
    world.reviewer.lets_in_again = True
    permit(world)
    world.services.listed_connections = [connection(ConnectionState.PENDING_ACCEPTANCE)]
    set_row(world, observed_fingerprint="something else")

    assert sweep(world, 500).started == ()
    assert world.reviewer.asked == []


# ---- withdrawn and there ---------------------------------------------------------------------------------------------


def test_what_was_withdrawn_is_tried_again_once_policies_would_let_it_in(world: World) -> None:
    withdrawn(world)
    world.reviewer.lets_in_again = True
    world.fingerprints.policies = "milder policies"

    assert sweep(world, 1).started == (CONNECTION_EXECUTION,)
    assert [*world.state_machine.running] == [CONNECTION_EXECUTION]


def test_what_was_withdrawn_is_not_asked_about_as_long_as_policies_are_the_same(world: World) -> None:
    withdrawn(world)
    world.reviewer.lets_in_again = True

    assert sweep(world, 1).started == ()
    assert world.reviewer.asked == []


def test_a_row_without_review_is_compared_with_what_it_was_decided_by(world: World) -> None:
    withdrawn(world, reviewed_fingerprint="", decision_fingerprint="stricter policies")
    world.reviewer.lets_in_again = True
    assert (sweep(world, 1).started, world.reviewer.asked) == ((), [])
    world.fingerprints.policies = "milder policies"

    assert sweep(world, 2).started == (CONNECTION_EXECUTION,)


def test_what_other_policies_would_not_let_in_either_is_asked_about_once(world: World) -> None:
    withdrawn(world)
    world.fingerprints.policies = "others as strict"

    results = [sweep(world, minutes).started for minutes in (1, 2, 3)]

    assert (results, world.reviewer.asked) == ([()] * 3, [CONNECTION.request_id])
    assert kept(world).reviewed_fingerprint == "others as strict"
    assert (kept(world).status, kept(world).no_longer_permitted) == (Status.WITHDRAWN, False)


def test_bindings_inputs_and_drift_bring_back_nothing_that_was_withdrawn(sharing: World) -> None:
    set_row(
        sharing,
        SHARE.request_id,
        status=Status.WITHDRAWN,
        let_in=None,
        attachments=(),
        followed="",
        inputs=PlanInputs(resources="as it was"),
    )
    sharing.fingerprints.bindings = "other bindings"
    sharing.plan_inputs.rests_on = PlanInputs(resources="otherwise")
    sharing.drift.drifted = "drift"

    assert sweep(sharing, 500).started == ()
    assert (sharing.state_machine.running, sharing.withdrawals.running) == ({}, {})


def test_what_was_withdrawn_and_comes_anew_is_a_new_attempt(sharing: World) -> None:
    set_row(sharing, SHARE.request_id, status=Status.WITHDRAWN, let_in=None, attachments=(), followed="")
    sharing.shares.listed_resources.append(shared_resource(RESOURCE_ARN + "0"))

    assert sweep(sharing, 1).started == (SHARE_EXECUTION,)


def test_a_scope_without_a_kind_announces_nothing_of_it(sharing: World) -> None:
    refuse(sharing)

    sharing.sweeper().sweep(CONNECTIONS, NOW)

    assert (sharing.reviewer.asked, kept(sharing, SHARE.request_id).announced) == ([], ())


# ---- what the telling of it may not hold up, and what is left of it ----------------------------------------------


@pytest.mark.parametrize("error", [ThrottledError("tags"), RefusedError("TagLimitExceeded"), UpstreamError("tags")])
def test_what_can_t_be_tagged_is_taken_down_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch, error: DrawbridgeError
) -> None:
    def refused(thing: str, value: str) -> None:
        raise error

    monkeypatch.setattr(world.tags, "tag", refused)
    refuse(world, lapse(urgent=True))

    assert sweep(world, 5).started == (CONNECTION_EXECUTION,)


def test_a_tag_for_which_there_is_no_room_is_no_failure_of_the_sweep(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(thing: str, value: str) -> None:
        raise RefusedError("TagLimitExceeded")

    monkeypatch.setattr(world.tags, "tag", full)
    refuse(world)

    assert sweep(world, 5).failures == ()
    assert kept(world).announced


def test_the_marks_of_what_is_not_connected_any_longer_go_and_count_for_no_cap(sharing: World) -> None:
    refuse(sharing, lapse("orders", RESOURCE_ARN, forbidden=False))
    sweep(sharing, 5)
    sweep(sharing, 5 + WAIT)
    set_row(sharing, SHARE.request_id, status=Status.HELD, settled=True, attachments=())
    before = len(sharing.bus.withdrawals)

    assert not is_to_be_counted(kept(sharing, SHARE.request_id), after(6 + WAIT))
    sweep(sharing, 6 + WAIT)

    there = kept(sharing, SHARE.request_id)
    assert (there.announced, there.announcement_sent) == ((), "")
    assert len(sharing.bus.withdrawals) == before


def test_what_an_earlier_version_reviewed_is_reviewed_once_more_and_announced(world: World) -> None:
    refuse(world)
    set_row(world, reviewed_fingerprint="stricter policies", no_longer_permitted=True)

    sweep(world, 5)

    assert kept(world).announced
    reviews = len(world.reviewer.asked)
    sweep(world, 10)
    assert len(world.reviewer.asked) == reviews


def test_what_was_reviewed_while_a_policy_could_not_be_in_force_is_reviewed_again_once_it_is(world: World) -> None:
    world.reviewer.every_policy_is_in_force = False
    world.fingerprints.policies, world.reviewer.found = "stricter policies", Review(permitted=False, reasons=(WHY,))
    sweep(world, 5)
    assert kept(world).announced == ()

    world.reviewer.every_policy_is_in_force = True
    world.reviewer.found = Review(permitted=False, reasons=(WHY,), lapses=(UNFORBIDDEN,))
    sweep(world, 10)

    assert kept(world).announced


def test_what_waits_for_a_person_and_is_to_be_withdrawn_is_decided_on_without_one(world: World) -> None:
    set_row(world, status=Status.WAITING_FOR_APPROVAL, settled=False, commanded=COMMAND, updated_at=NOW.isoformat())
    world.ask(CONNECTION.request_id)

    sweep(world, 5)

    assert world.resumed == [(CONNECTION.request_id, True)]


def test_what_is_marked_and_not_known_to_be_refused_stays_and_goes_once_it_is_known(world: World) -> None:
    refuse(world, UNFORBIDDEN)
    sweep(world, 5)
    marked = kept(world).announced

    world.reviewer.found = Review(permitted=False, reasons=(WHY,), undecided=(("", ""),))
    assert sweep(world, 5 + WAIT).started == ()
    assert kept(world).announced == marked

    refuse(world, UNFORBIDDEN)
    assert sweep(world, 10 + WAIT).started == (CONNECTION_EXECUTION,)
