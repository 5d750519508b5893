"""Which variables a state can count on, and which it uses; AWS finds a missing one only at run time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jsonata import Jsonata

from local_aws.testing.workflows import EXPRESSION_FUNCTIONS
from tests.workflow.definition import Json, Machine, expressions, machines

# Of what Step Functions gives: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
GIVEN = frozenset({"", "$", "states", *Jsonata.static_frame.bindings, *EXPRESSION_FUNCTIONS} - {"eval"})

_INNER = ("ItemProcessor", "Branches")
_HANDLED = ("Catch", "Choices")


def problems(definition: Json, machine: str = "onboarding") -> list[str]:
    """List each variable that a state uses although some path to the state does not assign it."""
    counted_on: dict[str, frozenset[str]] = {machine: frozenset()}
    found: list[str] = []
    for part in machines(definition, machine):
        there = assigned_before(part, counted_on[part.name])
        # The machines inside come after the one that they are in.
        counted_on |= there
        found += [
            f"{name}: ${variable}"
            for name, state in part.states.items()
            for variable in sorted(asked_for(state) - there[name] - GIVEN)
        ]
    return found


def assigned_before(machine: Machine, outer: frozenset[str]) -> dict[str, frozenset[str]]:
    """Return, for each state, the variables that every path to it assigns."""
    there = {machine.start: outer}
    ahead = [machine.start]
    while ahead:
        name = ahead.pop()
        for target, assigned in _handlers(machine.states[name]):
            known = there[name] | assigned
            narrowed = known & there[target] if target in there else known
            if there.get(target) != narrowed:
                there[target] = narrowed
                ahead.append(target)
    return there


def asked_for(state: Json) -> frozenset[str]:
    """Return the variables in a state's own expressions, but those that an expression binds itself."""
    own = {name: value for name, value in state.items() if name not in _INNER}
    return frozenset(name for expression in expressions(own) for name in free_in(expression))


def free_in(expression: str) -> set[str]:
    """Return the variables and functions that an expression takes from outside."""
    bound = set(re.findall(r"\$(\w+)\s*:=", expression))
    for parameters in re.findall(r"function\s*\(([^)]*)\)", expression):
        bound |= set(re.findall(r"\$(\w+)", parameters))
    return {str(node.value) for node in _nodes(Jsonata(expression).ast) if node.type == "variable"} - bound


def _handlers(state: Json) -> Iterator[tuple[str, set[str]]]:
    for field in ("Next", "Default"):
        if field in state:
            yield state[field], set(state.get("Assign", ()))
    for handler in (each for field in _HANDLED for each in state.get(field, ())):
        yield handler["Next"], set(handler.get("Assign", ()))


def _nodes(value: Any) -> Iterator[Any]:
    """Walk through an expression's syntax tree."""
    if isinstance(value, list | tuple):
        for each in value:
            yield from _nodes(each)
    elif hasattr(value, "type") and hasattr(value, "position"):
        yield value
        for name, member in vars(value).items():
            if name not in {"_outer_instance", "parent", "ancestor"}:
                yield from _nodes(member)
