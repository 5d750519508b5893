"""The definition has none of the mistakes that a validator of its grammar lets through, and each would be found."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from local_aws.testing.workflows import definition_problems
from tests.builders import REPOSITORY
from tests.workflow import variables
from tests.workflow.definition import Json, machines

DEFINITIONS = sorted((REPOSITORY / "statemachine").glob("*.asl.json"))

SOUND: Json = {
    "QueryLanguage": "JSONata",
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Arguments": {"QueueUrl": "{% $states.input.url %}", "MessageBody": "{% $states.context.Task.Token %}"},
            "TimeoutSeconds": 60,
            "HeartbeatSeconds": 30,
            "Catch": [
                {"ErrorEquals": ["States.Timeout"], "Next": "Each"},
                {"ErrorEquals": ["States.ALL"], "Next": "Each"},
            ],
            "Assign": {"answer": "{% $states.result %}"},
            "Next": "Keep",
        },
        "Keep": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:ssm:putParameter",
            "Arguments": {"Name": "answer", "Value": "{% $string($answer) %}"},
            "Next": "Each",
        },
        "Each": {
            "Type": "Map",
            "Items": "{% $map([1, 2], function($one) { $one + 1 }) %}",
            "ItemProcessor": {
                "StartAt": "Double",
                "States": {
                    "Double": {"Type": "Pass", "Output": "{% ($two := 2; $two * $states.input) %}", "End": True}
                },
            },
            "End": True,
        },
    },
}
"""Nothing is wrong with it, until a test makes a mistake in it."""


def mistakes(definition: Json) -> list[str]:
    found = definition_problems(definition) + variables.problems(definition)
    for machine in machines(definition, "machine"):
        for name, state in machine.states.items():
            waits = state.get("Resource", "").endswith(".waitForTaskToken")
            if waits and "$states.context.Task.Token" not in json.dumps(state.get("Arguments")):
                found.append(f"{name}: nobody is given the token that it waits for")
            if waits and "TimeoutSeconds" not in state:
                found.append(f"{name}: it would wait for a year")
    return found


def put(path: str, value: object) -> Callable[[Json], None]:
    def change(definition: Json) -> None:
        *parents, last = path.split("/")
        part = definition["States"]
        for step in parents:
            part = part[step]
        part[last] = value

    return change


def without(path: str) -> Callable[[Json], None]:
    def change(definition: Json) -> None:
        state, field = path.split("/")
        del definition["States"][state][field]

    return change


MISTAKES: dict[str, tuple[Callable[[Json], None], str]] = {
    "an action that no service has": (
        put("Keep/Resource", "arn:aws:states:::aws-sdk:ssm:putParameters"),
        "putParameters is not recognized",
    ),
    "an argument that the action does not take": (put("Keep/Arguments/Nmae", "x"), "Nmae"),
    "a variable that nobody assigns": (put("Keep/Arguments/Value", "{% $reply %}"), "Keep: $reply"),
    "a variable that not every path assigns": (put("Each/Items", "{% $answer %}"), "Each: $answer"),
    "a variable of an inner machine that not every path assigns": (
        put("Each/ItemProcessor", {"StartAt": "In", "States": {"In": {"Type": "Succeed", "Output": "{% $answer %}"}}}),
        "In: $answer",
    ),
    "a function that there is not": (put("Each/Items", "{% $ceiling(1.5) %}"), "Each: $ceiling"),
    "a result where there is none yet": (put("Keep/Arguments/Value", "{% $states.result %}"), "$states.result"),
    "an error where there is none": (put("Keep/Arguments/Value", "{% $states.errorOutput %}"), "$states.errorOutput"),
    "States.ALL before others": (
        put(
            "Ask/Catch",
            [{"ErrorEquals": ["States.ALL"], "Next": "Each"}, {"ErrorEquals": ["States.Timeout"], "Next": "Each"}],
        ),
        "States.ALL must appear alone",
    ),
    "States.ALL among others": (
        put("Ask/Catch", [{"ErrorEquals": ["States.Timeout", "States.ALL"], "Next": "Each"}]),
        "States.ALL must appear alone",
    ),
    "a token that is not passed on": (put("Ask/Arguments/MessageBody", "please"), "nobody is given the token"),
    "a heartbeat that is never missed": (put("Ask/HeartbeatSeconds", 60), "HeartbeatSeconds"),
    "waiting for an answer for ever": (without("Ask/TimeoutSeconds"), "for a year"),
    "$eval": (put("Each/Items", "{% $eval('[1]') %}"), "$eval is not supported"),
}


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.name)
def test_a_definition_has_no_mistake(path: Path) -> None:
    text = path.read_text().replace("${LambdaInvoke}", "arn:aws:states:::lambda:invoke")
    definition = json.loads(text.replace("${SendMessage}", "arn:aws:states:::sqs:sendMessage"))

    assert mistakes(definition) == []


def test_nothing_is_wrong_with_what_the_mistakes_are_made_in() -> None:
    assert mistakes(SOUND) == []


@pytest.mark.parametrize(("make", "message"), list(MISTAKES.values()), ids=list(MISTAKES))
def test_a_mistake_is_found(make: Callable[[Json], None], message: str) -> None:
    definition = copy.deepcopy(SOUND)

    make(definition)

    assert [each for each in mistakes(definition) if message in each], mistakes(definition)
