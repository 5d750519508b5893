"""What the ledger says of requests that are decided on together."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from drawbridge.decision import Delayed
from drawbridge.decision.let_in import LetIn
from drawbridge.decision.read_once import ReadOnce


class RecordedRequest(Struct, frozen=True, kw_only=True):
    """What the ledger says of a request, as far as a decision rests on it."""

    let_in: LetIn | None = None
    delayed: Delayed | None = None
    commanded: bool = False
    deadline: datetime | None = None


NOTHING_RECORDED = RecordedRequest()


class BatchLedger(Protocol):
    """The ledger, many rows in a call."""

    def recorded(self, request_ids: Collection[str]) -> Mapping[str, RecordedRequest]:
        """Return what the rows of requests say, read consistently; nothing of those that have none."""
        ...


class SharedLedger:
    """``DecisionLedger`` of the requests that are decided on together."""

    def __init__(self, request_ids: Collection[str], ledger: BatchLedger) -> None:
        self._recorded = ReadOnce(lambda: ledger.recorded(request_ids))

    def let_in(self, request_id: str) -> LetIn | None:
        return self._of(request_id).let_in

    def deadline(self, request_id: str) -> datetime | None:
        return self._of(request_id).deadline

    def delayed(self, request_id: str) -> Delayed | None:
        return self._of(request_id).delayed

    def is_commanded(self, request_id: str) -> bool:
        return self._of(request_id).commanded

    def _of(self, request_id: str) -> RecordedRequest:
        return self._recorded().get(request_id, NOTHING_RECORDED)
