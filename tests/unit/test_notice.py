"""Notices for consumers: what the ledger says of a connection, in words for a customer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.decision import Delayed
from drawbridge.intake.notices.notice import ConsumerNotice, NoticeType, notice_of
from drawbridge.record.entry import Entry
from drawbridge.request import kind_of
from drawbridge.status import Reason, Status
from tests.builders import CONNECTION, CONSUMER, ENDPOINT_ID, NOW, SERVICE_ID, SHARE
from tests.unit.announcing import mark, of_whole

FOR_THE_PROVIDER = Reason("policy", "Pays late; see ticket 7.", source="late-payers")
COMMANDED = Reason("withdrawn-on-command", "arn:aws:iam::111111111111:user/ann had it withdrawn.")
NO_LONGER_PERMITTED = Reason("no-longer-permitted", "Policies no longer permit it.")


def row(status: Status = Status.AVAILABLE, **changes: Any) -> Entry:
    fields: dict[str, Any] = {
        "request": CONNECTION,
        "request_id": CONNECTION.request_id,
        "kind": kind_of(CONNECTION),
        "subject": CONNECTION.subject,
        "account_id": CONSUMER,
        "status": status,
        "attempt": 1,
        "settled": True,
        "updated_at": NOW.isoformat(),
    }
    return Entry(**(fields | changes))


def told(entry: Entry, **how: Any) -> ConsumerNotice:
    notice = notice_of(entry, **how)
    assert notice is not None
    return notice


def test_a_notice_says_whose_connection_it_is_and_since_when_it_is_so() -> None:
    document = msgspec.to_builtins(told(row()))

    assert document.pop("id").startswith("msg_")
    assert document == {
        "schemaVersion": 1,
        "type": "connection.available",
        "time": NOW.isoformat(),
        "accountId": CONSUMER,
        "serviceId": SERVICE_ID,
        "endpointId": ENDPOINT_ID,
        "status": "AVAILABLE",
        "reason": "The connection can be used.",
        "until": None,
    }


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.ACCEPTED, NoticeType.ACCEPTED),
        (Status.AVAILABLE, NoticeType.AVAILABLE),
        (Status.WITHDRAWING, NoticeType.WITHDRAWING),
        (Status.WITHDRAWN, NoticeType.WITHDRAWN),
        (Status.REJECTED, NoticeType.REJECTED),
    ],
)
def test_consumers_are_told_of_what_they_notice(status: Status, expected: NoticeType) -> None:
    notice = told(row(status))

    assert (notice.type, notice.status) == (expected, status)


@pytest.mark.parametrize(
    "status",
    [Status.PENDING, Status.WAITING_FOR_APPROVAL, Status.HELD, Status.FAILED, Status.EXPIRED, Status.ASSOCIATING],
)
def test_of_what_goes_on_inside_they_are_told_nothing(status: Status) -> None:
    assert notice_of(row(status)) is None


def test_of_shares_nobody_is_told() -> None:
    assert notice_of(row(request=SHARE, announced=(of_whole(),))) is None


@pytest.mark.parametrize("status", [Status.AVAILABLE, Status.FAILED, Status.HELD])
def test_what_is_announced_is_available_until_then_whatever_the_last_attempt_came_to(status: Status) -> None:
    notice = told(row(status, announced=(of_whole(),)))

    assert (notice.type, notice.status) == (NoticeType.ANNOUNCED, Status.AVAILABLE)
    assert notice.until == (NOW + timedelta(days=7)).isoformat(timespec="seconds")


@pytest.mark.parametrize("status", [Status.WITHDRAWING, Status.WITHDRAWN, Status.REJECTED])
def test_what_goes_already_is_announced_no_longer(status: Status) -> None:
    notice = told(row(status, announced=(of_whole(),)))

    assert (notice.status, notice.until) == (status, None)


def test_a_mark_of_a_part_is_none_of_the_connection() -> None:
    assert told(row(announced=(mark(),))).type is NoticeType.AVAILABLE


@pytest.mark.parametrize("status", [*Status])
@pytest.mark.parametrize("reasons", [(FOR_THE_PROVIDER,), (COMMANDED, FOR_THE_PROVIDER), (NO_LONGER_PERMITTED,)])
def test_no_word_of_a_policy_or_an_operator_gets_out(status: Status, reasons: tuple[Reason, ...]) -> None:
    announced = (of_whole(reasons=reasons),)

    for entry in (row(status, reasons=reasons), row(status, reasons=reasons, announced=announced)):
        text = msgspec.json.encode(notice_of(entry)).decode()
        for each in reasons:
            assert each.text not in text
            assert not each.source or each.source not in text


@pytest.mark.parametrize("reason", [COMMANDED, NO_LONGER_PERMITTED])
def test_who_ended_it_is_said_where_it_was_the_provider(reason: Reason) -> None:
    assert told(row(Status.WITHDRAWN, reasons=(reason,))).reason == "The provider has ended the connection."
    assert told(row(Status.WITHDRAWN, reasons=(Reason("gone", "It is gone."),))).reason == "The connection has ended."


def test_what_is_told_twice_has_one_id_and_what_is_new_another() -> None:
    ids = {
        told(row()).id,
        told(row(updated_at=(NOW + timedelta(seconds=5)).isoformat())).id,
        told(row(reasons=(FOR_THE_PROVIDER,))).id,
    }
    others = [
        told(row(Status.ACCEPTED)).id,
        told(row(attempt=2)).id,
        told(row(announced=(of_whole(),))).id,
        told(row(announced=(of_whole(withdraw_after=NOW),))).id,
        told(row(), cancelled_by="event-1").id,
        told(row(), cancelled_by="event-2").id,
    ]

    assert len(ids) == 1
    assert len({*ids, *others}) == 1 + len(others)


def test_that_a_withdrawal_was_called_off_is_told_of_what_stays() -> None:
    notice = told(row(), cancelled_by="event-1")

    assert (notice.type, notice.status, notice.until) == (NoticeType.CANCELLED, Status.AVAILABLE, None)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (row(announced=(of_whole(),)), NoticeType.ANNOUNCED),
        (row(Status.WITHDRAWN), NoticeType.WITHDRAWN),
        (row(Status.ACCEPTED), NoticeType.ACCEPTED),
    ],
)
def test_an_event_that_says_so_calls_nothing_off_that_the_ledger_does_not(entry: Entry, expected: NoticeType) -> None:
    notice = told(entry, cancelled_by="event-1")

    assert (notice.type, notice.id) == (expected, told(entry).id)


def test_that_a_connection_is_accepted_later_is_told_with_the_time() -> None:
    delayed = Delayed(of="this", since=NOW, until=NOW + timedelta(minutes=15))

    notice = told(row(Status.PENDING, delayed=delayed))

    assert (notice.type, notice.status, notice.until) == (NoticeType.DELAYED, Status.PENDING, delayed.until.isoformat())
    assert notice.reason == "The connection is accepted later, if nothing speaks against it until then."
    # Another attempt looks at it: what became of it is told then.
    assert notice_of(row(Status.PENDING, delayed=delayed, settled=False)) is None
    assert notice_of(row(Status.PENDING)) is None
    assert notice.id == told(row(Status.PENDING, delayed=delayed, attempt=2)).id
    assert notice.id != told(row(Status.PENDING, delayed=Delayed(of="this", since=NOW, until=NOW))).id
