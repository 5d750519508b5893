"""The ledger's rows, as the adapter promises to keep them: what of them only people read, and how DynamoDB answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore.stub import Stubber

from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.bounds import DECISION_RECORD_BYTES, fitting
from drawbridge.decision import Delayed
from drawbridge.decision.bounds import decision_record_within
from drawbridge.decision.decision_record import AssociationDecisionRecord, DecisionRecord
from drawbridge.decision.facts import Membership
from drawbridge.decision.let_in import LetIn
from drawbridge.discovery.review import Review
from drawbridge.errors import AccessDeniedError, ThrottledError, UpstreamError
from drawbridge.record import OutcomeBasis
from drawbridge.record.bounds import stored_size_of
from drawbridge.request.absence import Absence
from drawbridge.request.announced import Announced
from drawbridge.request.status_reached import StatusReached
from drawbridge.status import Reason, Status
from tests.builders import (
    CONNECTION,
    ENDPOINT_ID,
    NOW,
    RESOURCE_ARN,
    SHARE,
    content,
    observed_request,
    requester,
    resource_facts,
    share_facts,
)
from tests.contracts.accounts import refusing
from tests.contracts.conftest import NewAccount
from tests.contracts.ledger_rows import ASSOCIATION, ID, WHY, Watch, connection, decision_record_of, reach, row, settled
from tests.lives import ATTACHMENT


@pytest.fixture(scope="module")
def tables(new_account: NewAccount) -> Callable[[], Any]:
    """Return the ledger's table, empty; one for all, because clients are slow to make."""
    account = new_account()
    made: list[Any] = []

    def table() -> Any:
        if not made:
            made.append(account.table("LedgerTable"))
        for item in made[0].scan(ProjectionExpression="request_id")["Items"]:
            made[0].delete_item(Key=item)
        return made[0]

    return table


@pytest.fixture
def table(tables: Callable[[], Any]) -> Any:
    return tables()


@pytest.fixture
def ledger(table: Any) -> LedgerTable:
    return LedgerTable(table, now=Watch())


def item(table: Any, request_id: str = ID) -> dict[str, Any]:
    found: dict[str, Any] = table.get_item(Key={"request_id": request_id})["Item"]
    return found


def test_a_claim_writes_what_the_request_is_about_and_when_it_was_first_seen(ledger: LedgerTable, table: Any) -> None:
    assert ledger.claim(observed_request(), 1, after=None)

    stored = item(table)
    assert (stored["kind"], stored["subject"]) == ("endpoint-connection", ENDPOINT_ID)
    assert stored["first_seen_at"] == stored["updated_at"] == stored["history"][0]["at"]


def test_of_many_who_claim_the_next_attempt_one_is_in_the_history(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)
    before = settled(ledger, Status.HELD)

    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda _: ledger.claim(observed_request(), 2, after=before), range(8)))

    assert [int(entry["attempt"]) for entry in item(table)["history"]] == [1, 1, 2]


def test_a_later_claim_keeps_when_the_request_was_first_seen_and_its_history(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)
    before = settled(ledger, Status.HELD)
    first = item(table)

    assert ledger.claim(observed_request(), 2, after=before)

    assert item(table)["first_seen_at"] == first["first_seen_at"]
    assert [entry["status"] for entry in item(table)["history"]] == ["PENDING", "HELD", "PENDING"]


def test_a_claim_is_lost_where_the_row_was_deleted_meanwhile(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)
    read = settled(ledger, Status.HELD)
    table.delete_item(Key={"request_id": ID})

    assert not ledger.claim(observed_request(), 2, after=read)
    assert ledger.rows([ID]) == {}


def test_a_change_of_status_is_written_with_its_reasons_and_its_names(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)

    reach(ledger, Status.HELD)

    stored = item(table)
    assert stored["reasons"] == [{"code": "policy", "text": "because", "source": "p"}]
    assert stored["published"] == {"/a", "/b"}
    assert stored["history"][-1]["status"] == "HELD"
    assert stored["history"][-1]["reasons"] == stored["reasons"]


def test_what_let_a_request_in_is_kept_through_later_statuses(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, Status.ACCEPTED, settled=False, decided_by=(WHY,))

    reach(ledger, Status.AVAILABLE, reasons=(Reason("published", "a.example"),))

    stored = item(table)
    assert stored["decided_by"] == [{"code": "policy", "text": "because", "source": "p"}]
    assert stored["reasons"] == [{"code": "published", "text": "a.example"}]


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.AVAILABLE, Status.HELD])
def test_a_late_repetition_of_a_status_on_the_way_opens_nothing_again(
    ledger: LedgerTable, table: Any, status: Status
) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, status, settled=False)
    settled(ledger, status)
    there = item(table)

    late = reach(ledger, status, settled=False, reasons=())

    assert late is None
    assert item(table) == there


@pytest.mark.parametrize("settles", [True, False])
def test_the_same_change_again_changes_nothing_and_returns_the_same(
    ledger: LedgerTable, table: Any, settles: bool
) -> None:
    ledger.claim(observed_request(), 1, after=None)
    first = reach(ledger, Status.ACCEPTED, settled=settles)
    stored = item(table)

    again = reach(ledger, Status.ACCEPTED, settled=settles)

    assert again == first
    assert item(table) | {"updated_at": ""} == stored | {"updated_at": ""}


def test_a_status_that_settles_later_is_one_entry(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, Status.ACCEPTED, settled=False)

    reach(ledger, Status.ACCEPTED, reasons=(), basis=OutcomeBasis(observed_fingerprint="in effect"))

    assert (row(ledger).settled, row(ledger).observed_fingerprint) == (True, "in effect")
    assert [entry["status"] for entry in item(table)["history"]] == ["PENDING", "ACCEPTED"]


def test_the_history_is_cut_to_its_latest_hundred(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)
    old = [{"status": "HELD", "attempt": 1, "at": str(number)} for number in range(110)]
    table.update_item(
        Key={"request_id": ID},
        UpdateExpression="SET history = :old",
        ExpressionAttributeValues={":old": old},
    )

    reach(ledger, Status.HELD)

    history = item(table)["history"]
    assert len(history) == 100
    assert [entry["at"] for entry in history[:-1]] == [str(number) for number in range(11, 110)]
    assert history[-1]["at"] == row(ledger).updated_at


def test_more_rows_than_dynamodb_takes_at_once_are_found(ledger: LedgerTable) -> None:
    requests = [connection(number) for number in range(103)]
    for request in requests:
        ledger.claim(observed_request(request=request), 1, after=None)

    found = ledger.rows([request.request_id for request in requests])

    assert {each.request for each in found.values()} == set(requests)


def test_keys_that_dynamodb_leaves_unprocessed_are_asked_for_again(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)
    stored = table.meta.client.get_item(TableName=table.name, Key={"request_id": ID})["Item"]
    left = {table.name: {"Keys": [{"request_id": {"S": ID}}]}}

    with Stubber(table.meta.client) as stubber:
        stubber.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": left})
        stubber.add_response("batch_get_item", {"Responses": {table.name: [_typed(stored)]}, "UnprocessedKeys": {}})

        found = ledger.rows([ID])

    assert found[ID].request == CONNECTION


def test_keys_that_dynamodb_never_processes_are_a_throttle(ledger: LedgerTable, table: Any) -> None:
    with Stubber(table.meta.client) as stubber:
        for _ in range(2):
            left = {table.name: {"Keys": [{"request_id": {"S": ID}}]}}
            stubber.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": left})

        with pytest.raises(ThrottledError, match="unprocessed"):
            ledger.rows([ID])


def test_all_that_is_followed_is_returned_however_large(ledger: LedgerTable) -> None:
    requests = [connection(number) for number in range(12)]
    # A page of DynamoDB's is 1 MB.
    long = Reason("policy", "x" * 60_000)
    for request in requests:
        ledger.claim(observed_request(request=request), 1, after=None)
        reach(ledger, Status.HELD, request=request, reasons=(long,))

    assert {each.request for each in ledger.followed()} == set(requests)


def test_a_row_that_a_version_left_out_of_those_followed_is_among_them_from_when_it_is_noted(
    ledger: LedgerTable, table: Any
) -> None:
    ledger.claim(observed_request(), 1, after=None)
    settled(ledger, Status.AVAILABLE)
    table.update_item(Key={"request_id": ID}, UpdateExpression="REMOVE followed")
    before = ledger.followed()

    ledger.note_followed(row(ledger))

    assert before == []
    assert ledger.followed() == [row(ledger)]


def test_a_row_that_has_a_later_attempt_is_not_noted_to_be_followed(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)
    read = settled(ledger, Status.AVAILABLE)
    ledger.claim(observed_request(), 2, after=read)
    settled(ledger, Status.WITHDRAWN, 2)

    ledger.note_followed(read)

    assert "followed" not in item(table)


def test_a_withdrawal_is_in_the_history_with_why(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)
    mark = Absence(of=ENDPOINT_ID, since=NOW, confirmed=True)

    ledger.claim_withdrawal(settled(ledger, Status.AVAILABLE), (mark,), (WHY,))
    reach(ledger, Status.WITHDRAWING, 2, reasons=(Reason("hangs", "AWS deletes it still."),))

    stored = item(table)
    assert [(entry["status"], int(entry["attempt"])) for entry in stored["history"][2:]] == [("WITHDRAWING", 2)] * 2
    assert [entry["reasons"][0]["code"] for entry in stored["history"][2:]] == ["policy", "hangs"]
    assert stored["reasons"] == [{"code": "hangs", "text": "AWS deletes it still."}]


def test_marks_that_cannot_be_read_are_none_and_are_replaced(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)
    settled(ledger, Status.AVAILABLE)
    table.update_item(
        Key={"request_id": ID}, UpdateExpression="SET absent = :odd", ExpressionAttributeValues={":odd": '[{"of": 1}]'}
    )
    mark = Absence(of=ENDPOINT_ID, since=NOW)

    read = row(ledger)
    ledger.note_absent(read, (mark,), capped=False)

    assert read.absent == ()
    assert row(ledger).absent == (mark,)


def test_a_write_that_is_refused_is_no_lost_claim(ledger: LedgerTable, table: Any) -> None:
    with refusing(table.meta.client, "update_item", "AccessDeniedException"), pytest.raises(AccessDeniedError):
        ledger.claim(observed_request(), 1, after=None)
    with (
        refusing(table.meta.client, "update_item", "ProvisionedThroughputExceededException"),
        pytest.raises(ThrottledError),
    ):
        reach(ledger, Status.HELD)


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("update_item", lambda ledger: ledger.claim(observed_request(), 1, after=None)),
        ("update_item", lambda ledger: reach(ledger, Status.HELD)),
        ("batch_get_item", lambda ledger: ledger.rows([ID])),
        ("query", lambda ledger: ledger.followed()),
    ],
    ids=["claim", "change", "rows", "followed"],
)
def test_a_table_that_is_gone_says_nothing_of_a_request(
    ledger: LedgerTable, table: Any, operation: str, asked: Callable[[LedgerTable], object]
) -> None:
    with (
        refusing(table.meta.client, operation, "ResourceNotFoundException"),
        pytest.raises(UpstreamError, match="ResourceNotFoundException"),
    ):
        asked(ledger)


def test_what_was_published_stays_in_the_row_through_later_attempts(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, Status.AVAILABLE)

    ledger.claim(observed_request(), 2, after=row(ledger))
    reach(ledger, Status.FAILED, 2, published=("/c",))

    assert item(table)["published"] == {"/a", "/b", "/c"}


def test_a_new_attempt_does_not_show_the_reasons_of_the_last_one(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, Status.HELD)

    ledger.claim(observed_request(), 2, after=row(ledger))

    assert item(table)["reasons"] == []


def _typed(stored: dict[str, Any]) -> dict[str, Any]:
    serialize = TypeSerializer().serialize
    return {name: serialize(value) for name, value in stored.items()}


def test_people_read_what_is_followed_without_the_decision_records_and_not_what_is_over(ledger: LedgerTable) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(
        ledger,
        Status.AVAILABLE,
        decision_record=decision_record_of(),
        association_decision_record=ASSOCIATION,
        attachments=(ATTACHMENT,),
        incomplete=True,
        kept=(WHY,),
    )
    mark = Absence(of=ID, since=NOW)
    assert ledger.note_absent(row(ledger), (mark,), capped=True)
    ledger.claim(observed_request(request=SHARE), 1, after=None)
    reach(ledger, Status.REJECTED, request=SHARE)

    (found,) = ledger.followed_entries()

    assert found.request == CONNECTION
    assert (found.decision_record, found.association_decision_record) == (None, None)
    assert (found.attachments, found.kept, found.incomplete) == ((ATTACHMENT,), (WHY,), True)
    assert (found.absent, found.withdrawal_capped, found.failures) == ((mark,), True, 0)
    whole = ledger.entry(ID)
    assert whole is not None
    assert found == msgspec.structs.replace(whole, decision_record=None, association_decision_record=None)


def test_people_read_all_of_a_request(ledger: LedgerTable) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, Status.ACCEPTED, settled=False, decision_record=decision_record_of())
    reach(ledger, Status.AVAILABLE, association_decision_record=ASSOCIATION)

    entry = ledger.entry(ID)

    assert entry is not None
    assert [*ledger.entries()] == [entry]
    assert (entry.status, entry.attempt, entry.settled) == (Status.AVAILABLE, 1, True)
    assert (entry.decision_record, entry.association_decision_record) == (decision_record_of(), ASSOCIATION)
    assert [each.status for each in entry.history] == [Status.PENDING, Status.ACCEPTED, Status.AVAILABLE]
    assert (entry.published, entry.reasons) == (("/a", "/b"), (WHY,))
    assert ledger.entry("share-unknown") is None


def test_a_decision_record_that_another_version_wrote_is_none(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, Status.HELD, decision_record=decision_record_of())
    table.update_item(
        Key={"request_id": ID}, UpdateExpression="SET grounds = :new", ExpressionAttributeValues={":new": '{"v": 2}'}
    )

    entry = ledger.entry(ID)

    assert entry is not None
    assert entry.decision_record is None


def test_kinds_of_inputs_that_a_later_version_knows_are_left_out(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)
    later = json.dumps({"vpcs": "a", "of-tomorrow": "b"})
    table.update_item(
        Key={"request_id": ID}, UpdateExpression="SET inputs = :new", ExpressionAttributeValues={":new": later}
    )

    assert row(ledger).inputs == PlanInputs(vpcs="a")


def test_a_review_is_written_with_its_reasons(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)
    let_in = settled(ledger, Status.AVAILABLE)

    ledger.note_review(let_in, Review(permitted=False, reasons=(WHY,)), (), policies_fingerprint="stricter policies")

    assert item(table)["review"]["reasons"][0]["code"] == WHY.code


def test_a_row_says_when_the_first_of_what_is_announced_is_taken_down(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)
    let_in = settled(ledger, Status.AVAILABLE)
    later = Announced(since=NOW, withdraw_after=NOW + timedelta(hours=168), forbidden=True)
    first = Announced(
        binding="orders", resource_arn=RESOURCE_ARN, since=NOW, withdraw_after=NOW + timedelta(hours=1), forbidden=True
    )

    ledger.note_review(let_in, Review(permitted=False), (later, first), policies_fingerprint="stricter policies")
    of_both = item(table)["withdraw_after"]
    ledger.note_announced(row(ledger), (later,), capped=False)
    of_the_later = item(table)["withdraw_after"]
    ledger.note_announced(row(ledger), (), capped=False)

    assert (of_both, of_the_later) == ("2026-11-21T13:00:00+00:00", "2026-11-28T12:00:00+00:00")
    assert item(table).keys().isdisjoint({"announced", "withdraw_after"})


@pytest.mark.parametrize("status", [Status.WITHDRAWN, Status.REJECTED, Status.EXPIRED])
def test_of_what_is_over_a_row_says_nothing_of_what_was_announced(
    ledger: LedgerTable, table: Any, status: Status
) -> None:
    ledger.claim(observed_request(), 1, after=None)
    mark = Announced(since=NOW, withdraw_after=NOW, forbidden=True)
    let_in = settled(ledger, Status.AVAILABLE)
    ledger.note_review(let_in, Review(permitted=False), (mark,), policies_fingerprint="stricter policies")
    ledger.note_announced(row(ledger), (mark,), capped=True)
    ledger.note_announcement_sent(row(ledger), "these")
    ledger.note_tagged(row(ledger), {"vpce-1": "then"})
    ledger.claim(observed_request(), 2, after=row(ledger))

    settled(ledger, status, 2)

    marks = {"announced", "withdraw_after", "announcement_sent", "tagged", "withdrawal_capped", "absent"}
    assert item(table).keys().isdisjoint(marks)


def test_what_another_version_announced_is_none(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)
    settled(ledger, Status.AVAILABLE)
    table.update_item(
        Key={"request_id": ID},
        UpdateExpression="SET announced = :text",
        ExpressionAttributeValues={":text": '{"of": "another version"}'},
    )

    assert row(ledger).announced == ledger.connected(ID).announced == ()


@pytest.mark.parametrize("written", ["", "null", "ann, yesterday", '{"by": "ann"}'])
def test_a_row_whose_command_can_t_be_read_is_reported_as_no_attempt_could_claim_it(
    ledger: LedgerTable, table: Any, written: object
) -> None:
    ledger.claim(observed_request(), 1, after=None)
    settled(ledger, Status.AVAILABLE)
    table.update_item(
        Key={"request_id": ID},
        UpdateExpression="SET commanded = :written",
        ExpressionAttributeValues={":written": written},
    )
    broken: list[str] = []
    reading = LedgerTable(table, now=Watch(), on_broken=broken.append)

    assert (reading.rows([ID]), reading.followed(), [*reading.entries()]) == ({}, [], [])
    assert [ID in each and "commanded" in each for each in broken] == [True] * 3
    assert ledger.connected(ID).commanded is None


def test_of_very_many_reasons_a_row_keeps_some_and_counts_the_rest(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)

    reach(ledger, Status.HELD, reasons=tuple(Reason("policy", "x" * 200, source=f"{n}") for n in range(5000)))

    kept = item(table)["reasons"]
    assert len(kept) == 41
    assert kept[-1]["text"] == "and 4960 more"


@pytest.mark.parametrize("text", ["", "{}", "null", "not json", '{"at": 1}', '{"v": 2}'])
def test_what_was_let_in_that_can_t_be_read_is_not_known(ledger: LedgerTable, table: Any, text: str) -> None:
    ledger.claim(observed_request(), 1, after=None)
    table.update_item(
        Key={"request_id": ID}, UpdateExpression="SET let_in = :new", ExpressionAttributeValues={":new": text}
    )

    assert ledger.let_in(ID) is None


def test_the_status_that_a_request_has_by_now_is_reported_with_its_reasons(ledger: LedgerTable) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, Status.HELD)

    assert ledger.status_reached(ID) == StatusReached(request_id=ID, status=Status.HELD, attempt=1, reasons=[WHY])
    assert ledger.status_reached("share-none") is None


LONG = Reason("policy", "\N{BRIDGE AT NIGHT}" * 1000, source="\N{BRIDGE AT NIGHT}" * 1000)
"""Longer than any reason, and four bytes a character."""


def largest_decision_record() -> DecisionRecord:
    """Return the record of the largest facts that there are: every tag that AWS allows, and a share of many things."""
    tags = {f"{number:03}" + "\N{BRIDGE AT NIGHT}" * 100: "\N{BRIDGE AT NIGHT}" * 200 for number in range(50)}
    contents = tuple(content(f"{RESOURCE_ARN}{number:04}") for number in range(100))
    who = requester(membership=Membership.MEMBER)
    place = msgspec.structs.replace(who.place, tags=tags)
    facts = share_facts(msgspec.structs.replace(who, place=place), contents=contents, share_tags=tags)
    return msgspec.structs.replace(decision_record_of(), facts=facts)


def test_a_row_of_the_worst_that_there_is_to_record_has_room_for_as_much_again(ledger: LedgerTable, table: Any) -> None:
    worst = largest_decision_record()
    resources = fitting((resource_facts(worst.facts.requester),) * 100, DECISION_RECORD_BYTES)
    fields: dict[str, Any] = {
        "reasons": (LONG,) * 50,
        "decided_by": (LONG,) * 50,
    }
    based: dict[str, Any] = {
        "decision_record": decision_record_within(worst),
        "association_decision_record": AssociationDecisionRecord(at=NOW, zone="UTC", resources=resources),
    }
    after = None
    for attempt in range(1, 13):
        ledger.claim(observed_request(), attempt, after=after)
        for status in (Status.WAITING_FOR_APPROVAL, Status.ACCEPTED):
            reach(ledger, status, attempt, settled=False, **fields)
        reach(ledger, Status.AVAILABLE, attempt, **fields, **(based if attempt == 1 else {}))
        after = row(ledger)
    ledger.note_review(
        row(ledger), Review(permitted=False, reasons=(LONG,) * 50), (), policies_fingerprint="stricter policies"
    )

    stored = item(table)
    assert stored_size_of(stored) < 200_000
    assert stored["history"][-1]["status"] == "AVAILABLE"
    assert stored["history"][-1]["reasons"][-1]["code"] == "more"
    assert len(stored["history"]) + stored["history_left_out"] == 48


def test_of_the_facts_that_it_is_given_the_ledger_cuts_nothing_in_silence(ledger: LedgerTable) -> None:
    resources = (resource_facts(name="x" * 1000),) * 50
    given = AssociationDecisionRecord(at=NOW, zone="UTC", resources=resources)
    ledger.claim(observed_request(), 1, after=None)

    reach(ledger, Status.AVAILABLE, association_decision_record=given)

    entry = ledger.entry(ID)
    assert entry is not None
    assert entry.association_decision_record == given


def test_a_row_that_grew_to_the_limit_before_history_was_bounded_is_written_all_the_same(
    ledger: LedgerTable, table: Any
) -> None:
    ledger.claim(observed_request(), 1, after=None)
    grown = [
        {"status": "HELD", "attempt": 1, "at": str(number), "reasons": [{"code": "x", "text": "y" * 12_900}]}
        for number in range(31)
    ]
    table.update_item(
        Key={"request_id": ID}, UpdateExpression="SET history = :old", ExpressionAttributeValues={":old": grown}
    )

    assert reach(ledger, Status.HELD, reasons=tuple(Reason("policy", "z" * 900) for _ in range(40)))

    stored = item(table)
    assert stored_size_of(stored) < 100_000
    assert [each["at"] for each in stored["history"]] == ["28", "29", "30", stored["updated_at"]]
    assert (stored["history_left_out"], stored["history"][-1]["status"]) == (28, "HELD")


def test_people_read_the_deadline_as_long_as_there_is_one(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(deadline=NOW), 1, after=None)
    reach(ledger, Status.WAITING_FOR_APPROVAL, settled=False)
    entry = ledger.entry(ID)

    reach(ledger, Status.EXPIRED)

    assert entry is not None
    assert entry.deadline == "2026-11-21T12:00:00+00:00"
    assert "deadline" not in item(table)


@pytest.mark.parametrize("text", ["soon", "2026-11-21T12:00:00", ""])
def test_a_deadline_that_somebody_wrote_by_hand_is_none_and_its_row_is_reported(
    ledger: LedgerTable, table: Any, text: str
) -> None:
    ledger.claim(observed_request(deadline=NOW), 1, after=None)
    changed = {"UpdateExpression": "SET deadline = :text", "ExpressionAttributeValues": {":text": text}}
    table.update_item(Key={"request_id": ID}, **changed)
    broken: list[str] = []

    assert ledger.deadline(ID) is None
    assert LedgerTable(table, now=Watch(), on_broken=broken.append).rows([ID]) == {}
    assert ID in broken[0]


def test_people_read_what_was_let_in(ledger: LedgerTable) -> None:
    let_in = LetIn(at=NOW, because=(WHY,), contents_fingerprint="these", arns=("arn:a",))
    ledger.claim(observed_request(), 1, after=None)

    reach(ledger, Status.ACCEPTED, settled=False, let_in=let_in)

    entry = ledger.entry(ID)
    assert entry is not None
    assert entry.let_in == let_in


def test_what_is_delayed_is_told_in_the_row_s_history_once(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)
    delayed = Delayed(of="this", since=NOW, until=NOW)
    for _ in range(2):
        reach(ledger, Status.PENDING, delayed=delayed)

    assert [(each["status"], len(each.get("reasons", ()))) for each in item(table)["history"]] == [
        ("PENDING", 0),
        ("PENDING", 1),
    ]
    entry = ledger.entry(ID)
    assert entry is not None
    assert entry.delayed == delayed


@pytest.mark.parametrize("written", ["soon", "{}", '{"of": "x", "since": "2026-11-21T12:00:00", "until": "never"}'])
def test_a_delay_that_somebody_wrote_otherwise_counts_as_none(ledger: LedgerTable, table: Any, written: str) -> None:
    ledger.claim(observed_request(), 1, after=None)
    table.update_item(
        Key={"request_id": ID},
        UpdateExpression="SET delayed = :written",
        ExpressionAttributeValues={":written": written},
    )

    assert ledger.delayed(ID) is row(ledger).delayed is None


def test_the_row_that_a_change_made_available_is_not_read_again(ledger: LedgerTable, table: Any) -> None:
    ledger.claim(observed_request(), 1, after=None)
    change = reach(ledger, Status.AVAILABLE)
    assert change is not None

    with refusing(table.meta.client, "get_item", "ThrottlingException"):
        written = ledger.entry_with(change)

    assert written == ledger.entry(ID) == ledger.entry_with(change)
