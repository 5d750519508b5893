"""The sweep: all that AWS lists is observed once and reconciled with the ledger; what needs an execution gets one."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.discovery.absence_watch import AbsenceWatch
from drawbridge.discovery.announced import (
    is_to_be_counted,
)
from drawbridge.discovery.attempt_starter import AttemptLedger, AttemptStarter, input_of
from drawbridge.discovery.current_plan_inputs import CurrentPlanInputs
from drawbridge.discovery.decision_records import DecisionRecords
from drawbridge.discovery.drift import DriftDetector
from drawbridge.discovery.endings import EndingRecorder
from drawbridge.discovery.expiring import expiring, is_deadline_to_be_noted
from drawbridge.discovery.findings import Findings, SweepResult, failure_of
from drawbridge.discovery.fingerprints import FingerprintsInForce
from drawbridge.discovery.followed_counts import count_followed
from drawbridge.discovery.free_question_slots import FreeQuestionSlots
from drawbridge.discovery.ledger_row import LedgerRow, is_followed
from drawbridge.discovery.next_action import (
    NextAction,
    cause_of_attempt,
    is_time_to_ensure,
    may_try_again,
    next_action,
)
from drawbridge.discovery.notifications import NotifyingServices, ensure_notifications
from drawbridge.discovery.observation import Observation, Observer
from drawbridge.discovery.observed_request import ObservedRequest
from drawbridge.discovery.offer_sweep import OfferSweep
from drawbridge.discovery.orphan_watch import OrphanWatch
from drawbridge.discovery.review import Review
from drawbridge.discovery.reviewer import PolicyReviewer
from drawbridge.discovery.waiting import WaitingRequests, WaitState
from drawbridge.discovery.withdrawals import WithdrawalReconciler
from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge.hint import SweepScope
from drawbridge.request import (
    EndpointConnectionRequest,
    OrphanRequest,
    Request,
    ResourceShareRequest,
)
from drawbridge.request.absence import Absence
from drawbridge.status import Reason, Status

_ENDED_UNRECORDED = Reason("ended-unrecorded", "The attempt before ended, and nobody knows how.")
_DECIDED_OTHERWISE = Reason("decided-otherwise", "Policies decide otherwise by now, or there is room for its question.")


class SweepLedger(AttemptLedger, Protocol):
    """The ledger, as discovery needs it."""

    def followed(self) -> list[LedgerRow]:
        """Return the rows that AWS should still list: under way, settled only for now (held, failed), or connected."""
        ...

    def note_followed(self, row: LedgerRow) -> None:
        """Have the row be one of those that are followed; do nothing if it has a later attempt."""
        ...

    def note_absent(self, row: LedgerRow, absent: tuple[Absence, ...], *, capped: bool) -> bool:
        """Note what of it is gone; ``False`` if the row and its marks are not any longer as they were read."""
        ...

    def note_observed(self, row: LedgerRow, observed: ObservedRequest) -> None:
        """Note what a waiting request was last compared with; do nothing if it does not wait any more."""
        ...

    def note_deadline(self, row: LedgerRow, deadline: datetime | None) -> None:
        """Note when the invitation expires, ``None`` if there is none; nothing if the row is not as it was read."""
        ...

    def note_drift_healed(self, row: LedgerRow) -> None:
        """Note that the drift that an attempt was made for has healed; do nothing if the row has a later attempt."""
        ...

    def note_inputs(self, row: LedgerRow, inputs: PlanInputs) -> None:
        """Note the inputs for the next sweep to compare with; do nothing if the row has a later attempt."""
        ...

    def note_reviewed(self, row: LedgerRow, *, policies_fingerprint: str) -> None:
        """Note under which configuration what was withdrawn was compared; nothing if the row has a later attempt."""
        ...


class Sweeper:
    """Observes all requests that AWS lists, and reconciles each with the ledger."""

    def __init__(
        self,
        *,
        observer: Observer,
        services: NotifyingServices,
        ledger: SweepLedger,
        decision_records: DecisionRecords,
        endings: EndingRecorder,
        attempts: AttemptStarter,
        withdrawals: WithdrawalReconciler,
        fingerprints: FingerprintsInForce,
        reviewer: PolicyReviewer,
        waiting: WaitingRequests,
        drift: DriftDetector,
        plan_inputs: CurrentPlanInputs,
        absences: AbsenceWatch,
        orphans: OrphanWatch,
        offers: OfferSweep,
        questions_at_once: int,
        expiring_within: timedelta,
    ) -> None:
        """``questions_at_once`` is how many questions of one account are open at most.

        An invitation is reported as expiring when no more than ``expiring_within`` is left.
        """
        self._observer = observer
        self._services = services
        self._ledger = ledger
        self._decision_records = decision_records
        self._endings = endings
        self._attempts = attempts
        self._withdrawals = withdrawals
        self._fingerprints = fingerprints
        self._reviewer = reviewer
        self._waiting = waiting
        self._drift = drift
        self._questions_at_once = questions_at_once
        self._expiring_within = expiring_within
        self._plan_inputs = plan_inputs
        self._absences = absences
        self._orphans = orphans
        self._offers = offers

    def sweep(self, scope: SweepScope, now: datetime) -> SweepResult:
        """Sweep what the hints say.

        Any number of hints costs one sweep. It is safe to break off anywhere and to run twice at once: an attempt is
        entered in the ledger before its execution starts, by one writer only, and an entered attempt that does not
        run is started by the next sweep.
        """
        followed = self._ledger.followed()
        findings = Findings(followed=count_followed(followed, now), told_by=scope.told_by)
        self._withdrawals.load(followed)
        observed = self._observe(scope, followed, now, findings)
        rows = self._rows(observed, followed, now, findings)
        if ResourceShareRequest in findings.kinds:
            findings.expiring = expiring(observed, rows, now, self._expiring_within)
        try:
            self._waiting.load([row.request_id for row in rows.values() if row.waits_for_approval])
        except DrawbridgeError as error:
            findings.failures.append(error)
        slots = FreeQuestionSlots(followed, self._questions_at_once)
        self._decision_records.expect(self._to_be_compared(observed, rows, now))
        for each in observed:
            row = rows.get(each.request.request_id)
            try:
                execution = self._reconcile_request(each, row, slots, now, findings)
                if execution is None and row is not None:
                    if is_deadline_to_be_noted(each, row):
                        self._ledger.note_deadline(row, each.deadline)
                    execution = self._withdrawals.review(each, row, now, findings)
            except InvalidInputError as error:
                findings.broken.append(error)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one request, it stops no other
                findings.failures.append(failure_of(each.request.request_id, error))
            else:
                findings.note_started(execution, first=row is None)
        self._look_beyond(scope, followed, now, findings)
        return findings.result(len(observed))

    def _to_be_compared(
        self, observed: Iterable[ObservedRequest], rows: Mapping[str, LedgerRow], now: datetime
    ) -> list[LedgerRow]:
        """Return the rows whose decisions are probably compared with what policies say now, in the order of the sweep.

        Which they are is found out one by one; what is missed here is read by itself.
        """
        by_clock = self._reviewer.goes_by_the_clock()
        with_rows = ((each, rows[each.request.request_id]) for each in observed if each.request.request_id in rows)
        return [
            row
            for each, row in with_rows
            if self._withdrawals.is_review_due(each, row, now)
            or (row.settled and each.open and self._may_be_decided_again(each, row, by_clock=by_clock))
        ]

    @staticmethod
    def _may_be_decided_again(observed: ObservedRequest, row: LedgerRow, *, by_clock: bool) -> bool:
        """Return whether what a settled request's decision rested on tells whether it is decided again."""
        if row.status is Status.WITHDRAWN:
            return observed.policies_fingerprint != (row.reviewed_fingerprint or row.decision_fingerprint)
        if row.status in {Status.HELD, Status.PENDING}:
            return by_clock
        return bool(row.kept) and observed.decision_fingerprint != row.decision_fingerprint

    def _look_beyond(self, scope: SweepScope, followed: list[LedgerRow], now: datetime, findings: Findings) -> None:
        """See to what is no request: last, for who asks waits for an answer."""
        if scope.orphans:
            findings.failures += self._orphans.enter(followed, findings.kinds, findings.listed, now)
        if scope.offers:
            findings.take_over_offers(self._offers.converge(now, forget_gone=scope.orphans))

    def _observe(
        self, scope: SweepScope, followed: list[LedgerRow], now: datetime, findings: Findings
    ) -> list[ObservedRequest]:
        """Return what is observed in the scope; what could not be observed is added to the failures."""
        failures = findings.failures
        observed: list[ObservedRequest] = []
        if scope.executions:
            failures += self._record_endings(scope.executions)
        if scope.connections:
            observed += self._collect(
                lambda: self._observer.connections(followed), [EndpointConnectionRequest], findings
            )
        if scope.notifications:
            failures += ensure_notifications(self._services)
        if scope.shares:
            kinds: list[type[Request]] = [ResourceShareRequest, OrphanRequest]
            observed += self._collect(lambda: self._observer.shares(followed, now), kinds, findings)
        return observed

    @staticmethod
    def _collect(
        observe: Callable[[], Observation], kinds: Iterable[type[Request]], findings: Findings
    ) -> list[ObservedRequest]:
        try:
            observation = observe()
        except Exception as error:  # noqa: BLE001 - what can't be observed stops nothing else
            findings.failures.append(failure_of("sweep", error))
            return []
        findings.kinds += kinds
        findings.listed |= observation.listed
        return observation.requests

    def _rows(
        self, observed: list[ObservedRequest], followed: list[LedgerRow], now: datetime, findings: Findings
    ) -> dict[str, LedgerRow]:
        """Return the rows of what is observed, with the marks of what is gone.

        Those that are followed come from the index, and are not read again. It may be a moment behind: then what is
        entered or noted here is lost, because the row is not any longer as it was read, and the next sweep does it; an
        execution that has ended meanwhile is asked for in vain, and what was announced is once more, under the same id.
        """
        ids = {each.request.request_id for each in observed}
        rows = {row.request_id: row for row in followed if row.request_id in ids}
        listed = [row for row in followed if isinstance(row.request, tuple(findings.kinds))]
        connected = sum(row.is_connected for row in followed)
        refused = sum(is_to_be_counted(row, now) for row in followed)
        try:
            watch = self._absences.observe(listed, findings.listed, connected, now, also_due=refused)
        except Exception as error:  # noqa: BLE001 - what can't be watched stops nothing else
            findings.failures.append(failure_of("watch", error))
            findings.is_watched = False
        else:
            findings.take_over(watch)
            rows |= {name: row for name, row in watch.noted.items() if name in ids}
        rows |= self._ledger.rows(ids - rows.keys())
        return rows

    def _record_endings(self, executions: Collection[str]) -> list[DrawbridgeError]:
        """Record the ends of executions that are said to have ended; return what went wrong."""
        failures: list[DrawbridgeError] = []
        try:
            rows = self._ledger.rows({name.rpartition("-")[0] for name in executions})
        except DrawbridgeError as error:
            return [error]
        for row in rows.values():
            if row.settled or input_of(row.request, row.attempt).execution_name not in executions:
                continue
            try:
                self._endings.record(row)
            except DrawbridgeError as error:
                failures.append(error)
        return failures

    def _reconcile_request(
        self,
        observed: ObservedRequest,
        row: LedgerRow | None,
        slots: FreeQuestionSlots,
        now: datetime,
        findings: Findings,
    ) -> str | None:
        """Reconcile one request; return the name of the execution if one was started."""
        if row is not None and row.waits_for_approval and self._is_left_waiting(observed, row, now):
            return None
        if row is not None and row.settled and not row.followed and is_followed(row.status, settled=True):
            self._ledger.note_followed(row)
        if row is not None and self._withdrawals.is_for_withdrawal(row, now, findings):
            return self._withdrawals.withdraw(observed, row, now, findings)
        observed = self._with_drift(self._with_matching_bindings(observed, row), row, findings)
        observed = self._with_inputs(observed, row, findings)
        if (
            row is not None
            and (execution := self._withdrawals.take_down_part(observed, row, now, findings)) is not None
        ):
            return execution
        action = next_action(observed, row, now)
        if action is NextAction.NOTHING and not self._is_to_be_decided_again(observed, row, slots, now):
            return None
        if (
            action is NextAction.ENSURE_RUNNING
            and row is not None
            and (self._attempts.is_running_or_recorded(observed, row) or not may_try_again(row, now))
        ):
            return None
        cause = findings.caused_by(self._cause(observed, row, action, now))
        return self._attempts.start(msgspec.structs.replace(observed, cause=cause), row)

    @staticmethod
    def _cause(observed: ObservedRequest, row: LedgerRow | None, action: NextAction, now: datetime) -> Reason:
        """Return why there is another attempt."""
        if action is NextAction.ENSURE_RUNNING:
            return _ENDED_UNRECORDED
        return cause_of_attempt(observed, row, now) or _DECIDED_OTHERWISE

    def _with_matching_bindings(self, observed: ObservedRequest, row: LedgerRow | None) -> ObservedRequest:
        """Add the fingerprint of matching bindings if any changed: most are for other resources of the provider."""
        contents = (
            row.contents if row is not None and observed.bindings_fingerprint != row.bindings_fingerprint else None
        )
        if contents is None:
            return observed
        return msgspec.structs.replace(
            observed,
            matching_bindings_fingerprint=self._fingerprints.matching_bindings_fingerprint(
                observed.share_name, contents
            ),
        )

    def _with_drift(self, observed: ObservedRequest, row: LedgerRow | None, findings: Findings) -> ObservedRequest:
        """Add the drift of what is connected."""
        if row is None or row.attachments is None or not observed.open or row.status is not Status.AVAILABLE:
            return observed
        report = self._drift.detect(row)
        # One network that can't be listed is reported once, however many rows depend on it.
        findings.unknown |= {str(error): error for error in report.unknown}
        if report.drift_fingerprint or (report.unknown and row.drift_fingerprint):
            findings.drifted.append(row.request_id)
        if report.unknown and not report.drift_fingerprint:
            return msgspec.structs.replace(observed, drift_fingerprint=row.drift_fingerprint)
        if row.drift_fingerprint and not report.drift_fingerprint and row.settled:
            # The same drift may come again, and then gets an attempt at once.
            self._ledger.note_drift_healed(row)
        return msgspec.structs.replace(observed, drift_fingerprint=report.drift_fingerprint)

    def _with_inputs(self, observed: ObservedRequest, row: LedgerRow | None, findings: Findings) -> ObservedRequest:
        """Add what a plan would rest on now.

        What AWS does not list is not known, and no change: the sweep goes on without it, and is repeated.
        """
        if row is None or not row.settled or not observed.lattice_contents or findings.unlisted is not None:
            return observed
        try:
            inputs = self._plan_inputs.inputs(observed.account_id, observed.share_name, observed.lattice_contents, row)
        except DrawbridgeError as error:
            findings.unlisted = error
            return observed
        if row.inputs is None:
            # The version that wrote the row kept none: from now on it is compared.
            self._ledger.note_inputs(row, inputs)
        return msgspec.structs.replace(observed, inputs=inputs)

    def _is_left_waiting(self, observed: ObservedRequest, row: LedgerRow, now: datetime) -> bool:
        """Resume a request that waits for a person if it, or what is configured, changed meanwhile.

        Return whether there is nothing else to do for it: its execution is known to wait, or was resumed. A change for
        which it could not be resumed is not noted, so that the next sweep tries again.
        """
        # A binding decides nothing, but whoever is asked reads what it would come to.
        changed = (
            observed.observed_fingerprint,
            observed.decision_fingerprint,
            observed.bindings_fingerprint,
            observed.open,
        ) != (row.observed_fingerprint, row.decision_fingerprint, row.bindings_fingerprint, row.commanded is None)
        waits = self._waiting.resume_if_answered(row, now, reconsider=changed)
        if changed and waits is WaitState.RESUMED:
            self._ledger.note_observed(row, observed)
        return waits is WaitState.RESUMED or (waits is WaitState.WAITING and not is_time_to_ensure(row, now))

    def _is_to_be_decided_again(
        self, observed: ObservedRequest, row: LedgerRow | None, slots: FreeQuestionSlots, now: datetime
    ) -> bool:
        """Return whether a settled request is to be decided again where ``next_action`` has no reason for it.

        So it is if a question slot is free for it, if it is held or delayed and policies decide otherwise because time
        has passed, if it was kept and is permitted again, or if it was withdrawn and would be let in again.
        """
        if row is None or not row.settled or not observed.open:
            return False
        if slots.is_next(row):
            return True
        if not self._may_be_decided_again(observed, row, by_clock=self._reviewer.goes_by_the_clock()):
            return False
        if row.status is Status.WITHDRAWN:
            return self._is_let_in_again(observed, row)
        if row.status in {Status.HELD, Status.PENDING}:
            return self._reviewer.decides_otherwise(self._decision_records.of(row), now)
        review = self._reviewer.review(self._decision_records.of(row), observed.contents)
        return isinstance(review, Review) and review.permitted

    def _is_let_in_again(self, observed: ObservedRequest, row: LedgerRow) -> bool:
        """Return whether what was withdrawn and is there would be let in by what changed since."""
        if self._reviewer.lets_in_now(self._decision_records.of(row), observed.contents):
            return True
        self._ledger.note_reviewed(row, policies_fingerprint=observed.policies_fingerprint)
        return False
