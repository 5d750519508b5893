"""Collaborators of a sweep that answer what a test states: their own decisions are the subject of other tests."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.decision.decision_record import DecisionRecord
from drawbridge.discovery.current_plan_inputs import CurrentPlanInputs
from drawbridge.discovery.drift import DriftDetector, DriftReport
from drawbridge.discovery.fingerprints import FingerprintsInForce
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.offer_sweep import OfferSweep
from drawbridge.discovery.review import Review, ReviewOpen
from drawbridge.discovery.reviewer import PolicyReviewer
from drawbridge.errors import DrawbridgeError
from drawbridge.intake.offering.converged import Converged
from drawbridge.lattice import MatchAttributes
from drawbridge.request.connections import NO_CONNECTIONS, ConnectionCounts
from drawbridge.request.fingerprints import fingerprint
from drawbridge.request.shares import SharedResource
from tests.fakes.interruptions import Interruptions


class StatedFingerprints(FingerprintsInForce):
    """A sweep only compares them: what each is made of is tested with the bindings and the policies."""

    def __init__(self) -> None:
        self.policies = "policies"
        self.bindings = "bindings"
        self.matching = "the one that matches"
        self.counts = True
        """Whether policies go by how many connections there are."""

    def load(self, account_ids: Collection[str]) -> None:
        """Nothing: they are stated."""

    def bindings_fingerprint(self, provider: str, share_name: str) -> str:
        return self.bindings

    def matching_bindings_fingerprint(self, share_name: str, contents: tuple[MatchAttributes, ...]) -> str:
        return fingerprint(share_name, contents, self.matching)

    def decision_fingerprint(self, account_id: str, counts: ConnectionCounts = NO_CONNECTIONS) -> str:
        return self.policies if counts == NO_CONNECTIONS or not self.counts else f"{self.policies}, {counts.total} held"


class StatedReviews(PolicyReviewer):
    """What policies decide on the facts that are kept is tested with the reviewer; a sweep acts on what comes of it."""

    def __init__(self) -> None:
        self.found: Review | ReviewOpen = ReviewOpen("nothing is kept")
        self.asked: list[str] = []
        self.reviewed_with: list[str] = []
        """What the share was said to hold."""
        self.otherwise_by_day: DecisionRecord | None = None
        """What policies would decide otherwise from eight to six."""
        self.lets_in_again = False
        """Whether what was withdrawn would be let in now."""
        self.every_policy_is_in_force = True

    @property
    def is_whole(self) -> bool:
        return self.every_policy_is_in_force

    def goes_by_the_clock(self) -> bool:
        return self.otherwise_by_day is not None

    def decides_otherwise(self, row: LedgerRow, now: datetime) -> bool:
        return row.decision_record == self.otherwise_by_day and now.hour in range(8, 18)

    def review(self, row: LedgerRow, contents: Collection[SharedResource]) -> Review | ReviewOpen:
        self.asked.append(row.request_id)
        self.reviewed_with = [each.arn for each in contents]
        return self.found

    def lets_in_now(self, row: LedgerRow, contents: Collection[SharedResource]) -> bool:
        self.asked.append(row.request_id)
        return self.lets_in_again


class StatedDrift(DriftDetector):
    """What counts as drift is tested with the detector; a sweep acts on its report."""

    def __init__(self, interruptions: Interruptions) -> None:
        self._interruptions = interruptions
        self.drifted = ""
        self.unknown: tuple[DrawbridgeError, ...] = ()
        """Why drift could not be detected."""

    def detect(self, row: LedgerRow) -> DriftReport:
        self._interruptions.before_call("drift")
        return DriftReport(self.drifted, self.unknown)


class StatedOffers(OfferSweep):
    """What is offered is tested with the reconciler; a sweep only has it done, and passes on what failed."""

    def __init__(self) -> None:
        self.done = Converged()
        self.asked: list[bool] = []
        """For each time, whether what is gone was to be forgotten."""

    def converge(self, now: datetime, *, forget_gone: bool = False) -> Converged:
        self.asked.append(forget_gone)
        return self.done


class StatedPlanInputs(CurrentPlanInputs):
    """What a plan rests on is tested with the inventory; a sweep only compares it."""

    def __init__(self, interruptions: Interruptions) -> None:
        self._interruptions = interruptions
        self.rests_on = PlanInputs()
        self.listed = 0
        """How often it was listed."""

    def inputs(
        self, provider: str, share_name: str, lattice_contents: Collection[SharedResource], row: LedgerRow
    ) -> PlanInputs:
        self.listed += 1
        self._interruptions.before_call("inputs")
        return self.rests_on
