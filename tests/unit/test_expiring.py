"""Deadlines: what expires soon is told, and noted in its row, before it does."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from drawbridge.discovery.expiring import Expiring
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.hint import CONNECTIONS, EVERYTHING, SHARES
from drawbridge.request.fingerprints import fingerprint
from drawbridge.request.shares import InvitationStatus, Share
from drawbridge.status import Status
from tests.builders import NOW, PROVIDER, SHARE, SHARE_ARN, invitation, row, shared_resource
from tests.unit.discovering import World, connection

DEADLINE = NOW + timedelta(hours=12)
SOON = DEADLINE - timedelta(hours=3)
"""As long before as the world's sweeps tell it."""
EXPIRES = (Expiring(SHARE.request_id, DEADLINE),)


@pytest.fixture
def world() -> World:
    world = World()
    world.shares.listed_invitations = [invitation()]
    return world


def kept(world: World, status: Status = Status.HELD, **changes: Any) -> LedgerRow:
    """Have a row of the invitation, as the last sweep left it."""
    fields: dict[str, Any] = {
        "request": SHARE,
        "account_id": PROVIDER,
        "status": status,
        "settled": status not in {Status.PENDING, Status.WAITING_FOR_APPROVAL},
        "observed_fingerprint": fingerprint(invitation().arn, InvitationStatus.PENDING),
        "bindings_fingerprint": world.fingerprints.bindings,
        "decision_fingerprint": world.fingerprints.decision_fingerprint(PROVIDER),
        "deadline": DEADLINE,
        "updated_at": SOON.isoformat(),
        "failures": int(status is Status.FAILED),
    }
    there = row(**(fields | changes))
    world.ledger.kept[SHARE.request_id] = there
    return there


def deadline(world: World) -> Any:
    return world.ledger.kept[SHARE.request_id].deadline


def test_an_attempt_is_entered_with_the_deadline_of_its_invitation_in_utc(world: World) -> None:
    sent_at = (NOW + timedelta(microseconds=568000)).astimezone(ZoneInfo("America/New_York"))
    world.shares.listed_invitations = [invitation(sent_at=sent_at)]

    world.sweeper().sweep(SHARES, NOW)

    assert deadline(world).isoformat() == DEADLINE.isoformat()


@pytest.mark.parametrize("status", [Status.HELD, Status.WAITING_FOR_APPROVAL, Status.PENDING, Status.FAILED])
def test_what_is_not_let_in_yet_is_told_from_some_hours_before_its_deadline_on(world: World, status: Status) -> None:
    kept(world, status)

    early = world.sweeper().sweep(SHARES, SOON - timedelta(seconds=1))
    in_time = world.sweeper().sweep(SHARES, SOON)
    last = world.sweeper().sweep(SHARES, DEADLINE + timedelta(minutes=1))

    assert early.expiring == ()
    assert in_time.expiring == last.expiring == EXPIRES


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.ASSOCIATING, Status.AVAILABLE, Status.REJECTED])
def test_what_was_decided_is_not_told_while_its_invitation_is_still_listed(world: World, status: Status) -> None:
    kept(world, status, deadline=None)

    assert world.sweeper().sweep(SHARES, SOON).expiring == ()
    assert deadline(world) is None


def test_what_is_seen_for_the_first_time_shortly_before_its_deadline_is_told_at_once(world: World) -> None:
    assert world.sweeper().sweep(SHARES, SOON).expiring == EXPIRES


def test_a_share_in_effect_has_no_deadline_whatever_invitation_is_listed(world: World) -> None:
    kept(world)
    world.shares.listed_shares = [Share(arn=SHARE_ARN, name="orders", owner=PROVIDER)]
    world.shares.listed_resources = [shared_resource()]

    assert world.sweeper().sweep(SHARES, SOON).expiring == ()
    assert deadline(world) is None


def test_an_invitation_that_has_ended_is_not_told_any_more(world: World) -> None:
    kept(world)
    world.shares.listed_invitations = [invitation(InvitationStatus.EXPIRED)]

    assert world.sweeper().sweep(SHARES, DEADLINE).expiring == ()


def test_a_connection_has_no_deadline(world: World) -> None:
    world.shares.listed_invitations = []
    world.services.listed_connections = [connection()]

    assert world.sweeper().sweep(EVERYTHING, SOON).expiring == ()


def test_nothing_is_known_where_shares_were_not_observed(world: World) -> None:
    kept(world)
    elsewhere = world.sweeper().sweep(CONNECTIONS, SOON)
    world.interruptions.failing = {"invitations"}
    failed = world.sweeper().sweep(SHARES, SOON)

    assert elsewhere.expiring is failed.expiring is None


@pytest.mark.parametrize("status", [Status.HELD, Status.WAITING_FOR_APPROVAL])
def test_the_deadline_of_a_row_that_an_earlier_version_wrote_is_noted(world: World, status: Status) -> None:
    before = kept(world, status, deadline=None)
    if status is Status.WAITING_FOR_APPROVAL:
        world.ask(SHARE.request_id)

    world.sweeper().sweep(SHARES, SOON)

    assert world.ledger.kept[SHARE.request_id] == msgspec.structs.replace(before, deadline=DEADLINE)


def test_at_rest_nothing_is_written(world: World) -> None:
    there = kept(world)
    world.interruptions.writes_until_crash = 0

    world.sweeper().sweep(SHARES, SOON)

    assert world.ledger.kept[SHARE.request_id] == there


def test_an_invitation_that_outlives_its_earlier_deadline_has_the_later_one(world: World) -> None:
    kept(world, updated_at=(DEADLINE + timedelta(hours=1)).isoformat())

    result = world.sweeper().sweep(SHARES, DEADLINE + timedelta(hours=1))

    assert result.expiring == ()
    assert deadline(world) == NOW + timedelta(days=7)


def test_the_deadline_of_an_invitation_that_is_listed_no_longer_stays_for_whoever_decides(world: World) -> None:
    kept(world)
    world.shares.listed_invitations = []

    started = world.sweeper().sweep(SHARES, DEADLINE).started

    assert started == (f"{SHARE.request_id}-2",)
    assert world.ledger.deadline(SHARE.request_id) == DEADLINE


def test_so_it_stays_of_what_a_person_was_asked_about(world: World) -> None:
    kept(world, Status.WAITING_FOR_APPROVAL)
    world.ask(SHARE.request_id)
    world.shares.listed_invitations = []

    started = world.sweeper().sweep(SHARES, DEADLINE).started

    assert (started, world.resumed) == ((), [(SHARE.request_id, True)])
    assert deadline(world) == DEADLINE


def test_the_next_invitation_of_the_same_share_goes_on_with_the_same_request(world: World) -> None:
    kept(world, Status.EXPIRED, attempt=3, deadline=None)
    world.shares.listed_invitations = [
        invitation(InvitationStatus.EXPIRED),
        invitation(sent_at=DEADLINE),
    ]

    started = world.sweeper().sweep(SHARES, DEADLINE).started

    assert started == (f"{SHARE.request_id}-4",)
    assert deadline(world) == DEADLINE + timedelta(hours=12)
