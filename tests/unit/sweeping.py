"""The collaborators of a sweep, each answering from a test's world: what is tested are the sweep's own rules."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from drawbridge.association.owned_object import OwnedObject
from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.discovery.announcements import BusAnnouncements
from drawbridge.discovery.current_plan_inputs import CurrentPlanInputs
from drawbridge.discovery.drift import DriftDetector, DriftReport
from drawbridge.discovery.endings import EndingRecorder
from drawbridge.discovery.fingerprints import FingerprintsInForce
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.observation import Observer
from drawbridge.discovery.observed_request import ObservedRequest
from drawbridge.discovery.review import Review, ReviewOpen
from drawbridge.discovery.reviewer import PolicyReviewer
from drawbridge.discovery.sweep import Sweeper
from drawbridge.discovery.waiting import WaitingRequests, WaitState
from drawbridge.lattice import MatchAttributes
from drawbridge.request.connections import NO_CONNECTIONS, ConnectionCounts
from drawbridge.request.shares import SharedResource

if TYPE_CHECKING:
    from tests.unit.discovering import World


def sweeper_of(world: World) -> Sweeper:
    fingerprints = WorldFingerprints(world)
    return Sweeper(
        observer=Observer(world, world, fingerprints),
        services=world,
        ledger=world,
        workflow=world,
        endings=WorldEndings(world),
        fingerprints=fingerprints,
        announcements=WorldAnnouncements(world),
        reviewer=WorldReviewer(world),
        waiting=WorldWaiting(world),
        drift=WorldDrift(world),
        plan_inputs=WorldPlanInputs(world),
        questions_at_once=5,
    )


class WorldFingerprints(FingerprintsInForce):
    def __init__(self, world: World) -> None:
        self._world = world

    def bindings_fingerprint(self, provider: str, share_name: str) -> str:
        return self._world.bindings_fingerprint(provider, share_name)

    def matching_bindings_fingerprint(self, share_name: str, contents: tuple[MatchAttributes, ...]) -> str:
        return self._world.matching_bindings_fingerprint(share_name, contents)

    def decision_fingerprint(self, account_id: str, counts: ConnectionCounts = NO_CONNECTIONS) -> str:
        return self._world.decision_fingerprint(account_id, counts)


class WorldEndings(EndingRecorder):
    def __init__(self, world: World) -> None:
        self._world = world

    def record(self, row: LedgerRow) -> bool:
        return self._world.record(row)


class WorldAnnouncements(BusAnnouncements):
    def __init__(self, world: World) -> None:
        self._world = world

    def pending(self, observed: ObservedRequest, attempt: int) -> None:
        self._world.pending(observed, attempt)

    def reviewed(self, row: LedgerRow, review: Review, *, policies_fingerprint: str) -> None:
        self._world.reviewed(row, review, policies_fingerprint=policies_fingerprint)


class WorldReviewer(PolicyReviewer):
    def __init__(self, world: World) -> None:
        self._world = world

    def goes_by_the_clock(self) -> bool:
        return self._world.goes_by_the_clock()

    def decides_otherwise(self, row: LedgerRow, now: datetime) -> bool:
        return self._world.decides_otherwise(row, now)

    def review(self, row: LedgerRow, held: Collection[SharedResource]) -> Review | ReviewOpen:
        return self._world.review(row, held)


class WorldWaiting(WaitingRequests):
    def __init__(self, world: World) -> None:
        self._world = world

    def load(self, request_ids: Collection[str]) -> None:
        self._world.load(request_ids)

    def resume_if_answered(self, row: LedgerRow, now: datetime, *, reconsider: bool) -> WaitState:
        return self._world.resume_if_answered(row, now, reconsider=reconsider)


class WorldDrift(DriftDetector):
    def __init__(self, world: World) -> None:
        self._world = world

    def detect(self, row: LedgerRow) -> DriftReport:
        return self._world.detect(row)


class WorldPlanInputs(CurrentPlanInputs):
    def __init__(self, world: World) -> None:
        self._world = world

    def left_behind(self, row: LedgerRow) -> tuple[OwnedObject, ...] | None:
        return self._world.left_behind(row)

    def inputs(self, provider: str, share_name: str, held: Collection[SharedResource], row: LedgerRow) -> PlanInputs:
        return self._world.inputs(provider, share_name, held, row)
