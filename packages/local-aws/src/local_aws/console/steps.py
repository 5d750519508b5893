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
    """The event by which the state was entered in which an event happened, of each event."""
    outer: dict[int, int] = {}
    """The state around it, by the event by which a state was entered."""
    for event in events:
        number, kind, within = event["id"], event["type"], state_of.get(event["previousEventId"], 0)
        if kind.endswith("StateEntered"):
            entered[number] = event
            # What was left before it is no longer around it.
            outer[number] = outer.get(within, 0) if within in left else within
            state_of[number] = number
            continue
        if kind.endswith("StateExited"):
            within = _named(event["stateExitedEventDetails"]["name"], within, entered, outer)
            left[within] = event["timestamp"]
        elif kind in _SCHEDULED:
            calls[within] = calls.get(within, 0) + 1
        elif kind == "ExecutionSucceeded":
            # Succeed and Fail are entered and never left.
            left.setdefault(within, event["timestamp"])
        state_of[number] = within
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


def _named(name: str, within: int, entered: dict[int, dict[str, Any]], outer: dict[int, int]) -> int:
    """Return the state of this name, from the one that an event's predecessor happened in, outwards."""
    while within and entered[within]["stateEnteredEventDetails"]["name"] != name:
        within = outer.get(within, 0)
    return within
