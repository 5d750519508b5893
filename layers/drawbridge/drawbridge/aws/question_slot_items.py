"""The question slots that are taken: one item an account, in the table of the approvals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from drawbridge.aws.errors import translated
from drawbridge.aws.table_reads import items_of
from drawbridge.aws.table_writes import Write, apply_write
from drawbridge.errors import ThrottledError, UpstreamError
from drawbridge.status import Status

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_KEPT_FOR = timedelta(days=30)
"""Longer than any question is open."""

_TRIES = 20
"""Each is lost to another request of the same account that took a slot at the same instant."""


class QuestionSlotItems:
    """Requests that took a slot, under a key that no request has.

    None gives it back: the ledger says which questions are over, so that an execution that is stopped keeps no slot.
    """

    def __init__(self, approvals: Table, ledger: Table, *, now: Callable[[], datetime]) -> None:
        self._approvals = approvals
        self._ledger = ledger
        self._now = now

    def take(self, account_id: str, request_id: str, *, most: int) -> bool:
        """Take one of the account's slots, or keep it; ``False`` if all are taken by questions that are open still."""
        with translated(f"take a question slot of {account_id}", missing=UpstreamError):
            for _ in range(_TRIES):
                taken = self._taken(account_id)
                if request_id in taken:
                    return True
                still = taken if len(taken) < most else self._open(taken)
                if len(still) >= most:
                    return False
                if self._replace(account_id, taken, {*still, request_id}):
                    return True
        raise ThrottledError(f"take a question slot of {account_id}: others of it are always faster")

    def _taken(self, account_id: str) -> set[str]:
        key = {"request_id": _key(account_id)}
        item: Any = self._approvals.get_item(Key=key, ConsistentRead=True).get("Item", {})
        return set(item.get("requests", ()))

    def _open(self, taken: set[str]) -> set[str]:
        """Return those that somebody is still asked about, or may be in a moment."""
        rows = items_of(self._ledger, taken, ("request_id", "status", "settled"))
        asked = {Status.PENDING, Status.WAITING_FOR_APPROVAL}
        # Of a row that somebody wrote by hand nobody is asked: it keeps no slot, and stops nobody else's.
        return {
            str(row["request_id"]) for row in rows if row.get("settled") is False and str(row.get("status")) in asked
        }

    def _replace(self, account_id: str, before: set[str], after: set[str]) -> bool:
        write = Write(requests=after, expires_at=int((self._now() + _KEPT_FOR).timestamp()))
        if before:
            write.only_if(requests=before)
        else:
            write.only_if_missing("requests")
        return apply_write(self._approvals, _key(account_id), write) is not None


def _key(account_id: str) -> str:
    return f"open-questions/{account_id}"
