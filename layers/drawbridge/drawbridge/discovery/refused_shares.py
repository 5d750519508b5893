"""Shares that AWS RAM has in effect and that call for nothing: they are not let in, or were withdrawn."""

from collections.abc import Callable, Iterable, Mapping

from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.request import ResourceShareRequest
from drawbridge.status import Status
from drawbridge.withdrawal import Cause
from drawbridge.withdrawal.called_for import NotCalledFor

Rows = Callable[[list[str]], Mapping[str, LedgerRow]]
"""Returns the ledger's rows for the ids of requests."""

_LET_IN = frozenset({Status.ACCEPTED, Status.ASSOCIATING, Status.AVAILABLE, Status.FAILED})
"""Statuses of what is let in, or may be: an attempt that failed may not have come to record it."""


def refused_shares(share_arns: Iterable[str], rows: Rows) -> Mapping[str, NotCalledFor]:
    """Return those of the shares of which nothing is to be connected, and why what they hold is not called for.

    A share that the ledger does not know, whose row can't be read, or that was never decided on is none of them.
    """
    of_requests = {ResourceShareRequest(share_arn=each).request_id: each for each in share_arns}
    found = rows([*of_requests]) if of_requests else {}
    return {of_requests[name]: _why(row) for name, row in found.items() if _is_refused(row)}


def _is_refused(row: LedgerRow) -> bool:
    if row.is_to_be_withdrawn or row.stays_withdrawn or row.status is Status.WITHDRAWING:
        return True
    return row.let_in is None and row.status not in _LET_IN


def _why(row: LedgerRow) -> NotCalledFor:
    cause = Cause.NOT_PERMITTED if row.commanded is None else Cause.COMMANDED
    return NotCalledFor(cause, f"{row.request.subject}, which holds it, is {row.status}")
