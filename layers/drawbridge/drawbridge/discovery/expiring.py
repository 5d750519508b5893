"""What expires soon: invitations to what is not let in yet."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from drawbridge.discovery.ledger_row import NOT_LET_IN_YET, LedgerRow
from drawbridge.discovery.observed_request import ObservedRequest


class Expiring(Struct, frozen=True):
    """A request whose invitation expires soon."""

    request_id: str
    deadline: datetime

    def __str__(self) -> str:
        return f"{self.request_id} until {self.deadline.isoformat()}"


def expiring(
    observed: Iterable[ObservedRequest], rows: Mapping[str, LedgerRow], now: datetime, within: timedelta
) -> tuple[Expiring, ...]:
    """Return what expires ``within`` a time from now, and may still be let in."""
    return tuple(
        Expiring(each.request.request_id, each.deadline)
        for each in observed
        if each.deadline is not None
        and each.deadline - now <= within
        and _may_be_let_in(rows.get(each.request.request_id))
    )


def is_deadline_to_be_noted(observed: ObservedRequest, row: LedgerRow) -> bool:
    """Return whether the row says another deadline than there is.

    The deadline of an invitation that is not pending any longer stays until the attempt that records its end: nothing
    else tells by then that it expired, if AWS does not list it.
    """
    return observed.open and row.status in NOT_LET_IN_YET and observed.deadline != row.deadline


def _may_be_let_in(row: LedgerRow | None) -> bool:
    return row is None or row.status in NOT_LET_IN_YET
