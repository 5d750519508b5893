"""Least privilege, both ways: what the stack's roles did in all these tests was allowed, and nothing more is.

Comes last, and what was done is counted together for all accounts that had the stack.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local_aws.iam import identities, usage
from tests.system.conftest import World

PARTITION = "aws"
_FUNCTIONS = (
    "AcceptRequest",
    "AssociateResource",
    "DecideRequest",
    "DiscoverRequests",
    "PlanAssociations",
    "PublishDns",
    "ReceiveApproval",
    "RecordOutcome",
    "RelayNotification",
    "RequestApproval",
    "TellApprovers",
)
_MACHINE = "OnboardingStateMachineRole"
_TRACES = "AWS writes the traces, in the role's name; the local AWS has none."
_DELIVERY = "Step Functions orders the delivery of its logs when it gets the role; the local AWS writes no such logs."

NOT_USED: dict[str, str] = {
    **{f"{each}FunctionRole WriteTraces xray:PutTraceSegments": _TRACES for each in _FUNCTIONS},
    **{f"{each}FunctionRole WriteTraces xray:PutTelemetryRecords": _TRACES for each in _FUNCTIONS},
    f"{_MACHINE} WriteTraces xray:PutTraceSegments": _TRACES,
    f"{_MACHINE} WriteTraces xray:PutTelemetryRecords": _TRACES,
    f"{_MACHINE} WriteTraces xray:GetSamplingRules": _TRACES,
    f"{_MACHINE} WriteTraces xray:GetSamplingTargets": _TRACES,
    f"{_MACHINE} DeliverLogs logs:CreateLogDelivery": _DELIVERY,
    f"{_MACHINE} DeliverLogs logs:GetLogDelivery": _DELIVERY,
    f"{_MACHINE} DeliverLogs logs:UpdateLogDelivery": _DELIVERY,
    f"{_MACHINE} DeliverLogs logs:DeleteLogDelivery": _DELIVERY,
    f"{_MACHINE} DeliverLogs logs:ListLogDeliveries": _DELIVERY,
    f"{_MACHINE} DeliverLogs logs:PutResourcePolicy": _DELIVERY,
    f"{_MACHINE} DeliverLogs logs:DescribeResourcePolicies": _DELIVERY,
    f"{_MACHINE} DeliverLogs logs:DescribeLogGroups": _DELIVERY,
    "LookRole SendHints resource 1": "The dead-letter queue is for a look that can't be sent, with a hints queue gone.",
}
"""What a role may do although no test needs it: role, statement, action or place of the resource, and the reason."""


@dataclass(frozen=True)
class Role:
    """A role of the stack in one account."""

    logical_id: str
    account_id: str
    name: str

    def uses(self) -> list[usage.Use]:
        return usage.uses(f"arn:{PARTITION}:iam::{self.account_id}:role/{self.name}")

    def allows(self) -> Iterator[tuple[str, bool]]:
        """Tell each thing that the role allows, by a name that is the same in all accounts, and whether it was used."""
        held = identities.role(self.account_id, PARTITION, self.name)
        assert held is not None
        uses = self.uses()
        for statement in held.statements:
            unused = {(each.element, each.value) for each in usage.unused([statement], uses)}
            named = f"{self.logical_id} {statement.sid}"
            for action in statement.actions or ():
                yield f"{named} {action}", ("Action", action) not in unused
            # The only resource is used if an action is.
            several = statement.resources if len(statement.resources or ()) > 1 else ()
            for place, resource in enumerate(several or ()):
                yield f"{named} resource {place}", ("Resource", resource) not in unused


def roles(world: World) -> list[Role]:
    found: list[Role] = []
    for account_id in sorted(world.deployed_in):
        cloudformation = world.person(account_id).aws("cloudformation")
        made = cloudformation.describe_stack_resources(StackName="drawbridge")["StackResources"]
        found += [
            Role(each["LogicalResourceId"], account_id, each["PhysicalResourceId"])
            for each in made
            if each["ResourceType"] == "AWS::IAM::Role"
        ]
    return found


def never_used(found: Iterable[Role]) -> set[str]:
    allowed = [each for role in found for each in role.allows()]
    return {what for what, _ in allowed} - {what for what, used in allowed if used}


def everything_ran(session: pytest.Session) -> bool:
    """Tell whether no system test was left out by choice: what some of them need says nothing of what all need."""
    here = Path(__file__).parent
    collected = {item.path for item in session.items}
    choices = [
        session.config.getoption(each, default=None) for each in ("keyword", "markexpr", "deselect", "lf", "ignore")
    ]
    by_name = any("::" in each for each in session.config.args)
    return {*here.rglob("test_*.py")} <= collected and not any(choices) and not by_name


def test_every_call_of_the_stack_was_allowed(world: World) -> None:
    found = roles(world)

    denied = [use for role in found for use in usage.denied(role.uses())]

    assert [(use.role_arn, use.action, use.resource) for use in denied] == []


def test_every_permission_was_used_or_is_listed_with_its_reason(world: World, request: pytest.FixtureRequest) -> None:
    if not everything_ran(request.session):
        pytest.skip("only some of the system tests ran: whether the roles allow more than is used can't be told")

    found = never_used(roles(world))

    assert sorted(found - NOT_USED.keys()) == [], "allowed, and not used"
    assert sorted(NOT_USED.keys() - found) == [], "listed as not used, and used or not allowed"
