"""Plan inputs: a change of what a plan rests on gives another fingerprint of its kind, and of no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from drawbridge.association import Mode
from drawbridge.association.account_inventory import ListedNetwork, ListedVpc, inputs_of, relevant_bindings
from drawbridge.association.binding import Binding
from drawbridge.association.parse_binding import parse_binding
from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.association.quotas import RESOURCE_ENDPOINTS
from drawbridge.configuration import InForce
from drawbridge.lattice import MatchAttributes
from tests.builders import CONSUMER, PROVIDER, RESOURCE_ARN, VPC_ID, shared_resource
from tests.fakes.inventory import InMemoryAccountInventory

PLACE = ("use1-az1", "", "False False", "subnet-0a")
OTHER_VPC = "vpc-0fedcba9876543210"
OWN_NETWORK = f"arn:aws:vpc-lattice:us-east-1:{CONSUMER}:servicenetwork/sn-0123456789abcdef0"


def binding(name: str = "orders", /, match: dict[str, Any] | None = None, **attach: Any) -> Binding:
    written = {"match": match or {}, "attach": {"mode": "resource-endpoint", "vpc": VPC_ID} | attach}
    return parse_binding(name, json.dumps(written))


BY_TAG = binding("by-tag", vpc={"tag": {"Environment": "prod"}})
NAMED = binding("named", subnets=["subnet-0000000a"], securityGroups=["sg-0000000a"])
ALIASED = binding("aliased", alias={"zone": "Z1", "name": "orders.internal.example"})
BY_NETWORK = binding("by-network", mode="service-network", serviceNetwork={"name": "central"})
BY_ARN = binding("by-arn", mode="service-network", serviceNetwork=OWN_NETWORK)
CREATED = binding("created", mode="service-network", serviceNetwork={"name": "new", "create": True})
ALL = (binding(), BY_TAG, NAMED, ALIASED, BY_NETWORK, BY_ARN, CREATED)


def vpc(vpc_id: str = VPC_ID, *, places: tuple[tuple[str, ...], ...] = (PLACE,), **tags: str) -> ListedVpc:
    return ListedVpc(vpc_id=vpc_id, tags=tags, places=places)


def inventory() -> InMemoryAccountInventory:
    there = InMemoryAccountInventory()
    there.listed[RESOURCE_ARN] = ("orders-db", "SINGLE", "ACTIVE")
    there.vpcs_there = [vpc()]
    there.vpc_of_subnet = {"subnet-0000000a": VPC_ID}
    there.vpc_of_group = {"sg-0000000a": VPC_ID}
    there.zones = {"Z1": True}
    return there


def inputs(there: InMemoryAccountInventory, *bindings: Binding, **quotas: int) -> PlanInputs:
    of_ram = [shared_resource()]
    return inputs_of(bindings or ALL, of_ram, there, {name.replace("_", "-"): limit for name, limit in quotas.items()})


def network(name: str = "central", resources: int = 0, vpcs: int = 0) -> ListedNetwork:
    return ListedNetwork(arn=OWN_NETWORK, name=name, resources=resources, vpcs=vpcs)


def changed(*changes: Callable[[InMemoryAccountInventory], object]) -> tuple[str, ...]:
    there = inventory()
    before = inputs(there)
    for change in changes:
        change(there)
    return inputs(there).changed_since(before)


CHANGES: dict[str, tuple[Callable[[InMemoryAccountInventory], object], str]] = {
    "a VPC gets the tag": (lambda it: it.vpcs_there.append(vpc(OTHER_VPC, Environment="prod")), "vpcs"),
    "the VPC that is named goes": (lambda it: it.vpcs_there.clear(), "vpcs"),
    "a subnet comes in another zone": (
        lambda it: it.vpcs_there.__setitem__(0, vpc(places=(PLACE, ("use1-az2", "", "", "subnet-0b")))),
        "vpcs",
    ),
    "the chosen subnet goes": (lambda it: it.vpcs_there.__setitem__(0, vpc(places=())), "vpcs"),
    "a subnet that is named goes": (lambda it: it.vpc_of_subnet.clear(), "subnets"),
    "a security group that is named goes": (lambda it: it.vpc_of_group.clear(), "security_groups"),
    "a network that is named is made": (lambda it: it.networks_there.append(network()), "networks"),
    "a network is full": (
        lambda it: it.networks_there.append(network("new", resources=500)),
        "room",
    ),
    "a VPC has no room for more endpoints": (
        lambda it: it.endpoint_counts.update({(VPC_ID, Mode.RESOURCE_ENDPOINT): 200}),
        "room",
    ),
    "the zone of an alias goes": (lambda it: it.zones.clear(), "hosted_zones"),
    "the zone of an alias is another one, and public": (lambda it: it.zones.update(Z1=False), "hosted_zones"),
    "the resource is renamed": (
        lambda it: it.listed.update({RESOURCE_ARN: ("billing", "SINGLE", "ACTIVE")}),
        "resources",
    ),
    "the resource is being deleted": (
        lambda it: it.listed.update({RESOURCE_ARN: ("orders-db", "SINGLE", "DELETE_IN_PROGRESS")}),
        "resources",
    ),
    "VPC Lattice lists it no longer": (lambda it: it.listed.clear(), "resources"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_each_change_gives_another_fingerprint_of_its_kind(what: str) -> None:
    change, kind = CHANGES[what]

    assert kind in changed(change)


@pytest.mark.parametrize(
    "change",
    [
        lambda it: it.vpcs_there.append(vpc(OTHER_VPC, Environment="test")),
        lambda it: it.vpc_of_subnet.update({"subnet-0000000b": VPC_ID}),
        lambda it: it.vpc_of_group.update({"sg-0000000b": VPC_ID}),
        lambda it: it.zones.update(Z2=False),
        lambda it: it.listed.update({RESOURCE_ARN + "0": ("beside", "SINGLE", "ACTIVE")}),
        lambda it: it.networks_there.append(network("another").__class__(arn="arn:x", name="x", resources=1, vpcs=1)),
        # What the attempt itself makes is no reason for another one.
        lambda it: it.endpoint_counts.update({(VPC_ID, Mode.RESOURCE_ENDPOINT): 1}),
        lambda it: it.vpcs_there.reverse(),
    ],
)
def test_what_no_plan_goes_by_changes_nothing(change: Callable[[InMemoryAccountInventory], object]) -> None:
    assert changed(change) == ()


def test_a_network_that_is_created_if_it_is_not_there_makes_no_difference() -> None:
    there = inventory()
    before = inputs(there, CREATED)
    there.networks_there.append(network("new"))

    assert inputs(there, CREATED).changed_since(before) == ()


def test_the_status_that_ram_lists_counts() -> None:
    there = inventory()
    usable, not_usable = (
        [msgspec.structs.replace(shared_resource(), status=status)] for status in ("AVAILABLE", "UNAVAILABLE")
    )

    before = inputs_of(ALL, usable, there, {})

    assert inputs_of(ALL, not_usable, there, {}).changed_since(before) == ("resources",)


def test_a_limit_that_was_written_down_says_where_there_is_room() -> None:
    there = inventory()
    there.endpoint_counts = {(VPC_ID, Mode.RESOURCE_ENDPOINT): 3}

    assert inputs(there, binding()).room != inputs(there, binding(), **{RESOURCE_ENDPOINTS: 3}).room


def test_nothing_is_listed_that_no_binding_needs() -> None:
    class Refusing(InMemoryAccountInventory):
        def security_groups(self) -> dict[str, str]:
            raise AssertionError

        subnets = hosted_zones = own_networks = networks = security_groups  # type: ignore[assignment]  # none of them

    there = Refusing()
    there.vpcs_there = [vpc()]

    assert inputs(there, binding()).vpcs


def test_the_bindings_that_match_count_and_those_that_could_where_it_is_not_known_what_there_is() -> None:
    orders, billing = binding("orders", {"resource": "orders-*"}), binding("billing", {"resource": "billing-*"})
    other = binding("other", {"provider": "333333333333"})
    in_force: InForce[Binding] = InForce((orders, billing, other), (), ())
    held = (MatchAttributes(name="orders-db", type="SINGLE", owner=PROVIDER),)

    assert relevant_bindings(in_force, PROVIDER, "share", held) == [orders]
    assert relevant_bindings(in_force, PROVIDER, "share", None) == [orders, billing]


def test_inputs_that_say_nothing_have_not_changed() -> None:
    assert inputs(inventory()).changed_since(PlanInputs()) == ()
    assert PlanInputs().changed_since(inputs(inventory())) == ()
