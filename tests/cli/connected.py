"""Requests that the ledger of a stack keeps, connected or on their way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from drawbridge.association import MadeAttachment
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.decision.let_in import LetIn
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.lattice import ResourceKind
from drawbridge.publication import AttachmentSnapshot, PointedRecord
from drawbridge.record import Outcome
from drawbridge.record.record import status_change
from drawbridge.request import EndpointConnectionRequest, Request
from drawbridge.status import Status
from tests.builders import CONSUMER, NOW, RESOURCE_ARN, SERVICE_ID, execution_input, observed_request
from tests.cli.operators import Operator

LET_IN = LetIn(at=NOW, because=())
ATTACHMENT = AttachmentSnapshot(
    name="orders/orders\x1b[2J    -db/vpc-1",
    resource_arn=RESOURCE_ARN,
    resource_kind=ResourceKind.RESOURCE_CONFIGURATION,
    holds_others=False,
    made=MadeAttachment(endpoint_id="vpce-0aaa", resource_association="snra-0bbb"),
    observed_fingerprint="as it was left",
    records=(PointedRecord(zone_id="Z1", name="db.example.internal", dns_name="there"),),
)


def connection(number: int) -> EndpointConnectionRequest:
    return EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=f"vpce-{number:017x}")


def name_of(request: EndpointConnectionRequest, account: str = CONSUMER) -> str:
    """Return the parameter that the name of a consumer's endpoint is published in."""
    return f"/drawbridge/consumers/{account}/{request.endpoint_id}/dns-name"


def row_of(ledger: LedgerTable, request: Request) -> LedgerRow:
    return ledger.rows([request.request_id])[request.request_id]


def by_of(ledger: LedgerTable, request: Request) -> str:
    """Return who commanded that it be withdrawn; empty if nobody did."""
    command = row_of(ledger, request).commanded
    return command.by if command else ""


def enter(ledger: LedgerTable, request: Request, status: Status, *, account: str = CONSUMER, **outcome: Any) -> None:
    """Enter a request that has reached a status."""
    ledger.claim(observed_request(request=request, account_id=account), 1, after=None)
    if status is not Status.PENDING:
        reach(ledger, request, status, **outcome)


def reach(ledger: LedgerTable, request: Request, status: Status, **outcome: Any) -> None:
    """Have the attempt that is under way reach a status."""
    fields: dict[str, Any] = {"status": status, "reasons": (), "settled": True}
    reached = Outcome(**(fields | outcome))
    assert ledger.change_status(status_change(execution_input(request), reached), reached)


def enter_connected(ledger: LedgerTable, request: EndpointConnectionRequest, *, account: str = CONSUMER) -> None:
    """Enter the connection of a consumer's endpoint, whose name is published."""
    published = (name_of(request, account),)
    enter(ledger, request, Status.AVAILABLE, account=account, let_in=LET_IN, published=published)


def enter_next_attempt(ledger: LedgerTable, request: Request) -> None:
    """Enter another attempt, which is under way, of a request that is there."""
    before = row_of(ledger, request)
    observed = observed_request(request=request, account_id=before.account_id)
    assert ledger.claim(observed, before.attempt + 1, after=before)


@contextmanager
def ledger_of(operator: Operator) -> Iterator[LedgerTable]:
    """Return the ledger of an operator's stack; it is emptied in the end."""
    table = operator.table("LedgerTableName")
    yield LedgerTable(table, now=lambda: NOW)
    for item in table.scan(ProjectionExpression="request_id")["Items"]:
        table.delete_item(Key=item)
