"""Giving each orphan a row of its own: what the ledger follows is watched, and taken down by the rules for all."""

import itertools
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import Protocol

from drawbridge.decision.let_in import RECOVERED, LetIn
from drawbridge.discovery.findings import failure_of
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
        account_id: str,
    ) -> None:
        self._objects = objects
        self._names = names
        self._ledger = ledger
        self._bus = bus
        self._prefix = prefix
        self._account_id = account_id

    def enter(
        self, followed: Collection[LedgerRow], kinds: Collection[type[Request]], listed: Collection[str], now: datetime
    ) -> list[DrawbridgeError]:
        """Enter the orphans of the kinds that could be observed; return what went wrong.

        ``followed`` are all rows that are, ``listed`` is what AWS lists: ARNs of what shares hold, ids of open
        endpoints.
        """
        failures: list[DrawbridgeError] = []
        try:
            found = [*itertools.islice(self._found(followed, kinds, listed), MOST_AT_ONCE)]
            rows = self._ledger.rows({each.request.request_id for each in found})
        except Exception as error:  # noqa: BLE001 - what can't be looked for stops nothing else
            return [failure_of("orphans", error)]
        for each in found:
            try:
                self._enter(each, rows.get(each.request.request_id), now)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one, it stops no other
                failures.append(failure_of(each.request.request_id, error))
        return failures

    def _found(
        self, followed: Collection[LedgerRow], kinds: Collection[type[Request]], listed: Collection[str]
    ) -> Iterator[Orphan]:
        prefix, account_id = self._prefix, self._account_id
        if ResourceShareRequest in kinds:
            objects = self._objects()
            yield from orphaned_attachments(
                objects, self._names, followed, listed, prefix=prefix, account_id=account_id
            )
        if EndpointConnectionRequest in kinds:
            yield from orphaned_connections(self._names, followed, listed, prefix=prefix)

    def _enter(self, orphan: Orphan, row: LedgerRow | None, now: datetime) -> None:
        request, attempt = orphan.request, row.attempt + 1 if row else 1
        if not _may_enter(row) or not self._ledger.claim(_observed(orphan), attempt, after=row):
            return
        because = (Reason(RECOVERED, _WHY.text),)
        arns = (request.resource_arn,) if isinstance(request, OrphanRequest) else ()
        outcome = Outcome(
            # Not as something that is available anew: what others build on the bus would take it for that.
            status=Status.WITHDRAWING,
            reasons=(_WHY,),
            settled=True,
            published=orphan.published,
            attachments=orphan.attachments,
            let_in=LetIn(at=now, because=because, arns=arns),
        )
        execution = ExecutionInput(request=request, request_id=request.request_id, attempt=attempt)
        record(execution, outcome, self._ledger, self._bus)


def _may_enter(row: LedgerRow | None) -> bool:
    """Return whether there is no row that somebody sees to, which the index of those that are followed may lack."""
    if row is None or (row.settled and row.status.is_over):
        return True
    return isinstance(row.request, OrphanRequest) and row.status is Status.PENDING


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
