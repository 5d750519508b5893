"""Question slots, as ``QuestionSlots`` promises them: one account never has more open, however many ask at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from drawbridge.approval.question_slots import QuestionSlots
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.aws.question_slot_items import QuestionSlotItems
from drawbridge.record import Outcome
from drawbridge.record.record import status_change
from drawbridge.request import EndpointConnectionRequest
from drawbridge.status import Status
from tests.builders import CONSUMER, NOW, SERVICE_ID, STRANGER, execution_input, observed_request
from tests.contracts.accounts import Account
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.question_slots import InMemoryQuestionSlots


@dataclass(frozen=True)
class Asking:
    """Slots, and requests that are asked about."""

    slots: QuestionSlots
    enter: Callable[[EndpointConnectionRequest], None]
    """Have somebody asked about a request soon."""
    close: Callable[[EndpointConnectionRequest], None]
    """Have nobody asked about it any longer."""

    def asks(self, number: int) -> str:
        self.enter(request(number))
        return request(number).request_id

    def take(self, request_id: str, account_id: str = CONSUMER) -> bool:
        return self.slots.take(account_id, request_id, most=3)


def request(number: int) -> EndpointConnectionRequest:
    return EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=f"vpce-{number:017x}")


def in_memory() -> Asking:
    slots = InMemoryQuestionSlots()
    return Asking(slots, enter=lambda _: None, close=lambda each: slots.close(each.request_id))


def on_aws(account: Account) -> Asking:
    rows = account.table("LedgerTable")
    ledger = LedgerTable(rows, now=lambda: NOW)

    def enter(each: EndpointConnectionRequest) -> None:
        assert ledger.claim(observed_request(request=each), 1, after=None)

    def close(each: EndpointConnectionRequest) -> None:
        outcome = Outcome(status=Status.ACCEPTED, reasons=(), settled=False)
        assert ledger.change_status(status_change(execution_input(each), outcome), outcome)

    return Asking(QuestionSlotItems(account.table("ApprovalsTable"), rows, now=lambda: NOW), enter, close)


@pytest.fixture(params=IMPLEMENTATIONS)
def asking(request: pytest.FixtureRequest, account: Account) -> Asking:
    return either(request, in_memory, lambda: on_aws(account))


def test_of_many_that_ask_at_once_as_many_as_may_get_a_slot_and_keep_it(asking: Asking) -> None:
    ids = [asking.asks(number) for number in range(12)]

    with ThreadPoolExecutor(6) as together:
        first = [*together.map(asking.take, ids)]
    again = [asking.take(each) for each in ids]

    assert first.count(True) == 3
    assert again == first


def test_a_slot_is_free_again_once_its_question_is_closed(asking: Asking) -> None:
    ids = [asking.asks(number) for number in range(5)]
    before = [asking.take(each) for each in ids]
    asking.close(request(0))

    assert before == [True, True, True, False, False]
    assert [asking.take(each) for each in ids[3:]] == [True, False]


def test_each_account_has_slots_of_its_own(asking: Asking) -> None:
    assert all(asking.take(asking.asks(number)) for number in range(3))

    assert asking.take(asking.asks(4), account_id=STRANGER)


def test_where_there_may_be_no_question_none_gets_a_slot(asking: Asking) -> None:
    assert not asking.slots.take(CONSUMER, asking.asks(1), most=0)
