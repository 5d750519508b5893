"""Announcing what a sweep did: attempts that it entered, and what its reviews came to."""

from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.discovery.observed import Seen
from drawbridge.discovery.review import Review
from drawbridge.discovery.row import Row
from drawbridge.record import Outcome
from drawbridge.record.record import Bus, few, status_change
from drawbridge.request import WorkflowInput, kind_of
from drawbridge.status import Status


class RequestReview(Struct, frozen=True, kw_only=True, rename="camel"):
    """The detail of the domain event that tells of a review."""

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


class ReviewBus(Bus, Protocol):
    """The same, for what reviews come to as well."""

    def announce_review(self, review: RequestReview) -> None:
        """Put what a review came to on the bus; at least once."""
        ...


class Announcements:
    """Announces the attempts that discovery enters in the ledger, and what its reviews come to."""

    def __init__(self, bus: ReviewBus) -> None:
        self._bus = bus

    def pending(self, seen: Seen, attempt: int) -> None:
        request = WorkflowInput(request=seen.request, request_id=seen.request.request_id, attempt=attempt)
        outcome = Outcome(status=Status.PENDING, reasons=(), settled=False)
        self._bus.announce(status_change(request, outcome, account_id=seen.account_id))

    def reviewed(self, row: Row, review: Review, *, under: str) -> None:
        self._bus.announce_review(
            RequestReview(
                id=f"{row.request_id}/{row.attempt}/reviewed/{under}",
                request_id=row.request_id,
                kind=kind_of(row.request),
                subject=row.request.subject,
                account_id=row.account_id,
                status=row.status,
                permitted=review.permitted,
                reasons=tuple(msgspec.to_builtins(reason) for reason in few(review.reasons)),
            )
        )
