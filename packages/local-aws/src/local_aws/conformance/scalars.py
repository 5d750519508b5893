"""Validation of single values in answers, in the form of the protocol."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from local_aws.conformance.findings import Kind
from local_aws.conformance.json_types import NO_NUMBERS

_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")

_JSON_TYPES: dict[str, Any] = {
    "string": str,
    "character": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": int | float,
    "double": int | float,
}

Problem = tuple[Kind, str]


def json_problems(shape: Any, value: Any) -> Iterator[Problem]:
    if _is_valid(shape, value):
        yield from _enum_problems(shape, value)
    else:
        yield "type", f"{shape.type_name} is {value!r:.60}"


def _is_valid(shape: Any, value: Any) -> bool:
    kind = shape.type_name
    if kind == "timestamp":
        return _is_timestamp(shape, value)
    if kind == "blob":
        return isinstance(value, str) and _is_base64(value)
    if kind in {"float", "double"} and value in NO_NUMBERS:
        return True
    expected = _JSON_TYPES[kind]
    return isinstance(value, expected) and (expected is bool or not isinstance(value, bool))


def xml_problems(shape: Any, text: str) -> Iterator[Problem]:
    kind = shape.type_name
    patterns = {
        "boolean": r"true|false",
        "integer": r"-?\d+",
        "long": r"-?\d+",
        "float": r"-?\d+(\.\d+)?([eE][+-]?\d+)?|NaN|-?Infinity",
        "double": r"-?\d+(\.\d+)?([eE][+-]?\d+)?|NaN|-?Infinity",
        "timestamp": _ISO.pattern,
    }
    if kind in patterns and not re.fullmatch(patterns[kind], text):
        yield "type", f"{kind} is {text!r:.60}"
    else:
        yield from _enum_problems(shape, text)


def _enum_problems(shape: Any, value: Any) -> Iterator[Problem]:
    options = shape.metadata.get("enum")
    if options and value not in options:
        yield "enum", f"{value!r:.60}"


def _is_base64(value: str) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _is_timestamp(shape: Any, value: Any) -> bool:
    if shape.serialization.get("timestampFormat") == "iso8601":
        return isinstance(value, str) and _ISO.fullmatch(value) is not None
    if shape.serialization.get("timestampFormat") == "rfc822":
        return isinstance(value, str)
    return isinstance(value, int | float) and not isinstance(value, bool)
