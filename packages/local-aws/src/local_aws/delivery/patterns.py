"""EventBridge's event patterns, as strict as EventBridge is.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import functools
import ipaddress
import json
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Matcher = Callable[[Any], bool]
"""Returns whether it accepts one value that an event has: text, number, boolean or None."""

_LIMIT = 5_000_000_000
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class InvalidPatternError(ValueError):
    """A pattern that PutRule refuses; the message says where and why."""


@dataclass(frozen=True)
class Leaf:
    """The values that a field may have; ``absent``: the field may be missing."""

    matchers: tuple[Matcher, ...]
    absent: bool

    def matches(self, value: Any) -> bool:
        values = list(_values(value))
        if not values:
            return self.absent
        return any(matcher(each) for each in values for matcher in self.matchers)


@dataclass(frozen=True)
class Node:
    """The fields of an object, all of which have to match, and one of each group of alternatives."""

    fields: tuple[tuple[str, Node | Leaf], ...]
    alternatives: tuple[tuple[Node, ...], ...] = ()

    def matches(self, value: Any) -> bool:
        """Return whether the value matches; of an array, one and the same element has to."""
        elements = list(_objects(value)) or [{}]
        return any(self._element_matches(element) for element in elements)

    def _element_matches(self, element: Mapping[str, Any]) -> bool:
        return all(inner.matches(element.get(name, _MISSING)) for name, inner in self.fields) and all(
            any(each.matches(element) for each in group) for group in self.alternatives
        )


_MISSING: dict[str, Any] = {}


@functools.lru_cache(maxsize=1024)
def parse(text: str) -> Node:
    """Read a pattern.

    Raises:
        InvalidPatternError: it is not valid.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InvalidPatternError(f"Filter is not valid JSON: {error}") from error
    return _node(value, "pattern")


def _node(value: Any, where: str) -> Node:
    if not isinstance(value, dict):
        raise InvalidPatternError(f'"{where}" must be an object or an array')
    if not value:
        raise InvalidPatternError(f'Empty object is not allowed: "{where}"')
    alternatives = [_alternatives(value["$or"], where)] if "$or" in value else []
    fields = tuple(
        (name, _leaf(inner, name) if isinstance(inner, list) else _node(inner, name))
        for name, inner in value.items()
        if name != "$or"
    )
    return Node(fields, tuple(alternatives))


def _alternatives(value: Any, where: str) -> tuple[Node, ...]:
    if not isinstance(value, list) or len(value) < 2:  # noqa: PLR2004 - an "or" is between two at least
        raise InvalidPatternError(f'"$or" must be an array of at least 2 objects, in "{where}"')
    return tuple(_node(each, "$or") for each in value)


def _leaf(values: list[Any], where: str) -> Leaf:
    if not values:
        raise InvalidPatternError(f'Empty arrays are not allowed: "{where}"')
    absent = any(value == {"exists": False} for value in values)
    return Leaf(tuple(_matcher(value, where) for value in values), absent)


def _matcher(value: Any, where: str) -> Matcher:
    if isinstance(value, list):
        raise InvalidPatternError(f'Match value must be String, number, true, false, or null, in "{where}"')
    if not isinstance(value, dict):
        return functools.partial(_same, value)
    if len(value) != 1:
        raise InvalidPatternError(f'Only one key allowed in match expression, in "{where}"')
    ((name, operand),) = value.items()
    build = _OPERATORS.get(name)
    if build is None:
        raise InvalidPatternError(f'Unrecognized match type {name}, in "{where}"')
    return build(operand, f"{where}.{name}")


def _same(expected: Any, value: Any) -> bool:
    # EventBridge compares numbers as they are written: 300 is not 300.0.
    return type(expected) is type(value) and expected == value


def _exists(operand: Any, where: str) -> Matcher:
    if not isinstance(operand, bool):
        raise InvalidPatternError(f'"{where}" must be either true or false')
    return lambda _: operand


def _prefix(operand: Any, where: str) -> Matcher:
    text, fold = _text_and_case_folding(operand, where)
    return lambda value: isinstance(value, str) and fold(value).startswith(text)


def _suffix(operand: Any, where: str) -> Matcher:
    text, fold = _text_and_case_folding(operand, where)
    return lambda value: isinstance(value, str) and fold(value).endswith(text)


def _equals_ignore_case(operand: Any, where: str) -> Matcher:
    text = _text(operand, where).lower()
    return lambda value: isinstance(value, str) and value.lower() == text


def _text_and_case_folding(operand: Any, where: str) -> tuple[str, Callable[[str], str]]:
    if isinstance(operand, dict):
        if set(operand) != {"equals-ignore-case"}:
            raise InvalidPatternError(f'"{where}" takes a string or equals-ignore-case')
        return _text(operand["equals-ignore-case"], where).lower(), str.lower
    return _text(operand, where), str


def _wildcard(operand: Any, where: str) -> Matcher:
    text = _text(operand, where)
    expression = ""
    position = 0
    while position < len(text):
        character = text[position]
        if character == "\\":
            escaped = text[position + 1 : position + 2]
            if escaped not in {"*", "\\"}:
                raise InvalidPatternError(f'Invalid escape character in "{where}" at position {position}')
            expression += re.escape(escaped)
            position += 2
            continue
        if text[position : position + 2] == "**":
            raise InvalidPatternError(f'Consecutive wildcard characters in "{where}" at position {position}')
        expression += ".*" if character == "*" else re.escape(character)
        position += 1
    compiled = re.compile(expression, re.DOTALL)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _numeric(operand: Any, where: str) -> Matcher:
    if not isinstance(operand, list) or len(operand) not in {2, 4}:
        raise InvalidPatternError(f'"{where}" must be an array of a comparison and a number, or of two of them')
    tests = [(operand[index], operand[index + 1]) for index in range(0, len(operand), 2)]
    for name, limit in tests:
        if name not in _COMPARISONS:
            raise InvalidPatternError(f'Unrecognized numeric range operator {name} in "{where}"')
        if isinstance(limit, bool) or not isinstance(limit, int | float) or abs(limit) > _LIMIT:
            raise InvalidPatternError(f'Value of {name} in "{where}" must be a number from -{_LIMIT} to {_LIMIT}')
    if len(tests) == 2:  # noqa: PLR2004 - a range has two ends
        (low_name, low), (high_name, high) = tests
        if low_name not in {">", ">="} or high_name not in {"<", "<="} or low >= high:
            raise InvalidPatternError(f'Bottom must be less than top in "{where}"')
    return lambda value: (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and all(_COMPARISONS[name](value, limit) for name, limit in tests)
    )


def _cidr(operand: Any, where: str) -> Matcher:
    try:
        network = ipaddress.ip_network(_text(operand, where), strict=False)
    except ValueError as error:
        raise InvalidPatternError(f'Malformed CIDR in "{where}": {error}') from error

    def within(value: Any) -> bool:
        try:
            return isinstance(value, str) and ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return within


def _anything_but(operand: Any, where: str) -> Matcher:
    if isinstance(operand, dict):
        refused = _refused_kinds(operand, where)
    else:
        values = operand if isinstance(operand, list) else [operand]
        kinds = {"text" if isinstance(each, str) else "number" for each in values}
        plain = all(isinstance(each, str | int | float) and not isinstance(each, bool) for each in values)
        if not values or not plain or len(kinds) > 1:
            raise InvalidPatternError(f'"{where}" takes strings, or numbers, and not both')
        refused = [functools.partial(_same, each) for each in values]
    return lambda value: not any(matcher(value) for matcher in refused)


def _refused_kinds(operand: Mapping[str, Any], where: str) -> list[Matcher]:
    builders = {"prefix": _prefix, "suffix": _suffix, "equals-ignore-case": _equals_ignore_case, "wildcard": _wildcard}
    if len(operand) != 1 or next(iter(operand)) not in builders:
        raise InvalidPatternError(f'Unsupported anything-but pattern: {", ".join(operand)} in "{where}"')
    ((name, inner),) = operand.items()
    several = inner if isinstance(inner, list) else [inner]
    if not several:
        raise InvalidPatternError(f'Empty arrays are not allowed: "{where}"')
    return [builders[name](each, f"{where}.{name}") for each in several]


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidPatternError(f'"{where}" must be a string that is not empty')
    return value


_OPERATORS: dict[str, Callable[[Any, str], Matcher]] = {
    "exists": _exists,
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _equals_ignore_case,
    "wildcard": _wildcard,
    "numeric": _numeric,
    "cidr": _cidr,
    "anything-but": _anything_but,
}


def _values(value: Any) -> Iterable[Any]:
    """Return the scalar values of a field: those of an array, however deep; an object is none."""
    if isinstance(value, list):
        for each in value:
            yield from _values(each)
    elif not isinstance(value, Mapping):
        yield value


def _objects(value: Any) -> Iterable[Mapping[str, Any]]:
    if isinstance(value, list):
        for each in value:
            yield from _objects(each)
    elif isinstance(value, Mapping):
        yield value
