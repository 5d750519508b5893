"""AWS's rules for the JSONata in states when a state machine is created."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonata import JException

from local_aws.workflows.expressions import compiled, expression_in

_RESULT = re.compile(r"\$states\.result\b")
_ERROR_OUTPUT = re.compile(r"\$states\.errorOutput\b")
_TASK_TOKEN = re.compile(r"\$states\.context\.Task\b")
_EVAL = re.compile(r"\$eval\s*\(")
_WITH_RESULT = {"Task", "Parallel", "Map"}
_LITERAL = {"Type", "Resource", "Next", "Default", "Comment", "QueryLanguage"}


def expression_problems(state: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield the problems of one state's expressions, without those of the states inside it."""
    for field, value in state.items():
        if field in _LITERAL or field in ("Branches", "ItemProcessor", "Retry"):
            continue
        for place, text in _strings(value, f"{path}/{field}"):
            yield from _expression_problems(text, place, state, field)
    yield from _variable_problems(state, path)


def _expression_problems(text: str, place: str, state: Mapping[str, Any], field: str) -> Iterator[str]:
    expression = expression_in(text)
    if expression is None:
        if text.lstrip().startswith("{%") or text.rstrip().endswith("%}"):
            yield f"SCHEMA_VALIDATION_FAILED: A JSONata string must begin with '{{%' and end with '%}}' at {place}"
        return
    try:
        compiled(expression)
    except JException as error:
        yield f"SCHEMA_VALIDATION_FAILED: The JSONata expression '{expression}' is invalid: {error} at {place}"
    if _EVAL.search(expression):
        yield f"SCHEMA_VALIDATION_FAILED: The function $eval is not supported at {place}"
    if _RESULT.search(expression) and not (state["Type"] in _WITH_RESULT and field in ("Output", "Assign")):
        yield f"SCHEMA_VALIDATION_FAILED: $states.result is not there in this field at {place}"
    if _ERROR_OUTPUT.search(expression) and field != "Catch":
        yield f"SCHEMA_VALIDATION_FAILED: $states.errorOutput is not there in this field at {place}"
    if _TASK_TOKEN.search(expression) and not str(state.get("Resource", "")).endswith(".waitForTaskToken"):
        yield f"SCHEMA_VALIDATION_FAILED: $states.context.Task is not there in this state at {place}"


def _variable_problems(state: Mapping[str, Any], path: str) -> Iterator[str]:
    for part in [state, *state.get("Choices", []), *state.get("Catch", [])]:
        for name in part.get("Assign", {}):
            if name == "states" or not re.fullmatch(r"[^\W\d]\w{0,79}", name):
                yield f"SCHEMA_VALIDATION_FAILED: '{name}' can't be the name of a variable at {path}/Assign"


def _strings(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _strings(member, f"{path}/{key}")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _strings(member, f"{path}[{index}]")
