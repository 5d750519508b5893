"""An execution, as what runs in it, and what tells of it, sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from local_aws.workflows.history import History


@dataclass(frozen=True)
class StateMachineSnapshot:
    """A state machine as it was when the execution started: an update is for later ones."""

    arn: str
    name: str
    definition: str
    role_arn: str
    account_id: str
    region: str
    updated: datetime


class RunningBranch(Protocol):
    """A line of states that the execution is in."""

    waiting_until: float | None
    """A moment of the clock, infinity for somebody's answer; None while something is done."""

    def is_busy(self) -> bool: ...


class RunningExecution(Protocol):
    """An execution, whether it still runs or has ended."""

    execution_arn: str
    name: str
    machine: StateMachineSnapshot
    input: str
    start_date: datetime
    stop_date: datetime | None
    status: str
    output: str | None
    error: str | None
    cause: str | None
    history: History
    transitions: int
    branches: set[RunningBranch]
    redrive_count: int
    redrive_date: datetime | None

    def context(self) -> dict[str, Any]:
        """Return what all states see of it in the context object; the caller may add to it."""

    def other(self, arn: str) -> RunningExecution | None:
        """Return another execution, such as one that a task of this started."""

    def when_closed(self, action: Callable[[], None]) -> None:
        """Have something done at its end, or now where it has ended."""

    def stop(self) -> None:
        """End it at once, whatever it waits for."""

    def redrive(self) -> None:
        """Go on from where it failed, was stopped or ran out of time."""
