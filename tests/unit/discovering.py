"""A sweep over fakes of its ports: what tests of sweeps set, and what came of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from drawbridge.association import MadeAttachment
from drawbridge.decision.decision_record import DecisionRecord
from drawbridge.decision.let_in import LetIn
from drawbridge.discovery.absence_watch import AbsenceWatch
from drawbridge.discovery.announcements import BusAnnouncements
from drawbridge.discovery.attempt_starter import AttemptStarter
from drawbridge.discovery.decision_records import DecisionRecords
from drawbridge.discovery.endings import EndingRecorder
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.observation import Observer
from drawbridge.discovery.orphan_watch import OrphanWatch
from drawbridge.discovery.permission_watch import PermissionWatch
from drawbridge.discovery.sweep import Sweeper
from drawbridge.discovery.waiting import WaitingRequests, WaitState
from drawbridge.discovery.withdrawals import WithdrawalReconciler
from drawbridge.discovery.workflow import Workflows
from drawbridge.lattice import ResourceKind
from drawbridge.publication import AttachmentSnapshot
from drawbridge.request.connections import ConnectionState, EndpointConnection
from tests.builders import CONSUMER, ENDPOINT_ID, NOW, SERVICE_ID, connection_facts, question
from tests.fakes.approvals import InMemoryApprovals
from tests.fakes.callback import InMemoryCallback
from tests.fakes.existence import InMemoryExistences
from tests.fakes.interruptions import Interruptions
from tests.fakes.ledger import InMemoryLedger
from tests.fakes.owned_objects import InMemoryOwnedObjects
from tests.fakes.parameter_store import InMemoryPublicationStore
from tests.fakes.requests import InMemorySweptServices, InMemorySweptShares
from tests.fakes.state_machine import InMemoryStateMachine
from tests.fakes.status_bus import InMemoryStatusBus
from tests.fakes.sweep_collaborators import (
    StatedDrift,
    StatedFingerprints,
    StatedOffers,
    StatedPlanInputs,
    StatedReviews,
)
from tests.fakes.withdraw_after_tags import InMemoryWithdrawAfterTags

LET_IN = LetIn(at=NOW, because=())

BY_DAY = DecisionRecord(
    outcome="hold",
    at=NOW,
    zone="UTC",
    policies="by day",
    determined_by=(),
    facts=connection_facts(),
    fingerprint="by day",
)


class World:
    """All that a sweep reads and writes. What fails, and after which write it crashes, is said in ``interruptions``.

    Observer, announcements, endings and waiting requests are the real ones.
    """

    def __init__(self) -> None:
        self.interruptions = Interruptions()
        self.shares = InMemorySweptShares(self.interruptions)
        self.services = InMemorySweptServices(self.interruptions)
        self.ledger = InMemoryLedger(self.interruptions)
        self.state_machine = InMemoryStateMachine(self.interruptions)
        self.withdrawals = InMemoryStateMachine(self.interruptions)
        self.bus = InMemoryStatusBus(self.interruptions)
        self.approvals = InMemoryApprovals()
        self.callback = InMemoryCallback()
        self.fingerprints = StatedFingerprints()
        self.reviewer = StatedReviews()
        self.drift = StatedDrift(self.interruptions)
        self.plan_inputs = StatedPlanInputs(self.interruptions)
        self.existences = InMemoryExistences(self.interruptions)
        self.tags = InMemoryWithdrawAfterTags(self.interruptions)
        self.owned = InMemoryOwnedObjects()
        self.published = InMemoryPublicationStore()
        self.offers = StatedOffers()
        self.withdraw_cap = 10
        self.withdraw_after = timedelta(hours=168)
        self.loaded: list[str] = []
        self.resumed: list[tuple[str, bool]] = []

    def sweeper(self) -> Sweeper:
        endings = EndingRecorder(self.workflows, self.ledger, self.bus)
        attempts = AttemptStarter(self.ledger, self.workflows, endings, BusAnnouncements(self.bus))
        decision_records = DecisionRecords(self.ledger)
        permissions = PermissionWatch(
            self.reviewer,
            self.ledger,
            decision_records,
            BusAnnouncements(self.bus),
            self.tags,
            withdraw_after=self.withdraw_after,
            prefix="drawbridge",
            account_id=CONSUMER,
        )
        return Sweeper(
            observer=Observer(self.shares, self.services, self.fingerprints),
            services=self.services,
            ledger=self.ledger,
            decision_records=decision_records,
            endings=endings,
            attempts=attempts,
            withdrawals=WithdrawalReconciler(attempts, permissions),
            fingerprints=self.fingerprints,
            reviewer=self.reviewer,
            waiting=WatchedWaiting(self),
            drift=self.drift,
            plan_inputs=self.plan_inputs,
            absences=AbsenceWatch(
                self.existences, self.ledger, confirm_after=timedelta(minutes=10), cap=self.withdraw_cap
            ),
            orphans=OrphanWatch(
                lambda: self.owned, self.published, self.ledger, self.bus, prefix="drawbridge", account_id=CONSUMER
            ),
            offers=self.offers,
            questions_at_once=5,
            expiring_within=timedelta(hours=3),
        )

    @property
    def workflows(self) -> Workflows:
        return Workflows(self.state_machine, self.withdrawals)

    def ask(self, request_id: str) -> None:
        """Have somebody asked about the request, and a task that waits for the answer."""
        self.approvals.open(question(request_id=request_id), f"the token of {request_id}", "https://link")

    @property
    def announced(self) -> list[tuple[str, int]]:
        """The attempts that were announced."""
        return [(each.request_id, each.attempt) for each in self.bus.announced]

    @property
    def announced_reviews(self) -> list[tuple[str, bool, str]]:
        """The reviews that were announced, with the fingerprint of the policies that each was made under."""
        return [(each.request_id, each.permitted, each.id.rpartition("/")[2]) for each in self.bus.reviews]


class WatchedWaiting(WaitingRequests):
    """The real ones; what they are asked is noted in a test's world."""

    def __init__(self, world: World) -> None:
        super().__init__(world.approvals, world.callback)
        self._world = world

    def load(self, request_ids: Collection[str]) -> None:
        self._world.loaded += [*request_ids]
        super().load(request_ids)

    def resume_if_answered(self, row: LedgerRow, now: datetime, *, reconsider: bool) -> WaitState:
        self._world.resumed.append((row.request_id, reconsider))
        return super().resume_if_answered(row, now, reconsider=reconsider)


def connection(state: ConnectionState = ConnectionState.PENDING_ACCEPTANCE, **changes: Any) -> EndpointConnection:
    fields: dict[str, Any] = {
        "service_id": SERVICE_ID,
        "endpoint_id": ENDPOINT_ID,
        "owner": CONSUMER,
        "region": "here",
        "asked_at": NOW,
    }
    return EndpointConnection(state=state, **(fields | changes))


def snapshot(arn: str) -> AttachmentSnapshot:
    return AttachmentSnapshot(
        name=f"orders/{arn}",
        resource_arn=arn,
        resource_kind=ResourceKind.RESOURCE_CONFIGURATION,
        holds_others=False,
        made=MadeAttachment(endpoint_id="vpce-1"),
        observed_fingerprint="as it was left",
    )
