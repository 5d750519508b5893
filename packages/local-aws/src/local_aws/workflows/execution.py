"""One execution: its description for the API, its run, and its one end."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections import ChainMap
from collections.abc import Callable
from datetime import datetime
from typing import Any

from local_aws.time.clock import Due, clock
from local_aws.workflows import status_changes
from local_aws.workflows.branch import Branch
from local_aws.workflows.definition import read
from local_aws.workflows.expression_functions import timestamp
from local_aws.workflows.failures import RUNTIME, StateFailed, to_json
from local_aws.workflows.history import History
from local_aws.workflows.loop import loop, post
from local_aws.workflows.places import BranchPlace
from local_aws.workflows.running import RunningBranch, StateMachineSnapshot
from local_aws.workflows.states import BEHAVIOURS

_log = logging.getLogger(__name__)

NAME_KEPT = 90 * 86_400.0
"""Seconds that a closed execution is kept for, and its name with it."""

_LAST_WORDS = {
    "SUCCEEDED": ("ExecutionSucceeded", "executionSucceeded"),
    "FAILED": ("ExecutionFailed", "executionFailed"),
    "TIMED_OUT": ("ExecutionTimedOut", "executionTimedOut"),
    "ABORTED": ("ExecutionAborted", "executionAborted"),
}


class Execution:
    """An execution, which runs on the loop of executions; any thread may read its status or stop it."""

    def __init__(self, arn: str, name: str, machine: StateMachineSnapshot, input_text: str) -> None:
        self.execution_arn = arn
        self.name = name
        self.machine = machine
        self.input = input_text
        self.start_date = clock.now()
        self.stop_date: datetime | None = None
        self.status = "RUNNING"
        self.output: str | None = None
        self.error: str | None = None
        self.cause: str | None = None
        self.history = History()
        self.transitions = 0
        """State transitions as AWS bills them: states entered, and retries."""
        self.branches: set[RunningBranch] = set()
        self.redrive_count = 0
        self.redrive_date: datetime | None = None
        self._place = BranchPlace(ChainMap())
        self._context: dict[str, Any] = {
            "Execution": {
                "Id": arn,
                "Input": json.loads(input_text),
                "Name": name,
                "RoleArn": machine.role_arn,
                "StartTime": timestamp(self.start_date),
                "RedriveCount": 0,
            },
            "StateMachine": {"Id": machine.arn, "Name": machine.name},
        }
        self._lock = threading.Lock()
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Task[None]] | None = None
        self._timeout: Due | None = None
        self._when_closed: list[Callable[[], None]] = []

    @property
    def state_machine_arn(self) -> str:
        return self.machine.arn

    def start(self) -> None:
        status_changes.announce_status(self)
        loop.start(self._run(self.redrive_count))

    def redrive(self) -> None:
        """Go on from where it failed, was stopped or timed out; the caller has checked that it may."""
        with self._lock:
            self.redrive_count += 1
            self.redrive_date = clock.now()
            self.stop_date = self.error = self.cause = None
            before, self._running = self._running, None
            self._timeout, self._when_closed = None, []
            execution = {"RedriveCount": self.redrive_count, "RedriveTime": timestamp(self.redrive_date)}
            self._context = {**self._context, "Execution": {**self._context["Execution"], **execution}}
            event = self.history.redrive(self.redrive_count)
            self.transitions += 1
            self.status = "RUNNING"
        status_changes.announce_status(self)
        loop.start(self._run(self.redrive_count, event, before[1] if before else None))

    def stop(self, error: str | None = None, cause: str | None = None, *, quietly: bool = False) -> None:
        """Stop it at once, whatever it waits for; ``quietly`` without an event."""
        self._close("ABORTED", StateFailed(error, cause), quietly=quietly)

    def when_closed(self, action: Callable[[], None]) -> None:
        """Call the action when it ends, or now if it has ended."""
        with self._lock:
            if self.status == "RUNNING":
                self._when_closed.append(action)
                return
        action()

    def is_busy(self) -> bool:
        """Return whether it does something that will end by itself soon."""
        return self.status == "RUNNING" and (
            not self.branches or any(branch.is_busy() for branch in list(self.branches))
        )

    def is_forgotten(self) -> bool:
        return self.stop_date is not None and (clock.now() - self.stop_date).total_seconds() > NAME_KEPT

    def other(self, arn: str) -> Execution | None:
        """Return another execution, such as one that a task of this started."""
        return executions.get(arn)

    def context(self) -> dict[str, Any]:
        """Return a new context object with the parts that all states see."""
        return dict(self._context)

    async def _run(
        self, redrive_count: int, redriven: int | None = None, before: asyncio.Task[None] | None = None
    ) -> None:
        if before is not None:
            # The stopped run is still ending, and uses the same places.
            await asyncio.wait({before})
        task = asyncio.current_task()
        with self._lock:
            if self.status != "RUNNING" or task is None or self.redrive_count != redrive_count:
                return
            self._running = (asyncio.get_running_loop(), task)
        try:
            output = await self._output(redriven)
            self._close("SUCCEEDED", output=to_json(output))
        except StateFailed as failure:
            self._close("FAILED", failure)
        except Exception as error:  # noqa: BLE001 - else the execution would run for ever, without a word
            _log.exception("the execution %s met a fault of the local AWS", self.execution_arn)
            self._close("FAILED", StateFailed(RUNTIME, f"A fault of the local AWS: {error!r}"))

    async def _output(self, redriven: int | None) -> Any:
        definition = read(self.machine.definition)
        if definition.timeout is not None:
            self._timeout = clock.call_later(definition.timeout, self._time_out, background=True)
        started = {"input": self.input, "inputDetails": {"truncated": False}, "roleArn": self.machine.role_arn}
        event = redriven or self.history.add("ExecutionStarted", 0, ("executionStarted", started))
        branch = Branch(self, definition.workflow, self._place, BEHAVIOURS, previous=event)
        return await branch.run(json.loads(self.input))

    def _time_out(self) -> None:
        self._close("TIMED_OUT", StateFailed("States.Timeout"))

    def _close(
        self, status: str, failure: StateFailed | None = None, output: str | None = None, *, quietly: bool = False
    ) -> None:
        with self._lock:
            if self.status != "RUNNING":
                return
            details: dict[str, Any] = {"output": output, "outputDetails": {"truncated": False}}
            if failure is not None:
                # A time-out shows in the status only; the API has no error for it.
                named = status != "TIMED_OUT"
                self.error = failure.error if named else None
                self.cause = failure.cause
                details = {"error": self.error, "cause": self.cause}
            kind, name = _LAST_WORDS[status]
            self.output = output
            self.stop_date = clock.now()
            self.history.end(kind, (name, details))
            self.status = status
            running, actions = self._running, self._when_closed
        if self._timeout is not None:
            self._timeout.cancel()
        if running is not None and status in ("ABORTED", "TIMED_OUT"):
            post(running[0], running[1].cancel)
        if not quietly:
            status_changes.announce_status(self)
        for action in actions:
            action()


class Executions:
    """All executions of the process, by ARN."""

    def __init__(self) -> None:
        self._by_arn: dict[str, Execution] = {}

    def add(self, execution: Execution) -> None:
        self._by_arn[execution.execution_arn] = execution

    def get(self, arn: str) -> Execution | None:
        execution = self._by_arn.get(arn)
        return None if execution is None or execution.is_forgotten() else execution

    def of_machine(self, state_machine_arn: str) -> list[Execution]:
        """Return a state machine's executions, the newest first."""
        executions = [
            execution
            for execution in list(self._by_arn.values())
            if execution.machine.arn == state_machine_arn and not execution.is_forgotten()
        ]
        return executions[::-1]

    def all(self) -> list[Execution]:
        """Return the executions of all accounts, the newest first."""
        return [execution for execution in list(self._by_arn.values()) if not execution.is_forgotten()][::-1]

    def busy(self) -> int:
        return sum(execution.is_busy() for execution in list(self._by_arn.values()))

    def end_all(self) -> None:
        for execution in list(self._by_arn.values()):
            execution.stop(quietly=True)
        self._by_arn.clear()


executions = Executions()
"""The process's executions."""
