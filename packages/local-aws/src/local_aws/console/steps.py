"""The steps of an execution: the states that it entered, one after the other, by its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_aws.workflows.execution import Execution

_FAILED = frozenset({"FAILED", "TIMED_OUT", "ABORTED"})
_SCHEDULED = frozenset({"TaskScheduled", "LambdaFunctionScheduled"})


@dataclass(frozen=True)
class Step:
    """One visit of a state."""

    state: str
    entered: datetime
    left: datetime | None
    """None while the execution is in it, and for the state in which it ended badly."""
    calls: int
    """How often a task was called: more than once if it was tried again."""
    outcome: str
    """``done``, ``now`` or ``failed``."""

    @property
    def seconds(self) -> float | None:
        return None if self.left is None else (self.left - self.entered).total_seconds()


def steps_of(execution: Execution) -> list[Step]:
    """Return the steps of an execution in the order in which they began."""
    status = execution.status
    return _steps(list(execution.history.events), "failed" if status in _FAILED else "now")


def _steps(events: Sequence[dict[str, Any]], unfinished: str) -> list[Step]:
    entered: dict[int, dict[str, Any]] = {}
    left: dict[int, datetime] = {}
    calls: dict[int, int] = {}
    state_of: dict[int, int] = {}
    """For each event, the one by which the state was entered in which it happened."""
    for event in events:
        number, kind = event["id"], event["type"]
        if kind.endswith("StateEntered"):
            entered[number] = event
            state_of[number] = number
            continue
        state_of[number] = within = state_of.get(event["previousEventId"], 0)
        if kind.endswith("StateExited"):
            left[within] = event["timestamp"]
        elif kind in _SCHEDULED:
            calls[within] = calls.get(within, 0) + 1
    return [
        Step(
            event["stateEnteredEventDetails"]["name"],
            event["timestamp"],
            left.get(number),
            calls.get(number, 0),
            "done" if number in left else unfinished,
        )
        for number, event in entered.items()
    ]
