"""How many of the requests that the ledger follows are in which trouble."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.request import OrphanRequest
from drawbridge.status import Status

REFUSED_AT_LEAST = 2
"""Failures in a row of a withdrawal before it is one that AWS refuses; an orphan's row is entered with one."""


class OldestPending(Struct, frozen=True):
    """The attempt under way that recorded nothing for the longest time, though it waits for nobody."""

    request_id: str
    age: timedelta


class FollowedCounts(Struct, frozen=True, kw_only=True):
    """The requests by their ids."""

    held: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    """Those whose last attempt failed, also while the next is under way."""
    waiting_for_approval: frozenset[str] = frozenset()
    withdrawals_failed: frozenset[str] = frozenset()
    no_longer_permitted: frozenset[str] = frozenset()
    orphans: frozenset[str] = frozenset()
    oldest_pending: OldestPending | None = None


def count_followed(rows: Collection[LedgerRow], now: datetime) -> FollowedCounts:
    """Return which of the rows are in trouble, as they were read."""
    withdrawing = [row for row in rows if row.status is Status.WITHDRAWING]
    ages = (
        # It may have recorded something since the sweep began.
        OldestPending(row.request_id, max(now - datetime.fromisoformat(row.updated_at), timedelta()))
        for row in rows
        if not row.settled and not row.waits_for_approval
    )
    return FollowedCounts(
        held=_ids(row for row in rows if row.status is Status.HELD),
        failed=_ids(row for row in rows if row.failures and row.status is not Status.WITHDRAWING),
        waiting_for_approval=_ids(row for row in rows if row.waits_for_approval),
        withdrawals_failed=_ids(row for row in withdrawing if row.failures >= REFUSED_AT_LEAST),
        no_longer_permitted=_ids(row for row in rows if row.no_longer_permitted and not row.is_denied),
        orphans=_ids(row for row in rows if isinstance(row.request, OrphanRequest)),
        oldest_pending=max(ages, key=lambda each: each.age, default=None),
    )


def _ids(rows: Iterable[LedgerRow]) -> frozenset[str]:
    return frozenset(row.request_id for row in rows)
