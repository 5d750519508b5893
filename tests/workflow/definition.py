"""The workflows' definitions and the template around them, as data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from samtranslator.yaml_helper import yaml_parse

from tests.builders import REPOSITORY

Json = dict[str, Any]

Workflow = Literal["onboarding", "withdrawal"]
WORKFLOWS: tuple[Workflow, ...] = get_args(Workflow)

DEFINITIONS: dict[Workflow, Json] = {
    name: json.loads((REPOSITORY / "statemachine" / f"{name}.asl.json").read_text()) for name in WORKFLOWS
}
TEMPLATE: Json = yaml_parse((REPOSITORY / "template.yaml").read_text())
RESOURCES: dict[str, Json] = TEMPLATE["Resources"]

SUBSTITUTIONS_OF: dict[Workflow, Json] = {
    name: RESOURCES[f"{name.title()}StateMachine"]["Properties"]["DefinitionSubstitutions"] for name in WORKFLOWS
}
"""What is filled into each definition when it is deployed."""
CALLED_BY: dict[Workflow, Json] = {
    workflow: {name: value for name, value in given.items() if name.endswith("FunctionArn")}
    for workflow, given in SUBSTITUTIONS_OF.items()
}
"""Those of them that name the functions' versions."""

_SUBSTITUTION = re.compile(r"\$\{([\w:]+)\}")


@dataclass(frozen=True)
class Machine:
    """A state machine, or the one inside a Map; its states go to each other and to no others."""

    name: str
    start: str
    states: Mapping[str, Json]


def machines(definition: Json, name: str) -> Iterator[Machine]:
    """Yield the machine and all that are inside of it."""
    yield Machine(name, definition["StartAt"], definition["States"])
    for state_name, state in definition["States"].items():
        if "ItemProcessor" in state:
            yield from machines(state["ItemProcessor"], state_name)


def states(workflow: Workflow) -> dict[str, Json]:
    """Return the states of all machines of a workflow, by name."""
    found: dict[str, Json] = {}
    for machine in machines(DEFINITIONS[workflow], workflow):
        assert not found.keys() & machine.states.keys(), "a state's name is given once, or logs say little"
        found |= machine.states
    return found


def states_of_both() -> dict[tuple[Workflow, str], Json]:
    """Return the states of both workflows, by the workflow and their names."""
    return {(workflow, name): state for workflow in WORKFLOWS for name, state in states(workflow).items()}


def next_states(state: Json) -> list[str]:
    """Return the states that this one may go to."""
    exits = [state, *state.get("Choices", ()), *state.get("Catch", ())]
    return [exit_["Next"] for exit_ in exits if "Next" in exit_] + ([state["Default"]] if "Default" in state else [])


def substitutions(value: Any) -> set[str]:
    """Return the names of the substitutions that a part of the definition asks for."""
    return set(_SUBSTITUTION.findall(json.dumps(value)))


def expressions(value: Any) -> Iterator[str]:
    """Yield the JSONata in a part of the definition."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from expressions(each)
    elif isinstance(value, str) and value.startswith("{%"):
        yield value.removeprefix("{%").removesuffix("%}").strip()


def of_type(kind: str) -> dict[str, Json]:
    """Return the properties of the template's resources of a type, by logical id."""
    return {name: each["Properties"] for name, each in RESOURCES.items() if each["Type"] == kind}


def functions() -> dict[str, Json]:
    """Return the functions' properties with the template's globals filled in, by logical id."""
    defaults: Json = TEMPLATE["Globals"]["Function"]
    return {name: defaults | properties for name, properties in of_type("AWS::Serverless::Function").items()}


def statements(role: str) -> list[Json]:
    """Return the statements of a role's policies, by the role's logical id; conditional ones are under ``Fn::If``."""
    policies = RESOURCES[role]["Properties"]["Policies"]
    return [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]


def statement(role: str, sid: str) -> Json:
    """Return the statement that there always is."""
    (found,) = (each for each in statements(role) if each.get("Sid") == sid)
    return found


def attribute_of(value: Any) -> str:
    """Return the logical id that a ``!GetAtt`` or ``!Ref`` names, under a condition if it is so.

    ``!Ref Function.Alias`` is SAM's way to name a function's alias, ``!Ref Function.Version`` the version that it
    points to.
    """
    if "Fn::If" in value:
        return attribute_of(value["Fn::If"][1])
    return (
        str(value["Fn::GetAtt"][0] if "Fn::GetAtt" in value else value["Ref"])
        .removesuffix(".Version")
        .removesuffix(".Alias")
    )


_REFERRED = {
    "AWS::Serverless::StateMachine": "arn:aws:states:us-east-1:{}:stateMachine:{}",
    "AWS::CloudWatch::Alarm": "{1}",
}
"""What a reference to a resource that rules name comes to, by its type."""


def _type_of(name: str) -> str:
    return str(RESOURCES.get(name, {}).get("Type", ""))


def filled_in(value: Any, account_id: str) -> Any:
    """Return a part of the template as it is deployed in an account, with the parameters' defaults."""
    match value:
        case {"Ref": "AWS::AccountId"}:
            return account_id
        case {"Ref": str(name)} if _type_of(name) in _REFERRED:
            return _REFERRED[_type_of(name)].format(account_id, name)
        case {"Fn::Sub": text}:
            pseudo = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": account_id}
            named = {name: each["Default"] for name, each in TEMPLATE["Parameters"].items()} | pseudo
            return _SUBSTITUTION.sub(lambda found: named[found.group(1)], text)
        case dict():
            return {name: filled_in(each, account_id) for name, each in value.items()}
        case list():
            return [filled_in(each, account_id) for each in value]
        case _:
            return value
