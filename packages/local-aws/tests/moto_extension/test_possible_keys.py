"""The keys that are kept are those that moto finds by its rules."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from moto.core.model import Shape, StructureShape
from moto.core.serialize import (
    DEFAULT_ALIAS_PROVIDERS,
    AttributePickerContext,
    EC2Serializer,
    XFormedAttributePicker,
    never_return,
)
from moto.core.utils import get_service_model

from local_aws.moto_extension.possible_keys import keep_possible_keys


@pytest.fixture(autouse=True)
def _kept() -> None:
    keep_possible_keys()


def keys(key: str, shape: Shape, *, by_rules: bool, of: object = None) -> list[str]:
    picker = XFormedAttributePicker(alias_providers=list(DEFAULT_ALIAS_PROVIDERS) if by_rules else None)
    context = AttributePickerContext(obj={} if of is None else of, key=key, shape=shape)
    return list(dict.fromkeys(picker.get_possible_keys(context)))


def members(shape: Shape | None, known: set[str]) -> Iterator[tuple[str, Any]]:
    """Yield the members of all structures in a shape, with their parents as moto sets them."""
    if shape is None or shape.name in known:
        return
    known.add(shape.name)
    if isinstance(shape, StructureShape):
        for key, member in shape.members.items():
            member.parent = shape
            yield key, member
            yield from members(member, known)
    yield from members(getattr(shape, "member", None), known)


@pytest.mark.parametrize("service", ["dynamodb", "ec2", "ram", "ssm", "vpc-lattice"])
def test_each_member_of_an_answer_has_the_keys_that_moto_finds_at_first_and_later(service: str) -> None:
    model = get_service_model(service)
    known: set[str] = set()
    shapes = (model.operation_model(each).output_shape for each in model.operation_names)
    found = [each for shape in shapes for each in members(shape, known)]

    assert len(found) > 100
    for key, shape in found:
        by_rules = keys(key, shape, by_rules=True)
        assert [keys(key, shape, by_rules=False) for _ in range(2)] == [by_rules] * 2


def test_a_shape_that_is_a_member_of_several_structures_has_the_keys_of_each() -> None:
    shape: Any = Shape("Text", {"type": "string"})

    def in_structure(name: str) -> list[str]:
        shape.parent = StructureShape(name, {"type": "structure", "members": {}})
        return keys("ThingName", shape, by_rules=False)

    assert "Name" in in_structure("Thing")
    assert "Name" not in in_structure("Other")


def test_what_is_no_plain_dictionary_has_keys_of_its_own() -> None:
    shape = Shape("Text", {"type": "string"})
    keys("Vpcs", shape, by_rules=False)
    aliased = SimpleNamespace(Meta=SimpleNamespace(serialization_aliases={"Vpcs": "networks"}))

    assert "networks" in keys("Vpcs", shape, by_rules=False, of=aliased)
    assert "networks" not in keys("Vpcs", shape, by_rules=False)


class DhcpOptions:
    """Has its id by a key that moto finds by the name of the class."""

    id = "dopt-2"


class Subnet:
    """Has an id that is not the one of DHCP options."""

    id = "subnet-1"


def read(obj: object, *, transformers: dict[str, Any] | None = None) -> list[Any]:
    """Return the DHCP options of a VPC, as a serializer finds them in an object at first and later."""
    operation = get_service_model("ec2").operation_model("CreateVpc")
    shape = operation.output_shape.members["Vpc"]
    member = shape.members["DhcpOptionsId"]
    member.parent = shape
    picker = XFormedAttributePicker(response_transformers=transformers)
    serializer = EC2Serializer(operation, value_picker=picker)
    return [serializer.get_value(obj, "DhcpOptionsId", member) for _ in range(2)]


def test_a_member_is_found_at_first_and_later_by_the_rules_of_the_object_that_has_it() -> None:
    aliased = SimpleNamespace(
        Meta=SimpleNamespace(serialization_aliases={"DhcpOptionsId": "options"}), options="dopt-3"
    )

    assert read({"DhcpOptionsId": "dopt-1"}) == ["dopt-1", "dopt-1"]
    assert read({"dhcp_options_id": "dopt-1", "id": "dopt-2"}) == ["dopt-1", "dopt-1"]
    assert read({"DhcpOptionsId": None, "dhcp_options_id": "dopt-2"}) == [None, None]
    assert read(DhcpOptions()) == ["dopt-2", "dopt-2"]
    assert read(Subnet()) == [None, None]
    assert read(SimpleNamespace(options="dopt-3")) == [None, None]
    assert read(aliased) == ["dopt-3", "dopt-3"]
    assert read(None) == [None, None]


def test_a_member_that_is_transformed_is_so_at_first_and_later() -> None:
    read({"DhcpOptionsId": "dopt-1"})

    assert read({"DhcpOptionsId": "dopt-1"}, transformers={"DhcpOptionsId": never_return}) == [None, None]
    assert read({"DhcpOptionsId": "dopt-1"}, transformers={"CreateVpc.DhcpOptionsId": never_return}) == [None, None]
    assert read({"DhcpOptionsId": "dopt-1"}, transformers={"CreateSubnet.DhcpOptionsId": never_return}) == [
        "dopt-1",
        "dopt-1",
    ]
    assert read({"DhcpOptionsId": "dopt-1"}, transformers={"CreateVpc.CidrBlock": never_return}) == ["dopt-1", "dopt-1"]
