"""Recording many changes of status: each row by itself, their history and their events in few calls."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from drawbridge.errors import DrawbridgeError
from drawbridge.record import Outcome
from drawbridge.record.history import GatheredHistory
from drawbridge.record.record import StatusChange, StatusLedger, status_change
from drawbridge.request import ExecutionInput


class StatusBusOfMany(Protocol):
    """The bus that others build on, many changes in a call."""

    def announce_all(self, changes: Sequence[StatusChange]) -> Mapping[str, DrawbridgeError]:
        """Put the changes on the bus, at least once; return what went wrong, by the ids of those that are not on it."""
        ...


def record_all(
    outcomes: Sequence[tuple[ExecutionInput, Outcome]],
    ledger: StatusLedger,
    history: GatheredHistory,
    bus: StatusBusOfMany,
) -> list[StatusChange | DrawbridgeError | None]:
    """Record outcomes as ``record`` does; return the change of each, or its error, in their order. Safe to repeat.

    ``history`` is where the ledger keeps it. No event is on the bus before its row, and a crash between the two is made
    good when the step is run again.
    """
    recorded = [_changed(execution, outcome, ledger) for execution, outcome in outcomes]
    history.keep()
    changes = [each for each in recorded if isinstance(each, StatusChange)]
    failures = bus.announce_all(changes) if changes else {}
    return [failures.get(each.id, each) if isinstance(each, StatusChange) else each for each in recorded]


def _changed(
    execution: ExecutionInput, outcome: Outcome, ledger: StatusLedger
) -> StatusChange | DrawbridgeError | None:
    try:
        return ledger.change_status(status_change(execution, outcome), outcome)
    except DrawbridgeError as error:
        return error
