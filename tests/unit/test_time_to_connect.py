"""The time from the first sight of a request to its connection."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.decision.let_in import LetIn
from drawbridge.record.entry import Entry, HistoryEntry
from drawbridge.record.time_to_connect import TimeToConnect, time_to_connect
from drawbridge.status import Reason, Status
from tests.builders import NOW, SHARE

ASKED_AND_HELD = [
    (Status.PENDING, 0),
    (Status.HELD, 1),
    (Status.PENDING, 3601),
    (Status.WAITING_FOR_APPROVAL, 3603),
    (Status.ACCEPTED, 4203),
    (Status.ASSOCIATING, 4210),
    (Status.FAILED, 4260),
    (Status.PENDING, 4320),
    (Status.ACCEPTED, 4321),
    (Status.AVAILABLE, 4330),
]


def entry(*reached: tuple[Status, int], **changes: Any) -> Entry:
    """Return a row that reached these statuses after so many seconds."""
    history = tuple(
        HistoryEntry(status=status, attempt=1, at=(NOW + timedelta(seconds=after)).isoformat(timespec="milliseconds"))
        for status, after in reached
    )
    fields: dict[str, Any] = {
        "request": SHARE,
        "request_id": "share-a",
        "kind": "share",
        "subject": "arn",
        "account_id": "111111111111",
        "status": reached[-1][0],
        "attempt": 1,
        "settled": True,
        "updated_at": NOW.isoformat(),
        "history": history,
    }
    return Entry(**(fields | changes))


def let_in(code: str) -> LetIn:
    return LetIn(at=NOW, because=(Reason(code, "why"),))


def test_it_lasts_from_the_first_sight_to_the_connection() -> None:
    took = time_to_connect(entry((Status.PENDING, 0), (Status.ACCEPTED, 3), (Status.AVAILABLE, 41)))

    assert took == TimeToConnect(timedelta(seconds=41), timedelta())
    assert took is not None
    assert took.own == timedelta(seconds=41)


def test_what_waits_for_an_answer_or_for_other_policies_waits_for_people_and_what_failed_does_not() -> None:
    took = time_to_connect(entry(*ASKED_AND_HELD))

    assert took is not None
    assert (took.whole, took.waited_for_people) == (timedelta(seconds=4330), timedelta(seconds=3600 + 600))
    assert took.own == timedelta(seconds=130)


@pytest.mark.parametrize(
    ("status", "is_peoples"),
    [
        (Status.EXPIRED, True),
        (Status.REJECTED, True),
        (Status.WITHDRAWN, True),
        (Status.ACCEPTED, True),
        (Status.FAILED, False),
        (Status.ASSOCIATING, False),
    ],
)
def test_what_ended_waits_for_whoever_asks_again_or_binds_it_and_what_broke_off_does_not(
    status: Status, is_peoples: bool
) -> None:
    took = time_to_connect(entry((Status.PENDING, 0), (status, 5), (Status.PENDING, 905), (Status.AVAILABLE, 910)))

    assert took is not None
    assert took.waited_for_people == timedelta(seconds=900 if is_peoples else 0)


@pytest.mark.parametrize(
    "row",
    [
        entry((Status.PENDING, 0), (Status.AVAILABLE, 9), (Status.PENDING, 99), (Status.AVAILABLE, 109)),
        entry((Status.PENDING, 0), (Status.AVAILABLE, 9), (Status.PENDING, 99)),
        entry((Status.PENDING, 0), (Status.ACCEPTED, 9)),
        entry((Status.PENDING, 0), (Status.AVAILABLE, 9), history_left_out=1),
        entry((Status.PENDING, 0), (Status.AVAILABLE, 9), let_in=let_in("adopted")),
        entry((Status.PENDING, 0), (Status.AVAILABLE, 9), let_in=let_in("recovered")),
        msgspec.structs.replace(entry((Status.PENDING, 0)), history=()),
    ],
    ids=["again", "on the way again", "not connected", "cut", "by somebody else", "before the ledger was lost", "none"],
)
def test_only_the_first_connection_that_was_seen_whole_has_a_time(row: Entry) -> None:
    assert time_to_connect(row) is None


def test_what_a_policy_let_in_has_a_time() -> None:
    assert time_to_connect(entry((Status.PENDING, 0), (Status.AVAILABLE, 9), let_in=let_in("policy"))) is not None


def test_a_delay_is_what_people_want_and_an_attempt_that_was_lost_is_not() -> None:
    reached = ((Status.PENDING, 0), (Status.PENDING, 1), (Status.PENDING, 901), (Status.AVAILABLE, 910))
    lost = entry(*reached)
    first, second, *rest = lost.history
    later = msgspec.structs.replace(second, reasons=(Reason("delayed", "later"),))

    took = time_to_connect(msgspec.structs.replace(lost, history=(first, later, *rest)))

    assert took == TimeToConnect(timedelta(seconds=910), timedelta(seconds=900))
    assert time_to_connect(lost) == TimeToConnect(timedelta(seconds=910), timedelta())
