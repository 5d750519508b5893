"""AWS's rules for JSONata definitions when a state machine is created."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from local_aws.workflows import shapes
from local_aws.workflows.expression_rules import expression_problems
from local_aws.workflows.resources import Resource, UnknownResource, resource

_COMMON = {"Type", "Comment", "QueryLanguage"}
_GOING_ON = {"Next", "End"}
_CATCHING = {"Retry", "Catch"}
_FIELDS = {
    "Pass": _GOING_ON | {"Output", "Assign"},
    "Task": _GOING_ON
    | _CATCHING
    | {"Resource", "Arguments", "Output", "Assign", "TimeoutSeconds", "HeartbeatSeconds", "Credentials"},
    "Choice": {"Choices", "Default", "Output", "Assign"},
    "Wait": _GOING_ON | {"Seconds", "Timestamp", "Output", "Assign"},
    "Succeed": {"Output"},
    "Fail": {"Error", "Cause"},
    "Parallel": _GOING_ON | _CATCHING | {"Branches", "Arguments", "Output", "Assign"},
    "Map": _GOING_ON | _CATCHING | {"ItemProcessor", "Items", "ItemSelector", "MaxConcurrency", "Output", "Assign"},
}
_TERMINAL = {"Succeed", "Fail", "Choice"}
_NEEDED = {
    "Task": {"Resource"},
    "Choice": {"Choices"},
    "Parallel": {"Branches"},
    "Map": {"ItemProcessor"},
}
_RETRIER = {
    "ErrorEquals",
    "IntervalSeconds",
    "MaxAttempts",
    "BackoffRate",
    "MaxDelaySeconds",
    "JitterStrategy",
    "Comment",
}
_CATCHER = {"ErrorEquals", "Next", "Output", "Assign", "Comment"}
_CHOICE = {"Condition", "Next", "Output", "Assign", "Comment"}
_TOP = {"StartAt", "States", "QueryLanguage", "Comment", "TimeoutSeconds", "Version"}
_INNER = {"StartAt", "States", "QueryLanguage", "Comment"}
_NAME_LIMIT = 80


def problems(parsed: Any) -> list[str]:
    """Return all problems, in AWS's words if they are known."""
    if not isinstance(parsed, dict):
        return ["SCHEMA_VALIDATION_FAILED: The definition must be a JSON object at /"]
    return [*_unknown(parsed, _TOP, ""), *_workflow_problems(parsed, "", frozenset()), *_names_used_twice(parsed)]


def _names_used_twice(parsed: Mapping[str, Any]) -> list[str]:
    used = Counter(_names(parsed))
    return [
        f"DUPLICATE_STATE_NAME: State names must be unique in the whole state machine: {name} at /States"
        for name, times in used.items()
        if times > 1
    ]


def _names(part: Any) -> Iterator[str]:
    states = part.get("States") if isinstance(part, dict) else None
    for name, state in states.items() if isinstance(states, dict) else ():
        yield name
        if isinstance(state, dict):
            for inner in [*state.get("Branches", []), state.get("ItemProcessor")]:
                yield from _names(inner)


def _workflow_problems(part: Mapping[str, Any], path: str, outer: frozenset[str]) -> Iterator[str]:
    states = part.get("States")
    if not isinstance(states, dict) or not states:
        yield f"SCHEMA_VALIDATION_FAILED: The field 'States' is required at {path or '/'}"
        return
    if part.get("StartAt") not in states:
        yield f"MISSING_TRANSITION_TARGET: Missing 'StartAt' target: {part.get('StartAt')} at {path}/StartAt"
    assigned = outer | {name for state in states.values() if isinstance(state, dict) for name in _assigned(state)}
    for name, state in states.items():
        here = f"{path}/States/{name}"
        if len(name) > _NAME_LIMIT:
            yield f"SCHEMA_VALIDATION_FAILED: The state name is longer than {_NAME_LIMIT} characters at {here}"
        if not isinstance(state, dict) or state.get("Type") not in _FIELDS:
            yield f"SCHEMA_VALIDATION_FAILED: Value is not a known state type at {here}/Type"
            continue
        yield from _state_problems(state, here, states, assigned)
        yield from (
            f"SCHEMA_VALIDATION_FAILED: The variable '{variable}' is of an outer scope at {here}/Assign"
            for variable in sorted(_assigned(state) & outer)
        )
    yield from _unreachable(part.get("StartAt"), states, path)


def _state_problems(
    state: Mapping[str, Any], path: str, states: Mapping[str, Any], variables: frozenset[str]
) -> Iterator[str]:
    kind = state["Type"]
    yield from _unknown(state, _FIELDS[kind] | _COMMON, path)
    for field in sorted(_NEEDED.get(kind, set()) - state.keys()):
        yield f"SCHEMA_VALIDATION_FAILED: The field '{field}' is required at {path}"
    if state.get("QueryLanguage", "JSONata") != "JSONata":
        yield f"SCHEMA_VALIDATION_FAILED: A JSONata state machine has no JSONPath states at {path}/QueryLanguage"
    if kind not in _TERMINAL and ("Next" in state) == (state.get("End") is True):
        yield f"SCHEMA_VALIDATION_FAILED: Exactly one of 'Next' and 'End' is required at {path}"
    for field, target in _targets(state):
        if target not in states:
            yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {target} at {path}/{field}"
    yield from _handlers_problems(state, path)
    yield from _kind_problems(state, path, variables)
    yield from expression_problems(state, path)


def _kind_problems(state: Mapping[str, Any], path: str, variables: frozenset[str]) -> Iterator[str]:
    kind = state["Type"]
    if kind == "Task":
        yield from _task_problems(state, path)
    elif kind == "Wait" and ("Seconds" in state) == ("Timestamp" in state):
        yield f"SCHEMA_VALIDATION_FAILED: Exactly one of 'Seconds' and 'Timestamp' is required at {path}"
    elif kind == "Choice":
        for index, choice in enumerate(state.get("Choices", [])):
            yield from _unknown(choice, _CHOICE, f"{path}/Choices[{index}]")
            if not {"Condition", "Next"} <= choice.keys():
                yield f"SCHEMA_VALIDATION_FAILED: 'Condition' and 'Next' are required at {path}/Choices[{index}]"
    elif kind == "Parallel":
        for index, branch in enumerate(state.get("Branches", [])):
            yield from _workflow_problems(branch, f"{path}/Branches[{index}]", variables)
    elif kind == "Map" and isinstance(processor := state.get("ItemProcessor"), dict):
        if processor.get("ProcessorConfig", {}).get("Mode", "INLINE") != "INLINE":
            yield f"The local AWS has no distributed Map at {path}/ItemProcessor/ProcessorConfig"
        yield from _unknown(processor, _INNER | {"ProcessorConfig"}, f"{path}/ItemProcessor")
        yield from _workflow_problems(processor, f"{path}/ItemProcessor", variables)


def _task_problems(state: Mapping[str, Any], path: str) -> Iterator[str]:
    try:
        task = resource(str(state.get("Resource")))
    except UnknownResource:
        yield (
            f"SCHEMA_VALIDATION_FAILED: The resource provided {state.get('Resource')} is not recognized. The value is "
            f"not a valid resource ARN, or the resource is not available in this region. at {path}/Resource"
        )
        return
    yield from _arguments_problems(task, state.get("Arguments"), path)
    timeout, heartbeat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
    if isinstance(timeout, int) and isinstance(heartbeat, int) and heartbeat >= timeout:
        yield f"SCHEMA_VALIDATION_FAILED: 'HeartbeatSeconds' must be smaller than 'TimeoutSeconds' at {path}"


def _arguments_problems(task: Resource, arguments: Any, path: str) -> Iterator[str]:
    if task.function:
        return
    for name in shapes.unsupported(arguments, task.model.input_shape, optimized=not task.sdk):
        yield f'SCHEMA_VALIDATION_FAILED: The field "{name}" is not supported by Step Functions at {path}/Arguments'


def _handlers_problems(state: Mapping[str, Any], path: str) -> Iterator[str]:
    for field, known in (("Retry", _RETRIER), ("Catch", _CATCHER)):
        handlers = state.get(field, [])
        for index, handler in enumerate(handlers):
            here = f"{path}/{field}[{index}]"
            yield from _unknown(handler, known, here)
            names = handler.get("ErrorEquals", [])
            if not names:
                yield f"SCHEMA_VALIDATION_FAILED: 'ErrorEquals' must name an error at {here}"
            if field == "Catch" and "Next" not in handler:
                yield f"SCHEMA_VALIDATION_FAILED: The field 'Next' is required at {here}"
            if "States.ALL" in names and (len(names) > 1 or index < len(handlers) - 1):
                yield f"SCHEMA_VALIDATION_FAILED: States.ALL must appear alone, and in the last {field} at {here}"


def _unknown(part: Mapping[str, Any], known: set[str], path: str) -> Iterator[str]:
    for field in part:
        if field not in known:
            yield f"SCHEMA_VALIDATION_FAILED: Field is not supported: '{field}' at {path}/{field}"


def _targets(state: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for field in ("Next", "Default"):
        if field in state:
            yield field, state[field]
    for field in ("Choices", "Catch"):
        for index, handler in enumerate(state.get(field, [])):
            if "Next" in handler:
                yield f"{field}[{index}]/Next", handler["Next"]


def _assigned(state: Mapping[str, Any]) -> set[str]:
    parts = [state, *state.get("Choices", []), *state.get("Catch", [])]
    return {name for part in parts if isinstance(part.get("Assign"), dict) for name in part["Assign"]}


def _unreachable(start: Any, states: Mapping[str, Any], path: str) -> Iterator[str]:
    reached, ahead = set(), [start]
    while ahead:
        name = ahead.pop()
        if name in states and name not in reached:
            reached.add(name)
            ahead += [target for _, target in _targets(states[name])]
    for name in states:
        if name not in reached:
            yield f'MISSING_TRANSITION_TARGET: State "{name}" is not reachable. at {path}/States/{name}'
