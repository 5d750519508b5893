"""Announcing what a sweep did: attempts that it entered, and what its reviews came to."""

from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.observed_request import ObservedRequest
from drawbridge.discovery.review import Review
from drawbridge.record import Outcome
from drawbridge.record.record import StatusBus, reasons_for_status, status_change
from drawbridge.request import ExecutionInput, kind_of
from drawbridge.status import Reason, Status


class RequestReview(Struct, frozen=True, kw_only=True, rename="camel"):
    """The detail of the domain event that announces a review."""

    id: str
    """The same for every delivery of one review."""
    request_id: str
    kind: str
    subject: str
    account_id: str
    status: Status
    permitted: bool
    """Whether the policies in force would let it in now."""
    reasons: tuple[dict[str, str], ...]


class ReviewBus(StatusBus, Protocol):
    """The bus that others build on, for what reviews come to as well."""

    def announce_review(self, review: RequestReview) -> None:
        """Put what a review came to on the bus; at least once."""
        ...


class BusAnnouncements:
    """Announces the attempts that discovery enters in the ledger, and what its reviews come to."""

    def __init__(self, bus: ReviewBus) -> None:
        self._bus = bus

    def pending(self, observed: ObservedRequest, attempt: int) -> None:
        request = ExecutionInput(request=observed.request, request_id=observed.request.request_id, attempt=attempt)
        outcome = Outcome(status=Status.PENDING, reasons=(), settled=False)
        self._bus.announce(status_change(request, outcome, account_id=observed.account_id))

    def withdrawing(self, row: LedgerRow, attempt: int, reasons: tuple[Reason, ...]) -> None:
        request = ExecutionInput(request=row.request, request_id=row.request_id, attempt=attempt)
        outcome = Outcome(status=Status.WITHDRAWING, reasons=reasons, settled=False)
        self._bus.announce(status_change(request, outcome, account_id=row.account_id))

    def reviewed(self, row: LedgerRow, review: Review, *, policies_fingerprint: str) -> None:
        self._bus.announce_review(
            RequestReview(
                id=f"{row.request_id}/{row.attempt}/reviewed/{policies_fingerprint}",
                request_id=row.request_id,
                kind=kind_of(row.request),
                subject=row.request.subject,
                account_id=row.account_id,
                status=row.status,
                permitted=review.permitted,
                reasons=tuple(msgspec.to_builtins(reason) for reason in reasons_for_status(review.reasons)),
            )
        )
