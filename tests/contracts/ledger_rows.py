"""A request in the ledger, and how far its attempts have come."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Protocol

from drawbridge.approval.decide_request import DecisionLedger
from drawbridge.association.attempt import PlanningRecords
from drawbridge.decision.decision_record import AssociationDecisionRecord, DecisionRecord
from drawbridge.decision.recorded import BatchLedger
from drawbridge.discovery.decision_records import KeptDecisionRecords
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.permission_watch import ReviewedRows
from drawbridge.discovery.sweep import SweepLedger
from drawbridge.record import Outcome
from drawbridge.record.record import StatusChange, StatusLedger, status_change
from drawbridge.request import EndpointConnectionRequest, Request
from drawbridge.request.announced import WithdrawalCommand
from drawbridge.status import Reason, Status
from drawbridge.withdrawal import ConnectedRecords
from tests.builders import CONNECTION, NOW, SERVICE_ID, connection_facts, execution_input, resource_facts


class Ledger(
    SweepLedger,
    ReviewedRows,
    KeptDecisionRecords,
    StatusLedger,
    DecisionLedger,
    BatchLedger,
    PlanningRecords,
    ConnectedRecords,
    Protocol,
):
    """All that the flow and operators do with the ledger."""

    def command_withdrawal(self, row: LedgerRow, command: WithdrawalCommand) -> bool: ...

    def commanded(self, request_ids: Collection[str]) -> Collection[str]: ...

    def retry(self, row: LedgerRow, *, by: str) -> bool: ...

    def resources_of_others(self, request_id: str) -> frozenset[str] | None: ...


WHY = Reason("policy", "because", source="p")

ID = CONNECTION.request_id


class Watch:
    """A clock of the test's own, a second later each time it is read."""

    def __init__(self) -> None:
        self._looks = 0

    def __call__(self) -> datetime:
        self._looks += 1
        return NOW + timedelta(seconds=self._looks)


def row(ledger: Ledger, request_id: str = ID) -> LedgerRow:
    return ledger.rows([request_id])[request_id]


def reach(
    ledger: Ledger, status: Status, attempt: int = 1, *, request: Request = CONNECTION, **changes: Any
) -> StatusChange | None:
    """Have the attempt reach a status, at which it ends if nothing else is said."""
    with_defaults: dict[str, Any] = {"reasons": (WHY,), "settled": True, "published": ("/a", "/b")} | changes
    outcome = Outcome(status=status, **with_defaults)
    return ledger.change_status(status_change(execution_input(request, attempt), outcome), outcome)


def connection(number: int) -> EndpointConnectionRequest:
    return EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=f"vpce-{number:017x}")


def settled(ledger: Ledger, status: Status, attempt: int = 1) -> LedgerRow:
    """Bring the row to a status at which its attempt ends."""
    assert reach(ledger, status, attempt)
    return row(ledger)


def decision_record_of(outcome: str = "accept") -> DecisionRecord:
    return DecisionRecord(
        outcome=outcome,
        at=NOW,
        zone="UTC",
        policies="version",
        determined_by=("mine@3",),
        facts=connection_facts(),
        fingerprint="0" * 64,
    )


ASSOCIATION = AssociationDecisionRecord(at=NOW, zone="UTC", resources=(resource_facts(),))
