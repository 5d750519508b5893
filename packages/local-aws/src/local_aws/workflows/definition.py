"""A state machine's definition, read and checked once."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import Any

DEFINITION_LIMIT = 1_048_576


class InvalidDefinition(Exception):  # noqa: N818 - named after the API's error
    """AWS would refuse this definition; the problems are the reasons."""

    def __init__(self, *problems: str) -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Workflow:
    """States and the first one: of a state machine, a Parallel's branch or a Map's item processor."""

    start_at: str
    states: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Definition:
    workflow: Workflow
    timeout: int | None
    """Seconds that an execution may take, if limited."""


def is_jsonata(text: str) -> bool:
    """Return whether the definition as a whole is in JSONata."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return False
    return isinstance(parsed, dict) and parsed.get("QueryLanguage") == "JSONata"


@functools.lru_cache(maxsize=64)
def read(text: str) -> Definition:
    """Parse a definition that ``check`` has accepted."""
    parsed = json.loads(text)
    return Definition(workflow(parsed), parsed.get("TimeoutSeconds"))


def workflow(part: dict[str, Any]) -> Workflow:
    return Workflow(part["StartAt"], part["States"])


@functools.lru_cache(maxsize=64)
def check(text: str) -> None:
    """Raise InvalidDefinition with all problems if AWS would refuse the definition."""
    from local_aws.workflows import definition_rules  # noqa: PLC0415 - the rules are about this module's definitions

    if len(text.encode()) > DEFINITION_LIMIT:
        raise InvalidDefinition("INVALID_DEFINITION: The definition is larger than 1 MB")
    try:
        parsed = json.loads(text)
    except ValueError as error:
        raise InvalidDefinition(f"INVALID_JSON_DESCRIPTION: {error}") from error
    problems = definition_rules.problems(parsed)
    if problems:
        raise InvalidDefinition(*problems)
