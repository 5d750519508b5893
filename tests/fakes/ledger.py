"""The ledger, in memory; ``aws.ledger_table.LedgerTable`` keeps it in DynamoDB."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET

from drawbridge.association.coverage import AttachedPlace
from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.decision import Delayed
from drawbridge.decision.let_in import AWAITS_QUESTION_SLOT, NOT_MANAGED, LetIn, let_in_before
from drawbridge.decision.recorded import RecordedRequest
from drawbridge.discovery.ledger_row import NOT_LET_IN_YET, LedgerRow, is_failure, is_followed
from drawbridge.discovery.observed_request import ObservedRequest
from drawbridge.discovery.review import Review
from drawbridge.publication import AttachmentSnapshot
from drawbridge.record import Outcome, OutcomeBasis
from drawbridge.record.entry import Entry
from drawbridge.record.outcome import permitted_by
from drawbridge.record.record import StatusChange, reasons_for_status
from drawbridge.request import OrphanRequest
from drawbridge.request.absence import Absence
from drawbridge.request.announced import Announced, WithdrawalCommand
from drawbridge.status import Reason, Status
from drawbridge.withdrawal import ConnectedRecord
from tests.builders import NOW
from tests.fakes.interruptions import Interruptions

replace = msgspec.structs.replace

_OVER = frozenset({Status.REJECTED, Status.EXPIRED, Status.WITHDRAWN})


class InMemoryLedger:
    """The rows, as far as the flow reads them: what only people read of them is not kept."""

    def __init__(
        self, interruptions: Interruptions | None = None, *, now: Callable[[], datetime] = lambda: NOW
    ) -> None:
        self._interruptions = interruptions or Interruptions()
        self._now = now
        self._lock = threading.Lock()
        self.kept: dict[str, LedgerRow] = {}
        self.entries: dict[str, Entry] = {}
        """What people read of the rows, as a test says it."""
        self.published: dict[str, set[str]] = defaultdict(set)
        """The parameters that each request published."""
        self.written: list[tuple[StatusChange, Outcome]] = []
        """The changes of status that were asked for, whether or not they were taken over."""
        self.causes: list[Reason | None] = []
        """Why each attempt was to be entered."""
        self.decision_records_read: list[list[str]] = []
        """Of which requests, at each time that they were read."""

    def rows(self, request_ids: Collection[str]) -> Mapping[str, LedgerRow]:
        return {each: _compared(self.kept[each]) for each in request_ids if each in self.kept}

    def with_decision_records(self, rows: Collection[LedgerRow]) -> dict[str, LedgerRow]:
        self.decision_records_read.append([row.request_id for row in rows])
        return {row.request_id: self._with_records(row) for row in rows}

    def _with_records(self, row: LedgerRow) -> LedgerRow:
        there = self.kept[row.request_id]
        return replace(
            row,
            decision_record=there.decision_record,
            association_decision_record=there.association_decision_record,
        )

    def followed(self) -> list[LedgerRow]:
        return [_compared(each) for each in self.kept.values() if each.followed]

    def let_in(self, request_id: str) -> LetIn | None:
        there = self.kept.get(request_id)
        return there.let_in if there is not None and isinstance(there.let_in, LetIn) else None

    def entry(self, request_id: str) -> Entry | None:
        return self.entries.get(request_id)

    def entry_with(self, change: StatusChange) -> Entry | None:
        return self.entries.get(change.request_id)

    def is_commanded(self, request_id: str) -> bool:
        there = self.kept.get(request_id)
        return there is not None and there.commanded is not None

    def delayed(self, request_id: str) -> Delayed | None:
        there = self.kept.get(request_id)
        return there.delayed if there is not None else None

    def deadline(self, request_id: str) -> datetime | None:
        there = self.kept.get(request_id)
        return there.deadline if there is not None else None

    def recorded(self, request_ids: Collection[str]) -> Mapping[str, RecordedRequest]:
        return {
            each: RecordedRequest(
                let_in=self.let_in(each),
                delayed=self.delayed(each),
                commanded=self.is_commanded(each),
                deadline=self.deadline(each),
            )
            for each in request_ids
            if each in self.kept
        }

    def commanded(self, request_ids: Collection[str]) -> Collection[str]:
        return [each for each in request_ids if self.is_commanded(each)]

    def connected(self, request_id: str) -> ConnectedRecord:
        there = self.kept.get(request_id)
        if there is None:
            return ConnectedRecord()
        let_in = there.let_in if isinstance(there.let_in, LetIn) else None
        return ConnectedRecord(
            account_id=there.account_id,
            attachments=there.attachments or (),
            published=tuple(sorted(self.published.get(request_id, ()))),
            let_in=(let_in.arns if let_in else None) or (),
            absent=there.absent,
            announced=there.announced,
            commanded=there.commanded,
        )

    def attached(self, request_id: str) -> frozenset[AttachedPlace]:
        return frozenset(
            AttachedPlace(name=each.name, resource_arn=each.resource_arn, made=each.made)
            for each in self.connected(request_id).attachments
        )

    def attachments_of_others(self, request_id: str) -> list[AttachmentSnapshot]:
        return [each for row in self._others(request_id) for each in row.attachments or ()]

    def resources_of_others(self, request_id: str) -> frozenset[str] | None:
        let_in = [row.let_in for row in self._others(request_id) if isinstance(row.let_in, LetIn)]
        if any(each.arns is None for each in let_in):
            return None
        attached = {each.resource_arn for each in self.attachments_of_others(request_id)}
        return frozenset(attached | {arn for each in let_in for arn in each.arns or ()})

    def _others(self, request_id: str) -> list[LedgerRow]:
        rows = [row for row in self.followed() if row.request_id != request_id]
        return [row for row in rows if not isinstance(row.request, OrphanRequest)]

    def claim(
        self,
        observed: ObservedRequest,
        attempt: int,
        *,
        after: LedgerRow | None,
        absent: tuple[Absence, ...] | None = None,
    ) -> bool:
        self._interruptions.before_write()
        self.causes.append(observed.cause)
        entered: dict[str, Any] = {
            "request": observed.request,
            "account_id": observed.account_id,
            "status": Status.PENDING,
            "attempt": attempt,
            "settled": False,
            "observed_fingerprint": observed.observed_fingerprint,
            "bindings_fingerprint": observed.bindings_fingerprint,
            "decision_fingerprint": observed.decision_fingerprint,
            "drift_fingerprint": observed.drift_fingerprint,
            "updated_at": self._timestamp(),
            "failures": 0,
            "incomplete": False,
            "followed": "yes",
        }
        if observed.deadline is not None or not observed.is_gone:
            entered["deadline"] = observed.deadline
        if isinstance(observed.request, OrphanRequest):
            entered["commanded"] = None
        if observed.inputs is not None:
            entered["inputs"] = _said(observed.inputs)
        with self._lock:
            there = self.kept.get(observed.request.request_id)
            if after is None or there is None:
                if after is not there:
                    return False
                self.kept[observed.request.request_id] = LedgerRow(**entered)
                return True
            if not _is_as_read(there, after):
                return False
            is_commanded_since = there.commanded is not None and after.commanded is None
            if is_commanded_since and not isinstance(observed.request, OrphanRequest):
                return False
            if absent is not None:
                if not _has_marks_as_read(there, after):
                    return False
                entered |= _marked(absent, capped=False)
            entered |= {
                "failures": after.failures + (not after.settled),
                "let_in": _let_in_until_now(there),
                "reviewed_fingerprint": "",
                "awaits_question_slot": False,
            }
            self.kept[there.request_id] = replace(there, **entered)
            return True

    def claim_withdrawal(self, row: LedgerRow, absent: tuple[Absence, ...], reasons: tuple[Reason, ...]) -> bool:
        self._interruptions.before_write()
        with self._lock:
            there = self.kept.get(row.request_id)
            if there is None or not (_is_as_read(there, row) and _has_marks_as_read(there, row)):
                return False
            self.kept[row.request_id] = replace(
                there,
                status=Status.WITHDRAWING,
                attempt=row.attempt + 1,
                settled=False,
                failures=row.failures + (not row.settled),
                awaits_question_slot=False,
                followed="yes",
                updated_at=self._timestamp(),
                **_marked(absent, capped=False),
            )
            return True

    def change_status(self, change: StatusChange, outcome: Outcome) -> StatusChange | None:
        self._interruptions.before_write()
        self.written.append((change, outcome))
        with self._lock:
            there = self.kept.get(change.request_id)
            if there is None or there.attempt != change.attempt:
                return None
            repeated = there.status is change.status
            if there.settled and not (repeated and outcome.settled):
                return None
            failures = there.failures
            if is_failure(change.status, settled=outcome.settled):
                # A withdrawal has its status from the beginning.
                failures += not (there.settled if change.status is Status.WITHDRAWING else repeated)
            elif outcome.settled:
                failures = 0
            self.published[there.request_id] |= {*change.published}
            self.published[there.request_id] -= {*outcome.taken_back}
            if change.status is Status.WITHDRAWN and not change.published:
                self.published[there.request_id].clear()
            self.kept[there.request_id] = replace(
                there,
                failures=failures,
                updated_at=self._timestamp(),
                permitted_by=there.permitted_by | permitted_by(outcome),
                **_changed(change.status, outcome),
                **(_based_on(outcome.basis) if outcome.basis else {}),
            )
            return replace(change, account_id=there.account_id)

    def note_observed(self, row: LedgerRow, observed: ObservedRequest) -> None:
        self._note(
            row,
            settled=False,
            observed_fingerprint=observed.observed_fingerprint,
            decision_fingerprint=observed.decision_fingerprint,
            bindings_fingerprint=observed.bindings_fingerprint,
        )

    def note_deadline(self, row: LedgerRow, deadline: datetime | None) -> None:
        self._interruptions.before_write()
        with self._lock:
            there = self.kept.get(row.request_id)
            if there is not None and (there.attempt, there.status) == (row.attempt, row.status):
                self.kept[row.request_id] = replace(there, deadline=deadline)

    def note_drift_healed(self, row: LedgerRow) -> None:
        self._note(row, drift_fingerprint="")

    def note_inputs(self, row: LedgerRow, inputs: PlanInputs) -> None:
        self._note(row, inputs=_said(inputs))

    def note_review(
        self, row: LedgerRow, review: Review, announced: tuple[Announced, ...], *, policies_fingerprint: str
    ) -> bool:
        return self._replace_announced(
            row,
            announced,
            reviewed_fingerprint=policies_fingerprint,
            no_longer_permitted=not review.permitted,
        )

    def note_announced(self, row: LedgerRow, announced: tuple[Announced, ...], *, capped: bool) -> bool:
        return self._replace_announced(row, announced, withdrawal_capped=capped)

    def note_announcement_sent(self, row: LedgerRow, fingerprint: str) -> None:
        self._note(row, announcement_sent=fingerprint)

    def note_tagged(self, row: LedgerRow, tagged: Mapping[str, str]) -> None:
        self._note(row, tagged=dict(tagged))

    def note_reviewed(self, row: LedgerRow, *, policies_fingerprint: str) -> None:
        self._note(row, reviewed_fingerprint=policies_fingerprint)

    def command_withdrawal(self, row: LedgerRow, command: WithdrawalCommand) -> bool:
        return self._note(row, settled=row.settled, commanded=command)

    def retry(self, row: LedgerRow, *, by: str) -> bool:
        return self._note(row, commanded=None, observed_fingerprint="retry")

    def note_followed(self, row: LedgerRow) -> None:
        self._note(row, followed="yes")

    def note_absent(self, row: LedgerRow, absent: tuple[Absence, ...], *, capped: bool) -> bool:
        self._interruptions.before_write()
        with self._lock:
            there = self.kept.get(row.request_id)
            if there is None or not (_is_as_read(there, row) and _has_marks_as_read(there, row)):
                return False
            self.kept[row.request_id] = replace(there, **_marked(absent, capped=capped))
            return True

    def _note(self, row: LedgerRow, *, settled: bool = True, **noted: Any) -> bool:
        self._interruptions.before_write()
        with self._lock:
            there = self.kept.get(row.request_id)
            if there is None or (there.attempt, there.settled) != (row.attempt, settled):
                return False
            self.kept[row.request_id] = replace(there, **noted)
            return True

    def _replace_announced(self, row: LedgerRow, announced: tuple[Announced, ...], **noted: Any) -> bool:
        there = self.kept.get(row.request_id)
        if there is not None and row.announced and there.announced != row.announced:
            self._interruptions.before_write()
            return False
        return self._note(row, announced=announced, **noted)

    def _timestamp(self) -> str:
        return self._now().isoformat(timespec="milliseconds")


def _compared(row: LedgerRow) -> LedgerRow:
    """Return a row as sweeps read it."""
    return replace(row, decision_record=None, association_decision_record=None)


def _is_as_read(there: LedgerRow, read: LedgerRow) -> bool:
    return (there.attempt, there.settled) == (read.attempt, read.settled)


def _has_marks_as_read(there: LedgerRow, read: LedgerRow) -> bool:
    return not read.absent or there.absent == read.absent


def _marked(absent: tuple[Absence, ...], *, capped: bool) -> dict[str, Any]:
    return {"absent": absent, "withdrawal_capped": capped}


def _let_in_until_now(there: LedgerRow) -> LetIn | msgspec.UnsetType | None:
    if there.let_in is not UNSET:
        return there.let_in
    return None if there.status in _OVER else let_in_before(there.decision_record, there.decided_by) or UNSET


def _said(inputs: PlanInputs) -> PlanInputs | None:
    """Return what a row keeps of inputs: those that say nothing leave nothing behind."""
    return None if inputs == PlanInputs() else inputs


def _changed(status: Status, outcome: Outcome) -> dict[str, Any]:
    """Return the fields that an outcome says something of."""
    changed: dict[str, Any] = {
        "status": status,
        "settled": outcome.settled,
        "incomplete": outcome.incomplete,
        "awaits_question_slot": any(reason.code == AWAITS_QUESTION_SLOT for reason in outcome.reasons),
    }
    changed |= _delayed(status, outcome)
    changed["followed"] = "yes" if is_followed(status, settled=outcome.settled) else ""
    if status not in NOT_LET_IN_YET:
        changed["deadline"] = None
    if status in _OVER:
        changed |= _marked((), capped=False) | {"announced": (), "announcement_sent": "", "tagged": {}}
        changed |= {} if status is Status.WITHDRAWN else {"commanded": None}
    if outcome.decided_by:
        changed["decided_by"] = reasons_for_status(outcome.decided_by)
    if outcome.decision_record is not None:
        changed["decision_record"] = outcome.decision_record
    if outcome.association_decision_record is not None:
        changed["association_decision_record"] = outcome.association_decision_record
    if outcome.let_in is not None:
        changed["let_in"] = outcome.let_in
    elif status in _OVER and not any(reason.code == NOT_MANAGED for reason in outcome.reasons):
        changed["let_in"] = None
    if outcome.kept is not None:
        changed["kept"] = reasons_for_status(outcome.kept)
        changed |= {} if outcome.kept else {"no_longer_permitted": False}
    if outcome.attachments is not None:
        changed["attachments"] = outcome.attachments
    return changed


def _delayed(status: Status, outcome: Outcome) -> dict[str, Any]:
    if outcome.delayed is None or status in _OVER:
        return {"delayed": None}
    return {} if outcome.delayed is UNSET else {"delayed": outcome.delayed}


def _based_on(basis: OutcomeBasis) -> dict[str, Any]:
    """Return the fields that a basis says something of."""
    said: dict[str, Any] = {
        "observed_fingerprint": basis.observed_fingerprint,
        "bindings_fingerprint": basis.bindings_fingerprint,
        "matching_bindings_fingerprint": basis.matching_bindings_fingerprint,
        "decision_fingerprint": basis.decision_fingerprint,
        "inputs": _said(basis.inputs),
    }
    based = {name: value for name, value in said.items() if value}
    if basis.contents is not UNSET:
        based["contents"] = basis.contents
    return based
