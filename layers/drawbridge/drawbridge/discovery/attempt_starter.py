"""Starting attempts: entered in the ledger before the execution starts, by one writer only, and never twice."""

import itertools
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Protocol

from drawbridge.discovery.absences import reasons_of
from drawbridge.discovery.announced import reasons_of_marks
from drawbridge.discovery.announcements import BusAnnouncements
from drawbridge.discovery.endings import EndingRecorder
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.next_action import is_young, may_try_again
from drawbridge.discovery.observed_request import ObservedRequest
from drawbridge.discovery.workflow import Workflows
from drawbridge.request import ExecutionInput, Request
from drawbridge.request.absence import Absence
from drawbridge.status import Reason, Status

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


class AttemptStarter:
    """Starts attempts, and sees to those that were started: an entered attempt that does not run is started again."""

    def __init__(
        self,
        ledger: AttemptLedger,
        workflows: Workflows,
        endings: EndingRecorder,
        announcements: BusAnnouncements,
    ) -> None:
        self._ledger = ledger
        self._workflows = workflows
        self._endings = endings
        self._announcements = announcements

    def start(
        self, observed: ObservedRequest, row: LedgerRow | None, *, absent: tuple[Absence, ...] | None = None
    ) -> str | None:
        """Start the next attempt at the onboarding; return its execution's name, ``None`` if the row has changed.

        ``absent`` replaces the row's marks.
        """
        attempt = row.attempt + 1 if row else 1
        if not self._ledger.claim(observed, attempt, after=row, absent=absent):
            return None
        self._announcements.pending(observed, attempt)
        execution = input_of(observed.request, attempt)
        if not self._workflows.onboarding.start(execution):
            return self._start_beyond(observed, attempt)
        return execution.execution_name

    def _start_beyond(self, observed: ObservedRequest, attempt: int) -> str | None:
        """Start an attempt beyond those of an earlier ledger, which is lost: the names of executions stay taken."""
        names = itertools.islice(_inputs_from(observed.request, attempt), MOST_SKIPPED)
        beyond = attempt + sum(1 for _ in itertools.takewhile(self._workflows.has_ended, names))
        row = self._ledger.rows({observed.request.request_id}).get(observed.request.request_id)
        if row is None or not self._ledger.claim(observed, beyond, after=row):
            return None
        self._announcements.pending(observed, beyond)
        execution = input_of(observed.request, beyond)
        self._workflows.onboarding.start(execution)
        return execution.execution_name

    def start_withdrawal(self, row: LedgerRow, absent: tuple[Absence, ...], reasons: tuple[Reason, ...]) -> str | None:
        """Start the withdrawal of a whole request, with these marks of what is gone."""
        if not self._ledger.claim_withdrawal(row, absent, reasons):
            return None
        attempt = row.attempt + 1
        self._announcements.withdrawing(row, attempt, reasons)
        execution = input_of(row.request, attempt)
        self._workflows.withdrawal.start(execution)
        return execution.execution_name

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
