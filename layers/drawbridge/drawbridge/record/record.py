"""Recording a change of status: the ledger's row first, then the event for others."""

from typing import Protocol

import msgspec
from msgspec import UNSET, Struct, UnsetType

from drawbridge.legible import legible
from drawbridge.record import Outcome
from drawbridge.request import EndpointConnectionRequest, ExecutionInput, Request, kind_of
from drawbridge.request.fingerprints import fingerprint
from drawbridge.status import Reason, Status

_MOST_REASONS = 40
_MOST_BYTES = 16_000
_LONGEST_TEXT = 1000
"""Of one status: an event is 256 KB at most, and a row 400 KB."""
_MOST_IN_HISTORY = 10
_MOST_BYTES_IN_HISTORY = 3000
_LONGEST_IN_HISTORY = 300


class StatusChange(Struct, frozen=True, kw_only=True, rename="camel"):
    """A change of status, as the row takes it over: the detail of the domain event."""

    id: str
    """The same for every delivery of one change: bus and record are at least once."""
    request_id: str
    kind: str
    subject: str
    service_id: str | UnsetType = UNSET
    """The endpoint service that a connection is to; a share has none."""
    account_id: str
    status: Status
    attempt: int
    reasons: tuple[dict[str, str], ...]
    published: tuple[str, ...] = ()


class StatusLedger(Protocol):
    """The rows of the ledger, as recording needs them."""

    def change_status(self, change: StatusChange, outcome: Outcome) -> StatusChange | None:
        """Write the change into its row; do nothing, and return ``None``, if the row has a later attempt.

        Writing the same change again changes nothing. Return the change with what the row knows of the request.
        """
        ...


class StatusBus(Protocol):
    """The bus that others build on."""

    def announce(self, change: StatusChange) -> None:
        """Put the change on the bus; at least once."""
        ...


def record(execution: ExecutionInput, outcome: Outcome, ledger: StatusLedger, bus: StatusBus) -> StatusChange | None:
    """Record the outcome; safe to repeat.

    The row comes first: an event of a status that the ledger does not show would send people looking for nothing. A
    crash between the two is made good when the step is run again.
    """
    recorded = ledger.change_status(status_change(execution, outcome), outcome)
    if recorded is not None:
        bus.announce(recorded)
    return recorded


def status_change(execution: ExecutionInput, outcome: Outcome, *, account_id: str = "") -> StatusChange:
    """Return the outcome as the detail of the domain event."""
    reasons = tuple(msgspec.to_builtins(reason) for reason in reasons_for_status(outcome.reasons))
    # An attempt may announce one status twice, with other reasons: accepted, then that no binding wants it.
    reasons_fingerprint = fingerprint(reasons, outcome.settled)
    return StatusChange(
        id=f"{execution.request_id}/{execution.attempt}/{outcome.status}/{reasons_fingerprint}",
        request_id=execution.request_id,
        kind=kind_of(execution.request),
        subject=execution.request.subject,
        service_id=service_of(execution.request),
        account_id=account_id,
        status=outcome.status,
        attempt=execution.attempt,
        reasons=reasons,
        published=outcome.published,
    )


def service_of(request: Request) -> str | UnsetType:
    """Return the id of the endpoint service that a request is about; of any other kind the event says nothing."""
    return request.service_id if isinstance(request, EndpointConnectionRequest) else UNSET


def reasons_for_status(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Return as many reasons as a row and an event hold, made legible; the last counts the others."""
    return _within(reasons, _MOST_REASONS, _MOST_BYTES, _LONGEST_TEXT)


def reasons_for_history(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Return the reasons as a row's history keeps them, in less space: one row has a hundred entries."""
    return _within(reasons, _MOST_IN_HISTORY, _MOST_BYTES_IN_HISTORY, _LONGEST_IN_HISTORY)


def _within(reasons: tuple[Reason, ...], most: int, most_bytes: int, longest: int) -> tuple[Reason, ...]:
    kept: list[Reason] = []
    for reason in reasons[:most]:
        shown = Reason(
            legible(reason.code, longest), legible(reason.text, longest), source=legible(reason.source, longest)
        )
        most_bytes -= len(msgspec.json.encode(shown))
        if most_bytes < 0:
            break
        kept.append(shown)
    left_out = len(reasons) - len(kept)
    return (*kept, Reason("more", f"and {left_out} more")) if left_out else tuple(kept)
