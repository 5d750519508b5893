"""Following what the workflows do, step by step, in the histories of Step Functions."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scenarios.people import Person


@dataclass(frozen=True)
class StateVisit:
    """A state that an execution has been through."""

    at: datetime
    who: str
    request: str
    attempt: int
    state: str
    seconds: float
    tries: int
    """How often the state's function was called: more than once if AWS had not finished yet."""


@dataclass
class _Execution:
    """How far one execution's history has been read."""

    read: int = 0
    entered: dict[str, datetime] = field(default_factory=dict)
    calls: int = 0


class Watch:
    """Follows the workflows of some accounts."""

    def __init__(self, people: list[Person]) -> None:
        self._people = people
        self._machines = {
            person.account_id: [person.output(f"{each}StateMachineArn") for each in ("Onboarding", "Withdrawal")]
            for person in people
        }
        self._executions: dict[str, _Execution] = {}

    def steps(self) -> Iterator[StateVisit]:
        """Yield the steps that were finished since the last time, in order."""
        for person in self._people:
            states = person.client("stepfunctions")
            listed = [
                each
                for machine in self._machines[person.account_id]
                for each in states.list_executions(stateMachineArn=machine)["executions"]
            ]
            for each in sorted(listed, key=lambda execution: execution["startDate"]):
                known = self._executions.setdefault(each["executionArn"], _Execution())
                pages = states.get_paginator("get_execution_history").paginate(executionArn=each["executionArn"])
                for event in [event for page in pages for event in page["events"]][known.read :]:
                    known.read += 1
                    step = _step(event, known, person.called, each["name"])
                    if step is not None:
                        yield step


def _step(event: dict[str, Any], known: _Execution, who: str, execution: str) -> StateVisit | None:
    kind = event["type"]
    if kind == "TaskScheduled":
        known.calls += 1
    if kind == "TaskStateEntered":
        known.entered[event["stateEnteredEventDetails"]["name"]] = event["timestamp"]
        known.calls = 0
    if kind != "TaskStateExited":
        return None
    state = event["stateExitedEventDetails"]["name"]
    took = event["timestamp"] - known.entered[state]
    request, _, attempt = execution.rpartition("-")
    return StateVisit(event["timestamp"], who, request, int(attempt), state, took.total_seconds(), max(1, known.calls))
