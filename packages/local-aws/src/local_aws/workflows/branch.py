"""A sequence of states: an execution's own, a Parallel's branch or one iteration of a Map."""

from __future__ import annotations

import asyncio
import math
from collections import ChainMap
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.time.clock import clock
from local_aws.workflows.definition import Workflow
from local_aws.workflows.expression_functions import timestamp
from local_aws.workflows.expressions import ExpressionFailed, evaluate
from local_aws.workflows.failures import (
    QUERY_EVALUATION_ERROR,
    RUNTIME,
    StateFailed,
    answers_to,
    check_size,
    to_json,
)
from local_aws.workflows.loop import sleep_until
from local_aws.workflows.places import BranchPlace
from local_aws.workflows.retries import Retries
from local_aws.workflows.running import RunningExecution

_SOON = 900.0
"""Seconds; a branch that waits longer is not in flight."""

_NO_VALUE: Any = object()
_EXITED = {"Pass", "Task", "Choice", "Wait", "Succeed", "Parallel", "Map"}


@dataclass
class Entered:
    """An entered state, through all its attempts."""

    name: str
    state: dict[str, Any]
    input: Any
    event: int
    time: str
    retry_count: int = 0
    token: str | None = None


@dataclass(frozen=True)
class StateOutcome:
    """The output of a state, and the state after it."""

    output: Any
    next: str | None
    assigned: dict[str, Any]


Behaviour = Callable[["Branch", Entered], Awaitable[StateOutcome]]
"""The behaviour of a type of state, called with the branch and the entered state."""


class Branch:
    """Runs its states in an execution; ``run`` returns the last one's output, or raises StateFailed."""

    def __init__(
        self,
        execution: RunningExecution,
        workflow: Workflow,
        place: BranchPlace,
        behaviours: Mapping[str, Behaviour],
        *,
        previous: int,
        item: dict[str, Any] | None = None,
    ) -> None:
        self.execution = execution
        self.place = place
        self.waiting_until: float | None = None
        """A time of the clock, infinity while waiting for an answer; None while busy."""
        self._workflow = workflow
        self._behaviours = behaviours
        self._variables = place.variables
        self._previous = previous
        self._item = item
        self._redrive_count = execution.redrive_count

    async def run(self, data: Any) -> Any:
        """Run the states; in a redriven execution go on from where the branch was."""
        place = self.place
        if place.is_through:
            return place.output
        if place.state is None:
            place.go_to(self._workflow.start_at, data)
        self.execution.branches.add(self)
        try:
            following = place.state
            while following is not None:
                # A workflow that never waits must not block the others.
                await asyncio.sleep(0)
                following, data = await self._visit(following, place.input)
                if following is not None:
                    place.go_to(following, data)
            place.finish(data)
            return data
        finally:
            self.execution.branches.discard(self)

    def is_busy(self) -> bool:
        return self.waiting_until is None or self.waiting_until - clock.time() <= _SOON

    def inner(self, workflow: Workflow, number: int, item: dict[str, Any] | None = None) -> Branch:
        """Return an inner branch, which sees the variables here and has its own."""
        return Branch(
            self.execution,
            workflow,
            self.place.inner.setdefault(number, BranchPlace(self._variables.new_child())),
            self._behaviours,
            previous=self._previous,
            item=item if item is not None else self._item,
        )

    def record(self, kind: str, details_name: str | None = None, /, **details: Any) -> int:
        """Add an event to the history after this branch's last one."""
        if self._redrive_count != self.execution.redrive_count:
            # It was stopped, and the execution redriven meanwhile: its last events belong to no run.
            return self._previous
        named = (details_name, details) if details_name else None
        self._previous = self.execution.history.add(kind, self._previous, named)
        return self._previous

    def bindings(
        self, entered: Entered, *, result: Any = _NO_VALUE, error_output: Any = _NO_VALUE, item: Any = None
    ) -> ChainMap[str, Any]:
        """Return all variables for an expression of the state."""
        states: dict[str, Any] = {"input": entered.input, "context": self._context(entered, item)}
        if result is not _NO_VALUE:
            states["result"] = result
        if error_output is not _NO_VALUE:
            states["errorOutput"] = error_output
        return self._variables.new_child({"states": states})

    def finish(
        self, entered: Entered, part: dict[str, Any], default: Any, bindings: ChainMap[str, Any]
    ) -> StateOutcome:
        """Evaluate Assign and Output, of the state or one of its rules, with the same values; then assign."""
        assigned = evaluate(part.get("Assign", {}), "Assign", bindings)
        output = evaluate(part["Output"], "Output", bindings) if "Output" in part else default
        check_size(output, entered.name)
        check_size(assigned, entered.name)
        self._variables.update(assigned)
        return StateOutcome(output, part.get("Next"), assigned)

    async def resilient(self, entered: Entered, attempt: Callable[[], Awaitable[StateOutcome]]) -> StateOutcome:
        """Make a state's attempts, with its Retry and Catch."""
        retries = Retries(entered.state.get("Retry", []))
        while True:
            try:
                return await attempt()
            except StateFailed as raised:
                failure = self._explained(entered, raised)
                delay = retries.delay(failure)
                if delay is None:
                    return self._caught(entered, failure)
            await self.wait_until(clock.time() + delay)
            self.place.forget_inner()
            entered.retry_count += 1
            self.execution.transitions += 1

    async def wait_until(self, time: float) -> None:
        await self.waiting(time, sleep_until(time))

    async def waiting(self, time: float, work: Awaitable[Any]) -> Any:
        """Await something outside of the execution, until a time of the clock or infinity if that is unknown."""
        self.waiting_until = time
        try:
            return await work
        finally:
            self.waiting_until = None

    async def for_others(self, work: Awaitable[Any]) -> Any:
        """Await the inner branches, which count as busy by themselves."""
        return await self.waiting(math.inf, work)

    async def _visit(self, name: str, data: Any) -> tuple[str | None, Any]:
        state = self._workflow.states[name]
        kind = state["Type"]
        self.execution.transitions += 1
        place = self.place
        if place.entered is None:
            place.entered = self.record(
                f"{kind}StateEntered", "stateEntered", name=name, input=to_json(data), inputDetails={"truncated": False}
            )
            place.time = timestamp(clock.now())
        entered = Entered(name, state, data, place.entered, place.time)
        try:
            outcome = await self._behaviours[kind](self, entered)
        except StateFailed as failure:
            raise self._explained(entered, failure) from failure
        if kind in _EXITED:
            assigned = {variable: to_json(value) for variable, value in outcome.assigned.items()}
            self.record(
                f"{kind}StateExited",
                "stateExited",
                name=name,
                output=to_json(outcome.output),
                outputDetails={"truncated": False},
                assignedVariables=assigned or None,
                assignedVariablesDetails={"truncated": False} if assigned else None,
            )
        return outcome.next, outcome.output

    def _caught(self, entered: Entered, failure: StateFailed) -> StateOutcome:
        for catcher in entered.state.get("Catch", []):
            if answers_to(failure.error, catcher["ErrorEquals"]):
                output = failure.output()
                return self.finish(entered, catcher, output, self.bindings(entered, error_output=output))
        raise failure

    def _explained(self, entered: Entered, failure: StateFailed) -> StateFailed:
        """Return the failure of an expression or of the interpreter with its place in the cause, as AWS does."""
        if failure.explained or failure.error not in (QUERY_EVALUATION_ERROR, RUNTIME):
            return failure
        cause = (
            f"An error occurred while executing the state '{entered.name}' (entered at the event id #{entered.event}). "
            f"{failure.cause}"
        )
        explained = StateFailed(failure.error, cause)
        explained.explained = True
        if isinstance(failure, ExpressionFailed):
            self.record(
                "EvaluationFailed",
                "evaluationFailed",
                error=failure.error,
                cause=cause,
                location=failure.field,
                state=entered.name,
            )
        return explained

    def _context(self, entered: Entered, item: dict[str, Any] | None) -> dict[str, Any]:
        context = self.execution.context()
        context["State"] = {"EnteredTime": entered.time, "Name": entered.name, "RetryCount": entered.retry_count}
        within = item or self._item
        if within is not None:
            context["Map"] = {"Item": within}
        if entered.token is not None:
            context["Task"] = {"Token": entered.token}
        return context
