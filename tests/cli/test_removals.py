"""What ``drawbridge`` reports of what Drawbridge made and no binding calls for any longer: it is taken down."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from local_aws.testing.clock import clock
from tests.cli.operators import Drawbridge, Operator
from tests.cli.sharing import bind, carry_out, let_in, offer, share

OTHER_VPC = "vpc-00000000000000000"
PATH = "/drawbridge/connections/left/left-db"


def text(vpc: str, **attach: object) -> str:
    return json.dumps({"match": {"resource": "left-db"}, "attach": {"mode": "resource-endpoint", "vpc": vpc} | attach})


@pytest.fixture(scope="module")
def provider(new_operator: Callable[[], Operator]) -> Operator:
    return new_operator()


@pytest.fixture(scope="module")
def made(operator: Operator, provider: Operator) -> str:
    """Have a database associated by an endpoint and published; return the endpoint's id."""
    let_in(operator, provider)
    share_arn = share(provider, operator, *offer(provider, "left-db"), name="left")
    bind(operator, "left", text(operator.vpc()))
    carry_out(operator, share_arn, provider)
    return str(json.loads(operator.parameter("/drawbridge/connections/left/left-db/connection") or "")["endpointId"])


def test_what_a_changed_binding_takes_down_is_reported_before_it_is_so_and_after(
    at_work: Drawbridge, operator: Operator, made: str, tmp_path: Path
) -> None:
    assert at_work("plan", "--exit-code").code == 0
    (tmp_path / "left.json").write_text(text(OTHER_VPC), encoding="utf-8")

    before = at_work("bindings", "apply", str(tmp_path), "--yes")
    plan, show, listed = (
        at_work(*command) for command in (("plan", "--exit-code"), ("bindings", "show", "left"), ("bindings", "list"))
    )

    line_start = f"- {made}, the endpoint to "
    assert [line for line in before.out.splitlines() if line.startswith(line_start)]
    assert "1 would be taken down" in before.out.splitlines()
    assert "taken down already" not in before.out
    for ended in (plan, show, listed):
        assert [line for line in ended.out.splitlines() if line.startswith(line_start) and operator.vpc() in line]
    assert (plan.code, "as wanted" in plan.out) == (1, False)
    assert plan.out.splitlines()[-1] == "1 to take down; 1 wanted and refused."
    for command in (("plan",), ("plan", "--binding", "left"), ("bindings", "list"), ("bindings", "show", "left")):
        assert [each["id"] for each in at_work(*command, "--json").json["removals"]] == [made]


def test_what_others_made_is_never_taken_down(at_work: Drawbridge, operator: Operator, made: str) -> None:
    operator.client("ec2").delete_tags(Resources=[made], Tags=[{"Key": "drawbridge:owner"}])

    # The name is Drawbridge's still.
    going = at_work("plan", "--json").json["removals"]
    assert [(each["kind"], each["id"], each["names"]) for each in going] == [("names", "", [PATH])]


def test_what_a_network_had_made_for_it_is_taken_down_by_another_mode(
    at_work: Drawbridge, operator: Operator, provider: Operator, made: str
) -> None:
    network = {"name": "left-net", "create": True}
    bind(operator, "left", text(operator.vpc(), mode="service-network", serviceNetwork=network))
    clock.advance(40)
    (shared,) = (each["share"]["arn"] for each in at_work("plan", "--json").json["shares"])
    carry_out(operator, shared, provider)
    assert at_work("plan", "--json").json["removals"] == []

    bind(operator, "left", text(operator.vpc()))

    going = at_work("plan", "--json").json["removals"]
    assert [each["kind"] for each in going] == ["vpc-in-service-network", "in-service-network", "service-network"]
    # The name goes with the first of them; the others wait until nobody can read it any more.
    assert [[step["type"] for step in each["steps"]] for each in going] == [
        ["TakeBackName", "Delete", "AwaitGone"],
        ["AwaitNames", "Delete", "AwaitGone"],
        ["AwaitNames", "Delete", "AwaitGone"],
    ]
    assert [each["names"] for each in going] == [[PATH], [], []]
