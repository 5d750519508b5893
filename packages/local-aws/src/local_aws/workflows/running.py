"""Protocols of executions for the code that runs in them or describes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from local_aws.workflows.history import History


@dataclass(frozen=True)
class StateMachineSnapshot:
    """A state machine as it was when the execution started; updates apply to later executions."""

    arn: str
    name: str
    definition: str
    role_arn: str
    account_id: str
    region: str
    updated: datetime


class RunningBranch(Protocol):
    """A branch that the execution is in."""

    waiting_until: float | None
    """A time of the clock, infinity while waiting for an answer; None while busy."""

    def is_busy(self) -> bool: ...


class RunningExecution(Protocol):
    """A running or ended execution."""

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
        """Return a new context object with the parts that all states see."""

    def other(self, arn: str) -> RunningExecution | None:
        """Return another execution, such as one that a task of this started."""

    def when_closed(self, action: Callable[[], None]) -> None:
        """Call the action when it ends, or now if it has ended."""

    def stop(self) -> None:
        """Stop it at once, whatever it waits for."""

    def redrive(self) -> None:
        """Go on from where it failed, was stopped or timed out."""
