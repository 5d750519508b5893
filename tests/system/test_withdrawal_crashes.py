"""A function is killed before and after a call of a withdrawal: it ends the same, and nothing is left."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from scenarios.people import Person
from tests.system import providers
from tests.system.attachments import attach
from tests.system.conftest import LONG, CommandLine, World, until
from tests.system.requests_in_ledger import reasons, row_of, settled
from tests.system.withdrawing import Connection, allow_again, forbid

_TAKES_DOWN = "drawbridge-WithdrawAttachment*"
_PLANS = "drawbridge-PlanWithdrawal*"
_RECORDS = "drawbridge-RecordOutcome*"
_SWEEPS = "drawbridge-DiscoverRequests*"

OF_A_BINDING = [
    ("resource-endpoint", _TAKES_DOWN, ("ec2:DeleteVpcEndpoints", "ssm:DeleteParameters")),
    ("service-network", _TAKES_DOWN, ("vpc-lattice:DeleteServiceNetwork",)),
    ("resource-endpoint", _TAKES_DOWN, ("dynamodb:GetItem", "ec2:DescribeVpcEndpoints")),
    ("resource-endpoint", _TAKES_DOWN, ("dynamodb:PutItem", "ssm:GetParameters")),
    ("service-network", _TAKES_DOWN, ("vpc-lattice:DeleteServiceNetworkVpcAssociation",)),
    ("service-network", _TAKES_DOWN, ("vpc-lattice:DeleteServiceNetworkResourceAssociation",)),
]
OF_A_SHARE = [
    (_SWEEPS, ("states:StartExecution",)),
    (_PLANS, ("dynamodb:PutItem", "ram:GetResourceShares")),
    (_RECORDS, ("dynamodb:UpdateItem", "events:PutEvents")),
    (_PLANS, ("dynamodb:BatchWriteItem", "dynamodb:Query")),
    (_PLANS, ("ssm:GetParametersByPath", "vpc-lattice:ListServiceNetworks")),
]
OF_A_CONNECTION = [
    (_TAKES_DOWN, ("ec2:RejectVpcEndpointConnections", "ssm:DeleteParameters")),
    (_SWEEPS, ("dynamodb:UpdateItem", "states:StartExecution")),
    (_PLANS, ("dynamodb:GetItem", "dynamodb:PutItem")),
    (_SWEEPS, ("events:PutEvents", "ssm:AddTagsToResource")),
    (_PLANS, ("ec2:DescribeVpcEndpointConnections", "ssm:GetParametersByPath")),
    (_PLANS, ("dynamodb:BatchWriteItem", "organizations:DescribeOrganization")),
    (_TAKES_DOWN, ("ec2:DescribeVpcEndpointConnections", "ssm:GetParameters")),
    (_TAKES_DOWN, ("dynamodb:GetItem", "dynamodb:PutItem")),
    (_RECORDS, ("dynamodb:UpdateItem", "events:PutEvents")),
]
ON_COMMAND = [
    (_SWEEPS, ("dynamodb:UpdateItem", "states:StartExecution")),
    (_TAKES_DOWN, ("ec2:DeleteVpcEndpoints", "ssm:DeleteParameters")),
    (_PLANS, ("dynamodb:PutItem", "ram:ListResources")),
    (_PLANS, ("dynamodb:BatchWriteItem", "ssm:GetParametersByPath")),
    (_SWEEPS, ("events:PutEvents",)),
    (_TAKES_DOWN, ("dynamodb:GetItem", "ec2:DescribeVpcEndpoints")),
    (_TAKES_DOWN, ("dynamodb:PutItem", "ssm:GetParameters")),
    (_RECORDS, ("dynamodb:UpdateItem", "events:PutEvents")),
]
SHORT = 2
"""Of each; the soak tries all of them."""

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def provider(world: World) -> Person:
    return world.person("510000000171")


@pytest.fixture(scope="module")
def consumer(deployed: Callable[..., Person], provider: Person) -> Person:
    person = deployed("520000000171")
    permit = f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    person.write_policy("let-provider-in", permit)
    return person


@pytest.fixture
def kill(world: World) -> Iterator[Callable[[str, tuple[str, ...]], None]]:
    """Kill a function before a call of each of the operations, and after the next one."""

    def arm(role: str, operations: tuple[str, ...]) -> None:
        kinds = itertools.product(operations, ("kill-before", "kill-after"))
        calls = [{"operation": each, "fault": kind, "role": role, "times": 1} for each, kind in kinds]
        world.control("faults", {"calls": calls})

    yield arm
    world.control("faults", {})


def connected(consumer: Person, provider: Person, mode: str) -> tuple[str, str]:
    """Have a database of its own attached in the account's VPC; return its name and the share's ARN."""
    name = f"crash-{next(_numbers):02}"
    consumer.write_binding(
        name,
        resource=name,
        share=name,
        provider=provider.account_id,
        **attach(mode, "SINGLE", name, consumer.vpc()),
    )
    arn = providers.single(provider, name)
    share_arn = providers.share(provider, name, arn, consumer.account_id)
    settled(consumer, share_arn, "AVAILABLE")
    return name, share_arn


def nothing_is_left(consumer: Person, name: str) -> bool:
    ec2, lattice = consumer.client("ec2"), consumer.client("vpc-lattice")
    there = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    names = [each for each, _ in consumer.published() if f"/{name}/" in each]
    endpoints = [each for each in there if each["State"].lower() not in {"deleting", "deleted"}]
    return not (names or endpoints or lattice.list_service_networks()["items"])


def every_fault_struck(world: World) -> bool:
    return all(each["struck"] == 1 for each in world.control("faults")["calls"])


@pytest.mark.parametrize(("mode", "role", "operations"), OF_A_BINDING if LONG else OF_A_BINDING[:SHORT])
def test_what_a_binding_called_for_is_taken_down_wherever_a_function_is_killed(
    world: World,
    provider: Person,
    consumer: Person,
    kill: Callable[[str, tuple[str, ...]], None],
    mode: str,
    role: str,
    operations: tuple[str, ...],
) -> None:
    name, share_arn = connected(consumer, provider, mode)
    kill(role, operations)

    consumer.client("ssm").delete_parameter(Name=f"/drawbridge/config/bindings/{name}")

    until(lambda: nothing_is_left(consumer, name), lambda: f"{row_of(consumer, share_arn)}")
    settled(consumer, share_arn, "ACCEPTED")
    assert every_fault_struck(world), world.control("faults")


@pytest.mark.parametrize(("role", "operations"), OF_A_SHARE if LONG else OF_A_SHARE[:SHORT])
def test_a_share_that_is_gone_is_withdrawn_wherever_a_function_is_killed(
    world: World,
    provider: Person,
    consumer: Person,
    kill: Callable[[str, tuple[str, ...]], None],
    role: str,
    operations: tuple[str, ...],
) -> None:
    name, share_arn = connected(consumer, provider, "resource-endpoint")
    kill(role, operations)

    provider.client("ram").delete_resource_share(resourceShareArn=share_arn)

    until(lambda: nothing_is_left(consumer, name), lambda: f"{row_of(consumer, share_arn)}")
    settled(consumer, share_arn, "WITHDRAWN")
    assert every_fault_struck(world), world.control("faults")
    consumer.client("ssm").delete_parameter(Name=f"/drawbridge/config/bindings/{name}")


@pytest.mark.parametrize(("role", "operations"), OF_A_CONNECTION if LONG else OF_A_CONNECTION[:SHORT])
def test_a_connection_that_is_forbidden_is_rejected_wherever_a_function_is_killed(
    world: World,
    provider: Person,
    consumer: Person,
    kill: Callable[[str, tuple[str, ...]], None],
    role: str,
    operations: tuple[str, ...],
) -> None:
    connection = Connection(consumer, provider)
    kill(role, operations)

    forbid(consumer, provider, '@urgent("true")')

    row = settled(consumer, connection.endpoint_id, "WITHDRAWN")
    assert connection.is_down
    assert reasons(row)[0] == "no-longer-permitted"
    assert every_fault_struck(world), world.control("faults")
    allow_again(consumer)


@pytest.mark.parametrize(("role", "operations"), ON_COMMAND if LONG else ON_COMMAND[:SHORT])
def test_a_share_goes_on_command_wherever_a_function_is_killed(
    world: World,
    provider: Person,
    consumer: Person,
    command_line: CommandLine,
    kill: Callable[[str, tuple[str, ...]], None],
    role: str,
    operations: tuple[str, ...],
) -> None:
    name, share_arn = connected(consumer, provider, "resource-endpoint")
    kill(role, operations)

    assert command_line(consumer, "withdraw", share_arn, "--yes").returncode == 0

    row = settled(consumer, share_arn, "WITHDRAWN")
    assert nothing_is_left(consumer, name), row
    assert reasons(row)[0] == "withdrawn-on-command"
    assert every_fault_struck(world), world.control("faults")
    consumer.client("ssm").delete_parameter(Name=f"/drawbridge/config/bindings/{name}")
