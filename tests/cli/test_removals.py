"""What ``drawbridge`` reports of objects that Drawbridge made and no binding calls for any longer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from local_aws.testing.clock import clock
from tests.cli.operators import Drawbridge, Operator
from tests.cli.sharing import bind, carry_out, let_in, offer, share

OTHER_VPC = "vpc-00000000000000000"


def text(vpc: str, **attach: object) -> str:
    return json.dumps({"match": {"resource": "left-db"}, "attach": {"mode": "resource-endpoint", "vpc": vpc} | attach})


@pytest.fixture(scope="module")
def provider(new_operator: Callable[[], Operator]) -> Operator:
    return new_operator()


@pytest.fixture(scope="module")
def made(operator: Operator, provider: Operator) -> str:
    """Have a database associated by an endpoint that is not needed any longer; return the endpoint's id."""
    let_in(operator, provider)
    share_arn = share(provider, operator, *offer(provider, "left-db"), name="left")
    bind(operator, "left", text(operator.vpc()))
    carry_out(operator, share_arn, provider)
    return str(json.loads(operator.parameter("/drawbridge/connections/left/left-db/connection") or "")["endpointId"])


def test_what_a_binding_would_leave_behind_is_reported_before_it_is_so_and_after(
    at_work: Drawbridge, operator: Operator, made: str, tmp_path: Path
) -> None:
    assert at_work("plan", "--exit-code").code == 0
    (tmp_path / "left.json").write_text(text(OTHER_VPC), encoding="utf-8")

    before = at_work("bindings", "apply", str(tmp_path), "--yes")
    plan, show, listed = (
        at_work(*command) for command in (("plan", "--exit-code"), ("bindings", "show", "left"), ("bindings", "list"))
    )

    line_start = f"left behind of binding left: {made}, the endpoint to "
    assert [line for line in before.out.splitlines() if line.startswith(f"would be {line_start}")]
    assert "left behind already" not in before.out
    for ended in (plan, show, listed):
        assert [line for line in ended.out.splitlines() if line.startswith(line_start) and operator.vpc() in line]
    assert (plan.code, "as wanted" in plan.out) == (1, False)
    assert plan.out.splitlines()[-1] == "Nothing to do; 1 wanted and refused; 1 left behind."
    for command in (("plan",), ("plan", "--binding", "left"), ("bindings", "list"), ("bindings", "show", "left")):
        assert [each["id"] for each in at_work(*command, "--json").json["leftBehind"]] == [made]


def test_what_others_made_is_never_called_left_behind(at_work: Drawbridge, operator: Operator, made: str) -> None:
    operator.client("ec2").delete_tags(Resources=[made], Tags=[{"Key": "drawbridge:owner"}])

    assert at_work("plan", "--json").json["leftBehind"] == []


def test_what_a_network_had_made_for_it_is_left_behind_by_another_mode(
    at_work: Drawbridge, operator: Operator, provider: Operator, made: str
) -> None:
    network = {"name": "left-net", "create": True}
    bind(operator, "left", text(operator.vpc(), mode="service-network", serviceNetwork=network))
    clock.advance(40)
    (shared,) = (each["share"]["arn"] for each in at_work("plan", "--json").json["shares"])
    carry_out(operator, shared, provider)
    assert at_work("plan", "--json").json["leftBehind"] == []

    bind(operator, "left", text(operator.vpc()))

    left = at_work("plan", "--json").json["leftBehind"]
    assert [each["kind"] for each in left] == ["in-service-network", "vpc-in-service-network"]
