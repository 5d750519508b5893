"""How many of the requests that the ledger follows are in which trouble."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from drawbridge.discovery.followed_counts import FollowedCounts, OldestPending, count_followed
from drawbridge.hint import EVERYTHING
from drawbridge.request import OrphanRequest, Request
from drawbridge.status import Reason, Status
from tests.builders import CONNECTION, NOW, RESOURCE_ARN, SHARE, invitation, row
from tests.unit.discovering import World

ORPHAN = OrphanRequest(resource_arn=RESOURCE_ARN)


def only(**found: Any) -> FollowedCounts:
    return FollowedCounts(**found)


def ids(*requests: Request) -> frozenset[str]:
    return frozenset(each.request_id for each in requests)


@pytest.mark.parametrize(
    ("status", "changes", "found"),
    [
        (Status.AVAILABLE, {}, {}),
        (Status.ACCEPTED, {}, {}),
        (Status.HELD, {}, {"held": ids(SHARE)}),
        (Status.FAILED, {"failures": 1}, {"failed": ids(SHARE)}),
        # An orphan's row, and one whose first withdrawal failed, is tried again first.
        (Status.WITHDRAWING, {"failures": 1}, {}),
        (Status.WITHDRAWING, {"failures": 2}, {"withdrawals_failed": ids(SHARE)}),
        (Status.AVAILABLE, {"no_longer_permitted": True}, {"no_longer_permitted": ids(SHARE)}),
        # A person denied it, and it stays connected: nobody has to see to it.
        (Status.AVAILABLE, {"no_longer_permitted": True, "kept": (Reason("denied", "no"),)}, {}),
        (Status.WITHDRAWING, {"request": ORPHAN, "failures": 1}, {"orphans": ids(ORPHAN)}),
    ],
)
def test_a_request_that_has_settled_is_counted_by_its_trouble(
    status: Status, changes: dict[str, Any], found: dict[str, Any]
) -> None:
    assert count_followed([row(status, **({"request": SHARE} | changes))], NOW) == only(**found)


def test_what_failed_is_counted_until_it_succeeds_and_not_only_between_two_attempts() -> None:
    trying = row(Status.PENDING, request=SHARE, settled=False, failures=3)
    going = row(Status.WITHDRAWING, settled=False, failures=3)

    counts = count_followed([trying, going], NOW)

    assert (counts.failed, counts.withdrawals_failed) == (ids(SHARE), ids(CONNECTION))


def test_what_waits_for_a_person_is_not_pending_however_long() -> None:
    asked = row(
        Status.WAITING_FOR_APPROVAL, settled=False, updated_at=(NOW - timedelta(days=3)).isoformat(), request=SHARE
    )

    assert count_followed([asked], NOW) == only(waiting_for_approval=ids(SHARE))


def test_of_what_is_under_way_the_oldest_is_told_by_the_time_since_it_recorded_anything() -> None:
    young = row(Status.PENDING, request=SHARE, settled=False, updated_at=(NOW - timedelta(minutes=1)).isoformat())
    old = row(Status.ASSOCIATING, settled=False, updated_at=(NOW - timedelta(hours=2)).isoformat())
    settled = row(Status.AVAILABLE, request=ORPHAN, updated_at=(NOW - timedelta(days=9)).isoformat())

    counts = count_followed([young, old, settled], NOW)

    assert counts.oldest_pending == OldestPending(CONNECTION.request_id, timedelta(hours=2))


def test_what_recorded_something_since_the_sweep_began_has_no_age() -> None:
    later = row(Status.PENDING, settled=False, updated_at=(NOW + timedelta(seconds=9)).isoformat())

    assert count_followed([later], NOW).oldest_pending == OldestPending(CONNECTION.request_id, timedelta())


def test_a_sweep_tells_which_attempts_are_the_first_of_their_requests() -> None:
    world = World()
    world.shares.listed_invitations = [invitation()]

    first = world.sweeper().sweep(EVERYTHING, NOW)
    world.ledger.kept[SHARE.request_id] = row(Status.FAILED, request=SHARE, failures=1, updated_at=NOW.isoformat())
    second = world.sweeper().sweep(EVERYTHING, NOW + timedelta(minutes=5))

    assert (first.started, first.first_attempts) == ((f"{SHARE.request_id}-1",), (f"{SHARE.request_id}-1",))
    assert (second.started, second.first_attempts) == ((f"{SHARE.request_id}-2",), ())
    assert (first.followed.failed, second.followed.failed) == (frozenset(), ids(SHARE))
