"""Giving each orphan a row of its own: what the ledger follows is watched, and taken down by the rules for all."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Protocol

from drawbridge.decision.let_in import RECOVERED, LetIn
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.observed_request import ObservedRequest
from drawbridge.discovery.orphans import (
    Orphan,
    orphaned_attachments,
    orphaned_connections,
)
from drawbridge.errors import DrawbridgeError
from drawbridge.publication.published import PublishedNamesReader
from drawbridge.record import Outcome
from drawbridge.record.record import StatusBus, StatusLedger, record
from drawbridge.request import EndpointConnectionRequest, ExecutionInput, OrphanRequest, Request, ResourceShareRequest
from drawbridge.request.fingerprints import GONE_FINGERPRINT
from drawbridge.status import Reason, Status
from drawbridge.withdrawal.unrecorded import OwnedObjects

MOST_AT_ONCE = 100
"""Orphans that get their rows in one sweep: others follow in the next look."""

_WHY = Reason(
    "orphaned",
    "Drawbridge made it, and no request in the ledger calls for it. It goes once AWS has confirmed that nothing does.",
)


class OrphanLedger(StatusLedger, Protocol):
    """The ledger, as looking for orphans needs it."""

    def rows(self, request_ids: Collection[str]) -> Mapping[str, LedgerRow]: ...

    def claim(self, observed: ObservedRequest, attempt: int, *, after: LedgerRow | None) -> bool:
        """Enter the attempt; ``False`` if the row is not any longer as it was read, in ``after``."""
        ...


class OrphanWatch:
    """Finds orphans and enters them."""

    def __init__(
        self,
        objects: Callable[[], OwnedObjects],
        names: PublishedNamesReader,
        ledger: OrphanLedger,
        bus: StatusBus,
        *,
        prefix: str,
    ) -> None:
        self._objects = objects
        self._names = names
        self._ledger = ledger
        self._bus = bus
        self._prefix = prefix

    def enter(
        self, followed: Collection[LedgerRow], kinds: Collection[type[Request]], listed: Collection[str], now: datetime
    ) -> list[DrawbridgeError]:
        """Enter the orphans of the kinds that could be observed; return what went wrong.

        ``followed`` are all rows that are, ``listed`` is what AWS lists: ARNs of what shares hold, ids of open
        endpoints.
        """
        found: list[Orphan] = []
        failures: list[DrawbridgeError] = []
        try:
            if ResourceShareRequest in kinds:
                found += orphaned_attachments(self._objects(), self._names, followed, listed, self._prefix)
            if EndpointConnectionRequest in kinds:
                found += orphaned_connections(self._names, followed, listed, self._prefix)
            rows = self._ledger.rows({each.request.request_id for each in found[:MOST_AT_ONCE]})
        except DrawbridgeError as error:
            return [error]
        for each in found[:MOST_AT_ONCE]:
            try:
                self._enter(each, rows.get(each.request.request_id), now)
            except DrawbridgeError as error:
                failures.append(error)
        return failures

    def _enter(self, orphan: Orphan, row: LedgerRow | None, now: datetime) -> None:
        request, attempt = orphan.request, row.attempt + 1 if row else 1
        if not self._ledger.claim(_observed(orphan), attempt, after=row):
            return
        because = (Reason(RECOVERED, _WHY.text),)
        arns = (request.resource_arn,) if isinstance(request, OrphanRequest) else ()
        outcome = Outcome(
            status=Status.AVAILABLE,
            reasons=(_WHY,),
            settled=True,
            published=orphan.published,
            attachments=orphan.attachments,
            let_in=LetIn(at=now, because=because, arns=arns),
        )
        execution = ExecutionInput(request=request, request_id=request.request_id, attempt=attempt)
        record(execution, outcome, self._ledger, self._bus)


def _observed(orphan: Orphan) -> ObservedRequest:
    return ObservedRequest(
        request=orphan.request,
        account_id=orphan.account_id,
        observed_fingerprint=GONE_FINGERPRINT,
        bindings_fingerprint="",
        decision_fingerprint="",
        policies_fingerprint="",
        open=False,
    )
