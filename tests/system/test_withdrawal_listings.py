"""A listing that fails, is empty by a fault, or is cut short withdraws nothing, whichever it is."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local_aws.testing.clock import fast_forward
from scenarios.people import Person
from tests.system import providers
from tests.system.attachments import MODES, attach
from tests.system.conftest import LONG, World
from tests.system.requests_in_ledger import settled
from tests.system.withdrawing import WITHIN_MINUTES

LISTINGS = [
    "dynamodb:BatchGetItem",
    "dynamodb:Query",
    "ec2:DescribeVpcEndpointAssociations",
    "ec2:DescribeVpcEndpointConnections",
    "ec2:DescribeVpcEndpointServiceConfigurations",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
    "ram:GetResourceShareInvitations",
    "ram:GetResourceShares",
    "ram:ListResources",
    "ssm:GetParameterHistory",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
    "vpc-lattice:ListResourceConfigurations",
    "vpc-lattice:ListServiceNetworkResourceAssociations",
    "vpc-lattice:ListServiceNetworkVpcAssociations",
    "vpc-lattice:ListServiceNetworks",
]

SHORT = [
    ("dynamodb:Query", "empty"),
    ("ec2:DescribeVpcEndpointConnections", "empty"),
    ("ec2:DescribeVpcEndpointConnections", "cut"),
    ("ec2:DescribeVpcEndpoints", "empty"),
    ("ram:GetResourceShares", "empty"),
    ("ram:ListResources", "empty"),
    ("ram:ListResources", "cut"),
    ("ssm:GetParametersByPath", "empty"),
    ("ssm:GetParametersByPath", "cut"),
    ("vpc-lattice:ListServiceNetworks", "empty"),
]
"""Those that a withdrawal begins with; the soak tries all of them."""
TRIED = list(itertools.product(LISTINGS, ("empty", "cut", "error"))) if LONG else SHORT

NAMES = [f"listed-{each}" for each in MODES]


@pytest.fixture(scope="module")
def provider(world: World) -> Person:
    return world.person("510000000161")


@pytest.fixture(scope="module")
def account(world: World, deployed: Callable[..., Person], provider: Person) -> Person:
    """Return an account that is connected in all three modes, and that another one's endpoints are connected with."""
    account = deployed("520000000161", **WITHIN_MINUTES)
    account.write_policy(
        "let-provider-in",
        f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);',
    )
    account.write_policy("associate-in-tagged", 'permit(principal, action == Action::"associate", resource);')
    account.client("ec2").create_tags(Resources=[account.vpc()], Tags=[{"Key": "Listed", "Value": "yes"}])
    for mode, name in zip(MODES, NAMES, strict=True):
        vpc: Any = {"tag": {"Listed": "yes"}} if mode == "resource-endpoint" else account.vpc()
        account.write_binding(
            name,
            resource=name,
            provider=provider.account_id,
            **attach(mode, "SINGLE", name, account.vpc()) | {"vpc": vpc},
        )
        arn = providers.single(provider, name)
        settled(account, providers.share(provider, name, arn, account.account_id), "AVAILABLE")
    _, service_name = account.offer_service()
    for _ in range(2):
        settled(account, provider.connect(service_name), "AVAILABLE")
    return account


@pytest.fixture
def faulty(world: World) -> Iterator[Callable[[str, str], None]]:
    def strike(operation: str, fault: str) -> None:
        world.control("faults", {"calls": [{"operation": operation, "fault": fault, "role": "drawbridge-*"}]})

    yield strike
    world.control("faults", {})
    # What was put off must not be under way still when other tests wait for quiet.
    fast_forward(3600, until=world.quiet)


def what_there_is(account: Person) -> dict[str, Any]:
    """Return what is connected and published in the account, but for what attempts made anew meanwhile."""
    lattice, ec2 = account.client("vpc-lattice"), account.client("ec2")
    networks = [each["arn"] for each in lattice.list_service_networks()["items"]]
    return {
        "names": account.published(),
        "endpoints": {
            each["VpcEndpointId"]
            for each in ec2.describe_vpc_endpoints()["VpcEndpoints"]
            if each["State"].lower() == "available"
        },
        "networks": {*networks},
        "associations": {
            each["id"]
            for arn in networks
            for listing in (
                lattice.list_service_network_resource_associations,
                lattice.list_service_network_vpc_associations,
            )
            for each in listing(serviceNetworkIdentifier=arn)["items"]
        },
        "connections": {
            each["VpcEndpointId"]: each["VpcEndpointState"]
            for each in ec2.describe_vpc_endpoint_connections()["VpcEndpointConnections"]
        },
    }


def harm(account: Person, before: dict[str, Any]) -> dict[str, Any]:
    """Return what is not as it was before; what attempts made anew meanwhile may be there beside."""
    now = what_there_is(account)
    lost: dict[str, Any] = {each: before[each] - now[each] for each in ("endpoints", "networks", "associations")}
    lost["names"] = {*before["names"]} - {*now["names"]}
    lost["connections"] = {*before["connections"].items()} - {*now["connections"].items()}
    return {each: sorted(things) for each, things in lost.items() if things}


@pytest.mark.parametrize(("operation", "fault"), TRIED)
def test_a_listing_that_lies_or_fails_withdraws_nothing(
    world: World, account: Person, faulty: Callable[[str, str], None], operation: str, fault: str
) -> None:
    before = what_there_is(account)

    faulty(operation, fault)
    fast_forward(18 * 60)

    (fault_of_calls,) = world.control("faults")["calls"]
    # What only an attempt asks for is not asked for as long as nothing goes.
    assert fault_of_calls["struck"] > 0 or (operation, fault) not in SHORT
    assert harm(account, before) == {}
    assert not [row for row in account.ledger() if row["status"]["S"].startswith("WITHDR") or "withdraw_after" in row]
