"""Recording many changes of status: as each alone is recorded, in fewer calls."""

from __future__ import annotations

import pytest

from drawbridge.errors import DrawbridgeError, ThrottledError, UpstreamError
from drawbridge.record import Outcome
from drawbridge.record.history import GatheredHistory
from drawbridge.record.record import StatusChange, status_change
from drawbridge.record.record_all import record_all
from drawbridge.request import EndpointConnectionRequest, ExecutionInput
from drawbridge.status import Reason, Status
from tests.builders import SERVICE_ID, execution_input, row
from tests.fakes.history import InMemoryHistory
from tests.fakes.interruptions import CrashError, Interruptions
from tests.fakes.ledger import InMemoryLedger
from tests.fakes.status_bus import InMemoryStatusBus

ACCEPTED = Outcome(status=Status.ACCEPTED, reasons=(Reason("policy", "because"),), settled=False)


def execution(number: int) -> ExecutionInput:
    return execution_input(EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=f"vpce-{number:017x}"))


class HistoricLedger(InMemoryLedger):
    """A ledger whose changes are told to the history that it is given."""

    throttled: str = ""

    def change_status(self, change: StatusChange, outcome: Outcome) -> StatusChange | None:
        if change.request_id == self.throttled:
            raise ThrottledError("slower")
        return super().change_status(change, outcome)


def ledger_of(*executions: ExecutionInput) -> HistoricLedger:
    ledger = HistoricLedger()
    for each in executions:
        ledger.kept[each.request_id] = row(Status.PENDING, request=each.request, attempt=1, settled=False)
    return ledger


def test_each_change_is_in_its_row_and_on_the_bus() -> None:
    executions = [execution(number) for number in range(3)]
    ledger, bus = ledger_of(*executions), InMemoryStatusBus()

    changes = record_all([(each, ACCEPTED) for each in executions], ledger, GatheredHistory(InMemoryHistory()), bus)

    assert changes == bus.announced
    assert [ledger.kept[each.request_id].status for each in executions] == [Status.ACCEPTED] * 3


def test_each_has_its_own_outcome_whatever_became_of_the_others() -> None:
    first, throttled, overtaken, refused = (execution(number) for number in range(4))
    ledger, bus = ledger_of(first, throttled, refused), InMemoryStatusBus()
    ledger.throttled = throttled.request_id
    bus.refused = {status_change(refused, ACCEPTED).id: UpstreamError("not on the bus")}

    changes = record_all(
        [(each, ACCEPTED) for each in (first, throttled, overtaken, refused)],
        ledger,
        GatheredHistory(InMemoryHistory()),
        bus,
    )

    assert [type(each) for each in changes] == [StatusChange, ThrottledError, type(None), UpstreamError]
    assert [each.request_id for each in bus.announced] == [first.request_id]


def test_a_crash_before_the_bus_is_made_good_when_it_is_run_again() -> None:
    one, interruptions = execution(1), Interruptions()
    ledger, bus = ledger_of(one), InMemoryStatusBus(interruptions)
    interruptions.writes_until_crash = 0

    with pytest.raises(CrashError):
        record_all([(one, ACCEPTED)], ledger, GatheredHistory(InMemoryHistory()), bus)
    interruptions.writes_until_crash = 10
    (change,) = record_all([(one, ACCEPTED)], ledger, GatheredHistory(InMemoryHistory()), bus)

    assert not isinstance(change, DrawbridgeError)
    assert [each.status for each in bus.announced] == [Status.ACCEPTED]


def test_nothing_is_called_for_nothing() -> None:
    interruptions = Interruptions()
    interruptions.writes_until_crash = 0

    assert record_all([], InMemoryLedger(), GatheredHistory(InMemoryHistory()), InMemoryStatusBus(interruptions)) == []
