"""The AWS operations that the layer's botocore knows: those that the functions call, and no others."""

from __future__ import annotations

import ast
import json
import shutil
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import botocore
import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from botocore.session import Session

from layers.prune import OPERATIONS, operations, prune, pruned
from tests.builders import REPOSITORY
from tests.workflow.definition import attribute_of, functions, statements

CALLED = operations(OPERATIONS.read_text())
DATA = Path(botocore.__file__).parent / "data"

BY_BOTO3 = {"batch_writer": "batch_write_item"}
"""What a table of boto3's has beside the operations, and which of them it calls."""

OF_IAM = {"states": "stepfunctions", "servicequotas": "service-quotas"}
"""Services that IAM has another name for."""

ACTIONS = {"lambda:Invoke": "lambda:InvokeFunction", "dynamodb:TransactWriteItems": "dynamodb:UpdateItem"} | {
    f"sqs:{name}Batch": f"sqs:{name}" for name in ("SendMessage", "DeleteMessage")
}
"""Operations that IAM has another name for; a transaction, or a batch, is allowed by what is in it."""

BY_ANOTHER_ROLE = {
    f"organizations:{name}": "by the role in the management account (docs/deploy.md)"
    for name in ("DescribeAccount", "ListParents", "ListTagsForResource")
}

IN_ITS_NAME = {
    "Lambda, as it reads a queue": {"sqs:DeleteMessage", "sqs:GetQueueAttributes"},
    "VPC Lattice and EC2, as they make an endpoint": {
        "ec2:AssignIpv6Addresses",
        "ec2:CreateNetworkInterface",
        "ec2:CreateNetworkInterfacePermission",
        "ec2:DescribeNetworkInterfaces",
        "route53:AssociateVPCWithHostedZone",
    },
}
"""What others call in a function's name."""


def listed() -> set[str]:
    return {f"{service}:{operation}" for service, names in CALLED.items() for operation in names}


@cache
def methods() -> dict[str, set[str]]:
    """Return the operations of the services that are called, by the name that a client's method has."""
    found = defaultdict[str, set[str]](set)
    for service in CALLED:
        for name in Session().get_service_model(service).operation_names:
            found[xform_name(name)].add(f"{service}:{name}")
    return found


def calls() -> Iterator[tuple[str, str]]:
    """Yield what the functions' code may call: the name of a method or a paginator, and where."""
    for folder in ("layers/drawbridge/drawbridge", "functions"):
        for path in sorted((REPOSITORY / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                name = _name_in(node)
                if name in methods():
                    yield name, str(path.relative_to(REPOSITORY))


def _name_in(node: ast.AST) -> str:
    """Return the name of a method that is called, or handed on; or of a paginator; empty if it is neither."""
    match node:
        case ast.Call(func=ast.Attribute(attr="get_paginator"), args=[ast.Constant(value=str(name))]):
            return name
        case ast.Attribute(value=ast.Name(id="socket")):
            return ""
        case ast.Attribute(attr=name):
            return BY_BOTO3.get(name, name)
        case _:
            return ""


def test_each_operation_that_is_called_is_in_the_list() -> None:
    missing = {where: methods()[name] for name, where in calls() if not methods()[name] & listed()}

    assert not missing, f"add to layers/operations.txt what is called of these: {missing}"


def test_each_operation_in_the_list_is_called() -> None:
    called = {operation for name, _ in calls() for operation in methods()[name]}

    assert listed() - called == set(), "leave these out of layers/operations.txt: nothing calls them"


def allowed() -> set[str]:
    """Return the actions that the functions' roles allow, by the names of the services as botocore has them."""
    found = set()
    for function in functions().values():
        for each in statements(attribute_of(function["Role"])):
            # Under a condition, there is nothing where it does not hold.
            actions = (each["Fn::If"][1] if "Fn::If" in each else each)["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                service, _, name = action.partition(":")
                found.add(f"{OF_IAM.get(service, service)}:{name}")
    return found


def test_each_operation_in_the_list_is_allowed_by_a_function_s_role() -> None:
    denied = {each for each in listed() if ACTIONS.get(each, each) not in allowed()}

    assert denied == BY_ANOTHER_ROLE.keys()


def test_each_operation_that_a_function_s_role_allows_is_in_the_list() -> None:
    there = {operation for names in methods().values() for operation in names}

    assert (allowed() & there) - listed() == set().union(*IN_ITS_NAME.values())


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A layer's data of botocore, pruned."""
    data = tmp_path_factory.mktemp("layer") / "data"
    data.mkdir()
    for each in DATA.iterdir():
        if each.is_file():
            shutil.copy(each, data)
        elif each.name in {*CALLED, "acm"}:
            shutil.copytree(each, data / each.name)
    prune(data, CALLED)
    return data


@pytest.mark.parametrize("service", CALLED)
def test_a_pruned_model_has_what_the_whole_one_has_of_each_operation_that_is_called(layer: Path, service: str) -> None:
    loader = Loader(extra_search_paths=[str(layer)], include_default_search_paths=False)
    whole = Session().get_service_model(service)
    found = ServiceModel(loader.load_service_model(service, "service-2"), service)

    assert {*found.operation_names} == CALLED[service]
    assert found.metadata == whole.metadata
    for name in found.operation_names:
        ours, theirs = found.operation_model(name), whole.operation_model(name)
        assert ours.http == theirs.http
        assert [reach(each) for each in (ours.input_shape, ours.output_shape, *ours.error_shapes)] == [
            reach(each) for each in (theirs.input_shape, theirs.output_shape, *theirs.error_shapes)
        ]


def reach(shape: Shape | None, above: tuple[str, ...] = ()) -> object:
    """Return all that botocore reads of a shape, with the shapes below it."""
    if shape is None or shape.name in above:
        return shape and shape.name
    below = [*above, shape.name]
    parts: dict[str, Any] = {**getattr(shape, "members", {})}
    parts |= {name: getattr(shape, name) for name in ("member", "key", "value") if hasattr(shape, name)}
    return (
        shape.name,
        shape.type_name,
        shape.metadata,
        shape.serialization,
        getattr(shape, "enum", None),
        {name: reach(each, tuple(below)) for name, each in parts.items()},
    )


def test_a_client_of_each_service_is_built_from_what_is_left_and_pages_as_before(layer: Path) -> None:
    pruned_session, whole_session = Session(), Session()
    loader = Loader(extra_search_paths=[str(layer)], include_default_search_paths=False)
    pruned_session.register_component("data_loader", loader)
    for each in (pruned_session, whole_session):
        each.set_credentials("key", "secret")
    for service, names in CALLED.items():
        client = pruned_session.create_client(service, "eu-central-1")
        whole = whole_session.create_client(service, "eu-central-1")

        assert client.meta.endpoint_url == whole.meta.endpoint_url
        for name in names:
            assert client.can_paginate(xform_name(name)) is whole.can_paginate(xform_name(name))


def test_a_table_is_built_from_what_is_left(layer: Path) -> None:
    session = Session()
    session.register_component(
        "data_loader", Loader(extra_search_paths=[str(layer)], include_default_search_paths=False)
    )
    table = boto3.Session("key", "secret", region_name="eu-central-1", botocore_session=session).resource("dynamodb")

    assert table.Table("ledger").batch_writer() is not None


def test_what_is_pruned_is_small_and_pruning_it_again_changes_nothing(layer: Path) -> None:
    def content() -> dict[str, bytes]:
        return {str(each.relative_to(layer)): each.read_bytes() for each in sorted(layer.rglob("*")) if each.is_file()}

    before = content()
    prune(layer, CALLED)

    assert content() == before
    assert not (layer / "acm").exists()
    assert not [name for name in before if "examples" in name]
    assert max(len(each) for name, each in before.items() if name.endswith("service-2.json")) < 100_000
    assert [len([*(layer / each).iterdir()]) for each in CALLED] == [1] * len(CALLED)


def test_an_operation_that_a_service_does_not_have_stops_the_build() -> None:
    with pytest.raises(ValueError, match="EC2 has no operation DescribeVpcEndpointz"):
        pruned(model("ec2"), ["DescribeVpcs", "DescribeVpcEndpointz"])


def test_a_service_that_botocore_does_not_have_stops_the_build(layer: Path) -> None:
    with pytest.raises(ValueError, match="botocore has no service vpc-lettuce"):
        prune(layer, {"vpc-lettuce": ["ListServices"]})


def test_a_member_of_the_name_documentation_stays() -> None:
    members = {"documentation": {"shape": "Text", "documentation": "What it is for."}}
    shapes = {"In": {"type": "structure", "members": members}, "Text": {"type": "string"}, "Other": {"type": "string"}}
    found = pruned({"operations": {"Do": {"input": {"shape": "In"}}}, "shapes": shapes}, ["Do"])

    assert found["shapes"] == {
        "In": {"type": "structure", "members": {"documentation": {"shape": "Text"}}},
        "Text": {"type": "string"},
    }


def test_the_list_is_in_order_and_names_nothing_twice() -> None:
    lines = OPERATIONS.read_text().split()

    assert lines == sorted(set(lines))


def model(service: str) -> dict[str, Any]:
    found: dict[str, Any] = Loader().load_service_model(service, "service-2")
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]  # a copy
