"""Recording the ends of executions that could not record them, so that no row keeps the status of one that ended."""

from drawbridge.bounds import shortened
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.workflow import ExecutionEnding, Workflows
from drawbridge.record import Outcome
from drawbridge.record.outcome import WorkflowError
from drawbridge.record.record import StatusBus, StatusLedger, record
from drawbridge.request import ExecutionInput
from drawbridge.status import Reason, Status

_CAUSE_BYTES = 2_000

_WORDS = {
    "FAILED": ("execution-failed", "failed"),
    "TIMED_OUT": ("execution-timed-out", "ran out of time"),
    "ABORTED": ("execution-aborted", "was stopped by somebody"),
    "SUCCEEDED": ("execution-unrecorded", "ended without recording how"),
}


class EndingRecorder:
    """Records the ends that Step Functions knows of and the ledger does not."""

    def __init__(self, workflows: Workflows, ledger: StatusLedger, bus: StatusBus) -> None:
        self._workflows = workflows
        self._ledger = ledger
        self._bus = bus

    def record(self, row: LedgerRow) -> bool:
        """Record that the attempt's execution has ended; ``False`` if it has not, or nobody knows.

        What the execution has recorded since the row was read is left as it is. Another attempt follows after the
        usual wait, as after any failure.
        """
        request = ExecutionInput(request=row.request, request_id=row.request_id, attempt=row.attempt)
        ending = self._workflows.of(row).ending(request)
        if ending is None:
            return False
        withdrawing = row.status is Status.WITHDRAWING
        outcome = outcome_of_ending(ending, request.execution_name, withdrawing=withdrawing)
        record(request, outcome, self._ledger, self._bus)
        return True


def outcome_of_ending(ending: ExecutionEnding, execution: str, *, withdrawing: bool = False) -> Outcome:
    """Return the outcome of an execution that ended unrecorded: a failure, in Step Functions' words.

    A withdrawal that failed has not come to its end: its request keeps that status, and it is tried again.
    """
    code, what = _WORDS.get(ending.status, _WORDS["FAILED"])
    words = WorkflowError(ending.error, ending.cause).text
    text = f"The execution {execution} {what}"
    because = shortened(f"{text}: {words}" if words else f"{text}.", _CAUSE_BYTES)
    status = Status.WITHDRAWING if withdrawing else Status.FAILED
    return Outcome(status=status, reasons=(Reason(ending.error or code, because),), settled=True)
