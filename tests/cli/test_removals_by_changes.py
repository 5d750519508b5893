"""What ``drawbridge`` says goes when bindings are moved, narrowed or removed, and what stays for now."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drawbridge.aws.configuration_parameters import ConfigurationParameters
from drawbridge.configuration import ConfigurationParameter
from local_aws.testing.clock import clock
from tests.cli.operators import Drawbridge, Operator
from tests.cli.sharing import bind, bindings, carry_out, forget_bindings, let_in, offer, share

PATH = "/drawbridge/connections/orders/orders-db"


def text(vpc: str, resource: str = "orders-db") -> str:
    return json.dumps({"match": {"resource": resource}, "attach": {"mode": "resource-endpoint", "vpc": vpc}})


@pytest.fixture(scope="module")
def provider(new_operator: Callable[[], Operator]) -> Operator:
    return new_operator()


@pytest.fixture(scope="module")
def database(provider: Operator) -> str:
    (arn,) = offer(provider, "orders-db")
    return arn


@pytest.fixture(scope="module")
def other_vpc(operator: Operator) -> str:
    ec2 = operator.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.77.0.0/24", AvailabilityZone="us-east-1a")
    return str(vpc)


@pytest.fixture(scope="module")
def shared(operator: Operator, provider: Operator, database: str) -> str:
    let_in(operator, provider)
    return share(provider, operator, database, name="orders")


@pytest.fixture
def made(operator: Operator, provider: Operator, shared: str) -> Iterator[str]:
    """Have the database associated by an endpoint and published; return the endpoint's id."""
    bind(operator, "orders", text(operator.vpc()))
    carry_out(operator, shared, provider)
    yield str(json.loads(operator.parameter(f"{PATH}/connection") or "")["endpointId"])
    forget_bindings(operator)
    ec2 = operator.client("ec2")
    if there := [each["VpcEndpointId"] for each in ec2.describe_vpc_endpoints()["VpcEndpoints"]]:
        ec2.delete_vpc_endpoints(VpcEndpointIds=there)
        clock.advance(120)


def folder_of(folder: Path, **named: str) -> str:
    for name, each in named.items():
        (folder / f"{name}.json").write_text(each, encoding="utf-8")
    return str(folder)


def test_a_binding_that_moves_takes_its_endpoint_down_and_its_name_along(
    at_work: Drawbridge, operator: Operator, database: str, made: str, other_vpc: str, tmp_path: Path
) -> None:
    applied = at_work("bindings", "apply", folder_of(tmp_path, orders=text(other_vpc)), "--yes")
    planned = at_work("plan")

    endpoint = f"{made}, the endpoint to {database} in {operator.vpc()}"
    for lines in (applied.out.splitlines(), planned.out.splitlines()):
        start = lines.index(
            f"- {endpoint}, of binding orders: no binding wants it there any longer [no-binding-wants-it]"
        )
        assert lines[start + 1 : start + 3] == [f"    - delete {endpoint}", f"    . wait until {made} is gone"]
        assert f"    + then publish {PATH}/dns-name" in lines
        assert not [line for line in lines if "take back" in line]
    assert planned.out.splitlines()[-1] == "1 step, 1 to take down."


def test_who_removes_a_binding_is_told_how_many_go_before_it_is_asked_for(
    at_work: Drawbridge, operator: Operator, made: str, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path, none=text(operator.vpc(), "none"))

    declined = at_work("bindings", "apply", folder, "--prune", typed="n\n")
    kept = bindings(operator)
    agreed = at_work("bindings", "apply", folder, "--prune", typed="y\n")
    again = at_work("bindings", "apply", folder, "--prune")

    assert "Put them in force, and have 1 taken down? [y/N]" in declined.out
    assert (declined.code, kept) == (1, {"orders": text(operator.vpc())})
    lines = agreed.out.splitlines()
    start = lines.index("1 would be taken down")
    assert lines[start + 1].startswith(f"- {made}, the endpoint to ")
    assert lines[start + 2] == f"    - take back {PATH}"
    assert lines[start + 3].startswith(f"    - delete {made}, ")
    assert bindings(operator).keys() == {"none"}
    assert (again.code, again.out) == (0, "1 of the files are in force as they are; 0 others stay\n")


def test_what_goes_already_is_told_apart_and_is_not_counted(
    at_work: Drawbridge, operator: Operator, made: str, tmp_path: Path
) -> None:
    operator.client("ssm").delete_parameter(Name="/drawbridge/config/bindings/orders")

    ended = at_work("bindings", "apply", folder_of(tmp_path, none=text(operator.vpc(), "none")), typed="n\n")

    lines = ended.out.splitlines()
    assert lines[lines.index("1 taken down already, as things are") + 1].startswith(f"- {made}, the endpoint to ")
    assert "would be taken down" not in ended.out
    assert "Put them in force? [y/N]" in ended.out


def test_a_binding_is_listed_and_shown_with_what_of_it_goes(
    at_work: Drawbridge, operator: Operator, made: str, other_vpc: str
) -> None:
    bind(operator, "orders", text(other_vpc))
    bind(operator, "none", text(other_vpc, "none"))

    listed, shown, other = (
        at_work("bindings", *command) for command in (("list",), ("show", "orders"), ("show", "none"))
    )

    for ended in (listed, shown):
        assert [line for line in ended.out.splitlines() if line.startswith(f"- {made}, the endpoint to ")]
    assert made not in other.out
    assert at_work("plan", "--binding", "none", "--exit-code").code == 0


def test_a_removal_is_written_for_programs(at_work: Drawbridge, operator: Operator, database: str, made: str) -> None:
    operator.client("ssm").delete_parameter(Name="/drawbridge/config/bindings/orders")

    ended = at_work("plan", "--json")

    endpoint = f"{made}, the endpoint to {database} in {operator.vpc()}"
    assert ended.json["removals"] == [
        {
            "what": endpoint,
            "kind": "endpoint",
            "id": made,
            "why": "no binding wants it there any longer",
            "cause": "no-binding-wants-it",
            "names": [PATH],
            "steps": [
                {"do": f"take back {PATH}", "type": "TakeBackName", "path": PATH, "binding": "orders"},
                {"do": f"delete {endpoint}", "type": "Delete", "id": made, "failure": ""},
                {"do": f"wait until {made} is gone", "type": "AwaitGone", "what": made},
            ],
        }
    ]
    assert (ended.json["asWanted"], ended.json["unconfirmed"]) == (False, [])


def test_what_is_not_shared_any_longer_stays_for_now_and_is_told(
    at_work: Drawbridge, operator: Operator, provider: Operator, shared: str, database: str, made: str
) -> None:
    ram = provider.client("ram")
    ram.disassociate_resource_share(resourceShareArn=shared, resourceArns=[database])
    clock.advance(30)
    try:
        shown, written = at_work("plan", "--exit-code"), at_work("plan", "--json", "--binding", "orders")
    finally:
        ram.associate_resource_share(resourceShareArn=shared, resourceArns=[database])
        clock.advance(30)

    unshared = f"no share in effect holds {database}; AWS has yet to confirm that"
    endpoint = f"{made}, the endpoint to {database} in {operator.vpc()}"
    assert (shown.code, shown.out.splitlines()) == (
        1,
        [
            f". stays for now: {endpoint}: {unshared}",
            f". stays for now: {PATH}: {unshared}",
            "",
            "Nothing is to be made or taken down now; 2 not called for and stay for now.",
        ],
    )
    assert written.json["removals"] == []
    assert written.json["unconfirmed"] == [
        {"code": "unconfirmed", "text": f"{each}: {unshared}", "binding": "orders"} for each in (endpoint, PATH)
    ]


def test_what_is_published_by_hand_is_not_taken_back(at_work: Drawbridge, operator: Operator, made: str) -> None:
    document = operator.parameter(f"{PATH}/connection") or ""
    ssm = operator.client("ssm")
    for path in ("/drawbridge/connections/mine/orders-db", "/drawbridge/connections"):
        ssm.put_parameter(Name=f"{path}/connection", Type="String", Value=document)

    ended = at_work("plan", "--exit-code")

    # The root's is not below the names that are forgotten.
    ssm.delete_parameter(Name="/drawbridge/connections/connection")
    assert (ended.code, ended.out) == (0, "Nothing to do: everything is as wanted.\n")


@pytest.fixture
def left_empty(made: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Parameter Store list no bindings, once something is made for one."""
    listed = ConfigurationParameters.below

    def below(parameters: ConfigurationParameters, path: str) -> list[ConfigurationParameter]:
        return [] if path == "bindings" else listed(parameters, path)

    monkeypatch.setattr(ConfigurationParameters, "below", below)


NOT_LISTED = "AWS: Parameter Store did not list binding orders, which is there\n"


@pytest.mark.usefixtures("left_empty")
@pytest.mark.parametrize("command", [("plan",), ("bindings", "list"), ("bindings", "apply")])
def test_a_listing_that_was_left_empty_takes_nothing_down(
    at_work: Drawbridge, operator: Operator, made: str, command: tuple[str, ...], tmp_path: Path
) -> None:
    files = [folder_of(tmp_path, none=text(operator.vpc(), "none")), "--yes"] if "apply" in command else []

    ended = at_work(*command, *files)

    assert (ended.code, ended.err) == (3, NOT_LISTED)
    assert made not in ended.out
    assert bindings(operator).keys() == {"orders"}


@pytest.mark.usefixtures("left_empty")
def test_a_listing_that_was_left_empty_takes_no_name_back(at_work: Drawbridge, operator: Operator, made: str) -> None:
    operator.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[made])
    clock.advance(120)

    ended = at_work("plan")

    assert (ended.code, ended.out, ended.err) == (3, "", NOT_LISTED)
