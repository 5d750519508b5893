"""Question slots, as the adapter keeps them: by what the ledger says of who is asked about."""

from __future__ import annotations

from typing import Any

import pytest

from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.aws.question_slot_items import QuestionSlotItems
from drawbridge.record import Outcome
from drawbridge.record.record import status_change
from drawbridge.request import EndpointConnectionRequest
from drawbridge.status import Status
from tests.builders import CONSUMER, NOW, SERVICE_ID, execution_input, observed_request
from tests.contracts.conftest import NewAccount


class Tables:
    def __init__(self, approvals: Any, ledger: Any) -> None:
        self.ledger = LedgerTable(ledger, now=lambda: NOW)
        self.rows = ledger
        self.turns = QuestionSlotItems(approvals, ledger, now=lambda: NOW)

    def asks(self, number: int) -> str:
        """Enter a request that is about to be asked about."""
        request = EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=f"vpce-{number:017x}")
        self.ledger.claim(observed_request(request=request), 1, after=None)
        return request.request_id

    def ends(self, number: int, status: Status, *, settled: bool = True) -> None:
        request = EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=f"vpce-{number:017x}")
        outcome = Outcome(status=status, reasons=(), settled=settled)
        assert self.ledger.change_status(status_change(execution_input(request), outcome), outcome)

    def take(self, request_id: str) -> bool:
        return self.turns.take(CONSUMER, request_id, most=3)


@pytest.fixture
def tables(new_account: NewAccount) -> Tables:
    account = new_account()
    return Tables(account.table("ApprovalsTable"), account.table("LedgerTable"))


@pytest.mark.parametrize(("status", "settled"), [(Status.ACCEPTED, False), (Status.HELD, True), (Status.FAILED, True)])
def test_a_slot_is_free_again_once_nobody_is_asked_about_it_any_more(
    tables: Tables, status: Status, settled: bool
) -> None:
    ids = [tables.asks(number) for number in range(5)]
    before = [tables.take(each) for each in ids]
    tables.ends(1, Status.WAITING_FOR_APPROVAL, settled=False)
    tables.ends(0, status, settled=settled)

    assert before == [True, True, True, False, False]
    assert [tables.take(each) for each in ids[3:]] == [True, False]


@pytest.mark.parametrize("broken", [{}, {"settled": False}, {"settled": False, "status": ["PENDING"]}])
def test_a_row_that_somebody_wrote_by_hand_keeps_no_slot_and_stops_nobody(tables: Tables, broken: Any) -> None:
    ids = [tables.asks(number) for number in range(4)]
    assert [tables.take(each) for each in ids] == [True, True, True, False]
    tables.rows.put_item(Item={"request_id": ids[0], **broken})

    assert tables.take(ids[3])
