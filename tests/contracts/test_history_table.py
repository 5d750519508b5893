"""Requests' history: the items, as the adapter promises to keep them, and what the ledger's writers add to it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.aws.history_table import HistoryTable
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.discovery.review import Review
from drawbridge.record import Outcome
from drawbridge.record.history import (
    CommandItem,
    HistoryItem,
    KeptHistory,
    MadeObjects,
    MarksItem,
    StatusItem,
    command_item,
    question_item,
    status_item,
)
from drawbridge.request.absence import Absence
from drawbridge.request.announced import Announced, WithdrawalCommand
from drawbridge.status import Reason, Status
from tests.builders import NOW, observed_request, question
from tests.contracts.accounts import refusing
from tests.contracts.conftest import NewAccount
from tests.contracts.ledger_rows import ID, WHY, Watch, reach, row, settled
from tests.fakes.history import InMemoryHistory

_numbers = itertools.count(1)
MARKED = '{"happened":{"what":"marks","reasons":[{"code":"gone","text":"gone"}]}}'
CAUSE = Reason("first-seen", "AWS lists it.", source="the schedule")
SEEN = observed_request(cause=CAUSE)


@pytest.fixture(scope="module")
def items(new_account: NewAccount) -> Any:
    return new_account().table("HistoryTable")


@pytest.fixture
def lost() -> list[str]:
    return []


@pytest.fixture
def history(items: Any, lost: list[str]) -> HistoryTable:
    return HistoryTable(items, now=lambda: NOW, keep_for=timedelta(days=400), on_lost=lost.append)


@pytest.fixture
def request_id() -> str:
    """A request that no other test uses."""
    return f"share-{next(_numbers)}"


def failed(request_id: str, attempt: int, at: str = "2026-07-01T10:00:00.000+00:00") -> HistoryItem:
    return status_item(request_id, attempt, Outcome(status=Status.FAILED, reasons=(WHY,), settled=True), at)


def test_what_happened_is_told_in_its_order(history: HistoryTable, request_id: str) -> None:
    second = failed(request_id, 1, "2026-07-01T10:00:02.000+00:00")
    asked = msgspec.structs.replace(question_item(question(), "2026-07-01T10:00:01.000+00:00"), request_id=request_id)
    history.add(second)
    history.add(asked)

    assert history.kept(request_id, first=2, last=8) == KeptHistory(last=(asked, second))


def test_what_is_written_twice_stays_as_it_was_first(history: HistoryTable, lost: list[str], request_id: str) -> None:
    first = failed(request_id, 1, "2026-07-01T10:00:00.000+00:00")
    history.add(first)
    history.add(failed(request_id, 1, "2026-07-01T11:00:00.000+00:00"))

    assert (history.kept(request_id, first=2, last=8).last, lost) == ((first,), [])


def test_of_much_the_beginning_and_the_end_are_told_and_how_much_there_is_between(
    history: HistoryTable, request_id: str
) -> None:
    for attempt in range(1, 13):
        history.add(failed(request_id, attempt, f"2026-07-01T10:{attempt:02d}:00.000+00:00"))

    kept = history.kept(request_id, first=2, last=8)

    assert [item.attempt for item in kept.first] == [1, 2]
    assert [item.attempt for item in kept.last] == [*range(5, 13)]
    assert kept.left_out == 2
    assert history.kept(request_id, first=2, last=10).left_out == 0


def test_of_more_than_is_read_the_end_is_told_and_how_it_began(items: Any, request_id: str) -> None:
    history = HistoryTable(items, now=lambda: NOW, keep_for=timedelta(days=400), on_lost=pytest.fail, most_read=5)
    began = status_item(request_id, 1, Outcome(status=Status.PENDING, reasons=(), settled=False), told_at(0))
    marks = [command_item(request_id, 1, "retry", "", told_at(second)) for second in range(1, 5)]
    for item in (began, *marks, *(failed(request_id, attempt, told_at(60 * attempt)) for attempt in range(2, 8))):
        history.add(item)

    kept = history.kept(request_id, first=2, last=3)

    assert kept.first == (began, marks[0])
    assert kept.left_out is None
    assert [item.attempt for item in kept.last] == [5, 6, 7]


def told_at(seconds: float) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def test_what_version_1_wrote_is_read(history: HistoryTable, items: Any, request_id: str) -> None:
    """Tables are kept when a stack is updated, with what is in them."""
    items.put_item(
        Item={
            "request_id": request_id,
            "item": "0000003/status/AVAILABLE/0f0f",
            "at": "2026-07-01T10:00:00.000+00:00",
            "json": (
                '{"happened":{"what":"status","status":"AVAILABLE","settled":true,"published":["/a/dns-name"],'
                '"made":[{"binding":"orders","resourceArn":"arn","endpointId":"vpce-1","associations":["snra-1"]}]}}'
            ),
            "expires_at": 1,
        }
    )

    (item,) = history.kept(request_id, first=2, last=8).last
    made = MadeObjects(binding="orders", resource_arn="arn", endpoint_id="vpce-1", associations=("snra-1",))
    assert item.happened == StatusItem(status=Status.AVAILABLE, settled=True, published=("/a/dns-name",), made=(made,))
    assert item.attempt == 3


def test_statuses_are_found_by_what_they_tell_of_and_nothing_else_is(history: HistoryTable, request_id: str) -> None:
    name = f'/drawbridge/"{request_id}"/dns-name'
    told = status_item(
        request_id, 1, Outcome(status=Status.AVAILABLE, reasons=(), settled=True, published=(name,)), told_at(0)
    )
    history.add(told)
    history.add(command_item(request_id, 1, name, "", told_at(1)))
    history.add(failed(request_id, 2))

    assert [*history.items_containing(name)] == [told]
    assert [*history.items_containing(f"{name}x")] == []


def test_an_item_expires_when_its_time_is_over(history: HistoryTable, items: Any, request_id: str) -> None:
    history.add(failed(request_id, 1))

    (stored,) = items.query(KeyConditionExpression="request_id = :id", ExpressionAttributeValues={":id": request_id})[
        "Items"
    ]

    assert stored["expires_at"] == int((NOW + timedelta(days=400)).timestamp())


@pytest.mark.parametrize(
    "code", ["ProvisionedThroughputExceededException", "AccessDeniedException", "ResourceNotFoundException"]
)
def test_what_cannot_be_kept_is_reported_and_stops_nothing(
    history: HistoryTable, items: Any, lost: list[str], request_id: str, code: str
) -> None:
    with refusing(items.meta.client, "put_item", code):
        history.add(failed(request_id, 1))

    assert len(lost) == 1
    assert f"keep the history of {request_id}" in lost[0]


def test_what_somebody_wrote_by_hand_is_passed_over(history: HistoryTable, items: Any, request_id: str) -> None:
    good = failed(request_id, 2)
    history.add(good)
    for name, wrong in {
        "0000001/status/HELD": {"json": "{}", "at": "then"},
        "0000001/status/FAILED": {"json": "no"},
        "note": {"json": '{"happened":{"what":"marks","reasons":[]}}', "at": "then"},
        "0000003/marks/x": {},
        "0000004/marks/x": {"json": '{"happened":{"what":"marks","reasons":[]}}', "at": "2026-07-01T10:00:00+00:00"},
        "0000005/marks/x": {"json": MARKED, "at": "yesterday"},
        "0000006/marks/x": {"json": MARKED, "at": "2026-07-01T10:00:00"},
        "0000000/marks/x": {"json": MARKED, "at": "2026-07-01T10:00:00+00:00"},
        "-5/marks/x": {"json": MARKED, "at": "2026-07-01T10:00:00+00:00"},
    }.items():
        items.put_item(Item={"request_id": request_id, "item": name, **wrong})

    assert history.kept(request_id, first=2, last=8) == KeptHistory(last=(good,))


@pytest.fixture(scope="module")
def rows(new_account: NewAccount) -> Callable[[InMemoryHistory], LedgerTable]:
    table = new_account().table("LedgerTable")

    def ledger(history: InMemoryHistory) -> LedgerTable:
        for item in table.scan(ProjectionExpression="request_id")["Items"]:
            table.delete_item(Key=item)
        return LedgerTable(table, now=Watch(), history=history)

    return ledger


@pytest.fixture
def kept() -> InMemoryHistory:
    return InMemoryHistory()


@pytest.fixture
def ledger(rows: Callable[[InMemoryHistory], LedgerTable], kept: InMemoryHistory) -> LedgerTable:
    return rows(kept)


def test_an_attempt_s_item_says_why_there_is_one(ledger: LedgerTable, kept: InMemoryHistory) -> None:
    assert ledger.claim(SEEN, 1, after=None)
    assert not ledger.claim(observed_request(), 1, after=None)

    (item,) = kept.items
    assert (item.request_id, item.attempt) == (ID, 1)
    assert item.happened == StatusItem(status=Status.PENDING, settled=False, reasons=(CAUSE,))


def test_every_status_has_an_item_and_one_that_is_recorded_again_has_no_other(
    ledger: LedgerTable, kept: InMemoryHistory
) -> None:
    ledger.claim(SEEN, 1, after=None)
    approved = Reason("approved", "U0ALICE approved.")
    for _ in range(2):
        assert reach(ledger, Status.ACCEPTED, settled=False, decided_by=(approved,), published=())
    # A status that an attempt reaches with other reasons is told with both.
    assert reach(ledger, Status.ACCEPTED, reasons=(Reason("no-binding-wants-it", "none"),), published=())

    assert [item.happened for item in kept.items][1:] == [
        StatusItem(status=Status.ACCEPTED, settled=False, reasons=(WHY,), decided_by=(approved,)),
        StatusItem(status=Status.ACCEPTED, settled=True, reasons=(Reason("no-binding-wants-it", "none"),)),
    ]


def test_what_a_later_attempt_has_overtaken_has_no_item(ledger: LedgerTable, kept: InMemoryHistory) -> None:
    ledger.claim(SEEN, 1, after=None)
    settled(ledger, Status.HELD)
    ledger.claim(SEEN, 2, after=row(ledger))
    before = kept.items

    assert reach(ledger, Status.FAILED, attempt=1) is None
    assert kept.items == before


def test_a_withdrawal_s_item_says_why(ledger: LedgerTable, kept: InMemoryHistory) -> None:
    ledger.claim(SEEN, 1, after=None)
    available = settled(ledger, Status.AVAILABLE)
    gone = Reason("gone", "It is gone.")

    assert ledger.claim_withdrawal(available, (), (gone,))

    assert kept.items[-1].happened == StatusItem(status=Status.WITHDRAWING, settled=False, reasons=(gone,))


def test_what_is_marked_and_unmarked_is_told_once_each(ledger: LedgerTable, kept: InMemoryHistory) -> None:
    ledger.claim(SEEN, 1, after=None)
    settled(ledger, Status.AVAILABLE)
    mark = Absence(of="vpce-1", since=NOW)
    for absent in ((mark,), (mark,), (msgspec.structs.replace(mark, confirmed=True),), ()):
        assert ledger.note_absent(row(ledger), absent, capped=False)

    told = [item.happened for item in kept.items if isinstance(item.happened, MarksItem)]
    assert [[reason.text for reason in each.reasons] for each in told] == [
        ["AWS says that vpce-1 is gone."],
        ["It is settled that vpce-1 is gone."],
        ["vpce-1 is there again."],
    ]


def test_what_is_held_back_is_told_once_a_day_and_not_by_each_sweep(ledger: LedgerTable, kept: InMemoryHistory) -> None:
    ledger.claim(SEEN, 1, after=None)
    settled(ledger, Status.AVAILABLE)
    mark = Absence(of="vpce-1", since=NOW, confirmed=True)
    for _ in range(4):
        assert ledger.note_absent(row(ledger), (mark,), capped=True)

    codes = [
        [reason.code for reason in item.happened.reasons] for item in kept.items if isinstance(item.happened, MarksItem)
    ]
    assert codes == [["gone", "gone-confirmed", "held-back"], ["held-back"]]


def test_what_is_announced_and_called_off_is_told_with_its_policies(ledger: LedgerTable, kept: InMemoryHistory) -> None:
    ledger.claim(SEEN, 1, after=None)
    settled(ledger, Status.AVAILABLE)
    forbids = Reason("policy", "No longer.", source="close")
    mark = Announced(since=NOW, withdraw_after=NOW + timedelta(days=7), forbidden=True, reasons=(forbids,))
    review = Review(permitted=False, reasons=(forbids,))
    assert ledger.note_review(row(ledger), review, (mark,), policies_fingerprint="these")
    assert ledger.note_announced(row(ledger), (), capped=False)

    announced, called_off = [item.happened for item in kept.items if isinstance(item.happened, MarksItem)]
    when = f"{NOW + timedelta(days=7):%Y-%m-%d %H:%M} UTC"
    assert announced.reasons[0].text == (
        f"Policies no longer permit it: it is taken down after {when}, unless they permit it again."
    )
    assert announced.reasons[1:] == (forbids,)
    assert [reason.text for reason in called_off.reasons] == ["The withdrawal of it is called off."]


def test_a_command_is_told_with_who_gave_it(ledger: LedgerTable, kept: InMemoryHistory) -> None:
    ledger.claim(SEEN, 1, after=None)
    held = settled(ledger, Status.HELD)
    by = "arn:aws:iam::111111111111:role/operator"
    assert ledger.command_withdrawal(held, WithdrawalCommand(by=by, at=NOW))
    assert ledger.command_withdrawal(held, WithdrawalCommand(by=by, at=NOW, name="consumers remove"))
    assert ledger.retry(row(ledger), by=by)

    commands = [item.happened for item in kept.items if isinstance(item.happened, CommandItem)]
    assert [each.command for each in commands] == ["withdraw", "consumers remove", "retry"]
    assert {each.by for each in commands} == {by}


def test_many_items_are_kept_in_few_calls_and_what_is_kept_already_stays(
    history: HistoryTable, items: Any, request_id: str
) -> None:
    first = failed(request_id, 1, "2026-07-01T10:00:00.000+00:00")
    history.add(first)
    again = msgspec.structs.replace(first, at="2026-07-01T11:00:00.000+00:00")
    others = [failed(request_id, attempt, f"2026-07-01T10:{attempt:02}:00.000+00:00") for attempt in range(2, 40)]

    history.add_all([again, *others, others[0]])
    history.add_all([])

    assert history.kept(request_id, first=1, last=100).last == (first, *others)


def test_many_items_that_can_not_be_kept_are_reported_and_lost(
    history: HistoryTable, items: Any, lost: list[str], request_id: str
) -> None:
    with refusing(items.meta.client, "batch_get_item", "ThrottlingException"):
        history.add_all([failed(request_id, 1), failed(request_id, 2)])

    assert ["2 changes" in each for each in lost] == [True]
    assert history.kept(request_id, first=1, last=100).last == ()
