"""Starting attempts: entered in the ledger before the execution starts, by one writer only, and never twice.

Of several attempts the history and the events are written together, when each has its row: what others hear of is in
the ledger. Whoever is killed before leaves entered attempts that do not run; the next sweep announces and starts them.
"""

import itertools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from drawbridge.discovery.absences import reasons_of
from drawbridge.discovery.announced import reasons_of_marks
from drawbridge.discovery.announcements import BusAnnouncements, pending_change, withdrawing_change
from drawbridge.discovery.endings import EndingRecorder
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.next_action import is_young, may_try_again
from drawbridge.discovery.observed_request import ObservedRequest
from drawbridge.discovery.workflow import Workflow, Workflows
from drawbridge.record.record import StatusChange
from drawbridge.request import ExecutionInput, Request
from drawbridge.request.absence import Absence
from drawbridge.status import Reason, Status

_AT_ONCE = 10
"""Attempts that are entered before they are started: as many as there are events in one call."""

MOST_SKIPPED = 100
"""Names of executions that are taken and passed over at once; the next attempt goes on there."""


class AttemptLedger(Protocol):
    """The ledger, as starting attempts needs it."""

    def rows(self, request_ids: Collection[str]) -> Mapping[str, LedgerRow]:
        """Return rows without their decision records, which a sweep does not compare."""
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

        So it is, too, if its withdrawal was commanded since. ``absent`` replaces the row's marks, if they are as they
        were read.
        """
        ...

    def claim_withdrawal(self, row: LedgerRow, absent: tuple[Absence, ...], reasons: tuple[Reason, ...]) -> bool:
        """Enter the next attempt, of the withdrawal; ``False`` if the row and its marks are not as they were read."""
        ...


class UnwrittenHistory(Protocol):
    """What was added to the history of requests, and is not written yet."""

    def keep(self) -> None:
        """Write all of it; nothing is raised."""
        ...


class Entered(Struct, frozen=True):
    """An attempt that is in the ledger, and does not run yet."""

    execution: ExecutionInput
    change: StatusChange
    workflow: Workflow
    observed: ObservedRequest | None = None
    """Of an attempt at the onboarding."""

    @property
    def is_first(self) -> bool:
        """Whether the request had no row before."""
        return self.execution.attempt == 1


@dataclass
class Launched:
    """What became of attempts that were entered."""

    started: list[str] = field(default_factory=list)
    """Names of executions."""
    first_attempts: list[str] = field(default_factory=list)
    """Those of them that are the first of their requests."""
    failures: list[tuple[str, Exception]] = field(default_factory=list)
    """What went wrong, with the id of the request: the next sweep starts its attempt."""


class AttemptStarter:
    """Starts attempts, and sees to those that were started: an entered attempt that does not run is started again."""

    def __init__(
        self,
        ledger: AttemptLedger,
        workflows: Workflows,
        endings: EndingRecorder,
        announcements: BusAnnouncements,
        history: UnwrittenHistory,
        *,
        at_once: int = _AT_ONCE,
    ) -> None:
        self._ledger = ledger
        self._workflows = workflows
        self._endings = endings
        self._announcements = announcements
        self._history = history
        self._at_once = at_once
        self._entered: list[Entered] = []
        self.launched = Launched()

    def start(
        self, observed: ObservedRequest, row: LedgerRow | None, *, absent: tuple[Absence, ...] | None = None
    ) -> bool:
        """Enter the next attempt at the onboarding, which ``launch`` starts; ``False`` if the row has changed.

        ``absent`` replaces the row's marks.
        """
        attempt = row.attempt + 1 if row else 1
        if not self._ledger.claim(observed, attempt, after=row, absent=absent):
            return False
        self._add(
            Entered(
                input_of(observed.request, attempt),
                pending_change(observed, attempt),
                self._workflows.onboarding,
                observed,
            )
        )
        return True

    def launch(self) -> None:
        """Start the attempts that were entered: history, then events, then executions."""
        entered, self._entered = self._entered, []
        if not entered:
            return
        self._history.keep()
        failures = self._announcements.all_of([each.change for each in entered])
        for each in entered:
            request_id = each.execution.request_id
            if (unannounced := failures.get(each.change.id)) is not None:
                self.launched.failures.append((request_id, unannounced))
                continue
            try:
                name = self._launch(each)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one request, it stops no other
                self.launched.failures.append((request_id, error))
            else:
                self._note_started(each, name)

    def launch_new(self) -> None:
        """Start what was entered if a request's first attempt is among it: who asks anew waits for nobody's review."""
        if any(each.is_first for each in self._entered):
            self.launch()

    def _add(self, entered: Entered) -> None:
        self._entered.append(entered)
        if len(self._entered) >= self._at_once:
            self.launch()

    def _note_started(self, entered: Entered, name: str | None) -> None:
        if name is not None:
            self.launched.started.append(name)
            self.launched.first_attempts += [name] if entered.is_first else []

    def _launch(self, entered: Entered) -> str | None:
        if entered.workflow.start(entered.execution):
            return entered.execution.execution_name
        # A withdrawal that has ended is found by the next sweep.
        observed = entered.observed
        if observed is None:
            return entered.execution.execution_name
        return self._start_beyond(observed, entered.execution.attempt)

    def _start_beyond(self, observed: ObservedRequest, attempt: int) -> str | None:
        """Start an attempt beyond those of an earlier ledger, which is lost: the names of executions stay taken."""
        names = itertools.islice(_inputs_from(observed.request, attempt), MOST_SKIPPED)
        beyond = attempt + sum(1 for _ in itertools.takewhile(self._workflows.has_ended, names))
        row = self._ledger.rows({observed.request.request_id}).get(observed.request.request_id)
        if row is None or not self._ledger.claim(observed, beyond, after=row):
            return None
        self._history.keep()
        self._announcements.pending(observed, beyond)
        execution = input_of(observed.request, beyond)
        self._workflows.onboarding.start(execution)
        return execution.execution_name

    def start_withdrawal(self, row: LedgerRow, absent: tuple[Absence, ...], reasons: tuple[Reason, ...]) -> bool:
        """Enter the withdrawal of a whole request, with these marks of what is gone, which ``launch`` starts."""
        if not self._ledger.claim_withdrawal(row, absent, reasons):
            return False
        attempt = row.attempt + 1
        execution = input_of(row.request, attempt)
        self._add(Entered(execution, withdrawing_change(row, attempt, reasons), self._workflows.withdrawal))
        return True

    def is_lost(self, observed: ObservedRequest, row: LedgerRow, now: datetime) -> bool:
        """Return whether an attempt does not run, nobody knows how it ended, and it is time for another one."""
        return not (is_young(row, now) or self.is_running_or_recorded(observed, row)) and may_try_again(row, now)

    def is_running_or_recorded(self, observed: ObservedRequest, row: LedgerRow) -> bool:
        """Ensure that the attempt's execution runs, or record its end; ``False`` if nobody knows how it ended."""
        return self._runs(observed, row) or self._endings.record(row)

    def _runs(self, observed: ObservedRequest, row: LedgerRow) -> bool:
        # Whoever entered the attempt may have been stopped before announcing it.
        if row.status is Status.PENDING:
            self._announcements.pending(observed, row.attempt)
        elif row.status is Status.WITHDRAWING:
            self._announcements.withdrawing(row, row.attempt, reasons_to_withdraw(row))
        return self._workflows.of(row).start(input_of(row.request, row.attempt))


def reasons_to_withdraw(row: LedgerRow) -> tuple[Reason, ...]:
    """Return why a whole request is withdrawn: the same whenever it is asked for."""
    if row.commanded is not None:
        return (row.commanded.reason,)
    is_gone = any(mark.of == row.request.subject and mark.confirmed for mark in row.absent)
    return reasons_of(row.absent) if is_gone else reasons_of_marks(row.announced)


def _inputs_from(request: Request, first: int) -> Iterator[ExecutionInput]:
    return (input_of(request, attempt) for attempt in itertools.count(first))


def input_of(request: Request, attempt: int) -> ExecutionInput:
    """Return the input of an attempt's execution, which names it."""
    return ExecutionInput(request=request, request_id=request.request_id, attempt=attempt)
