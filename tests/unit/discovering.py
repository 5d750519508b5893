"""The ports of a sweep, in memory."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec

from drawbridge.association.owned_object import OwnedObject
from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.decision.decision_record import DecisionRecord
from drawbridge.discovery.drift import DriftReport
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.observed_request import ObservedRequest
from drawbridge.discovery.review import Review, ReviewOpen
from drawbridge.discovery.sweep import Sweeper
from drawbridge.discovery.waiting import WaitState
from drawbridge.errors import DrawbridgeError, ThrottledError
from drawbridge.lattice import MatchAttributes
from drawbridge.request import ExecutionInput
from drawbridge.request.connections import (
    NO_CONNECTIONS,
    ConnectionCounts,
    ConnectionState,
    EndpointConnection,
    ManagedService,
)
from drawbridge.request.fingerprints import fingerprint
from drawbridge.request.shares import Invitation, Share, SharedResource
from drawbridge.status import Status
from tests.builders import (
    CONSUMER,
    ENDPOINT_ID,
    NOW,
    SERVICE_ID,
    connection_facts,
    row,
)
from tests.unit.sweeping import sweeper_of

BY_DAY = DecisionRecord(
    outcome="hold",
    at=NOW,
    zone="UTC",
    policies="by day",
    determined_by=(),
    facts=connection_facts(),
    fingerprint="by day",
)


class CrashError(BaseException):
    """The function was killed here."""


class World:
    """All that a sweep reads and writes; a test sets what fails, and after which write it crashes."""

    def __init__(self) -> None:
        self.listed_invitations: list[Invitation] = []
        self.listed_shares: list[Share] = []
        self.listed_resources: list[SharedResource] = []
        self.listed_connections: list[EndpointConnection] = []
        self.notified: list[str] = []
        self.kept: dict[str, LedgerRow] = {}
        self.running: dict[str, ExecutionInput] = {}
        self.ended: set[str] = set()
        self.explained: set[str] = set()
        """Those of the ended ones whose end Step Functions still knows."""
        self.announced: list[tuple[str, int]] = []
        self.failing: set[str] = set()
        self.writes_until_crash = 1_000
        self.policies = "policies"
        self.bindings = "bindings"
        self.matching = "the one that matches"
        self.drifted = ""
        self.unknown: tuple[DrawbridgeError, ...] = ()
        """Why drift could not be detected."""
        self.counts = True
        """Whether policies go by how many connections there are."""
        self.rests_on = PlanInputs()
        self.left_there: list[OwnedObject] = []
        self.listed_inputs = 0
        self.found: Review | ReviewOpen = ReviewOpen("nothing is kept")
        """What reviews come to."""
        self.asked: list[str] = []
        self.reviewed_with: list[str] = []
        """What the share was said to hold."""
        self.loaded: list[str] = []
        self.resumed: list[tuple[str, bool]] = []
        self.waits: WaitState | None = None
        """The state of every waiting request, if it is not to follow from ``reconsider``."""
        self.announced_reviews: list[tuple[str, bool, str]] = []

    def sweeper(self) -> Sweeper:
        return sweeper_of(self)

    def _fail(self, what: str) -> None:
        if what in self.failing:
            raise ThrottledError(what)

    def _write(self) -> None:
        self.writes_until_crash -= 1
        if self.writes_until_crash < 0:
            raise CrashError

    def invitations(self) -> list[Invitation]:
        self._fail("invitations")
        return self.listed_invitations

    def shares(self) -> list[Share]:
        return self.listed_shares

    def resources(self) -> list[SharedResource]:
        return self.listed_resources

    def managed(self) -> list[ManagedService]:
        self._fail("managed")
        return [ManagedService(service_id=SERVICE_ID, tags={})]

    def connections(self) -> list[EndpointConnection]:
        return self.listed_connections

    def without_notification(self, service_ids: Collection[str]) -> list[str]:
        return sorted(set(service_ids) - set(self.notified))

    def create_connection_notification(self, service_id: str) -> None:
        self._fail("notify")
        self.notified.append(service_id)

    def detect(self, row: LedgerRow) -> DriftReport:
        """Return the drift."""
        self._fail("drift")
        return DriftReport(self.drifted, self.unknown)

    def inputs(self, provider: str, share_name: str, held: Collection[SharedResource], row: LedgerRow) -> PlanInputs:
        self.listed_inputs += 1
        self._fail("inputs")
        return self.rests_on

    def left_behind(self, row: LedgerRow) -> tuple[OwnedObject, ...] | None:
        return None if row.left_behind is None else tuple(self.left_there)

    def note_inputs(self, row: LedgerRow, inputs: PlanInputs) -> None:
        self._write()
        # As the ledger has it: inputs that say nothing leave nothing behind.
        noted = None if inputs == PlanInputs() else inputs
        self.kept[row.request_id] = msgspec.structs.replace(self.kept[row.request_id], inputs=noted)

    def rows(self, request_ids: Collection[str]) -> Mapping[str, LedgerRow]:
        return {each: self.kept[each] for each in request_ids if each in self.kept}

    def followed(self) -> list[LedgerRow]:
        return [each for each in self.kept.values() if not each.settled or each.status is Status.HELD]

    def claim(self, observed: ObservedRequest, attempt: int, *, after: LedgerRow | None) -> bool:
        self._write()
        if self.kept.get(observed.request.request_id) != after:
            return False
        self.kept[observed.request.request_id] = row(
            Status.PENDING,
            request=observed.request,
            account_id=observed.account_id,
            attempt=attempt,
            settled=False,
            observed_fingerprint=observed.observed_fingerprint,
            bindings_fingerprint=observed.bindings_fingerprint,
            decision_fingerprint=observed.decision_fingerprint,
            drift_fingerprint=observed.drift_fingerprint,
            inputs=observed.inputs,
            left_behind=observed.left_behind,
        )
        return True

    def start(self, execution: ExecutionInput) -> bool:
        self._fail("start")
        self._write()
        if execution.execution_name in self.ended:
            return False
        self.running[execution.execution_name] = execution
        return True

    def record(self, row: LedgerRow) -> bool:
        """Record how an execution ended."""
        self._fail("record")
        if f"{row.request_id}-{row.attempt}" not in self.explained:
            return False
        self._write()
        self.kept[row.request_id] = msgspec.structs.replace(
            row, status=Status.FAILED, settled=True, failures=row.failures + 1
        )
        return True

    def pending(self, observed: ObservedRequest, attempt: int) -> None:
        self._write()
        self.announced.append((observed.request.request_id, attempt))

    def bindings_fingerprint(self, provider: str, share_name: str) -> str:
        return self.bindings

    def matching_bindings_fingerprint(self, share_name: str, contents: tuple[MatchAttributes, ...]) -> str:
        return fingerprint(share_name, contents, self.matching)

    def decision_fingerprint(self, account_id: str, counts: ConnectionCounts = NO_CONNECTIONS) -> str:
        return self.policies if counts == NO_CONNECTIONS or not self.counts else f"{self.policies}, {counts.total} held"

    def decides_otherwise(self, row: LedgerRow, now: datetime) -> bool:
        return row.decision_record == BY_DAY and now.hour in range(8, 18)

    def review(self, row: LedgerRow, held: Collection[SharedResource]) -> Review | ReviewOpen:
        self.asked.append(row.request_id)
        self.reviewed_with = [each.arn for each in held]
        return self.found

    def reviewed(self, row: LedgerRow, review: Review, *, policies_fingerprint: str) -> None:
        self._write()
        self.announced_reviews.append((row.request_id, review.permitted, policies_fingerprint))

    def load(self, request_ids: Collection[str]) -> None:
        self.loaded += [*request_ids]

    def resume_if_answered(self, row: LedgerRow, now: datetime, *, reconsider: bool) -> WaitState:
        assert row.request_id in self.loaded
        self.resumed.append((row.request_id, reconsider))
        return self.waits or (WaitState.RESUMED if reconsider else WaitState.WAITING)

    def goes_by_the_clock(self) -> bool:
        return any(row.decision_record for row in self.kept.values())

    def with_decision_records(self, row: LedgerRow) -> LedgerRow:
        return self.kept[row.request_id]

    def note_observed(self, row: LedgerRow, observed: ObservedRequest) -> None:
        self.kept[row.request_id] = msgspec.structs.replace(
            row, observed_fingerprint=observed.observed_fingerprint, decision_fingerprint=observed.decision_fingerprint
        )

    def note_drift_healed(self, row: LedgerRow) -> None:
        self._write()
        self.kept[row.request_id] = msgspec.structs.replace(self.kept[row.request_id], drift_fingerprint="")

    def note_review(self, row: LedgerRow, review: Review, *, policies_fingerprint: str) -> None:
        self._write()
        self.kept[row.request_id] = msgspec.structs.replace(
            row, reviewed_fingerprint=policies_fingerprint, no_longer_permitted=not review.permitted
        )


def connection(state: ConnectionState = ConnectionState.PENDING_ACCEPTANCE, **changes: Any) -> EndpointConnection:
    fields: dict[str, Any] = {
        "service_id": SERVICE_ID,
        "endpoint_id": ENDPOINT_ID,
        "owner": CONSUMER,
        "region": "here",
        "asked_at": NOW,
    }
    return EndpointConnection(state=state, **(fields | changes))
