"""A row takes over a bounded part of a plan and its results, and says what was cut."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from drawbridge.association import Plan
from drawbridge.association.evaluation import MOST_KEPT
from drawbridge.association.plan import MOST_AT_ONCE
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.bounds import DECISION_RECORD_BYTES
from drawbridge.decision.bounds import REASONS_BYTES
from drawbridge.lattice import MatchAttributes
from drawbridge.publication import Publication
from drawbridge.record import Outcome
from drawbridge.record.outcome import ATTACHMENTS_BYTES, PUBLISHED_BYTES, Ended, Planned, Published, outcome_of
from drawbridge.record.record import status_change
from drawbridge.status import Status
from tests.aws_limits import ITEM_BYTES
from tests.builders import NOW, PROVIDER, SHARE, desired, execution_input, observed_request
from tests.contracts.conftest import NewAccount
from tests.unit.largest import largest_publication


@pytest.fixture(scope="module")
def table(new_account: NewAccount) -> Any:
    return new_account().table("LedgerTable")


@pytest.fixture
def ledger(table: Any) -> LedgerTable:
    table.delete_item(Key={"request_id": SHARE.request_id})
    return LedgerTable(table, now=lambda: NOW)


def item(table: Any) -> dict[str, Any]:
    found: dict[str, Any] = table.get_item(Key={"request_id": SHARE.request_id})["Item"]
    return found


def attempt(ledger: LedgerTable, number: int, *outcomes: Outcome) -> None:
    """Go through an attempt. Its reasons have a bound of their own, and are not what this is about."""
    (before,) = ledger.rows([SHARE.request_id]).values() or (None,)
    assert ledger.claim(observed_request(request=SHARE), number, after=before)
    for outcome in (msgspec.structs.replace(each, reasons=()) for each in outcomes):
        assert ledger.change_status(status_change(execution_input(SHARE, number), outcome), outcome)


def size(value: str | list[str] | set[str]) -> int:
    """Return what DynamoDB counts of a text, or of a list or set of them."""
    texts = [value] if isinstance(value, str) else [*value]
    return sum(len(each.encode()) + 1 for each in texts)


def published(number: int, *, of: int = MOST_AT_ONCE) -> Ended:
    results = tuple(Published(largest_publication(number * of + place, names=120)) for place in range(of))
    return Ended((), results)


@pytest.mark.parametrize("attempts", [1, 4])
def test_the_largest_plan_and_the_most_names_leave_room_in_the_row(
    ledger: LedgerTable, table: Any, attempts: int
) -> None:
    contents = tuple(
        MatchAttributes(name=f"{n:03}" * 21, type="SERVICE_NETWORK", owner=PROVIDER) for n in range(MOST_KEPT)
    )
    of_share = Plan(
        associations=(desired(),),
        refused=(),
        observed_fingerprint="0" * 64,
        bindings_fingerprint="0" * 64,
        contents=contents,
    )
    for number in range(1, attempts + 1):
        planned = outcome_of(Planned(of_share))
        attempt(ledger, number, planned, outcome_of(published(number)))

    row = item(table)
    kept = {name: size(row[name]) for name in ("published", "ways", "contents", "cut")}
    assert row["status"] == Status.AVAILABLE
    assert kept["published"] <= PUBLISHED_BYTES
    assert kept["ways"] <= ATTACHMENTS_BYTES
    # While names are added, those of the last attempt are there too. The rest is for reasons and history.
    let_in = 64 * 1024 + REASONS_BYTES
    assert sum(kept.values()) + PUBLISHED_BYTES + 2 * DECISION_RECORD_BYTES + let_in < ITEM_BYTES - 60_000


def test_what_was_cut_is_counted_in_the_row_and_shown_to_people(ledger: LedgerTable, table: Any) -> None:
    ended = published(1)
    attempt(ledger, 1, outcome_of(ended))

    row, outcome = item(table), outcome_of(ended)
    assert outcome.reasons
    names, attachments = row["cut"]
    assert int(names.split()[0]) + len(outcome.published) == MOST_AT_ONCE * 120
    assert outcome.attachments is not None
    assert int(attachments.split()[0]) + len(outcome.attachments) == MOST_AT_ONCE
    entry = ledger.entry(SHARE.request_id)
    assert entry is not None
    assert entry.cut == (names, attachments)


def test_of_names_there_is_no_room_for_those_of_the_last_attempt_are_kept(ledger: LedgerTable, table: Any) -> None:
    attempt(ledger, 1, outcome_of(published(1)))
    attempt(ledger, 2, outcome_of(published(2)))

    assert item(table)["published"] == set(outcome_of(published(2)).published)


def test_a_row_with_room_for_all_says_nothing_of_a_cut(ledger: LedgerTable, table: Any) -> None:
    attempt(ledger, 1, outcome_of(published(1)))
    attempt(ledger, 2, outcome_of(Ended((), (Published(Publication(dns_name="a", parameters=("/a",))),))))

    assert "cut" not in item(table)
    assert "/a" in item(table)["published"]
