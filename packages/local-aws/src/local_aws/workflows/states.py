"""The behaviour of each type of state."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import Any

from local_aws.time.clock import clock
from local_aws.workflows.branch import Behaviour, Branch, Entered, StateOutcome
from local_aws.workflows.definition import workflow
from local_aws.workflows.expressions import ExpressionFailed, evaluate, evaluate_as
from local_aws.workflows.failures import NO_CHOICE_MATCHED, StateFailed, check_size
from local_aws.workflows.loop import all_or_first_failure
from local_aws.workflows.task import perform

_WAIT_LIMIT = 99_999_999
_INLINE_CONCURRENCY = 40
"""Concurrent iterations of an inline Map on AWS, if MaxConcurrency is 0 or larger."""


async def _pass(branch: Branch, entered: Entered) -> StateOutcome:
    return branch.finish(entered, entered.state, entered.input, branch.bindings(entered))


async def _choice(branch: Branch, entered: Entered) -> StateOutcome:
    bindings = branch.bindings(entered)
    for index, rule in enumerate(entered.state["Choices"]):
        if evaluate_as("BOOLEAN", rule["Condition"], f"Choices[{index}]/Condition", bindings):
            return branch.finish(entered, rule, entered.input, bindings)
    default = entered.state.get("Default")
    if default is None:
        cause = f"Failed to transition out of the state '{entered.name}'. The state does not point to a next state."
        raise StateFailed(NO_CHOICE_MATCHED, cause)
    return branch.finish(entered, {**entered.state, "Next": default}, entered.input, bindings)


async def _wait(branch: Branch, entered: Entered) -> StateOutcome:
    bindings = branch.bindings(entered)
    await branch.wait_until(_end_of_wait(entered, bindings))
    return branch.finish(entered, entered.state, entered.input, bindings)


def _end_of_wait(entered: Entered, bindings: Any) -> float:
    if "Seconds" in entered.state:
        seconds = evaluate_as("INTEGER", entered.state["Seconds"], "Seconds", bindings)
        if not 0 <= seconds <= _WAIT_LIMIT:
            raise ExpressionFailed(str(entered.state["Seconds"]), "Seconds", f"gave {seconds}, out of range.")
        return clock.time() + float(seconds)
    text = evaluate_as("STRING", entered.state["Timestamp"], "Timestamp", bindings)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        problem = f"gave {text}, not a timestamp with a time zone."
        raise ExpressionFailed(str(entered.state["Timestamp"]), "Timestamp", problem)
    return time.timestamp()


async def _succeed(branch: Branch, entered: Entered) -> StateOutcome:
    return branch.finish(entered, entered.state, entered.input, branch.bindings(entered))


async def _fail(branch: Branch, entered: Entered) -> StateOutcome:
    bindings = branch.bindings(entered)
    values = {
        field: evaluate_as("STRING", entered.state[field], field, bindings)
        for field in ("Error", "Cause")
        if field in entered.state
    }
    failure = StateFailed(values.get("Error"), values.get("Cause"))
    # Whatever its name, it is a failure that the definition makes.
    failure.explained = True
    raise failure


async def _task(branch: Branch, entered: Entered) -> StateOutcome:
    async def attempt() -> StateOutcome:
        result = await perform(branch, entered)
        return branch.finish(entered, entered.state, result, branch.bindings(entered, result=result))

    return await branch.resilient(entered, attempt)


async def _parallel(branch: Branch, entered: Entered) -> StateOutcome:
    state = entered.state

    async def attempt() -> StateOutcome:
        arguments = _arguments(branch, entered)
        branch.record("ParallelStateStarted")
        branches = [branch.inner(workflow(part), number) for number, part in enumerate(state["Branches"])]
        work = [each.run(arguments) for each in branches]
        result = await _results(branch, "ParallelState", work)
        return branch.finish(entered, state, result, branch.bindings(entered, result=result))

    return await branch.resilient(entered, attempt)


async def _map(branch: Branch, entered: Entered) -> StateOutcome:
    state = entered.state

    async def attempt() -> StateOutcome:
        bindings = branch.bindings(entered)
        items = evaluate_as("ARRAY", state.get("Items", "{% $states.input %}"), "Items", bindings)
        concurrency = evaluate_as("INTEGER", state.get("MaxConcurrency", 0), "MaxConcurrency", bindings)
        branch.record("MapStateStarted", "mapStateStarted", length=len(items))
        slots = asyncio.Semaphore(min(concurrency, _INLINE_CONCURRENCY) or _INLINE_CONCURRENCY)
        work = [_iteration(branch, entered, slots, index, item) for index, item in enumerate(items)]
        result = await _results(branch, "MapState", work)
        return branch.finish(entered, state, result, branch.bindings(entered, result=result))

    return await branch.resilient(entered, attempt)


async def _iteration(branch: Branch, entered: Entered, slots: asyncio.Semaphore, index: int, item: Any) -> Any:
    await slots.acquire()
    within = {"Index": index, "Value": item}
    iteration = branch.inner(workflow(entered.state["ItemProcessor"]), index, within)
    result = iteration.place.output
    if not iteration.place.is_through:
        selector = entered.state.get("ItemSelector")
        if selector is not None:
            item = evaluate(selector, "ItemSelector", branch.bindings(entered, item=within))
        result = await _recorded_iteration(iteration, entered.name, index, item)
    # After a failure no slot is released, so that no other iteration begins.
    slots.release()
    return result


async def _recorded_iteration(iteration: Branch, name: str, index: int, item: Any) -> Any:
    iteration.record("MapIterationStarted", "mapIterationStarted", name=name, index=index)
    try:
        result = await iteration.run(item)
    except StateFailed:
        iteration.record("MapIterationFailed", "mapIterationFailed", name=name, index=index)
        raise
    except asyncio.CancelledError:
        iteration.record("MapIterationAborted", "mapIterationAborted", name=name, index=index)
        raise
    iteration.record("MapIterationSucceeded", "mapIterationSucceeded", name=name, index=index)
    return result


async def _results(branch: Branch, kind: str, work: Sequence[Awaitable[Any]]) -> list[Any]:
    try:
        results: list[Any] = await branch.for_others(all_or_first_failure(work))
    except StateFailed as failure:
        details = {"error": failure.error, "cause": failure.cause}
        # A Parallel's failure has no details in the history.
        branch.record(f"{kind}Failed", "mapStateFailed" if kind == "MapState" else None, **details)
        raise
    branch.record(f"{kind}Succeeded")
    return results


def _arguments(branch: Branch, entered: Entered) -> Any:
    if "Arguments" not in entered.state:
        return entered.input
    arguments = evaluate(entered.state["Arguments"], "Arguments", branch.bindings(entered))
    check_size(arguments, entered.name)
    return arguments


BEHAVIOURS: Mapping[str, Behaviour] = {
    "Pass": _pass,
    "Task": _task,
    "Choice": _choice,
    "Wait": _wait,
    "Succeed": _succeed,
    "Fail": _fail,
    "Parallel": _parallel,
    "Map": _map,
}
