"""Validation of parameters against the constraints of botocore's model: missing, too long, not in an enum."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["missing", "enum", "length", "value", "pattern"]


@dataclass(frozen=True)
class Violation:
    """A constraint that is violated; ``path`` has member names and, for a list's element, its number from 1."""

    kind: Kind
    path: tuple[str | int, ...]
    rule: str
    value: Any = None
    secret: bool = False


def violations(shape: Any, params: dict[str, Any]) -> list[Violation]:
    """Return the violated constraints of the parameters."""
    return list(_structure_violations(shape, params, ()))


def _value_violations(shape: Any, value: Any, path: tuple[str | int, ...]) -> Iterator[Violation]:
    kind = shape.type_name
    if kind == "string":
        if isinstance(value, str):
            yield from _string_violations(shape, value, path)
    elif kind == "structure":
        if isinstance(value, dict) and not shape.is_document_type:
            yield from _structure_violations(shape, value, path)
    elif kind in {"list", "map", "blob"}:
        yield from _collection_violations(shape, value, path)
    elif kind in {"integer", "long", "float", "double"} and isinstance(value, int | float):
        yield from _range_violations(shape, value, path, value, "value")


def _collection_violations(shape: Any, value: Any, path: tuple[str | int, ...]) -> Iterator[Violation]:
    yield from _range_violations(shape, len(value), path, value, "length")
    if shape.type_name == "list":
        for index, each in enumerate(value, start=1):
            yield from _value_violations(shape.member, each, (*path, index))
    elif shape.type_name == "map":
        for name, each in value.items():
            yield from _value_violations(shape.key, name, (*path, "key"))
            yield from _value_violations(shape.value, each, (*path, "value"))


def _structure_violations(shape: Any, value: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[Violation]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield Violation("missing", (*path, name), "Member must not be null")
    members = shape.members
    for name, each in value.items():
        if each is not None and name in members:
            yield from _value_violations(members[name], each, (*path, name))


def _string_violations(shape: Any, value: str, path: tuple[str | int, ...]) -> Iterator[Violation]:
    metadata = shape.metadata
    secret = bool(metadata.get("sensitive"))
    if (options := metadata.get("enum")) and value not in options:
        rule = f"Member must satisfy enum value set: [{', '.join(options)}]"
        yield Violation("enum", path, rule, value, secret)
    yield from _range_violations(shape, len(value), path, value, "length")
    pattern = _compiled(metadata.get("pattern", ""))
    if pattern and not pattern.fullmatch(value):
        rule = f"Member must satisfy regular expression pattern: {metadata['pattern']}"
        yield Violation("pattern", path, rule, value, secret)


def _range_violations(
    shape: Any, number: float, path: tuple[str | int, ...], value: Any, kind: Literal["length", "value"]
) -> Iterator[Violation]:
    metadata = shape.metadata
    least, most = metadata.get("min"), metadata.get("max")
    if least is None and most is None:
        return
    secret = bool(metadata.get("sensitive"))
    if least is not None and number < least:
        yield Violation(kind, path, f"Member must have {kind} greater than or equal to {least}", value, secret)
    if most is not None and number > most:
        yield Violation(kind, path, f"Member must have {kind} less than or equal to {most}", value, secret)


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern) if pattern else None
    except re.error:
        # Java's Unicode classes: a pattern that Python can't read is not checked.
        return None
