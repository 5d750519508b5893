"""The workflows, as discovery needs them: executions are started, and asked how they ended."""

from typing import Protocol

from msgspec import Struct

from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.request import ExecutionInput
from drawbridge.status import Status


class ExecutionEnding(Struct, frozen=True, kw_only=True):
    """The end of an execution, as Step Functions reports it."""

    status: str
    """``FAILED``, ``TIMED_OUT``, ``ABORTED``, or ``SUCCEEDED``, which an attempt that has not settled can't have."""
    error: str = ""
    cause: str = ""


class Workflow(Protocol):
    """One workflow: of onboarding, or of withdrawal."""

    def start(self, execution: ExecutionInput) -> bool:
        """Start the execution, or find it running; ``False`` if one of that name has come to its end."""
        ...

    def ending(self, execution: ExecutionInput) -> ExecutionEnding | None:
        """Return how the execution ended; ``None`` if it runs, or Step Functions knows of none."""
        ...


class Workflows(Struct, frozen=True):
    """Both of them."""

    onboarding: Workflow
    withdrawal: Workflow

    def of(self, row: LedgerRow) -> Workflow:
        """Return the workflow that the row's attempt is an execution of."""
        return self.withdrawal if row.status is Status.WITHDRAWING else self.onboarding

    def has_ended(self, execution: ExecutionInput) -> bool:
        """Return whether either has an execution of that name that has come to its end."""
        return self.onboarding.ending(execution) is not None or self.withdrawal.ending(execution) is not None
