"""Announcing what a sweep did: attempts that it entered, and what its reviews came to."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec
from msgspec import UNSET, Struct, UnsetType

from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.observed_request import ObservedRequest
from drawbridge.discovery.review import Review
from drawbridge.errors import DrawbridgeError
from drawbridge.record import Outcome
from drawbridge.record.record import StatusBus, StatusChange, reasons_for_status, service_of, status_change
from drawbridge.request import ExecutionInput, kind_of
from drawbridge.request.announced import earliest
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


class AnnouncedAssociation(Struct, frozen=True, kw_only=True):
    """An association that is to be taken down."""

    binding: str
    resource: str


class WithdrawalAnnouncement(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The detail of the domain event that announces a withdrawal, or that it is called off."""

    id: str
    """The same for every delivery of one announcement."""
    request_id: str
    kind: str
    subject: str
    service_id: str | UnsetType = UNSET
    """The endpoint service that a connection is to; a share has none."""
    account_id: str
    status: Status
    withdraw_after: str = ""
    """When the first of it is taken down: ISO 8601, UTC. Left out if nothing is to be taken down any longer."""
    associations: tuple[AnnouncedAssociation, ...] = ()
    """Those that are taken down; none where the whole request is."""
    reasons: tuple[dict[str, str], ...] = ()


_MOST_ASSOCIATIONS = 100
"""Of one event, which is 256 KB at most."""


class ReviewBus(StatusBus, Protocol):
    """The bus that others build on, for what reviews come to as well."""

    def announce_withdrawal(self, announcement: WithdrawalAnnouncement) -> None:
        """Put on the bus that something is to be taken down, or is not any longer; at least once."""
        ...

    def announce_all(self, changes: Sequence[StatusChange]) -> Mapping[str, DrawbridgeError]:
        """Put changes on the bus in few calls; return what went wrong, by the ids of those that are not on it."""
        ...

    def announce_review(self, review: RequestReview) -> None:
        """Put what a review came to on the bus; at least once."""
        ...


class BusAnnouncements:
    """Announces the attempts that discovery enters in the ledger, and what its reviews come to."""

    def __init__(self, bus: ReviewBus) -> None:
        self._bus = bus

    def pending(self, observed: ObservedRequest, attempt: int) -> None:
        self._bus.announce(pending_change(observed, attempt))

    def withdrawing(self, row: LedgerRow, attempt: int, reasons: tuple[Reason, ...]) -> None:
        self._bus.announce(withdrawing_change(row, attempt, reasons))

    def all_of(self, changes: Sequence[StatusChange]) -> Mapping[str, DrawbridgeError]:
        """Announce attempts that were entered; return what went wrong, by the ids of what is not announced."""
        return self._bus.announce_all(changes)

    def announced(self, row: LedgerRow, fingerprint: str) -> None:
        """Announce what the row has marks of, or that it has none any longer."""
        first = earliest(row.announced)
        parts = [mark for mark in row.announced if not mark.is_whole]
        reasons = dict.fromkeys(reason for mark in row.announced for reason in mark.reasons)
        self._bus.announce_withdrawal(
            WithdrawalAnnouncement(
                id=f"{row.request_id}/{row.attempt}/{'announced' if first else 'cancelled'}/{fingerprint}",
                request_id=row.request_id,
                kind=kind_of(row.request),
                subject=row.request.subject,
                service_id=service_of(row.request),
                account_id=row.account_id,
                status=row.status,
                withdraw_after=first.isoformat(timespec="seconds") if first else "",
                associations=tuple(
                    AnnouncedAssociation(binding=mark.binding, resource=mark.resource_arn)
                    for mark in parts[:_MOST_ASSOCIATIONS]
                ),
                reasons=tuple(msgspec.to_builtins(reason) for reason in reasons_for_status(tuple(reasons))),
            )
        )

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


def pending_change(observed: ObservedRequest, attempt: int) -> StatusChange:
    """Return the change of status that an attempt at the onboarding begins with."""
    request = ExecutionInput(request=observed.request, request_id=observed.request.request_id, attempt=attempt)
    outcome = Outcome(status=Status.PENDING, reasons=(), settled=False)
    return status_change(request, outcome, account_id=observed.account_id)


def withdrawing_change(row: LedgerRow, attempt: int, reasons: tuple[Reason, ...]) -> StatusChange:
    """Return the change of status that an attempt at the withdrawal begins with."""
    request = ExecutionInput(request=row.request, request_id=row.request_id, attempt=attempt)
    outcome = Outcome(status=Status.WITHDRAWING, reasons=reasons, settled=False)
    return status_change(request, outcome, account_id=row.account_id)
