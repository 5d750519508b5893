"""A request's parameters against the constraints of botocore's model: missing, too long, not in an enum."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["missing", "enum", "length", "value", "pattern"]


@dataclass(frozen=True)
class Violation:
    """A constraint that is not kept; ``path`` has member names and, for a list's element, its number from 1."""

    kind: Kind
    path: tuple[str | int, ...]
    rule: str
    value: Any = None
    secret: bool = False


def violations(shape: Any, params: dict[str, Any]) -> list[Violation]:
    """Return what is not kept."""
    return list(_of_structure(shape, params, ()))


def _of(shape: Any, value: Any, path: tuple[str | int, ...]) -> Iterator[Violation]:
    kind = shape.type_name
    if kind == "string":
        if isinstance(value, str):
            yield from _of_string(shape, value, path)
    elif kind == "structure":
        if isinstance(value, dict) and not shape.is_document_type:
            yield from _of_structure(shape, value, path)
    elif kind in {"list", "map", "blob"}:
        yield from _of_many(shape, value, path)
    elif kind in {"integer", "long", "float", "double"} and isinstance(value, int | float):
        yield from _out_of_range(shape, value, path, value, "value")


def _of_many(shape: Any, value: Any, path: tuple[str | int, ...]) -> Iterator[Violation]:
    yield from _out_of_range(shape, len(value), path, value, "length")
    if shape.type_name == "list":
        for index, each in enumerate(value, start=1):
            yield from _of(shape.member, each, (*path, index))
    elif shape.type_name == "map":
        for name, each in value.items():
            yield from _of(shape.key, name, (*path, "key"))
            yield from _of(shape.value, each, (*path, "value"))


def _of_structure(shape: Any, value: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[Violation]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield Violation("missing", (*path, name), "Member must not be null")
    members = shape.members
    for name, given in value.items():
        if given is not None and name in members:
            yield from _of(members[name], given, (*path, name))


def _of_string(shape: Any, value: str, path: tuple[str | int, ...]) -> Iterator[Violation]:
    told = shape.metadata
    secret = bool(told.get("sensitive"))
    if (options := told.get("enum")) and value not in options:
        rule = f"Member must satisfy enum value set: [{', '.join(options)}]"
        yield Violation("enum", path, rule, value, secret)
    yield from _out_of_range(shape, len(value), path, value, "length")
    pattern = _compiled(told.get("pattern", ""))
    if pattern and not pattern.fullmatch(value):
        rule = f"Member must satisfy regular expression pattern: {told['pattern']}"
        yield Violation("pattern", path, rule, value, secret)


def _out_of_range(
    shape: Any, number: float, path: tuple[str | int, ...], value: Any, what: Literal["length", "value"]
) -> Iterator[Violation]:
    told = shape.metadata
    least, most = told.get("min"), told.get("max")
    if least is None and most is None:
        return
    secret = bool(told.get("sensitive"))
    if least is not None and number < least:
        yield Violation(what, path, f"Member must have {what} greater than or equal to {least}", value, secret)
    if most is not None and number > most:
        yield Violation(what, path, f"Member must have {what} less than or equal to {most}", value, secret)


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern) if pattern else None
    except re.error:
        # Java's Unicode classes: what Python can't read is not checked.
        return None
