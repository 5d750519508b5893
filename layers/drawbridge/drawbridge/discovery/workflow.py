"""A workflow, as discovery needs it: its executions are started, and asked how they ended."""

from typing import Protocol

from msgspec import Struct

from drawbridge.request import ExecutionInput


class ExecutionEnding(Struct, frozen=True, kw_only=True):
    """The end of an execution, as Step Functions reports it."""

    status: str
    """``FAILED``, ``TIMED_OUT``, ``ABORTED``, or ``SUCCEEDED``, which an attempt that has not settled can't have."""
    error: str = ""
    cause: str = ""


class ExecutionStatuses(Protocol):
    """The onboarding workflow."""

    def ending(self, execution: ExecutionInput) -> ExecutionEnding | None:
        """Return how the execution ended; ``None`` if it runs, or Step Functions knows of none."""
        ...


class ExecutionStarter(Protocol):
    """The onboarding workflow."""

    def start(self, execution: ExecutionInput) -> bool:
        """Start the execution, or find it running; ``False`` if one of that name has come to its end."""
        ...
