"""What decisions rested on, as one sweep reads it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from drawbridge.discovery.decision_records import DecisionRecords
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.request import EndpointConnectionRequest
from drawbridge.status import Status
from tests.builders import SERVICE_ID, row
from tests.fakes.ledger import InMemoryLedger
from tests.unit.discovering import BY_DAY


def held(number: int) -> LedgerRow:
    request = EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=f"vpce-{number:017}")
    return row(Status.HELD, request=request, decision_record=BY_DAY)


ROWS = [held(number) for number in range(7)]
IDS = [each.request_id for each in ROWS]


@pytest.fixture
def ledger() -> InMemoryLedger:
    ledger = InMemoryLedger()
    ledger.kept = {each.request_id: each for each in ROWS}
    return ledger


def compared(ledger: InMemoryLedger, number: int) -> LedgerRow:
    (found,) = ledger.rows([IDS[number]]).values()
    return found


def test_with_the_first_that_is_asked_for_the_next_ones_are_read(ledger: InMemoryLedger) -> None:
    records = DecisionRecords(ledger, at_once=3)
    records.expect(ROWS)

    found = [records.of(compared(ledger, number)) for number in range(7)]

    assert [each.request_id for each in found] == IDS
    assert [each.decision_record for each in found] == [BY_DAY] * 7
    assert ledger.decision_records_read == [IDS[:3], IDS[3:6], IDS[6:]]


def test_what_is_passed_over_is_not_read_for_it(ledger: InMemoryLedger) -> None:
    records = DecisionRecords(ledger, at_once=3)
    records.expect(ROWS)

    for number in (1, 3, 6):
        assert records.of(compared(ledger, number)).decision_record == BY_DAY

    assert ledger.decision_records_read == [IDS[1:4], IDS[6:]]


def test_what_nobody_expected_is_read_by_itself_and_keeps_nothing_from_being_read(ledger: InMemoryLedger) -> None:
    records = DecisionRecords(ledger, at_once=2)
    records.expect(ROWS[3:])

    assert records.of(compared(ledger, 0)).decision_record == BY_DAY
    assert records.of(compared(ledger, 3)).decision_record == BY_DAY
    assert records.of(compared(ledger, 3)).decision_record == BY_DAY

    assert ledger.decision_records_read == [[IDS[0]], IDS[3:5], [IDS[3]]]


def test_a_row_stays_as_it_was_read_or_noted_by_the_sweep(ledger: InMemoryLedger) -> None:
    records = DecisionRecords(ledger, at_once=2)
    records.expect(ROWS)
    records.of(compared(ledger, 0))
    noted = replace(compared(ledger, 1), attempt=7)

    assert (records.of(noted).attempt, records.of(noted).decision_record) == (7, BY_DAY)
