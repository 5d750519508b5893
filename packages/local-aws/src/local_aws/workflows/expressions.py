"""JSONata as Step Functions evaluates it: ``{% ... %}`` anywhere in a field, over variables and ``$states``."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from typing import Any

from jsonata import JException, Jsonata, Utils

from local_aws.workflows.expression_functions import FUNCTIONS
from local_aws.workflows.failures import QUERY_EVALUATION_ERROR, StateFailed

_TYPES = {"STRING": str, "BOOLEAN": bool, "ARRAY": list, "OBJECT": dict}


class ExpressionFailed(StateFailed):
    """A JSONata expression could not be evaluated, had no result, or one of another type."""

    def __init__(self, expression: str, field: str, problem: str) -> None:
        super().__init__(
            QUERY_EVALUATION_ERROR, f"The JSONata expression '{expression}' specified for the field '{field}' {problem}"
        )
        self.field = field


def expression_in(value: Any) -> str | None:
    """Return the expression in a string; None if it is a literal.

    The delimiters must be the string's first and last characters: a part of a string is never evaluated.
    """
    if isinstance(value, str) and value.startswith("{%") and value.endswith("%}"):
        return value[2:-2].strip()
    return None


@functools.lru_cache(maxsize=4096)
def compiled(expression: str) -> Jsonata:
    """Compile an expression once; raise JException if it is no JSONata."""
    parsed = Jsonata(expression)
    # Undefined differs from null and is an error here.
    parsed.set_output_convert_nulls(False)
    for name, function in FUNCTIONS.items():
        parsed.register_lambda(name, _taking_plain_values(function))
    return parsed


def evaluate(template: Any, field: str, bindings: Mapping[str, Any]) -> Any:
    """Evaluate every expression in a field; other values stay as they are."""
    expression = expression_in(template)
    if expression is not None:
        return _evaluate(expression, field, bindings)
    if isinstance(template, dict):
        return {key: evaluate(value, f"{field}/{key}", bindings) for key, value in template.items()}
    if isinstance(template, list):
        return [evaluate(value, f"{field}[{index}]", bindings) for index, value in enumerate(template)]
    return template


def evaluate_as(kind: str, template: Any, field: str, bindings: Mapping[str, Any]) -> Any:
    """Evaluate a field whose result must be a STRING, BOOLEAN, ARRAY, OBJECT or whole number (INTEGER)."""
    value = evaluate(template, field, bindings)
    if kind == "INTEGER":
        fits = isinstance(value, int) and not isinstance(value, bool)
    else:
        fits = isinstance(value, _TYPES[kind])
    if not fits:
        raise ExpressionFailed(
            expression_in(template) or str(template), field, f"returned an unexpected result type, not {kind}."
        )
    return value


def _evaluate(expression: str, field: str, bindings: Mapping[str, Any]) -> Any:
    try:
        result = compiled(expression).evaluate(None, bindings)
        plain = _plain(result)
    except JException as error:
        problem = f"threw an error during evaluation. {error.get_error()}: {error}"
        raise ExpressionFailed(expression, field, problem) from error
    except TypeError as error:
        raise ExpressionFailed(expression, field, f"returned an unsupported result type: {error}.") from error
    except Exception as error:
        # jsonata-python raises Python's own errors for some of JSONata's, such as division by zero and recursion.
        raise ExpressionFailed(expression, field, f"threw an error during evaluation. {error}") from error
    if result is None:
        raise ExpressionFailed(expression, field, "returned nothing (undefined).")
    return plain


def _taking_plain_values(function: Any) -> Any:
    @functools.wraps(function)
    def called(*arguments: Any) -> Any:
        result = function(*(None if value is None else _plain(value) for value in arguments))
        return Utils.NULL_VALUE if result is None else result

    return called


def _plain(value: Any) -> Any:
    """Return a result as plain JSON values, without jsonata-python's own types and not shared with the input."""
    if value is Utils.NULL_VALUE or value is None:
        return None
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, list):
        # Not iterated, as jsonata-python's ranges would then leave out their last member.
        return [_plain(value[index]) for index in range(len(value))]
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, str | int):
        return value
    raise TypeError(f"{type(value).__name__} is no JSON")


def _number(value: float) -> int | float:
    if not math.isfinite(value):
        raise ValueError(f"D1001: Number out of range: {json.dumps(value)}")
    return int(value) if value.is_integer() else value
