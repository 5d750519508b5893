"""The types of values in a JSON request, checked as AWS's deserializer does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_SCALARS = {
    "string": (str, "a String"),
    "character": (str, "a String"),
    "boolean": (bool, "a Boolean"),
    "integer": (int | float, "an Integer"),
    "long": (int | float, "a Long"),
    "float": (int | float, "a Float"),
    "double": (int | float, "a Double"),
}
NO_NUMBERS = frozenset({"NaN", "Infinity", "-Infinity"})
"""The texts for floats that JSON has no numbers for."""


def mistyped(shape: Any, raw: Any) -> str | None:
    """Return the error of the first value that is not of the model's type; None if there is none."""
    if raw is None or shape.type_name in {"blob", "timestamp"}:
        # Their text is parsed with the parameters.
        return _not_scalar(raw)
    if shape.type_name == "structure":
        return None if shape.is_document_type else _mistyped_structure(shape, raw)
    if shape.type_name == "list":
        return _first(mistyped(shape.member, each) for each in raw) if isinstance(raw, list) else _unexpected(raw)
    if shape.type_name == "map":
        return (
            _first(mistyped(shape.value, each) for each in raw.values()) if isinstance(raw, dict) else _unexpected(raw)
        )
    return _mistyped_scalar(shape, raw)


def _mistyped_structure(shape: Any, raw: Any) -> str | None:
    if not isinstance(raw, dict):
        return _unexpected(raw)
    for name, member in shape.members.items():
        serialization = member.serialization
        if "location" in serialization:
            continue
        value = raw.get(serialization.get("name", name))
        if value is not None and (problem := mistyped(member, value)):
            return problem
    return None


def _mistyped_scalar(shape: Any, raw: Any) -> str | None:
    expected, name = _SCALARS[shape.type_name]
    if isinstance(raw, expected) and not (isinstance(raw, bool) and expected is not bool):
        return None
    if shape.type_name in {"float", "double"} and raw in NO_NUMBERS:
        return None
    if isinstance(raw, dict | list):
        return _not_scalar(raw)
    return f"{_token(raw)} can not be converted to {name}"


def _not_scalar(raw: Any) -> str | None:
    return _unexpected(raw) if isinstance(raw, dict | list) else None


def _unexpected(raw: Any) -> str:
    if isinstance(raw, dict):
        return "Start of structure or map found where not expected."
    return "Start of list found where not expected" if isinstance(raw, list) else "Unexpected field type"


def _token(raw: Any) -> str:
    if isinstance(raw, bool):
        return "TRUE_VALUE" if raw else "FALSE_VALUE"
    return "STRING_VALUE" if isinstance(raw, str) else "NUMBER_VALUE"


def _first(problems: Iterable[str | None]) -> str | None:
    return next((each for each in problems if each), None)
