"""``drawbridge bindings remove`` and ``withdraw --binding``: a binding goes, and what it alone calls for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local_aws.testing.clock import clock
from tests.cli.operators import Drawbridge, Operator, denied
from tests.cli.sharing import bind, bindings, carry_out, forget_bindings, let_in, offer, share

COMMANDS = [("bindings", "remove"), ("withdraw", "--binding")]


def text(vpc: str, resource: str) -> str:
    document = {"match": {"resource": resource}, "attach": {"mode": "resource-endpoint", "vpc": vpc}}
    # As an editor of another system leaves it.
    return json.dumps(document, indent="\t").replace("\n", "\r\n")


@pytest.fixture(scope="module")
def provider(new_operator: Callable[[], Operator]) -> Operator:
    return new_operator()


@pytest.fixture(scope="module")
def shared(operator: Operator, provider: Operator) -> str:
    let_in(operator, provider)
    return share(provider, operator, *offer(provider, "orders-db", "other-db"), name="orders")


@pytest.fixture
def made(operator: Operator, provider: Operator, shared: str) -> Iterator[str]:
    """Have a binding's database associated by an endpoint and published; return the endpoint's id."""
    bind(operator, "orders", text(operator.vpc(), "orders-db"))
    bind(operator, "other", text(operator.vpc(), "nothing"))
    carry_out(operator, shared, provider)
    published = operator.parameter("/drawbridge/connections/orders/orders-db/connection") or ""
    endpoint_id = str(json.loads(published)["endpointId"])
    yield endpoint_id
    operator.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])
    forget_bindings(operator)
    clock.advance(600)


def test_a_binding_goes_with_what_it_alone_calls_for_and_can_be_had_back(
    at_work: Drawbridge, operator: Operator, made: str, tmp_path: Path
) -> None:
    before = bindings(operator)["orders"]
    shown = [at_work(*command, "orders", "--dry-run") for command in COMMANDS]
    declined = [at_work(*command, "orders", typed="n\n") for command in COMMANDS]
    assert sorted(bindings(operator)) == ["orders", "other"]
    agreed = at_work("withdraw", "--binding", "orders", typed="y\n")

    assert [each.code for each in (*shown, *declined, agreed)] == [0, 0, 1, 1, 0]
    assert shown[0] == shown[1]
    lines = shown[0].out.splitlines()
    assert lines[0] == "to have it back, save this as orders.yaml, and: drawbridge bindings apply orders.yaml"
    assert [line for line in lines if line.startswith(f"- {made}, the endpoint to ")]
    assert "    - take back /drawbridge/connections/orders/orders-db" in lines
    assert agreed.out.splitlines()[-1].endswith("Remove orders, and have 1 taken down? [y/N]: removed  orders")
    assert list(bindings(operator)) == ["other"]

    # Until then no parameter can have that name again.
    clock.advance(30)
    length = len(before.splitlines())
    (tmp_path / "orders.yaml").write_text("\n".join(lines[1 : 1 + length]), encoding="utf-8")
    assert at_work("bindings", "apply", str(tmp_path), "--yes").code == 0
    assert json.loads(bindings(operator)["orders"]) == json.loads(before)


def test_what_goes_with_a_binding_is_written_for_programs(at_work: Drawbridge, operator: Operator, made: str) -> None:
    kept = bindings(operator)["orders"]
    before = at_work("withdraw", "--binding", "orders", "--dry-run", "--json")
    assert sorted(bindings(operator)) == ["orders", "other"]
    after = at_work("withdraw", "--binding", "orders", "--yes", "--json")

    assert (before.code, after.code) == (0, 0)
    assert before.json["binding"] == {"name": "orders", "text": kept}
    assert [each["id"] for each in before.json["removals"]] == [made]
    assert before.json | {"dry_run": False} == after.json
    assert list(bindings(operator)) == ["other"]


@pytest.mark.usefixtures("shared")
def test_a_binding_that_is_broken_and_was_never_in_force_can_be_removed(
    at_work: Drawbridge, operator: Operator
) -> None:
    bind(operator, "broken", "{")

    ended = at_work("bindings", "remove", "broken", "--yes")

    assert ended.code == 0
    assert ended.out.splitlines()[1] == "{"
    assert bindings(operator) == {}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["nobodys", "a\x1b[2Jb"])
def test_a_binding_that_there_is_not_is_told(at_work: Drawbridge, command: tuple[str, ...], name: str) -> None:
    ended = at_work(*command, name, "--yes")

    assert (ended.code, ended.out) == (1, "")
    shown = name.replace("\x1b", "⟨U+001B⟩")
    assert ended.err == f"{shown}: there is no binding of that name; drawbridge bindings list lists them\n"


@pytest.mark.parametrize("operation", ["ssm:DeleteParameters", "ec2:DescribeVpcEndpoints"])
def test_where_aws_denies_something_the_binding_stays(
    at_work: Drawbridge, operator: Operator, made: str, operation: str
) -> None:
    with denied(operation, operator.account_id):
        ended = at_work("withdraw", "--binding", "orders", "--yes")

    assert ended.code == 3
    assert ended.err.startswith("AWS: ")
    assert made
    assert sorted(bindings(operator)) == ["orders", "other"]
