"""Least privilege, both ways: what the stack's roles did in all these tests was allowed, and nothing more is.

Comes last, and what was done is counted together for all accounts that had the stack.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import LONGEST
from tests.system.permissions import Noted, Permissions

_FUNCTIONS = (
    "AcceptRequest",
    "AssociateResource",
    "DecideRequest",
    "DiscoverRequests",
    "GiveTurns",
    "PlanAssociations",
    "PlanWithdrawal",
    "PublishDns",
    "ReceiveApproval",
    "ReceiveProof",
    "RecordOutcome",
    "RegisterConsumer",
    "RelayNotification",
    "RequestApproval",
    "TellApprovers",
    "TellConsumers",
    "WithdrawAttachment",
)
_MACHINES = ("OnboardingStateMachineRole", "WithdrawalStateMachineRole")
_TRACES = "AWS writes the traces, in the role's name; the local AWS has none."
_DELIVERY = "Step Functions orders the delivery of its logs when it gets the role; the local AWS writes no such logs."

_MACHINE_TRACES = (
    "WriteTraces xray:PutTraceSegments",
    "WriteTraces xray:PutTelemetryRecords",
    "WriteTraces xray:GetSamplingRules",
    "WriteTraces xray:GetSamplingTargets",
)
_MACHINE_LOGS = (
    "CreateLogDelivery",
    "GetLogDelivery",
    "UpdateLogDelivery",
    "DeleteLogDelivery",
    "ListLogDeliveries",
    "PutResourcePolicy",
    "DescribeResourcePolicies",
    "DescribeLogGroups",
)

_BEFORE_QUEUES = "For executions that began before there were queues, which keep to their versions."

NOT_USED: dict[str, str] = {
    **{f"{each}FunctionRole WriteTraces xray:PutTraceSegments": _TRACES for each in _FUNCTIONS},
    **{f"{each}FunctionRole WriteTraces xray:PutTelemetryRecords": _TRACES for each in _FUNCTIONS},
    **{f"{machine} {each}": _TRACES for machine in _MACHINES for each in _MACHINE_TRACES},
    **{f"{machine} DeliverLogs logs:{each}": _DELIVERY for machine in _MACHINES for each in _MACHINE_LOGS},
    "PublishDnsFunctionRole PublishAnew resource 1": "A consumer's endpoint that gets another name: none does here.",
    "DiscoverRequestsFunctionRole AskForServiceNetworks vpc-lattice:GetServiceNetwork": (
        "A shared service network that is gone: none goes here."
    ),
    "PlanWithdrawalFunctionRole ListShares ram:GetResourceShareInvitations": (
        "A share that is not in effect any longer when its time has come: none is here."
    ),
    "PlanWithdrawalFunctionRole ReadConfiguration ssm:GetParameterHistory": "For a binding that is broken by then.",
    "WithdrawAttachmentFunctionRole ListConnections ec2:DescribeVpcEndpointServiceConfigurations": (
        "Where EC2 lists no connection at all: one that is rejected is listed."
    ),
    "DiscoverRequestsFunctionRole WriteLedger dynamodb:GetItem": (
        "A row with more history than there is room for, as an earlier version wrote it: there is none here."
    ),
    "AcceptRequestFunctionRole ReadBudgets ssm:GetParameterHistory": "For a budget that is broken: there is none here.",
    "PublishDnsFunctionRole ReadBudgets ssm:GetParameterHistory": "For a budget that is broken: there is none here.",
    "DecideRequestFunctionRole SendTasksBackAndKeepBrokenOnes resource 1": (
        "For the dead-letter queue, where a message can't be read."
    ),
    "PublishDnsFunctionRole SendTasksOnAndKeepBrokenOnes resource 2": (
        "For the dead-letter queue, where a message can't be read."
    ),
    "OnboardingStateMachineRole InvokeFunctions resource 0": _BEFORE_QUEUES,
    "OnboardingStateMachineRole InvokeFunctions resource 1": _BEFORE_QUEUES,
    "AcceptRequestFunctionRole ReadConsumers dynamodb:GetItem": _BEFORE_QUEUES,
    "DecideRequestFunctionRole ReadConsumers dynamodb:GetItem": _BEFORE_QUEUES,
    "DecideRequestFunctionRole ReadLedger dynamodb:GetItem": _BEFORE_QUEUES,
    "DecideRequestFunctionRole CompleteTasks states:SendTaskFailure": "For a task that fails: none does here.",
    "PublishDnsFunctionRole ReadAndRecord dynamodb:GetItem": (
        "A row with more history than there is room for, as an earlier version wrote it: there is none here."
    ),
    "GiveTurnsFunctionRole CompleteTasks states:SendTaskFailure": "For a message that is broken: there is none here.",
    "GiveTurnsFunctionRole ReadBudgets ssm:GetParameterHistory": "For a budget that is broken: there is none here.",
    "GiveTurnsFunctionRole SendTurnsBackAndKeepBrokenMessages resource 1": (
        "For the dead-letter queue, where a message can't be read."
    ),
    "LookRole SendHints resource 1": "For the dead-letter queue, when a hint can't be sent as the hints queue is gone.",
}
"""What a role may do although no test needs it: role, statement, action or place of the resource, and the reason."""

_FIRST_OF_SEVERAL = "For an approver who is only in a user group, if they are the first of several who click at once."

_PUT_OFF = "A removal that AWS puts off for more than a minute is decided again."

_THROTTLED = "Where AWS throttles a call that has a budget, as others use up what it allows."

BY_CHANCE: dict[str, str] = {
    "AcceptRequestFunctionRole ReserveSlots dynamodb:GetItem": _THROTTLED,
    "PublishDnsFunctionRole ReserveSlots dynamodb:GetItem": _THROTTLED,
    "OnboardingStateMachineRole InvokeFunctions resource 6": _PUT_OFF,
    "PlanWithdrawalFunctionRole KeepPlan dynamodb:GetItem": _PUT_OFF,
    "PlanWithdrawalFunctionRole ReadBindings ssm:GetParameter": "A binding that is removed while its share goes.",
    "DecideRequestFunctionRole KeepMembers dynamodb:GetItem": _FIRST_OF_SEVERAL,
    "DecideRequestFunctionRole KeepMembers dynamodb:PutItem": _FIRST_OF_SEVERAL,
    "DecideRequestFunctionRole ReadSecret secretsmanager:GetSecretValue": _FIRST_OF_SEVERAL,
    "RequestApprovalFunctionRole CompleteApprovals states:SendTaskSuccess": (
        "An answer that is there before its task: each time only where functions are killed, which is not counted here."
    ),
}
"""What is used in some runs of these tests and not in others, and why it is needed."""


def everything_ran(session: pytest.Session) -> bool:
    """Return whether no system test was left out by choice: what some of them need says nothing of what all need."""
    here = Path(__file__).parent
    collected = {item.path for item in session.items}
    choices = [
        session.config.getoption(each, default=None) for each in ("keyword", "markexpr", "deselect", "lf", "ignore")
    ]
    by_name = any("::" in each for each in session.config.args)
    return {*here.rglob("test_*.py")} <= collected and not any(choices) and not by_name


@pytest.fixture(scope="module")
def noted(permissions: Permissions, request: pytest.FixtureRequest) -> list[Noted]:
    """What was noted of every file that deploys the stack, once all of them have come to their end."""
    files = {
        item.path.name
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.path.parent == request.path.parent
        and "deployed" in item.fixturenames
        and not any(item.nodeid.startswith(each) for each in LONGEST)
    }
    return permissions.of(files)


def test_every_call_of_the_stack_was_allowed(noted: list[Noted]) -> None:
    assert [denied for each in noted for denied in each.denied] == []


def test_every_permission_was_used_or_is_listed_with_its_reason(
    noted: list[Noted], request: pytest.FixtureRequest
) -> None:
    if not everything_ran(request.session):
        pytest.skip("only some of the system tests ran: whether the roles allow more than is used can't be told")

    found = {what for each in noted for what in each.allowed} - {what for each in noted for what in each.used}

    unused = "\n".join(sorted(found - NOT_USED.keys() - BY_CHANCE.keys()))
    listed = "\n".join(sorted(NOT_USED.keys() - found))
    assert not unused, f"allowed, and not used:\n{unused}\n\nlisted as not used, and used or not allowed:\n{listed}"
    assert not listed, f"listed as not used, and used or not allowed:\n{listed}"
