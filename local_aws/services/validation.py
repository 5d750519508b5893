"""A request's parameters against botocore's model of the operation."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from local_aws.services.errors import AwsError

_Problem = tuple[str, str, str]
"""What kind it is (``missing`` or ``invalid``), which parameter, and why."""


def validate(service: str, shape: Any, params: dict[str, Any]) -> None:
    """Refuse what the model does not allow, with the error that the service gives for it.

    Raises:
        AwsError: required members, enums, patterns, lengths or ranges are not kept.
    """
    problems = list(_problems(shape, params, "")) if shape is not None else []
    if problems:
        raise _error(service, problems)


def _problems(shape: Any, value: Any, path: str) -> Iterator[_Problem]:
    kind = shape.type_name
    if kind == "structure":
        yield from _of_structure(shape, value, path)
    elif kind == "list":
        yield from _out_of_range(shape, len(value), path, "length")
        for index, each in enumerate(value, start=1):
            yield from _problems(shape.member, each, f"{path}.{index}")
    elif kind == "string" and isinstance(value, str):
        yield from _of_string(shape, value, path)
    elif kind in {"integer", "long"} and isinstance(value, int):
        yield from _out_of_range(shape, value, path, "value")


def _of_structure(shape: Any, value: dict[str, Any], path: str) -> Iterator[_Problem]:
    prefix = f"{path}." if path else ""
    for name in shape.required_members:
        if value.get(name) is None:
            yield "missing", f"{prefix}{name}", "is required"
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _problems(member, value[name], f"{prefix}{name}")


def _of_string(shape: Any, value: str, path: str) -> Iterator[_Problem]:
    if shape.enum and value not in shape.enum:
        yield "invalid", path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
    yield from _out_of_range(shape, len(value), path, "length")
    pattern = _compiled(shape.metadata.get("pattern", ""))
    if pattern and not pattern.fullmatch(value):
        yield "invalid", path, f"Member must satisfy regular expression pattern: {pattern.pattern}"


def _out_of_range(shape: Any, number: int, path: str, what: str) -> Iterator[_Problem]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and number < least:
        yield "invalid", path, f"Member must have {what} greater than or equal to {least}"
    if most is not None and number > most:
        yield "invalid", path, f"Member must have {what} less than or equal to {most}"


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern) if pattern else None
    except re.error:
        # Java's Unicode classes: what Python can't read is not checked.
        return None


def _error(service: str, problems: list[_Problem]) -> AwsError:
    kind, path, why = problems[0]
    if service == "ec2":
        if kind == "missing":
            return AwsError("MissingParameter", f"The request must contain the parameter {path}")
        return AwsError("InvalidParameterValue", f"Value for parameter {path} is invalid. {why}")
    message = f"{len(problems)} validation error(s) detected: " + "; ".join(
        f"Value at '{path}' failed to satisfy constraint: {why}" for _, path, why in problems
    )
    if service == "vpc-lattice":
        fields = [{"name": path, "message": why} for _, path, why in problems]
        return AwsError("ValidationException", message, reason="fieldValidationFailed", fieldList=fields)
    codes = {"ram": "InvalidParameterException", "organizations": "InvalidInputException"}
    return AwsError(codes.get(service, "ValidationException"), message)
