"""Cedar policies as people write them: checked, named, and compiled into the set that decides.

A policy is a parameter of one or more Cedar statements. Each statement is known by its ``@id``, or by the parameter's
name, numbered from the second statement on.
"""

import json
import re
from importlib.resources import files
from typing import Any

import cedarpy
from msgspec import Struct

from drawbridge.errors import InvalidInputError

SCHEMA_TEXT = files("drawbridge_policies").joinpath("schema.cedarschema").read_text(encoding="utf-8")
_SCHEMA = cedarpy.Schema.from_str(SCHEMA_TEXT)

_LONGEST = 8192
"""Of a parameter of the advanced tier; more can't come from Parameter Store."""


_DEEPEST = 50
"""Brackets within brackets. Cedar's parser recurses, and at a thousand it takes the whole process down."""


# A chain of some hundred operators is as deep, to Cedar's JSON, as that many brackets.
_TOO_LONG = "policy {}: a condition is too long; split it"


class Statement(Struct, frozen=True):
    """One statement of a policy."""

    id: str
    policy: str
    """The name of the parameter that it stands in."""
    reason: str
    """Its ``@reason``, or a sentence that names it."""
    cedar: dict[str, Any]


class Policy(Struct, frozen=True):
    """One parameter's policy."""

    name: str
    statements: tuple[Statement, ...]


def parse_policy(name: str, text: str) -> Policy:
    """Check a policy's text against the schema and take it apart.

    Raises:
        InvalidInputError: it does not parse, or speaks of what the schema does not know. The message gives the line.
    """
    if len(text) > _LONGEST:
        raise InvalidInputError(f"policy {name}: {len(text)} characters, {_LONGEST} at most")
    if _depth(text) > _DEEPEST:
        raise InvalidInputError(f"policy {name}: brackets nested deeper than {_DEEPEST}; split the condition")
    lines = _statement_lines(text)
    parsed = _parse(name, text, lines)
    if parsed["templates"]:
        raise InvalidInputError(f"policy {name}: a template (?principal, ?resource) decides nothing; write a policy")
    if not parsed["staticPolicies"]:
        raise InvalidInputError(f"policy {name}: no statement in it; write one, or delete the parameter")
    checked = cedarpy.validate_policies(text, _SCHEMA)
    if not checked.validation_passed:
        first = checked.errors[0]
        raise InvalidInputError(f"policy {name}, line {lines[_number(first.policy_id)]}: {first.error}")
    statements = [_statement(name, _number(cedar_id), cedar) for cedar_id, cedar in parsed["staticPolicies"].items()]
    ids = [statement.id for statement in statements]
    for twice in ids:
        if ids.count(twice) > 1:
            raise InvalidInputError(f"policy {name}: two statements have the id {twice!r}; each needs one of its own")
    return Policy(name, tuple(statements))


def _parse(name: str, text: str, lines: list[int]) -> Any:
    """Give the policy as Cedar's JSON, which the set that decides is put together from."""
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as error:
        raise InvalidInputError(f"policy {name}, line {_line_of_syntax_error(text, lines)}: {error}") from error
    except RecursionError as error:
        raise InvalidInputError(_TOO_LONG.format(name)) from error
    try:
        cedarpy.PolicySet.from_json_str(json.dumps(parsed))
    except (ValueError, RecursionError) as error:
        if parsed["templates"]:
            return parsed
        raise InvalidInputError(_TOO_LONG.format(name)) from error
    return parsed


def _statement(policy: str, number: int, cedar: dict[str, Any]) -> Statement:
    annotations = cedar.get("annotations", {})
    own_id = annotations.get("id") or (policy if number == 0 else f"{policy}#{number + 1}")
    reason = annotations.get("reason") or f"Policy {own_id} {cedar['effect']}s it."
    return Statement(own_id, policy, reason, cedar)


def _number(cedar_id: str) -> int:
    # Cedar numbers the statements of a text: policy0, policy1, …
    return int(cedar_id.removeprefix("policy"))


# Strings and comments may hold semicolons.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|;', re.DOTALL)


_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|[(\[{]|[)\]}]', re.DOTALL)


def _depth(text: str) -> int:
    """Tell how deep brackets are nested; outside strings and comments, as far as those can be told."""
    depth = deepest = 0
    for found in _BRACKET.finditer(text):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(found.group(), 0)
        deepest = max(deepest, depth)
    return deepest


def _statement_lines(text: str) -> list[int]:
    """Give the line, counted from 1, on which each statement starts; the last is where one more would."""
    starts = [0, *(found.end() for found in _TOKEN.finditer(text) if found.group() == ";")]
    return [_line_at(text, start) for start in starts]


def _line_at(text: str, start: int) -> int:
    blank = re.compile(r"(?:\s|//[^\n]*)*").match(text, start)
    return text.count("\n", 0, blank.end() if blank else start) + 1


def _line_of_syntax_error(text: str, lines: list[int]) -> int:
    """Cedar's binding gives no position: the first statement that does not parse by itself has it."""
    ends = [found.end() for found in _TOKEN.finditer(text) if found.group() == ";"]
    start = 0
    for number, end in enumerate(ends):
        try:
            cedarpy.policies_to_json_str(text[start:end])
        except ValueError:
            return lines[number]
        start = end
    return lines[-1]
