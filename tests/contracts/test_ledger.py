"""The ledger's rows, as the adapter promises to keep them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore.stub import Stubber

from drawbridge.aws.ledger import Ledger
from drawbridge.errors import AccessDeniedError, ThrottledError
from drawbridge.record import Outcome
from drawbridge.record.record import StatusChange, status_change
from drawbridge.request import EndpointConnectionRequest, Request
from drawbridge.request.row import Row
from drawbridge.status import Reason, Status
from tests.builders import CONNECTION, CONSUMER, ENDPOINT_ID, NOW, SERVICE_ID, SHARE, seen, workflow_input
from tests.contracts.accounts import refusing
from tests.contracts.conftest import NewAccount

WHY = Reason("policy", "because", source="p")
ID = CONNECTION.request_id


class Watch:
    """A clock of the test's own, a second later at every look."""

    def __init__(self) -> None:
        self._looks = 0

    def __call__(self) -> datetime:
        self._looks += 1
        return NOW + timedelta(seconds=self._looks)


@pytest.fixture(scope="module")
def tables(new_account: NewAccount) -> Callable[[], Any]:
    """Give the ledger's table, empty; one for all, because clients are slow to make."""
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
def ledger(table: Any) -> Ledger:
    return Ledger(table, now=Watch())


def item(table: Any, request_id: str = ID) -> dict[str, Any]:
    found: dict[str, Any] = table.get_item(Key={"request_id": request_id})["Item"]
    return found


def row(ledger: Ledger, request_id: str = ID) -> Row:
    return ledger.rows([request_id])[request_id]


def change(
    status: Status, attempt: int = 1, *, request: Request = CONNECTION, reasons: tuple[Reason, ...] = (WHY,)
) -> StatusChange:
    outcome = Outcome(status=status, reasons=reasons, settled=False, published=("/a", "/b"))
    return status_change(workflow_input(request, attempt), outcome)


def connection(number: int) -> EndpointConnectionRequest:
    return EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=f"vpce-{number:017x}")


def settled(ledger: Ledger, status: Status, attempt: int = 1) -> Row:
    """Bring the row to a status at which its attempt ends."""
    assert ledger.change_status(change(status, attempt), settled=True)
    return row(ledger)


def test_a_claim_enters_the_request_as_it_was_seen(ledger: Ledger, table: Any) -> None:
    told = seen(wanted="these bindings")

    assert ledger.claim(told, 1, after=None)

    assert row(ledger) == Row(
        request=CONNECTION,
        account_id=CONSUMER,
        status=Status.PENDING,
        attempt=1,
        settled=False,
        seen=told.state,
        wanted="these bindings",
        permitted=told.permitted,
        updated_at=(NOW + timedelta(seconds=1)).isoformat(timespec="milliseconds"),
    )
    stored = item(table)
    assert (stored["kind"], stored["subject"]) == ("endpoint-connection", ENDPOINT_ID)
    assert stored["first_seen_at"] == stored["updated_at"] == stored["history"][0]["at"]


@pytest.mark.parametrize("request_", [SHARE, CONNECTION], ids=["share", "connection"])
def test_a_request_of_each_kind_comes_back_as_it_went_in(ledger: Ledger, request_: Request) -> None:
    ledger.claim(seen(request=request_), 1, after=None)

    assert row(ledger, request_.request_id).request == request_


def test_of_many_who_claim_at_once_one_gets_it(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as writers:
        claims = list(writers.map(lambda _: ledger.claim(seen(), 1, after=None), range(8)))

    assert sorted(claims) == [False] * 7 + [True]
    assert row(ledger).attempt == 1


def test_of_many_who_claim_the_next_attempt_one_gets_it(ledger: Ledger, table: Any) -> None:
    ledger.claim(seen(), 1, after=None)
    before = settled(ledger, Status.HELD)

    with ThreadPoolExecutor(8) as writers:
        claims = list(writers.map(lambda _: ledger.claim(seen(), 2, after=before), range(8)))

    assert sorted(claims) == [False] * 7 + [True]
    assert [int(entry["attempt"]) for entry in item(table)["history"]] == [1, 1, 2]


def test_a_later_claim_starts_anew_and_keeps_what_was(ledger: Ledger, table: Any) -> None:
    ledger.claim(seen(), 1, after=None)
    before = settled(ledger, Status.HELD)
    first = item(table)

    claimed = ledger.claim(seen(state="now", wanted="others", permitted="other policies"), 2, after=before)

    after = row(ledger)
    assert claimed
    assert (after.status, after.attempt, after.settled) == (Status.PENDING, 2, False)
    assert (after.seen, after.wanted, after.permitted) == ("now", "others", "other policies")
    assert item(table)["first_seen_at"] == first["first_seen_at"]
    assert [entry["status"] for entry in item(table)["history"]] == ["PENDING", "HELD", "PENDING"]


def test_a_claim_is_lost_where_the_row_is_there_already(ledger: Ledger) -> None:
    ledger.claim(seen(), 1, after=None)
    there = row(ledger)

    assert not ledger.claim(seen(state="other"), 1, after=None)
    assert row(ledger) == there


def test_a_claim_is_lost_where_the_row_has_settled_meanwhile(ledger: Ledger) -> None:
    ledger.claim(seen(), 1, after=None)
    read = row(ledger)
    there = settled(ledger, Status.AVAILABLE)

    assert not ledger.claim(seen(), 2, after=read)
    assert row(ledger) == there


def test_a_claim_is_lost_where_a_later_attempt_was_entered_meanwhile(ledger: Ledger) -> None:
    ledger.claim(seen(), 1, after=None)
    read = settled(ledger, Status.HELD)
    ledger.claim(seen(), 2, after=read)
    settled(ledger, Status.HELD, 2)

    assert not ledger.claim(seen(), 2, after=read)
    assert row(ledger).attempt == 2


def test_a_claim_is_lost_where_the_row_was_deleted_meanwhile(ledger: Ledger, table: Any) -> None:
    ledger.claim(seen(), 1, after=None)
    read = settled(ledger, Status.HELD)
    table.delete_item(Key={"request_id": ID})

    assert not ledger.claim(seen(), 2, after=read)
    assert ledger.rows([ID]) == {}


def test_a_change_of_status_is_taken_over_and_told_with_who_asks(ledger: Ledger, table: Any) -> None:
    ledger.claim(seen(), 1, after=None)

    told = ledger.change_status(change(Status.HELD), settled=True, seen="what it made of it")

    assert told == msgspec.structs.replace(change(Status.HELD), account_id=CONSUMER)
    after, stored = row(ledger), item(table)
    assert (after.status, after.settled, after.seen) == (Status.HELD, True, "what it made of it")
    assert stored["reasons"] == [{"code": "policy", "text": "because", "source": "p"}]
    assert stored["published"] == {"/a", "/b"}
    assert stored["history"][-1]["status"] == "HELD"
    assert stored["history"][-1]["reasons"] == stored["reasons"]


def test_what_was_seen_stays_where_the_attempt_did_not_change_it(ledger: Ledger) -> None:
    ledger.claim(seen(state="as listed"), 1, after=None)

    ledger.change_status(change(Status.HELD), settled=True)

    assert row(ledger).seen == "as listed"


@pytest.mark.parametrize("settles", [True, False])
def test_the_same_change_again_changes_nothing_and_tells_the_same(ledger: Ledger, table: Any, settles: bool) -> None:
    ledger.claim(seen(), 1, after=None)
    first = ledger.change_status(change(Status.ACCEPTED), settled=settles)
    stored = item(table)

    again = ledger.change_status(change(Status.ACCEPTED), settled=settles)

    assert again == first
    assert item(table) | {"updated_at": ""} == stored | {"updated_at": ""}


def test_a_status_that_settles_later_is_one_entry(ledger: Ledger, table: Any) -> None:
    ledger.claim(seen(), 1, after=None)
    ledger.change_status(change(Status.ACCEPTED), settled=False)

    ledger.change_status(change(Status.ACCEPTED, reasons=()), settled=True, seen="in effect")

    assert (row(ledger).settled, row(ledger).seen) == (True, "in effect")
    assert [entry["status"] for entry in item(table)["history"]] == ["PENDING", "ACCEPTED"]


def test_a_settled_attempt_does_not_go_on(ledger: Ledger) -> None:
    ledger.claim(seen(), 1, after=None)
    there = settled(ledger, Status.AVAILABLE)

    assert ledger.change_status(change(Status.ASSOCIATING), settled=False) is None
    assert ledger.change_status(change(Status.FAILED), settled=True) is None
    assert row(ledger) == there


@pytest.mark.parametrize("status", Status)
def test_a_later_attempt_has_the_row(ledger: Ledger, status: Status) -> None:
    ledger.claim(seen(), 1, after=None)
    ledger.claim(seen(), 2, after=settled(ledger, Status.FAILED))
    there = row(ledger)

    assert ledger.change_status(change(status, 1), settled=True) is None
    assert row(ledger) == there


def test_a_change_of_what_nobody_entered_is_not_taken_over(ledger: Ledger) -> None:
    assert ledger.change_status(change(Status.HELD), settled=True) is None
    assert ledger.rows([ID]) == {}


def test_the_history_is_cut_to_its_latest_hundred(ledger: Ledger, table: Any) -> None:
    ledger.claim(seen(), 1, after=None)
    old = [{"status": "HELD", "attempt": 1, "at": str(number)} for number in range(110)]
    table.update_item(
        Key={"request_id": ID},
        UpdateExpression="SET history = :old",
        ExpressionAttributeValues={":old": old},
    )

    ledger.change_status(change(Status.HELD), settled=True)

    history = item(table)["history"]
    assert len(history) == 100
    assert [entry["at"] for entry in history[:-1]] == [str(number) for number in range(11, 110)]
    assert history[-1]["at"] == row(ledger).updated_at


def test_rows_are_found_by_their_ids_and_the_others_left_out(ledger: Ledger) -> None:
    ledger.claim(seen(), 1, after=None)

    assert ledger.rows([ID, "unknown"]) == {ID: row(ledger)}
    assert ledger.rows([]) == {}


def test_more_rows_than_dynamodb_takes_at_once_are_found(ledger: Ledger) -> None:
    requests = [connection(number) for number in range(103)]
    for request in requests:
        ledger.claim(seen(request=request), 1, after=None)

    found = ledger.rows([request.request_id for request in requests])

    assert {each.request for each in found.values()} == set(requests)


def test_keys_that_dynamodb_leaves_unprocessed_are_asked_for_again(ledger: Ledger, table: Any) -> None:
    ledger.claim(seen(), 1, after=None)
    stored = table.meta.client.get_item(TableName=table.name, Key={"request_id": ID})["Item"]
    left = {table.name: {"Keys": [{"request_id": {"S": ID}}]}}

    with Stubber(table.meta.client) as stubber:
        stubber.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": left})
        stubber.add_response("batch_get_item", {"Responses": {table.name: [_typed(stored)]}, "UnprocessedKeys": {}})

        found = ledger.rows([ID])

    assert found[ID].request == CONNECTION


def test_keys_that_dynamodb_never_processes_are_a_throttle(ledger: Ledger, table: Any) -> None:
    with Stubber(table.meta.client) as stubber:
        for _ in range(2):
            left = {table.name: {"Keys": [{"request_id": {"S": ID}}]}}
            stubber.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": left})

        with pytest.raises(ThrottledError, match="unprocessed"):
            ledger.rows([ID])


@pytest.mark.parametrize("status", Status)
def test_what_is_under_way_or_settled_only_for_now_is_followed(ledger: Ledger, status: Status) -> None:
    over = {Status.AVAILABLE, Status.REJECTED, Status.EXPIRED, Status.WITHDRAWN}
    ledger.claim(seen(), 1, after=None)
    ledger.change_status(change(status), settled=status in {*over, Status.HELD, Status.FAILED})

    assert ledger.followed() == ([] if status in over else [row(ledger)])


def test_what_is_over_is_followed_again_with_its_next_attempt(ledger: Ledger) -> None:
    ledger.claim(seen(), 1, after=None)
    over = settled(ledger, Status.AVAILABLE)
    before = ledger.followed()

    ledger.claim(seen(), 2, after=over)

    assert before == []
    assert ledger.followed() == [row(ledger)]


def test_what_could_not_be_taken_over_is_followed_as_it_was(ledger: Ledger) -> None:
    ledger.claim(seen(), 1, after=None)
    ledger.claim(seen(), 2, after=settled(ledger, Status.FAILED))

    ledger.change_status(change(Status.AVAILABLE, 1), settled=True)

    assert ledger.followed() == [row(ledger)]


def test_all_that_is_followed_is_told_however_large(ledger: Ledger) -> None:
    requests = [connection(number) for number in range(12)]
    # A page of DynamoDB's is 1 MB.
    long = Reason("policy", "x" * 60_000)
    for request in requests:
        ledger.claim(seen(request=request), 1, after=None)
        ledger.change_status(change(Status.HELD, request=request, reasons=(long,)), settled=True)

    assert {each.request for each in ledger.followed()} == set(requests)


def test_a_write_that_is_refused_is_no_lost_claim(ledger: Ledger, table: Any) -> None:
    with refusing(table.meta.client, "update_item", "AccessDeniedException"), pytest.raises(AccessDeniedError):
        ledger.claim(seen(), 1, after=None)
    with (
        refusing(table.meta.client, "update_item", "ProvisionedThroughputExceededException"),
        pytest.raises(ThrottledError),
    ):
        ledger.change_status(change(Status.HELD), settled=True)


def _typed(stored: dict[str, Any]) -> dict[str, Any]:
    serialize = TypeSerializer().serialize
    return {name: serialize(value) for name, value in stored.items()}


def test_what_was_published_stays_in_the_row_through_later_attempts(ledger: Ledger, table: Any) -> None:
    ledger.claim(seen(), 1, after=None)
    ledger.change_status(change(Status.AVAILABLE), settled=True)

    ledger.claim(seen(), 2, after=row(ledger))
    ledger.change_status(msgspec.structs.replace(change(Status.FAILED), attempt=2, published=("/c",)), settled=True)

    assert item(table)["published"] == {"/a", "/b", "/c"}


def test_a_new_attempt_does_not_show_the_reasons_of_the_last_one(ledger: Ledger, table: Any) -> None:
    ledger.claim(seen(), 1, after=None)
    ledger.change_status(change(Status.HELD), settled=True)

    ledger.claim(seen(), 2, after=row(ledger))

    assert item(table)["reasons"] == []
