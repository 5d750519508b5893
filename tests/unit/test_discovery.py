"""Sweeps: an execution for each request that needs one, and nothing lost wherever it breaks off."""

import contextlib
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.review import Review, ReviewOpen
from drawbridge.discovery.waiting import WaitingRequests
from drawbridge.errors import DrawbridgeError, InvalidInputError, ThrottledError
from drawbridge.hint import CONNECTIONS, EVERYTHING, SHARES, HintSource
from drawbridge.lattice import MatchAttributes
from drawbridge.request import EndpointConnectionRequest, ResourceShareRequest
from drawbridge.request.connections import ConnectionState
from drawbridge.request.fingerprints import fingerprint, share_fingerprint
from drawbridge.request.shares import Invitation, InvitationStatus, Share
from drawbridge.status import Reason, Status
from tests.builders import (
    CONNECTION,
    CONSUMER,
    NOW,
    PROVIDER,
    SERVICE_ID,
    SHARE,
    SHARE_ARN,
    invitation,
    row,
    shared_resource,
    told,
)
from tests.fakes.interruptions import Call, CrashError
from tests.unit.discovering import BY_DAY, World, connection


def share() -> Share:
    return Share(arn=SHARE_ARN, name="orders", owner=PROVIDER)


@pytest.fixture
def world() -> World:
    return World()


def test_a_connection_and_an_invitation_each_get_their_execution(world: World) -> None:
    world.services.listed_connections = [connection()]
    world.shares.listed_invitations = [invitation()]

    result = world.sweeper().sweep(EVERYTHING, NOW)

    assert set(result.started) == {f"{CONNECTION.request_id}-1", f"{SHARE.request_id}-1"}
    assert world.state_machine.running.keys() == set(result.started)
    assert {each.account_id for each in world.ledger.kept.values()} == {CONSUMER, PROVIDER}


def test_the_history_is_told_why_there_is_an_attempt_and_who_hinted(world: World) -> None:
    world.services.listed_connections = [connection()]
    scope = told(EVERYTHING, HintSource.SCHEDULE, HintSource.NOTIFICATION)

    world.sweeper().sweep(scope, NOW)

    (cause,) = world.ledger.causes
    assert cause == Reason(
        "first-seen",
        "AWS lists it, and the ledger had no row of it.",
        source="a connection notification, the schedule",
    )


def test_sweeping_again_starts_nothing_again(world: World) -> None:
    world.services.listed_connections = [connection()]
    world.sweeper().sweep(EVERYTHING, NOW)

    again = world.sweeper().sweep(EVERYTHING, NOW)

    assert again.started == ()
    assert len(world.state_machine.running) == 1


def test_trap_6_a_share_that_is_there_without_invitation_is_a_request(world: World) -> None:
    world.shares.listed_shares, world.shares.listed_resources = [share()], [shared_resource()]

    assert world.sweeper().sweep(SHARES, NOW).started == (f"{SHARE.request_id}-1",)


def test_a_share_that_holds_nothing_of_lattice_is_none_of_our_business(world: World) -> None:
    world.shares.listed_shares = [share()]
    world.shares.listed_resources = [
        shared_resource("arn:aws:ec2:us-east-1:111111111111:subnet/subnet-1", "ec2:subnet")
    ]

    assert world.sweeper().sweep(SHARES, NOW).started == ()


def test_trap_5_a_resource_that_comes_to_a_share_later_is_noticed(world: World) -> None:
    world.shares.listed_shares, world.shares.listed_resources = [share()], [shared_resource()]
    world.sweeper().sweep(SHARES, NOW)
    pending = world.ledger.kept[SHARE.request_id]
    world.ledger.kept[SHARE.request_id] = row(
        Status.AVAILABLE,
        request=SHARE,
        observed_fingerprint=pending.observed_fingerprint,
        bindings_fingerprint=pending.bindings_fingerprint,
        decision_fingerprint=pending.decision_fingerprint,
    )
    assert world.sweeper().sweep(SHARES, NOW).started == ()

    world.shares.listed_resources.append(shared_resource(shared_resource().arn + "0"))

    assert world.sweeper().sweep(SHARES, NOW).started == (f"{SHARE.request_id}-2",)


def connected(world: World, **changes: Any) -> None:
    """Have a share that is available, as AWS lists it, and of which the ledger keeps how it was left."""
    world.shares.listed_shares, world.shares.listed_resources = [share()], [shared_resource()]
    world.sweeper().sweep(SHARES, NOW)
    kept = world.ledger.kept[SHARE.request_id]
    fields = {
        "observed_fingerprint": kept.observed_fingerprint,
        "bindings_fingerprint": kept.bindings_fingerprint,
        "decision_fingerprint": kept.decision_fingerprint,
        "attachments": (),
    } | changes
    world.ledger.kept[SHARE.request_id] = row(Status.AVAILABLE, request=SHARE, **fields)


ORDERS = (MatchAttributes(name="orders-db", type="SINGLE", owner=PROVIDER),)


def known(world: World, **changes: Any) -> None:
    """Have a share that is settled, of which the ledger keeps what it holds and which bindings matched that."""
    connected(
        world,
        matching_bindings_fingerprint=world.fingerprints.matching_bindings_fingerprint("orders", ORDERS),
        contents=ORDERS,
        **changes,
    )


def test_a_binding_for_other_resources_of_the_provider_starts_nothing(world: World) -> None:
    known(world)

    world.fingerprints.bindings = "one more"

    assert world.sweeper().sweep(SHARES, NOW).started == ()


def test_a_binding_that_matches_something_in_the_share_starts_an_attempt(world: World) -> None:
    known(world)

    world.fingerprints.bindings, world.fingerprints.matching = "one more", "and another that matches"

    assert world.sweeper().sweep(SHARES, NOW).started == (f"{SHARE.request_id}-2",)


@pytest.mark.parametrize(
    "changes", [{"status": Status.HELD}, {"status": Status.FAILED}, {"incomplete": True}, {"contents": None}]
)
def test_where_something_is_hindered_or_unknown_any_binding_for_the_provider_starts_an_attempt(
    world: World, changes: dict[str, Any]
) -> None:
    known(world, updated_at=NOW.isoformat())
    world.ledger.kept[SHARE.request_id] = msgspec.structs.replace(world.ledger.kept[SHARE.request_id], **changes)
    assert world.sweeper().sweep(SHARES, NOW).started == ()

    world.fingerprints.bindings = "one more"

    assert world.sweeper().sweep(SHARES, NOW).started == (f"{SHARE.request_id}-2",)


def test_what_is_not_any_longer_as_it_was_left_gets_one_attempt_and_another_only_after_hours(world: World) -> None:
    connected(world)
    before = world.sweeper().sweep(SHARES, NOW)
    assert (before.started, before.drifted) == ((), ())

    world.drift.drifted = "the endpoint is gone"

    found = world.sweeper().sweep(SHARES, NOW)
    assert (found.started, found.drifted) == ((f"{SHARE.request_id}-2",), (SHARE.request_id,))
    connected(world, drift_fingerprint="the endpoint is gone")
    assert world.sweeper().sweep(SHARES, NOW).started == ()
    assert world.sweeper().sweep(SHARES, NOW + timedelta(hours=6)).started == (f"{SHARE.request_id}-2",)


def test_what_was_mended_and_happens_again_gets_its_attempt_at_once(world: World) -> None:
    connected(world, drift_fingerprint="the endpoint is gone")
    assert world.sweeper().sweep(SHARES, NOW).started == ()

    world.drift.drifted = "the endpoint is gone"

    assert world.sweeper().sweep(SHARES, NOW).started == (f"{SHARE.request_id}-2",)


def test_another_drift_than_the_last_gets_its_attempt_at_once(world: World) -> None:
    connected(world, drift_fingerprint="the endpoint is gone")
    world.drift.drifted = "a name is another"

    assert world.sweeper().sweep(SHARES, NOW).started == (f"{SHARE.request_id}-2",)


def test_what_was_never_connected_is_not_asked_for_drift(world: World) -> None:
    connected(world, attachments=None)
    world.interruptions.failing = {"drift"}

    result = world.sweeper().sweep(SHARES, NOW)

    assert (result.started, result.failures) == ((), ())


def test_drift_that_can_t_be_looked_for_stops_nothing_else(world: World) -> None:
    connected(world)
    world.interruptions.failing = {"drift"}
    world.services.listed_connections = [connection()]

    result = world.sweeper().sweep(EVERYTHING, NOW)

    assert len(result.failures) == 1
    assert len(result.started) == 1


def test_what_can_not_be_observed_is_reported_once_and_the_rest_of_the_row_is_swept(world: World) -> None:
    connected(world)
    world.drift.unknown = (ThrottledError("network"), ThrottledError("network"))
    world.drift.drifted = "the endpoint is gone"

    result = world.sweeper().sweep(SHARES, NOW)

    assert result.started == (f"{SHARE.request_id}-2",)
    assert [str(each) for each in result.failures] == ["network"]


def test_what_is_not_known_has_not_healed(world: World) -> None:
    connected(world, drift_fingerprint="the endpoint is gone")
    world.drift.unknown = (ThrottledError("network"),)

    result = world.sweeper().sweep(SHARES, NOW)

    assert (result.started, result.drifted) == ((), (SHARE.request_id,))
    assert world.ledger.kept[SHARE.request_id].drift_fingerprint == "the endpoint is gone"


def test_an_expired_invitation_that_nobody_knew_is_left_alone(world: World) -> None:
    world.shares.listed_invitations = [invitation(InvitationStatus.EXPIRED)]

    assert world.sweeper().sweep(SHARES, NOW).started == ()


def test_a_held_request_that_is_not_listed_any_longer_gets_an_attempt_that_records_its_end(world: World) -> None:
    world.ledger.kept[CONNECTION.request_id] = row(Status.HELD)

    assert world.sweeper().sweep(CONNECTIONS, NOW).started == (f"{CONNECTION.request_id}-2",)


@pytest.mark.parametrize(("failing", "started"), [("managed", SHARE), ("invitations", CONNECTION)])
def test_a_side_that_cannot_be_listed_stops_nothing_of_the_other(world: World, failing: Call, started: Any) -> None:
    world.services.listed_connections, world.shares.listed_invitations = [connection()], [invitation()]
    world.interruptions.failing = {failing}

    result = world.sweeper().sweep(EVERYTHING, NOW)

    assert result.started == (f"{started.request_id}-1",)
    assert result.failures


def test_a_side_that_cannot_be_listed_does_not_count_as_gone(world: World) -> None:
    world.ledger.kept[CONNECTION.request_id] = row(Status.HELD)
    world.interruptions.failing = {"managed"}

    assert world.sweeper().sweep(EVERYTHING, NOW).started == ()


def test_a_notification_that_cannot_be_made_hides_no_connection(world: World) -> None:
    world.services.listed_connections = [connection()]
    world.interruptions.failing = {"notify"}

    result = world.sweeper().sweep(EVERYTHING, NOW)

    assert result.started == (f"{CONNECTION.request_id}-1",)
    assert [str(failure) for failure in result.failures] == ["notify"]


def test_one_execution_that_cannot_be_started_stops_no_other_and_is_started_by_a_later_sweep(world: World) -> None:
    world.services.listed_connections = [connection(), connection(endpoint_id="vpce-00000000000000000")]
    world.interruptions.failing = {"start"}
    assert len(world.sweeper().sweep(CONNECTIONS, NOW).failures) == 2
    world.interruptions.failing = set()

    world.sweeper().sweep(CONNECTIONS, NOW + timedelta(minutes=1))

    assert len(world.state_machine.running) == 2
    assert {each.attempt for each in world.ledger.kept.values()} == {1}


@pytest.mark.parametrize("writes", range(4))
def test_wherever_it_is_stopped_the_next_sweep_makes_it_good_and_nothing_is_doubled(world: World, writes: int) -> None:
    world.services.listed_connections = [connection()]
    world.interruptions.writes_until_crash = writes
    with contextlib.suppress(CrashError):
        world.sweeper().sweep(CONNECTIONS, NOW)
    world.interruptions.writes_until_crash = 1_000

    world.sweeper().sweep(CONNECTIONS, NOW + timedelta(minutes=1))

    assert world.state_machine.running.keys() == {f"{CONNECTION.request_id}-1"}
    assert (CONNECTION.request_id, 1) in world.announced


def test_an_execution_that_ended_without_a_word_is_followed_by_another_but_not_at_once(world: World) -> None:
    world.services.listed_connections = [connection()]
    world.sweeper().sweep(CONNECTIONS, NOW)
    world.state_machine.end(f"{CONNECTION.request_id}-1", None)

    def started(after: timedelta) -> tuple[str, ...]:
        return world.sweeper().sweep(CONNECTIONS, NOW + after).started

    assert started(timedelta(seconds=59)) == ()
    assert started(timedelta(seconds=60)) == (f"{CONNECTION.request_id}-2",)


def test_of_two_sweeps_at_once_only_one_enters_the_attempt(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.services.listed_connections = [connection()]
    world.sweeper().sweep(CONNECTIONS, NOW)

    # The other one read the ledger before.
    monkeypatch.setattr(world.ledger, "rows", lambda _: {})

    assert world.sweeper().sweep(CONNECTIONS, NOW).started == ()


def test_no_failure_is_anything_else_than_ours(world: World) -> None:
    world.interruptions.failing = {"managed", "invitations", "start", "notify"}

    assert all(isinstance(each, DrawbridgeError) for each in world.sweeper().sweep(EVERYTHING, NOW).failures)


def held_by_night(world: World, status: Status = Status.HELD) -> None:
    world.services.listed_connections = [connection()]
    early = NOW.replace(hour=4).isoformat()
    world.reviewer.otherwise_by_day = BY_DAY
    kept = row(
        status,
        decision_fingerprint="policies",
        observed_fingerprint=fingerprint("open"),
        decision_record=BY_DAY,
        updated_at=early,
    )
    world.ledger.kept = {CONNECTION.request_id: kept}


@pytest.mark.parametrize("status", [Status.HELD, Status.PENDING], ids=["held", "delayed"])
def test_a_request_that_is_held_by_night_gets_its_attempt_by_day_and_only_then(world: World, status: Status) -> None:
    held_by_night(world, status)

    by_night = world.sweeper().sweep(CONNECTIONS, NOW.replace(hour=5))
    by_day = world.sweeper().sweep(CONNECTIONS, NOW.replace(hour=9))

    assert (by_night.started, by_day.started) == ((), (f"{CONNECTION.request_id}-2",))


def many(world: World, status: Status, number: int, **fields: Any) -> list[str]:
    """Have connections of as many endpoints, each with its row; return their requests' ids."""
    world.fingerprints.counts = False
    state = ConnectionState.AVAILABLE if status is Status.AVAILABLE else ConnectionState.PENDING_ACCEPTANCE
    world.services.listed_connections = [connection(state, endpoint_id=f"vpce-{each:017}") for each in range(number)]
    for each in world.services.listed_connections:
        request = EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=each.endpoint_id)
        kept = row(
            status,
            request=request,
            observed_fingerprint=fingerprint("open"),
            decision_record=BY_DAY,
            updated_at=NOW.replace(hour=4).isoformat(),
            **fields,
        )
        world.ledger.kept[kept.request_id] = kept
    return [*world.ledger.kept]


def test_what_is_held_by_night_is_compared_with_the_policies_a_hundred_at_a_time(world: World) -> None:
    ids = many(world, Status.HELD, 250, decision_fingerprint="policies")
    world.reviewer.otherwise_by_day = BY_DAY

    by_night = world.sweeper().sweep(CONNECTIONS, NOW.replace(hour=5))

    assert (by_night.started, by_night.failures) == ((), ())
    assert world.ledger.decision_records_read == [ids[:100], ids[100:200], ids[200:]]


def test_a_policy_that_changes_has_all_that_is_connected_reviewed_a_hundred_at_a_time(world: World) -> None:
    ids = many(world, Status.AVAILABLE, 150, decision_fingerprint="other policies")
    world.reviewer.found = Review(permitted=True)

    world.sweeper().sweep(CONNECTIONS, NOW)
    world.sweeper().sweep(CONNECTIONS, NOW)

    assert len(world.reviewer.asked) == 150
    assert world.ledger.decision_records_read == [ids[:100], ids[100:]]


@pytest.mark.parametrize("number", [1, 50])
def test_where_nothing_changed_no_decision_record_is_read(number: int, world: World) -> None:
    many(world, Status.AVAILABLE, number, decision_fingerprint="policies")

    world.sweeper().sweep(CONNECTIONS, NOW)

    assert world.ledger.decision_records_read == []


def let_in(world: World, **changes: Any) -> None:
    """Have a connection that was let in by the policies that are in force."""
    world.services.listed_connections = [connection(ConnectionState.AVAILABLE)]
    fields: dict[str, Any] = {"decision_fingerprint": "policies", "observed_fingerprint": fingerprint("open")}
    world.ledger.kept = {CONNECTION.request_id: row(Status.AVAILABLE, **(fields | changes))}


REFUSED = Review(permitted=False, reasons=(Reason("policy", "no more", source="stop"),))


def test_what_was_let_in_by_the_policies_in_force_is_not_reviewed(world: World) -> None:
    let_in(world)

    result = world.sweeper().sweep(CONNECTIONS, NOW)

    assert world.reviewer.asked == []
    assert result.no_longer_permitted == ()


def test_what_other_policies_would_not_let_in_is_announced_once_and_stays_connected(world: World) -> None:
    let_in(world)
    world.fingerprints.policies, world.reviewer.found = "stricter policies", REFUSED

    sweeps = [world.sweeper().sweep(CONNECTIONS, NOW) for _ in range(3)]

    assert [each.no_longer_permitted for each in sweeps] == [(CONNECTION.request_id,), (), ()]
    assert [each.started for each in sweeps] == [(), (), ()]
    assert world.announced_reviews == [(CONNECTION.request_id, False, "stricter policies")]
    assert world.reviewer.asked == [CONNECTION.request_id]
    assert world.ledger.kept[CONNECTION.request_id].no_longer_permitted


def test_what_is_permitted_again_is_announced_too_and_is_nothing_to_worry_about(world: World) -> None:
    let_in(world, reviewed_fingerprint="stricter policies", no_longer_permitted=True)
    world.fingerprints.policies, world.reviewer.found = "milder policies", Review(permitted=True)

    result = world.sweeper().sweep(CONNECTIONS, NOW)

    assert result.no_longer_permitted == ()
    assert world.announced_reviews == [(CONNECTION.request_id, True, "milder policies")]


def test_a_review_that_changes_nothing_is_noted_and_not_announced(world: World) -> None:
    let_in(world)
    world.fingerprints.policies, world.reviewer.found = "other policies", Review(permitted=True)

    world.sweeper().sweep(CONNECTIONS, NOW)

    assert world.announced_reviews == []
    assert world.ledger.kept[CONNECTION.request_id].reviewed_fingerprint == "2:other policies"


def test_a_review_that_stays_open_is_reported_as_open_and_tried_again_by_the_next_sweep(world: World) -> None:
    let_in(world)
    world.fingerprints.policies, world.reviewer.found = "other policies", ReviewOpen("no room")

    sweeps = [world.sweeper().sweep(CONNECTIONS, NOW) for _ in range(2)]

    assert [each.reviews_open for each in sweeps] == [(f"{CONNECTION.request_id}: no room",)] * 2
    assert [each.no_longer_permitted for each in sweeps] == [(), ()]
    assert (world.announced_reviews, world.ledger.kept[CONNECTION.request_id].no_longer_permitted) == ([], False)


def test_a_share_is_reviewed_with_all_that_it_holds_now_whatever_the_service(world: World) -> None:
    subnet = shared_resource("arn:aws:ec2:us-east-1:111111111111:subnet/subnet-1", "ec2:Subnet")
    connected(world)
    world.shares.listed_resources.append(subnet)
    held = share_fingerprint(each.arn for each in world.shares.listed_resources)
    world.ledger.kept[SHARE.request_id] = msgspec.structs.replace(
        world.ledger.kept[SHARE.request_id], observed_fingerprint=held
    )
    world.fingerprints.policies, world.reviewer.found = "other policies", Review(permitted=True)

    world.sweeper().sweep(SHARES, NOW)

    assert world.reviewer.reviewed_with == [each.arn for each in world.shares.listed_resources]


@pytest.mark.parametrize("writes", [0, 1])
def test_a_review_that_is_broken_off_is_announced_at_least_once(world: World, writes: int) -> None:
    let_in(world)
    world.fingerprints.policies, world.reviewer.found = "stricter policies", REFUSED
    world.interruptions.writes_until_crash = writes

    with contextlib.suppress(CrashError):
        world.sweeper().sweep(CONNECTIONS, NOW)
    world.interruptions.writes_until_crash = 1_000
    world.sweeper().sweep(CONNECTIONS, NOW)

    assert len(world.announced_reviews) == 1 + writes
    assert world.ledger.kept[CONNECTION.request_id].reviewed_fingerprint == "2:stricter policies"


@pytest.mark.parametrize("status", [Status.REJECTED, Status.FAILED])
def test_what_was_not_let_in_is_not_reviewed(world: World, status: Status) -> None:
    let_in(world)
    world.ledger.kept = {
        CONNECTION.request_id: row(
            status, decision_fingerprint="policies", observed_fingerprint=fingerprint("open"), failures=20
        )
    }
    world.fingerprints.policies, world.reviewer.found = "policies of today", REFUSED

    world.sweeper().sweep(CONNECTIONS, NOW)

    assert world.reviewer.asked == []


def test_how_many_other_connections_there_are_asks_for_no_review(world: World) -> None:
    let_in(world)
    world.services.listed_connections.append(
        connection(ConnectionState.AVAILABLE, endpoint_id="vpce-00000000000000001")
    )

    world.sweeper().sweep(CONNECTIONS, NOW)

    assert world.reviewer.asked == []


def test_a_held_request_is_decided_again_when_the_account_has_other_connections_than_before(world: World) -> None:
    world.services.listed_connections = [connection()]
    world.ledger.kept = {
        CONNECTION.request_id: row(
            Status.HELD, decision_fingerprint="policies, 1 held", observed_fingerprint=fingerprint("open")
        )
    }

    result = world.sweeper().sweep(CONNECTIONS, NOW)

    assert result.started == (f"{CONNECTION.request_id}-2",)


def test_connections_to_services_that_nobody_looks_after_are_counted_and_left_alone(world: World) -> None:
    other = "vpce-svc-00000000000000001"
    world.services.listed_connections = [
        connection(),
        connection(ConnectionState.AVAILABLE, service_id=other, endpoint_id="vpce-00000000000000001"),
    ]

    result = world.sweeper().sweep(CONNECTIONS, NOW)

    assert result.started == (f"{CONNECTION.request_id}-1",)
    assert world.ledger.kept[CONNECTION.request_id].decision_fingerprint == "policies, 1 held"


@pytest.mark.parametrize(
    ("error", "broken", "failures"),
    [
        (InvalidInputError("the question of x can't be read"), 1, 0),
        (ThrottledError("slowly"), 0, 1),
        (ValueError("nobody foresaw it"), 0, 1),
        (RecursionError("nor this"), 0, 1),
    ],
)
def test_one_request_that_cannot_be_attended_to_stops_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception, broken: int, failures: int
) -> None:
    other = connection(endpoint_id="vpce-00000000000000000")
    world.services.listed_connections = [connection(), other]
    world.ledger.kept[CONNECTION.request_id] = row(Status.WAITING_FOR_APPROVAL, settled=False)

    def stumble(_: object, row: LedgerRow, now: datetime, *, reconsider: bool) -> None:
        raise error

    monkeypatch.setattr(WaitingRequests, "resume_if_answered", stumble)

    result = world.sweeper().sweep(EVERYTHING, NOW)

    assert len(result.started) == 1
    # What no repetition mends repeats no sweep.
    assert (len(result.broken), len(result.failures)) == (broken, failures)
    assert str(error) in str((*result.broken, *result.failures)[0])


def test_a_listing_that_nobody_foresaw_stops_nothing_of_the_other_side(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble() -> list[Invitation]:
        raise ValueError("'AWS_NEW' is not a valid InvitationStatus")

    monkeypatch.setattr(world.shares, "invitations", stumble)
    world.services.listed_connections = [connection()]

    result = world.sweeper().sweep(EVERYTHING, NOW)

    assert len(result.started) == len(result.failures) == 1


def test_a_subnet_that_comes_to_a_share_later_is_noticed(world: World) -> None:
    connected(world)

    world.shares.listed_resources.append(
        shared_resource("arn:aws:ec2:us-east-1:111111111111:subnet/subnet-1", "ec2:subnet")
    )

    assert world.sweeper().sweep(SHARES, NOW).started == (f"{SHARE.request_id}-2",)


KEPT = (Reason("kept", "It is live and stays."), Reason("policy", "no more", source="stop"))


def test_what_was_kept_is_announced_as_no_longer_permitted_once_although_nothing_changed_since(world: World) -> None:
    let_in(world, kept=KEPT)
    world.reviewer.found = REFUSED

    sweeps = [world.sweeper().sweep(CONNECTIONS, NOW) for _ in range(3)]

    assert [each.no_longer_permitted for each in sweeps] == [(CONNECTION.request_id,), (), ()]
    assert [each.started for each in sweeps] == [(), (), ()]
    assert world.announced_reviews == [(CONNECTION.request_id, False, "policies")]


def test_what_was_kept_is_not_announced_again_by_another_attempt_that_keeps_it(world: World) -> None:
    let_in(world, kept=KEPT, no_longer_permitted=True)
    world.reviewer.found = REFUSED

    world.sweeper().sweep(CONNECTIONS, NOW)

    assert world.announced_reviews == []


@pytest.mark.parametrize("permitted", [True, False])
def test_what_was_kept_is_decided_again_once_policies_permit_it(world: World, permitted: bool) -> None:
    let_in(world, kept=KEPT, no_longer_permitted=True, reviewed_fingerprint="policies")
    world.fingerprints.policies, world.reviewer.found = "other policies", Review(permitted=permitted, reasons=KEPT)

    result = world.sweeper().sweep(CONNECTIONS, NOW)

    assert result.started == ((f"{CONNECTION.request_id}-2",) if permitted else ())


IN_EFFECT = Share(arn=SHARE_ARN, name="orders", owner=PROVIDER)


def planned_world(status: Status = Status.AVAILABLE, **changes: Any) -> World:
    """Return a share in effect whose plan rested on some VPCs."""
    world = World()
    world.shares.listed_shares, world.shares.listed_resources = [IN_EFFECT], [shared_resource()]
    world.plan_inputs.rests_on = PlanInputs(vpcs="these", resources="this")
    fields = {"inputs": PlanInputs(vpcs="these", resources="this")} | changes
    observed = share_fingerprint([shared_resource().arn])
    permitted = world.fingerprints.decision_fingerprint(PROVIDER)
    world.ledger.kept[SHARE.request_id] = row(
        status,
        request=SHARE,
        account_id=PROVIDER,
        observed_fingerprint=observed,
        bindings_fingerprint=world.fingerprints.bindings_fingerprint("", ""),
        decision_fingerprint=permitted,
        **fields,
    )
    return world


@pytest.mark.parametrize("status", [Status.AVAILABLE, Status.ACCEPTED, Status.HELD, Status.FAILED])
def test_what_a_plan_rests_on_changed_and_it_is_planned_anew_once(status: Status) -> None:
    world = planned_world(status)
    assert world.sweeper().sweep(SHARES, NOW).started == ()
    world.plan_inputs.rests_on = PlanInputs(vpcs="others", resources="this")

    assert world.sweeper().sweep(SHARES, NOW).started == (f"{SHARE.request_id}-2",)

    # However the attempt ends, it is not begun again for the same reason.
    kept = msgspec.structs.replace(world.ledger.kept[SHARE.request_id], status=Status.HELD, settled=True)
    world.ledger.kept[SHARE.request_id] = kept
    assert world.sweeper().sweep(SHARES, NOW).started == ()


def test_what_the_version_before_planned_is_compared_from_the_next_sweep_on() -> None:
    world = planned_world(inputs=None)
    assert world.sweeper().sweep(SHARES, NOW).started == ()
    assert world.ledger.kept[SHARE.request_id].inputs == world.plan_inputs.rests_on
    world.plan_inputs.rests_on = PlanInputs(vpcs="others")

    assert world.sweeper().sweep(SHARES, NOW).started == (f"{SHARE.request_id}-2",)


def test_what_aws_does_not_list_is_no_change_and_stops_nothing_else() -> None:
    world = planned_world()
    world.interruptions.failing.add("inputs")
    another = SHARE_ARN.replace("resource-share/", "resource-share/f")
    world.shares.listed_shares.append(Share(arn=another, name="another", owner=PROVIDER))
    world.shares.listed_resources.append(msgspec.structs.replace(shared_resource(), share_arn=another))
    kept = world.ledger.kept[SHARE.request_id]
    request = ResourceShareRequest(share_arn=another)
    world.ledger.kept[request.request_id] = msgspec.structs.replace(
        kept, request=request, observed_fingerprint="otherwise"
    )

    found = world.sweeper().sweep(SHARES, NOW)

    assert found.started == (f"{request.request_id}-2",)
    assert [str(each) for each in found.failures] == ["inputs"]
    assert world.plan_inputs.listed == 1
    world.interruptions.failing.clear()
    world.state_machine.running.clear()
    assert world.sweeper().sweep(SHARES, NOW).failures == ()


def test_only_of_what_has_settled_the_plan_inputs_are_compared() -> None:
    world = planned_world(settled=False)
    world.sweeper().sweep(SHARES, NOW)

    assert world.plan_inputs.listed == 0
