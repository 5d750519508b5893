"""A definition as a picture: a flowchart of Mermaid, which GitHub draws."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

_OFTEN = 3
"""So many states that catch everything to the same one are drawn as one way."""

_SHAPES = {"Choice": '{{"{}"}}', "Wait": '("{}")', "Pass": '("{}")', "Succeed": '(["{}"])', "Fail": '(["{}"])'}
_STEP = '["{}"]'
_PERSON = '[/"{}"/]'
"""A task that waits for somebody's answer."""


def drawn(definition: dict[str, Any]) -> str:
    """Return the flowchart; where everything is caught by many states, only one way of them is drawn."""
    return "\n".join(["flowchart TD", *_machine(definition, "  ")]) + "\n"


def _machine(machine: dict[str, Any], indent: str) -> Iterator[str]:
    states: dict[str, dict[str, Any]] = machine["States"]
    caught = Counter(catch["Next"] for state in states.values() for catch in _catches_all(state))
    resorts = [name for name, count in caught.items() if count >= _OFTEN]
    yield f"{indent}{machine['StartAt']}{_shape(machine['StartAt'], states[machine['StartAt']])}"
    for name, state in states.items():
        if "ItemProcessor" in state:
            yield f'{indent}subgraph {name} ["{name}: for each item"]'
            yield from _machine(state["ItemProcessor"], indent + "  ")
            yield f"{indent}end"
        elif name != machine["StartAt"]:
            yield f"{indent}{name}{_shape(name, state)}"
    for name, state in states.items():
        yield from (f"{indent}{name} {arrow} {follower}" for arrow, follower in _ways(state, resorts))
    for name in resorts:
        # The dot keeps it from being the name of a state.
        yield f'{indent}any.{name}>"any step"] {_error("any error")} {name}'


def _shape(name: str, state: dict[str, Any]) -> str:
    waits_for_person = state.get("Resource", "") == "${LambdaInvoke}.waitForTaskToken"
    shape = _PERSON if waits_for_person else _SHAPES.get(state["Type"], _STEP)
    return shape.format(name)


def _error(name: str) -> str:
    return f'-.->|"{name}"|'


def _catches_all(state: dict[str, Any]) -> list[dict[str, Any]]:
    return [catch for catch in state.get("Catch", ()) if catch["ErrorEquals"] == ["States.ALL"]]


def _ways(state: dict[str, Any], resorts: list[str]) -> Iterator[tuple[str, str]]:
    """Yield how and where it goes on, each way once."""
    followers = [choice["Next"] for choice in state.get("Choices", ())]
    followers += [state[field] for field in ("Default", "Next") if field in state]
    yield from (("-->", follower) for follower in dict.fromkeys(followers))
    for catch in state.get("Catch", ()):
        if catch not in _catches_all(state):
            yield _error(", ".join(catch["ErrorEquals"])), catch["Next"]
        elif catch["Next"] not in resorts:
            yield _error("any other error" if len(state["Catch"]) > 1 else "any error"), catch["Next"]
