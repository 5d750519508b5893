"""The sweep: all that AWS lists is observed once and reconciled with the ledger; what needs an execution gets one."""

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.discovery.absence_watch import AbsenceWatch, Watch
from drawbridge.discovery.absences import reasons_of
from drawbridge.discovery.announced import (
    is_held_back_by_cap,
    is_to_be_counted,
    marks_due,
    may_take_down,
    reasons_of_marks,
)
from drawbridge.discovery.announcements import BusAnnouncements
from drawbridge.discovery.current_plan_inputs import CurrentPlanInputs
from drawbridge.discovery.drift import DriftDetector
from drawbridge.discovery.endings import EndingRecorder
from drawbridge.discovery.expiring import Expiring, expiring, is_deadline_to_be_noted
from drawbridge.discovery.fingerprints import FingerprintsInForce
from drawbridge.discovery.free_question_slots import FreeQuestionSlots
from drawbridge.discovery.ledger_row import LedgerRow, is_followed
from drawbridge.discovery.next_action import NextAction, is_time_to_ensure, is_young, may_try_again, next_action
from drawbridge.discovery.notifications import NotifyingServices, ensure_notifications
from drawbridge.discovery.observation import Observation, Observer
from drawbridge.discovery.observed_request import ObservedRequest
from drawbridge.discovery.orphan_watch import OrphanWatch
from drawbridge.discovery.permission_watch import PermissionWatch, Reviewed
from drawbridge.discovery.review import Review, ReviewOpen
from drawbridge.discovery.reviewer import PolicyReviewer
from drawbridge.discovery.waiting import WaitingRequests, WaitState
from drawbridge.discovery.workflow import Workflows
from drawbridge.errors import DrawbridgeError, InvalidInputError, UpstreamError
from drawbridge.hint import SweepScope
from drawbridge.request import (
    EndpointConnectionRequest,
    ExecutionInput,
    OrphanRequest,
    Request,
    ResourceShareRequest,
)
from drawbridge.request.absence import Absence
from drawbridge.request.announced import Announced, whole
from drawbridge.request.connections import EndpointConnection
from drawbridge.status import Reason, Status


class SweepLedger(Protocol):
    """The ledger, as discovery needs it."""

    def rows(self, request_ids: Collection[str]) -> Mapping[str, LedgerRow]:
        """Return rows without their decision records, which a sweep does not compare."""
        ...

    def with_decision_records(self, row: LedgerRow) -> LedgerRow:
        """Return a row with its decision records."""
        ...

    def followed(self) -> list[LedgerRow]:
        """Return the rows that AWS should still list: under way, settled only for now (held, failed), or connected."""
        ...

    def claim(
        self,
        observed: ObservedRequest,
        attempt: int,
        *,
        after: LedgerRow | None,
        absent: tuple[Absence, ...] | None = None,
    ) -> bool:
        """Enter the attempt; ``False`` if the row is not any longer as it was read, in ``after``.

        ``absent`` replaces the row's marks, if they are as they were read.
        """
        ...

    def claim_withdrawal(self, row: LedgerRow, absent: tuple[Absence, ...], reasons: tuple[Reason, ...]) -> bool:
        """Enter the next attempt, of the withdrawal; ``False`` if the row and its marks are not as they were read."""
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


class SweepResult(Struct, frozen=True):
    """What one sweep found and did, for the log and the metrics."""

    observed: int
    started: tuple[str, ...]
    no_longer_permitted: tuple[str, ...]
    """The requests that were let in and that the policies in force would not let in any more; each is reported once."""
    failures: tuple[DrawbridgeError, ...]
    """What could not be observed or reconciled; nothing else was stopped by it. The sweep has to be repeated."""
    broken: tuple[InvalidInputError, ...] = ()
    """What can't be read, such as a row that somebody wrote by hand: no repetition mends it."""
    transit_gateway_attachments: tuple[EndpointConnection, ...] = ()
    """Attachments of transit gateways that wait for acceptance by a managed service: only people answer them."""
    reviews_open: tuple[str, ...] = ()
    """The requests whose review has no result yet, and why; the next sweep tries again."""
    withdrawals_capped: tuple[str, ...] = ()
    """The requests of which something is gone and nothing is taken down: too many would go at once."""
    existence_unknown: tuple[str, ...] = ()
    """What is not listed, and of which AWS, asked by its id, says neither that it is there nor that it is gone."""
    expiring: tuple[Expiring, ...] | None = None
    """What is not let in yet and expires soon; ``None`` if shares were not observed."""


@dataclass
class _Findings:
    """What one sweep has found so far."""

    started: list[str] = field(default_factory=list)
    no_longer_permitted: list[str] = field(default_factory=list)
    failures: list[DrawbridgeError] = field(default_factory=list)
    broken: list[InvalidInputError] = field(default_factory=list)
    attachments: list[EndpointConnection] = field(default_factory=list)
    reviews_open: list[str] = field(default_factory=list)
    kinds: list[type[Request]] = field(default_factory=list)
    """The kinds of requests that could be observed."""
    listed: frozenset[str] = frozenset()
    """What AWS lists of them: the ARNs of shares and of what they hold, the ids of endpoints."""
    going: dict[str, tuple[Absence, ...]] = field(default_factory=dict)
    """The marks with which an attempt is to take down what is gone of a request."""
    withdrawals_capped: list[str] = field(default_factory=list)
    existence_unknown: list[str] = field(default_factory=list)
    expiring: tuple[Expiring, ...] | None = None
    reviewed: set[str] = field(default_factory=set)
    """The requests that were reviewed."""
    is_capped: bool = False
    """Whether so much would go at once that nothing goes which nobody let go."""
    is_watched: bool = True
    """Whether it is known how much would go at once."""
    unknown: dict[str, DrawbridgeError] = field(default_factory=dict)
    """Why drift could not be detected, each reason once."""
    unlisted: DrawbridgeError | None = None
    """Why what plans rest on could not be listed; it is not tried again for each row."""

    def result(self, observed: int) -> SweepResult:
        failures = [*self.failures, *self.unknown.values(), *([self.unlisted] if self.unlisted else [])]
        return SweepResult(
            observed=observed,
            started=tuple(self.started),
            no_longer_permitted=tuple(self.no_longer_permitted),
            failures=tuple(failures),
            broken=tuple(self.broken),
            transit_gateway_attachments=tuple(self.attachments),
            reviews_open=tuple(self.reviews_open),
            withdrawals_capped=tuple(self.withdrawals_capped),
            existence_unknown=tuple(self.existence_unknown),
            expiring=self.expiring,
        )

    def take_over(self, watch: Watch) -> None:
        self.going |= watch.going
        self.withdrawals_capped += watch.capped
        self.existence_unknown += watch.unknown
        self.failures += watch.failures
        self.is_capped = watch.is_capped

    @property
    def holds_back(self) -> bool:
        """Return whether nothing goes that nobody let go."""
        return self.is_capped or not self.is_watched

    def lists(self, row: LedgerRow) -> bool:
        """Return whether AWS lists what the request is about."""
        return row.request.subject in self.listed


class Sweeper:
    """Observes all requests that AWS lists, and reconciles each with the ledger."""

    def __init__(
        self,
        *,
        observer: Observer,
        services: NotifyingServices,
        ledger: SweepLedger,
        workflows: Workflows,
        endings: EndingRecorder,
        fingerprints: FingerprintsInForce,
        announcements: BusAnnouncements,
        reviewer: PolicyReviewer,
        waiting: WaitingRequests,
        drift: DriftDetector,
        plan_inputs: CurrentPlanInputs,
        absences: AbsenceWatch,
        permissions: PermissionWatch,
        orphans: OrphanWatch,
        questions_at_once: int,
        expiring_within: timedelta,
    ) -> None:
        """``questions_at_once`` is how many questions of one account are open at most.

        An invitation is reported as expiring when no more than ``expiring_within`` is left.
        """
        self._observer = observer
        self._services = services
        self._ledger = ledger
        self._workflows = workflows
        self._endings = endings
        self._fingerprints = fingerprints
        self._announcements = announcements
        self._reviewer = reviewer
        self._waiting = waiting
        self._drift = drift
        self._questions_at_once = questions_at_once
        self._expiring_within = expiring_within
        self._plan_inputs = plan_inputs
        self._absences = absences
        self._permissions = permissions
        self._orphans = orphans

    def sweep(self, scope: SweepScope, now: datetime) -> SweepResult:
        """Sweep what the hints say.

        Any number of hints costs one sweep. It is safe to break off anywhere and to run twice at once: an attempt is
        entered in the ledger before its execution starts, by one writer only, and an entered attempt that does not
        run is started by the next sweep.
        """
        findings = _Findings()
        followed = self._ledger.followed()
        observed = self._observe(scope, followed, now, findings)
        rows = self._rows(observed, followed, now, findings)
        if ResourceShareRequest in findings.kinds:
            findings.expiring = expiring(observed, rows, now, self._expiring_within)
        try:
            self._waiting.load([row.request_id for row in rows.values() if row.waits_for_approval])
        except DrawbridgeError as error:
            findings.failures.append(error)
        if scope.orphans:
            findings.failures += self._orphans.enter(followed, findings.kinds, findings.listed, now)
        slots = FreeQuestionSlots(followed, self._questions_at_once)
        for each in observed:
            row = rows.get(each.request.request_id)
            try:
                execution = self._reconcile_request(each, row, slots, now, findings)
                if execution is None and row is not None:
                    if is_deadline_to_be_noted(each, row):
                        self._ledger.note_deadline(row, each.deadline)
                    execution = self._review(each, row, now, findings)
            except InvalidInputError as error:
                findings.broken.append(error)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one request, it stops no other
                findings.failures.append(_failure(each.request.request_id, error))
            else:
                findings.started += [execution] if execution else []
        return findings.result(len(observed))

    def _observe(
        self, scope: SweepScope, followed: list[LedgerRow], now: datetime, findings: "_Findings"
    ) -> list[ObservedRequest]:
        """Return what is observed in the scope; what could not be observed is added to the failures."""
        failures, attachments = findings.failures, findings.attachments
        observed: list[ObservedRequest] = []
        if scope.executions:
            failures += self._record_endings(scope.executions)
        if scope.connections:
            observed += self._collect(
                lambda: self._observer.connections(followed, attachments), [EndpointConnectionRequest], findings
            )
        if scope.notifications:
            failures += ensure_notifications(self._services)
        if scope.shares:
            kinds: list[type[Request]] = [ResourceShareRequest, OrphanRequest]
            observed += self._collect(lambda: self._observer.shares(followed, now), kinds, findings)
        return observed

    @staticmethod
    def _collect(
        observe: Callable[[], Observation], kinds: Iterable[type[Request]], findings: "_Findings"
    ) -> list[ObservedRequest]:
        try:
            observation = observe()
        except Exception as error:  # noqa: BLE001 - what can't be observed stops nothing else
            findings.failures.append(_failure("sweep", error))
            return []
        findings.kinds += kinds
        findings.listed |= observation.listed
        return observation.requests

    def _rows(
        self, observed: list[ObservedRequest], followed: list[LedgerRow], now: datetime, findings: "_Findings"
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
            findings.failures.append(_failure("watch", error))
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
            if row.settled or _input(row.request, row.attempt).execution_name not in executions:
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
        findings: "_Findings",
    ) -> str | None:
        """Reconcile one request; return the name of the execution if one was started."""
        if row is not None and row.waits_for_approval and self._is_left_waiting(observed, row, now):
            return None
        if row is not None and row.settled and not row.followed and is_followed(row.status, settled=True):
            self._ledger.note_followed(row)
        if row is not None and self._is_for_withdrawal(row, now, findings):
            return self._withdraw(observed, row, now, findings)
        observed = self._with_drift(self._with_matching_bindings(observed, row), row, findings)
        observed = self._with_inputs(observed, row, findings)
        if row is not None and (execution := self._take_down_part(observed, row, now, findings)) is not None:
            return execution
        action = next_action(observed, row, now)
        if action is NextAction.NOTHING and not self._is_to_be_decided_again(observed, row, slots, now):
            return None
        if (
            action is NextAction.ENSURE_RUNNING
            and row is not None
            and (self._is_running_or_recorded(observed, row) or not may_try_again(row, now))
        ):
            return None
        return self._start_attempt(observed, row)

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

    def _with_drift(self, observed: ObservedRequest, row: LedgerRow | None, findings: "_Findings") -> ObservedRequest:
        """Add the drift of what is connected."""
        if row is None or row.attachments is None or not observed.open or row.status is not Status.AVAILABLE:
            return observed
        report = self._drift.detect(row)
        # One network that can't be listed is reported once, however many rows depend on it.
        findings.unknown |= {str(error): error for error in report.unknown}
        if report.unknown and not report.drift_fingerprint:
            return msgspec.structs.replace(observed, drift_fingerprint=row.drift_fingerprint)
        if row.drift_fingerprint and not report.drift_fingerprint and row.settled:
            # The same drift may come again, and then gets an attempt at once.
            self._ledger.note_drift_healed(row)
        return msgspec.structs.replace(observed, drift_fingerprint=report.drift_fingerprint)

    def _with_inputs(self, observed: ObservedRequest, row: LedgerRow | None, findings: "_Findings") -> ObservedRequest:
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
        changed = (observed.observed_fingerprint, observed.decision_fingerprint, observed.open) != (
            row.observed_fingerprint,
            row.decision_fingerprint,
            row.commanded is None,
        )
        waits = self._waiting.resume_if_answered(row, now, reconsider=changed)
        if changed and waits is WaitState.RESUMED:
            self._ledger.note_observed(row, observed)
        return waits is WaitState.RESUMED or (waits is WaitState.WAITING and not is_time_to_ensure(row, now))

    def _is_to_be_decided_again(
        self, observed: ObservedRequest, row: LedgerRow | None, slots: FreeQuestionSlots, now: datetime
    ) -> bool:
        """Return whether a settled request is to be decided again where ``next_action`` has no reason for it.

        So it is if a question slot is free for it, if it is held and policies decide otherwise because time has passed,
        if it was kept and is permitted again, or if it was withdrawn and would be let in again.
        """
        if row is None or not row.settled or not observed.open:
            return False
        if slots.is_next(row):
            return True
        if row.status is Status.WITHDRAWN:
            return self._is_let_in_again(observed, row)
        if row.status is Status.HELD:
            by_clock = self._reviewer.goes_by_the_clock()
            return by_clock and self._reviewer.decides_otherwise(self._ledger.with_decision_records(row), now)
        if not row.kept or observed.decision_fingerprint == row.decision_fingerprint:
            return False
        review = self._reviewer.review(self._ledger.with_decision_records(row), observed.contents)
        return isinstance(review, Review) and review.permitted

    def _is_let_in_again(self, observed: ObservedRequest, row: LedgerRow) -> bool:
        """Return whether what was withdrawn and is there would be let in by what changed since."""
        if observed.policies_fingerprint == (row.reviewed_fingerprint or row.decision_fingerprint):
            return False
        if self._reviewer.lets_in_now(self._ledger.with_decision_records(row), observed.contents):
            return True
        self._ledger.note_reviewed(row, policies_fingerprint=observed.policies_fingerprint)
        return False

    def _review(self, observed: ObservedRequest, row: LedgerRow, now: datetime, findings: "_Findings") -> str | None:
        """Review what is connected if that is due, announce what is no longer permitted, and take down what is due.

        Return the name of the execution if one was started.
        """
        if row.request_id in findings.reviewed:
            return None
        findings.reviewed.add(row.request_id)
        if row.settled and row.announced and not row.is_connected:
            self._permissions.drop(row)
        if not self._permissions.concerns(row, observed):
            return None
        if not self._permissions.is_review_due(row, observed, now):
            self._tell(row, findings)
            return None
        reviewed = self._permissions.review(row, observed, now)
        if isinstance(reviewed, ReviewOpen):
            findings.reviews_open.append(f"{row.request_id}: {reviewed.because}")
        if reviewed is None or isinstance(reviewed, ReviewOpen):
            return None
        if reviewed.row.no_longer_permitted and not row.no_longer_permitted:
            findings.no_longer_permitted.append(row.request_id)
        self._tell(reviewed.row, findings, after=row)
        return self._take_down_refused(observed, reviewed, row.announced, now, findings)

    def _tell(self, row: LedgerRow, findings: "_Findings", *, after: LedgerRow | None = None) -> None:
        """Tell what is announced; that it can't be told holds nothing up, and is tried again by the next sweep."""
        try:
            self._permissions.tell(row, after=after)
        except DrawbridgeError as error:
            findings.failures.append(error)

    def _take_down_refused(
        self,
        observed: ObservedRequest,
        reviewed: Reviewed,
        before: Collection[Announced],
        now: datetime,
        findings: "_Findings",
    ) -> str | None:
        """Start what takes down that of which the time has come; ``before`` are the marks as they were read.

        What nobody forbade was counted for the cap only if its mark was there when the sweep began.
        """
        row, counted = reviewed.row, {mark.key for mark in before}
        due = [
            mark
            for mark in marks_due(row, now)
            if mark.key in reviewed.lapsed and (mark.forbidden or mark.key in counted)
        ]
        held_back = [mark for mark in due if findings.holds_back and is_held_back_by_cap(mark)]
        if held_back and findings.is_capped:
            findings.withdrawals_capped.append(row.request_id)
            self._permissions.hold_back(row)
        going = [mark for mark in due if mark not in held_back]
        if not going or not may_take_down(row, going, now):
            return None
        if whole(going) is not None:
            return self._start_withdrawal(row, row.absent, reasons_of_marks(going))
        return self._start_attempt(observed, row, absent=row.absent)

    def _is_running_or_recorded(self, observed: ObservedRequest, row: LedgerRow) -> bool:
        """Ensure that the attempt's execution runs, or record its end; ``False`` if nobody knows how it ended."""
        return self._runs(observed, row) or self._endings.record(row)

    def _runs(self, observed: ObservedRequest, row: LedgerRow) -> bool:
        # Whoever entered the attempt may have been stopped before announcing it.
        if row.status is Status.PENDING:
            self._announcements.pending(observed, row.attempt)
        elif row.status is Status.WITHDRAWING:
            self._announcements.withdrawing(row, row.attempt, _reasons_to_withdraw(row))
        return self._workflows.of(row).start(_input(row.request, row.attempt))

    @staticmethod
    def _is_for_withdrawal(row: LedgerRow, now: datetime, findings: "_Findings") -> bool:
        """Return whether nothing but a withdrawal may become of it.

        An operator commanded it, its time has come and it was begun, or it is connected and AWS does not list it. To an
        orphan nothing else can happen.
        """
        if row.stays_withdrawn or row.is_to_be_withdrawn or isinstance(row.request, OrphanRequest):
            return True
        is_begun = row.status is Status.WITHDRAWING
        if findings.lists(row):
            return is_begun and whole(marks_due(row, now)) is not None
        return row.is_connected if row.settled else is_begun

    def _withdraw(self, observed: ObservedRequest, row: LedgerRow, now: datetime, findings: "_Findings") -> str | None:
        # An orphan that was not entered whole is entered anew by the next look.
        is_half_entered = isinstance(row.request, OrphanRequest) and row.status is Status.PENDING
        if row.stays_withdrawn or is_half_entered:
            return None
        # An orphan that is listed ends: what leads there belongs to a share again.
        if row.is_to_be_withdrawn or findings.lists(row):
            return self._withdraw_listed(observed, row, now)
        return self._withdraw_absent(observed, row, now, findings)

    def _take_down_part(
        self, observed: ObservedRequest, row: LedgerRow, now: datetime, findings: "_Findings"
    ) -> str | None:
        """Start an attempt that takes down what is gone of a request, or what of it was announced and is due."""
        if row.request_id in findings.going:
            return self._start_attempt(observed, row, absent=findings.going[row.request_id])
        return self._review(observed, row, now, findings) if marks_due(row, now) else None

    def _withdraw_absent(
        self, observed: ObservedRequest, row: LedgerRow, now: datetime, findings: "_Findings"
    ) -> str | None:
        """Start the withdrawal if what the request is about is gone, or see to the one that was started."""
        if not row.settled and not self._is_lost(observed, row, now):
            return None
        # Under way, its marks are those of what is still gone.
        absent = findings.going.get(row.request_id, ()) if row.settled else row.absent
        if not any(mark.of == row.request.subject and mark.confirmed for mark in absent):
            return None
        return self._start_withdrawal(row, absent, reasons_of(absent))

    def _withdraw_listed(self, observed: ObservedRequest, row: LedgerRow, now: datetime) -> str | None:
        """Start the withdrawal of what is there, or see to the one that was started."""
        if row.settled:
            if row.status is Status.WITHDRAWING and not may_try_again(row, now):
                return None
        elif not self._is_lost(observed, row, now):
            return None
        return self._start_withdrawal(row, row.absent, _reasons_to_withdraw(row))

    def _is_lost(self, observed: ObservedRequest, row: LedgerRow, now: datetime) -> bool:
        """Return whether an attempt does not run, nobody knows how it ended, and it is time for another one."""
        return not (is_young(row, now) or self._is_running_or_recorded(observed, row)) and may_try_again(row, now)

    def _start_withdrawal(self, row: LedgerRow, absent: tuple[Absence, ...], reasons: tuple[Reason, ...]) -> str | None:
        if not self._ledger.claim_withdrawal(row, absent, reasons):
            return None
        attempt = row.attempt + 1
        self._announcements.withdrawing(row, attempt, reasons)
        execution = _input(row.request, attempt)
        self._workflows.withdrawal.start(execution)
        return execution.execution_name

    def _start_attempt(
        self, observed: ObservedRequest, row: LedgerRow | None, *, absent: tuple[Absence, ...] | None = None
    ) -> str | None:
        attempt = row.attempt + 1 if row else 1
        if not self._ledger.claim(observed, attempt, after=row, absent=absent):
            return None
        self._announcements.pending(observed, attempt)
        execution = _input(observed.request, attempt)
        if not self._workflows.onboarding.start(execution) and row is None:
            return self._start_beyond(observed, attempt)
        return execution.execution_name

    def _start_beyond(self, observed: ObservedRequest, attempt: int) -> str | None:
        """Start an attempt beyond those of an earlier ledger, which is lost: the names of executions stay taken."""
        taken = itertools.takewhile(self._workflows.has_ended, _inputs(observed.request, attempt))
        beyond = attempt + sum(1 for _ in taken)
        row = self._ledger.rows({observed.request.request_id}).get(observed.request.request_id)
        if row is None or not self._ledger.claim(observed, beyond, after=row):
            return None
        self._announcements.pending(observed, beyond)
        execution = _input(observed.request, beyond)
        self._workflows.onboarding.start(execution)
        return execution.execution_name


def _reasons_to_withdraw(row: LedgerRow) -> tuple[Reason, ...]:
    """Return why a whole request is withdrawn: the same whenever it is asked for."""
    if row.commanded is not None:
        return (row.commanded.reason,)
    is_gone = any(mark.of == row.request.subject and mark.confirmed for mark in row.absent)
    return reasons_of(row.absent) if is_gone else reasons_of_marks(row.announced)


def _failure(of: str, error: Exception) -> DrawbridgeError:
    """Return an unforeseen error as one that may pass: the sweep is repeated, and the error is logged."""
    if isinstance(error, DrawbridgeError):
        return error
    return UpstreamError(f"{of}: {type(error).__name__}: {str(error)[:500]}")


def _inputs(request: Request, first: int) -> Iterator[ExecutionInput]:
    return (_input(request, attempt) for attempt in itertools.count(first))


def _input(request: Request, attempt: int) -> ExecutionInput:
    return ExecutionInput(request=request, request_id=request.request_id, attempt=attempt)
