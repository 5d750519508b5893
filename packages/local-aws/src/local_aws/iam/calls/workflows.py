"""Step Functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from local_aws.iam.rules import ANY, AwsCall, Requirement, Rules, key, passing

_ARN_PARTS = 7

machines_of_tokens: Final[list[Callable[[str], str | None]]] = []
"""Functions that return the state machine of a task token; added by ``workflows``, which imports IAM."""


def _state_machine(call: AwsCall) -> Iterator[Requirement]:
    """Yield the permission on the state machine; its version or alias is a condition key."""
    arn = str(call.params.get("stateMachineArn") or call.params.get("stateMachineAliasArn") or "")
    parts = arn.split(":")
    qualifier = parts[_ARN_PARTS] if len(parts) > _ARN_PARTS else None
    keys = key("states:StateMachineQualifier", qualifier)
    yield call.requires(call.operation, ":".join(parts[:_ARN_PARTS]), keys, kind="statemachine")
    yield from passing(call, call.params.get("roleArn"), "states.amazonaws.com")


def _create(call: AwsCall) -> Iterator[Requirement]:
    arn = call.arn(f"stateMachine:{call.params.get('name')}")
    yield call.requires("CreateStateMachine", arn, kind="statemachine")
    if call.params.get("publish"):
        yield call.requires("PublishStateMachineVersion", arn, kind="statemachine")
    if call.params.get("tags"):
        yield call.requires("TagResource", arn, kind="statemachine")
    yield from passing(call, call.params.get("roleArn"), "states.amazonaws.com")


def _answer_task(call: AwsCall) -> Iterator[Requirement]:
    """Yield the permission on the state machine of a token's task."""
    token = str(call.params.get("taskToken") or "")
    machine = next(filter(None, (find(token) for find in machines_of_tokens)), None)
    yield call.requires(call.operation, machine or ANY, kind="statemachine")


def _list_executions(call: AwsCall) -> Iterator[Requirement]:
    if call.params.get("mapRunArn"):
        yield call.requires(call.operation, str(call.params["mapRunArn"]), kind="maprun")
    else:
        yield from _state_machine(call)


_ON_STATE_MACHINES = (
    "DeleteStateMachine",
    "DescribeStateMachine",
    "DescribeStateMachineAlias",
    "ListStateMachineAliases",
    "ListStateMachineVersions",
    "PublishStateMachineVersion",
    "StartExecution",
    "StartSyncExecution",
    "UpdateStateMachine",
)

RULES = Rules(
    names={
        "execution": ("executionArn",),
        "express": ("none",),
        "activity": ("activityArn", "name"),
        "maprun": ("mapRunArn",),
        "statemachine": ("stateMachineArn",),
    },
    special={
        **dict.fromkeys(_ON_STATE_MACHINES, _state_machine),
        "CreateStateMachine": _create,
        "ListExecutions": _list_executions,
        **dict.fromkeys(("SendTaskFailure", "SendTaskHeartbeat", "SendTaskSuccess"), _answer_task),
    },
    tagging="TagResource",
)
