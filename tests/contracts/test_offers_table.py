"""What the table of offers does besides what its port promises, and how it fails."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest
from msgspec.structs import replace

from drawbridge.aws.offers_table import OffersTable
from drawbridge.errors import ThrottledError, UpstreamError
from drawbridge.intake.offering.leaving import Leaving, LeavingCause
from drawbridge.intake.offering.offers import OfferRecord
from drawbridge.request.announced import Announced
from tests.builders import CONSUMER, NOW, SERVICE_ID
from tests.contracts.accounts import refusing
from tests.contracts.conftest import NewAccount

ROOT = f"arn:aws:iam::{CONSUMER}:root"
ALLOWED = OfferRecord(target=SERVICE_ID, principal=ROOT, account_id=CONSUMER, offered_at=NOW)


@pytest.fixture(scope="module")
def table(new_account: NewAccount) -> Any:
    return new_account().table("OffersTable")


@pytest.fixture
def broken() -> list[str]:
    return []


@pytest.fixture
def offers(table: Any, broken: list[str]) -> OffersTable:
    return OffersTable(table, on_broken=broken.append)


def test_why_there_was_no_room_is_kept(offers: OffersTable) -> None:
    full = "vpce-svc-0fedcba9876543210"
    refused = msgspec.structs.replace(
        ALLOWED, target=full, is_confirmed=False, refused_at=NOW, quota="LimitExceeded: no"
    )

    offers.note([refused], after=[])

    assert offers.of(full) == {ROOT: refused}


@pytest.mark.parametrize(
    "changes",
    [
        {"offered_at": "yesterday"},
        {"offered_at": "2026-11-21T12:00:00"},
        {"offered_at": "2026-11-21T12:00:00Z"},
        {"refused_at": "2026-11-21 12:00:00+00:00"},
        {"notice": {"type": "share.gone", "since": NOW.isoformat(), "told": True}},
        {"notice": {"type": "share.offered", "since": NOW.isoformat()}},
        {"notice": {"type": "share.offered", "since": NOW.isoformat(), "told": "yes"}},
        {"notice": "told"},
        {"leaving": {"cause": "no-entry", "since": NOW.isoformat(), "withdraw_after": NOW.isoformat()}},
        {"offered_at": None},
        {"offered_at": 7},
        {"refused_at": 7},
        {"refused_at": "2026-11-21T12:00:00"},
        {"after_removal": 7},
        {"after_removal": "2026-11-21T12:00:00"},
        {"awaited_since": 7},
        {"awaited_since": "2026-11-21T12:00:00"},
        {"leaving": "soon"},
        {"leaving": {}},
        {"leaving": {"cause": "boredom", "since": NOW.isoformat(), "withdraw_after": NOW.isoformat()}},
        {"leaving": {"cause": "no-entry", "since": NOW.isoformat()}},
        {"leaving": {"cause": "no-entry", "since": NOW.isoformat(), "withdraw_after": "2026-11-21T12:00:00"}},
        {"leaving": {"cause": "no-entry", "since": NOW.isoformat(), "withdraw_after": 7}},
        {"leaving": {"cause": "no-entry", "since": NOW.isoformat(), "withdraw_after": NOW.isoformat(), "reasons": [1]}},
        {"account_id": ""},
        {"account_id": None},
        {"account_id": 222222222222},
        {"account_id": "22222222222\N{ARABIC-INDIC DIGIT TWO}"},
    ],
    ids=str,
)
def test_one_that_somebody_wrote_and_can_t_be_read_is_told_and_hides_no_other(
    changes: dict[str, Any], offers: OffersTable, table: Any, broken: list[str]
) -> None:
    offers.note([ALLOWED], after=[])
    written = {"target": SERVICE_ID, "principal": "theirs", "account_id": CONSUMER, "offered_at": NOW.isoformat()}
    table.put_item(Item={name: value for name, value in (written | changes).items() if value is not None})

    assert offers.of(SERVICE_ID) == {ROOT: ALLOWED}
    told = (
        f"the record of the offer to theirs at {SERVICE_ID} can't be read: mend it in the table of the offers; or "
        "delete it, and take away by hand what it is of, which counts as somebody else's without it, and stays"
    )
    assert broken == [told]


@pytest.mark.parametrize("is_dropped", [True, False])
def test_a_record_that_a_later_version_wrote_more_into_is_read_and_changed_all_the_same(
    is_dropped: bool, offers: OffersTable, table: Any
) -> None:
    target = "arn:later"
    announced = Announced(since=NOW, withdraw_after=NOW, forbidden=False)
    leaving = Leaving(cause=LeavingCause.NO_ENTRY, announced=announced, taken_out_at=NOW)
    record = replace(ALLOWED, target=target, leaving=leaving)
    offers.note([record], after=[])
    item = table.get_item(Key={"target": target, "principal": ROOT})["Item"]
    table.put_item(Item=item | {"held": ["this"], "leaving": item["leaving"] | {"held": ["this"]}})

    read = offers.of(target)
    later = replace(record, leaving=replace(leaving, clear_since=NOW))
    written = offers.note([later], after=[record])
    if is_dropped:
        offers.drop([later])

    assert (read, written) == ({ROOT: record}, [later])
    assert offers.of(target) == ({} if is_dropped else {ROOT: later})


@pytest.mark.parametrize("confirmed", [None, "yes", False])
def test_what_somebody_wrote_without_saying_that_it_is_confirmed_is_as_it_was_read(
    confirmed: Any, offers: OffersTable, table: Any
) -> None:
    written = {"target": "arn:theirs", "principal": CONSUMER, "account_id": CONSUMER, "offered_at": NOW.isoformat()}
    table.put_item(Item=written | ({} if confirmed is None else {"confirmed": confirmed}))
    read = offers.of("arn:theirs")

    assert offers.note([*read.values()], after=read.values()) == [*read.values()]


@pytest.mark.parametrize(
    ("refusals", "read"), [("3", 0), (Decimal(-3), 0), (Decimal("2.5"), 2), (Decimal("1e90"), 100), (True, 0), (3, 3)]
)
def test_how_often_it_was_refused_is_a_number_whatever_somebody_wrote(
    refusals: Any, read: int, offers: OffersTable, table: Any
) -> None:
    written = {"target": "arn:often", "principal": CONSUMER, "account_id": CONSUMER, "offered_at": NOW.isoformat()}
    table.put_item(Item=written | {"refused_at": NOW.isoformat(), "refusals": refusals})

    assert [each.refusals for each in offers.of("arn:often").values()] == [read]


@pytest.mark.parametrize(
    ("sweeps", "read"), [("3", {}), ({SERVICE_ID: "3", "a": 2}, {SERVICE_ID: 0, "a": 2}), (None, {})]
)
def test_what_was_left_out_is_read_whatever_somebody_wrote(
    sweeps: Any, read: dict[str, int], offers: OffersTable, table: Any
) -> None:
    table.put_item(Item={"target": "left-out", "principal": "sweep", "sweeps": sweeps})

    assert offers.left_out() == read


def test_nothing_is_written_over_one_that_can_t_be_read(offers: OffersTable, table: Any, broken: list[str]) -> None:
    table.put_item(Item={"target": "arn:odd", "principal": CONSUMER, "offered_at": "yesterday"})

    assert (offers.of("arn:odd"), len(broken)) == ({}, 1)
    assert offers.note([replace(ALLOWED, target="arn:odd", principal=CONSUMER)], after=[]) == []


@pytest.mark.parametrize("reasons", [["TransactionConflict"], ["ThrottlingError"], []])
@pytest.mark.parametrize("do", [lambda offers: offers.note([ALLOWED], after=[]), lambda offers: offers.drop([ALLOWED])])
def test_what_dynamodb_cancels_for_want_of_something_is_tried_again_a_little_later_for_a_while(
    reasons: list[str], do: Callable[[OffersTable], object], table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = table.meta.client
    answer: Any = {
        "Error": {"Code": "TransactionCanceledException"},
        "CancellationReasons": [{"Code": each} for each in reasons],
    }
    error = client.exceptions.TransactionCanceledException(answer, "TransactWriteItems")
    waits: list[float] = []
    offers = OffersTable(table, on_broken=pytest.fail, wait=waits.append)

    monkeypatch.setattr(client, "transact_write_items", Mock(side_effect=[error, error, None]))
    do(offers)
    assert waits == [0.1, 0.2]

    monkeypatch.setattr(client, "transact_write_items", Mock(side_effect=error))
    with pytest.raises(ThrottledError, match="".join(reasons) or "no reason"):
        do(offers)


def test_many_are_dropped_in_a_call_for_each_hundred(
    offers: OffersTable, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [replace(ALLOWED, target="arn:many", principal=f"{number:012}") for number in range(250)]
    offers.note(many, after=[])
    calls = Mock(wraps=table.meta.client.transact_write_items)
    monkeypatch.setattr(table.meta.client, "transact_write_items", calls)

    offers.drop(many)

    assert (offers.of("arn:many"), calls.call_count) == ({}, 3)


def test_what_is_neither_a_service_nor_a_share_is_none_of_the_targets(offers: OffersTable, table: Any) -> None:
    table.put_item(Item={"target": "removed-consumers", "principal": CONSUMER})

    assert "removed-consumers" not in offers.targets()


@pytest.mark.parametrize(
    ("operation", "do"),
    [
        ("query", lambda offers: offers.of(SERVICE_ID)),
        ("query", lambda offers: offers.left_out()),
        ("put_item", lambda offers: offers.note_left_out({SERVICE_ID: 1})),
        ("scan", lambda offers: offers.targets()),
        ("transact_write_items", lambda offers: offers.note([ALLOWED], after=[])),
        ("transact_write_items", lambda offers: offers.drop([ALLOWED])),
    ],
)
@pytest.mark.parametrize(
    ("code", "error"),
    [("ResourceNotFoundException", UpstreamError), ("ProvisionedThroughputExceededException", ThrottledError)],
)
def test_a_table_that_can_t_be_used_is_an_error_that_may_pass(
    operation: str,
    do: Callable[[OffersTable], object],
    code: str,
    error: type[Exception],
    offers: OffersTable,
    table: Any,
) -> None:
    with refusing(table.meta.client, operation, code), pytest.raises(error):
        do(offers)
