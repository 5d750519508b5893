"""A Task: an API call made with the state machine's role, and its end."""

from __future__ import annotations

import asyncio
import json
import math
from dataclasses import dataclass
from typing import Any

from local_aws.time.clock import clock
from local_aws.workflows import calls, tokens
from local_aws.workflows.branch import Branch, Entered
from local_aws.workflows.expressions import ExpressionFailed, evaluate, evaluate_as
from local_aws.workflows.failures import HEARTBEAT_TIMEOUT, TIMEOUT, StateFailed, check_size, to_json
from local_aws.workflows.loop import loop, post, sleep_until
from local_aws.workflows.resources import Resource, resource

_TIMEOUT_LIMIT = 99_999_999
_SESSION_NAME = 32


@dataclass(frozen=True)
class _Attempt:
    """One attempt: the action, arguments, role and time limits."""

    resource: Resource
    arguments: Any
    caller: calls.TaskCaller
    timeout: float | None
    heartbeat: float | None


async def perform(branch: Branch, entered: Entered) -> Any:
    """Return the Task's result; raise StateFailed."""
    called = resource(entered.state["Resource"])
    if called.pattern != "waitForTaskToken":
        return await _recorded(branch, _attempt(branch, entered, called), None)
    answered: asyncio.Future[tokens.TaskOutcome] = asyncio.get_running_loop().create_future()
    event_loop = asyncio.get_running_loop()
    machine = branch.execution.machine
    waiting = tokens.issue(
        machine.account_id, machine.arn, lambda outcome: post(event_loop, _answer, answered, outcome)
    )
    entered.token = waiting.token
    try:
        attempt = _attempt(branch, entered, called)
        tokens.expect(waiting, attempt.timeout, attempt.heartbeat)
        return await _recorded(branch, attempt, answered)
    finally:
        entered.token = None
        tokens.withdraw(waiting)


def _answer(answered: asyncio.Future[tokens.TaskOutcome], outcome: tokens.TaskOutcome) -> None:
    if not answered.done():
        answered.set_result(outcome)


def _attempt(branch: Branch, entered: Entered, called: Resource) -> _Attempt:
    state, machine = entered.state, branch.execution.machine
    bindings = branch.bindings(entered)
    arguments = evaluate(state["Arguments"], "Arguments", bindings) if "Arguments" in state else entered.input
    check_size(arguments, called.kind)
    role_arn = machine.role_arn
    if "Credentials" in state:
        role_arn = evaluate_as("STRING", state["Credentials"].get("RoleArn"), "Credentials/RoleArn", bindings)
    return _Attempt(
        called,
        _with_origin(arguments, branch) if called.kind == "events" else arguments,
        calls.TaskCaller(role_arn, machine.region, branch.execution.name[:_SESSION_NAME].ljust(2, "-")),
        _seconds(state, "TimeoutSeconds", bindings),
        _seconds(state, "HeartbeatSeconds", bindings),
    )


def _seconds(state: dict[str, Any], field: str, bindings: Any) -> float | None:
    if field not in state:
        return None
    seconds = evaluate_as("INTEGER", state[field], field, bindings)
    if not 0 < seconds <= _TIMEOUT_LIMIT:
        raise ExpressionFailed(str(state[field]), field, f"gave {seconds}, out of range.")
    return float(seconds)


def _with_origin(arguments: Any, branch: Branch) -> Any:
    """Add the events' source, as Step Functions does by itself."""
    origin = [branch.execution.machine.arn, branch.execution.execution_arn]
    entries = [
        {**entry, "Resources": [*entry.get("Resources", []), *origin]} if isinstance(entry, dict) else entry
        for entry in arguments.get("Entries", [])
    ]
    return {**arguments, "Entries": entries}


async def _recorded(branch: Branch, attempt: _Attempt, answered: asyncio.Future[tokens.TaskOutcome] | None) -> Any:
    record = _Record(branch, attempt)
    record.begun()
    try:
        result = await _outcome(branch, attempt, answered, record)
        check_size(result, attempt.resource.kind)
    except StateFailed as failure:
        record.failed(failure)
        raise
    record.succeeded(result)
    return result


async def _outcome(
    branch: Branch, attempt: _Attempt, answered: asyncio.Future[tokens.TaskOutcome] | None, record: _Record
) -> Any:
    if answered is not None:
        return await _answered(branch, attempt, answered, record)
    if attempt.resource.pattern.startswith("sync"):
        return await _nested(branch, attempt, record)
    return await _called(attempt, attempt.timeout)


async def _called(attempt: _Attempt, real_seconds: float | None) -> Any:
    try:
        return await loop.in_thread(
            lambda: calls.call(attempt.resource, attempt.arguments, attempt.caller), real_seconds
        )
    except TimeoutError as error:
        raise StateFailed(TIMEOUT) from error


async def _answered(
    branch: Branch, attempt: _Attempt, answered: asyncio.Future[tokens.TaskOutcome], record: _Record
) -> Any:
    """Make the call, and wait for the token's holder, whose answer may even come first."""
    call = asyncio.ensure_future(_called(attempt, None))
    try:
        await asyncio.wait({call, answered}, return_when=asyncio.FIRST_COMPLETED)
        if not answered.done():
            record.submitted(call.result())
        outcome = await branch.waiting(math.inf, answered)
    finally:
        call.cancel()
    if isinstance(outcome, StateFailed):
        raise outcome
    return outcome


async def _nested(branch: Branch, attempt: _Attempt, record: _Record) -> Any:
    started = await _called(attempt, None)
    record.submitted(started)
    nested = branch.execution.other(started["ExecutionArn"])
    if nested is None:
        raise StateFailed("StepFunctions.ExecutionDoesNotExistException", f"{started['ExecutionArn']} is not there")
    event_loop, closed = asyncio.get_running_loop(), asyncio.Event()
    nested.when_closed(lambda: post(event_loop, closed.set))
    deadline = clock.time() + attempt.timeout if attempt.timeout is not None else math.inf
    ends: list[asyncio.Future[Any]] = [asyncio.ensure_future(closed.wait())]
    if attempt.timeout is not None:
        ends.append(asyncio.ensure_future(sleep_until(deadline)))
    try:
        await branch.waiting(math.inf, asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED))
    finally:
        for end in ends:
            end.cancel()
        # A child does not go on after its parent has given it up.
        nested.stop()
    if not closed.is_set():
        raise StateFailed(TIMEOUT)
    described = {
        "ExecutionArn": nested.execution_arn,
        "Input": nested.input,
        "Name": nested.name,
        "StateMachineArn": nested.machine.arn,
        "Status": nested.status,
    }
    if nested.status != "SUCCEEDED":
        raise StateFailed("States.TaskFailed", to_json({**described, "Error": nested.error, "Cause": nested.cause}))
    parsed = attempt.resource.pattern == "sync:2"
    return {**described, "Output": json.loads(nested.output or "null") if parsed else nested.output}


class _Record:
    """The history's events of an attempt, which are special for a function's own ARN."""

    def __init__(self, branch: Branch, attempt: _Attempt) -> None:
        self._branch = branch
        self._attempt = attempt
        self._function = attempt.resource.function
        called = attempt.resource
        self._what: dict[str, Any] = {} if self._function else {"resourceType": called.kind, "resource": called.name}

    def begun(self) -> None:
        attempt = self._attempt
        times = {"timeoutInSeconds": _whole(attempt.timeout), "heartbeatInSeconds": _whole(attempt.heartbeat)}
        if self._function:
            self._add(
                "Scheduled",
                resource=attempt.resource.arn,
                input=to_json(attempt.arguments),
                inputDetails={"truncated": False},
                timeoutInSeconds=times["timeoutInSeconds"],
            )
            self._branch.record("LambdaFunctionStarted")
            return
        self._add("Scheduled", region=attempt.caller.region, parameters=to_json(attempt.arguments), **times)
        self._add("Started")

    def submitted(self, result: Any) -> None:
        check_size(result, self._attempt.resource.kind)
        self._add("Submitted", output=to_json(result), outputDetails={"truncated": False})

    def succeeded(self, result: Any) -> None:
        self._add("Succeeded", output=to_json(result), outputDetails={"truncated": False})

    def failed(self, failure: StateFailed) -> None:
        ended = "TimedOut" if failure.error in (TIMEOUT, HEARTBEAT_TIMEOUT) else "Failed"
        self._add(ended, error=failure.error, cause=failure.cause)

    def _add(self, ended: str, **details: Any) -> None:
        kind = "LambdaFunction" if self._function else "Task"
        self._branch.record(f"{kind}{ended}", f"{kind[0].lower()}{kind[1:]}{ended}", **self._what, **details)


def _whole(seconds: float | None) -> int | None:
    return int(seconds) if seconds is not None else None
