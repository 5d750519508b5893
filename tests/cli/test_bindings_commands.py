"""``drawbridge bindings apply``, ``list`` and ``show``, in an account that something is shared with."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws.testing.clock import clock
from tests.cli.operators import Drawbridge, Ended, Operator, denied
from tests.cli.sharing import bind, bindings, carry_out, forget_bindings, let_in, offer, share, versions

PATH = "/drawbridge/config/bindings"


@pytest.fixture(scope="module")
def provider(new_operator: Callable[[], Operator]) -> Operator:
    return new_operator()


@pytest.fixture(scope="module")
def shared(operator: Operator, provider: Operator) -> str:
    """Share two databases with the operator, whose policies let the provider in."""
    let_in(operator, provider)
    return share(provider, operator, *offer(provider, "orders-db", "orders-old"), name="orders")


@pytest.fixture(autouse=True)
def _no_bindings(operator: Operator, shared: str) -> Iterator[None]:
    yield
    forget_bindings(operator)


def text(resource: str, vpc: str, **attach: object) -> str:
    return json.dumps({"match": {"resource": resource}, "attach": {"mode": "resource-endpoint", "vpc": vpc} | attach})


def folder_of(folder: Path, named: dict[str, str]) -> str:
    """Write bindings as files in a folder; give its path as one types it."""
    folder.mkdir(exist_ok=True)
    for name, each in named.items():
        (folder / f"{name}.json").write_text(each, encoding="utf-8")
    return str(folder)


def test_a_new_binding_is_put_in_force_with_what_it_would_change(
    at_work: Drawbridge, operator: Operator, tmp_path: Path
) -> None:
    mine = text("orders-db", operator.vpc())

    ended = at_work("bindings", "apply", folder_of(tmp_path, {"orders": mine}), "--yes")

    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[:5] == [
        "new      orders",
        "0 of the files are in force as they are; 0 others stay",
        "",
        "1 would be associated",
        f"  orders/orders-db/{operator.vpc()}",
    ]
    assert any(line.startswith("    + create an endpoint to ") for line in lines)
    assert lines[-1] == "written  orders"
    assert bindings(operator) == {"orders": mine}


def test_the_second_time_it_does_nothing(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"orders": text("orders-db", operator.vpc()), "none": text("x", operator.vpc())})
    at_work("bindings", "apply", folder, "--yes")

    ended = at_work("bindings", "apply", folder)

    assert (ended.code, ended.out) == (0, "2 of the files are in force as they are; 0 others stay\n")
    assert versions(operator) == {"orders": 1, "none": 1}


def test_only_what_has_changed_is_written(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"orders": text("orders-db", operator.vpc()), "none": text("x", operator.vpc())})
    at_work("bindings", "apply", folder, "--yes")
    folder_of(tmp_path, {"orders": text("orders-old", operator.vpc())})

    ended = at_work("bindings", "apply", folder, "--yes")

    lines = ended.out.splitlines()
    assert lines[0] == "changed  orders"
    assert "1 would be associated" in lines
    assert "1 not wanted any longer" in lines
    assert f"  orders/orders-db/{operator.vpc()}: what was made and published for it alone is taken down" in lines
    assert versions(operator) == {"orders": 2, "none": 1}


def test_what_would_be_otherwise_is_shown(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"orders": text("orders-db", operator.vpc())})
    at_work("bindings", "apply", folder, "--yes")
    group = operator.client("ec2").create_security_group(GroupName="other", Description="other", VpcId=operator.vpc())
    folder_of(tmp_path, {"orders": text("orders-db", operator.vpc(), securityGroups=[group["GroupId"]])})

    ended = at_work("bindings", "apply", folder, "--dry-run")

    assert "1 would be associated otherwise" in ended.out.splitlines()


def test_a_binding_that_changes_nothing_now_says_so(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    ended = at_work("bindings", "apply", folder_of(tmp_path, {"none": text("x", operator.vpc())}), "--dry-run")

    assert ended.out.splitlines()[-1] == "Nothing that is shared now would be associated otherwise."


def test_what_would_be_refused_is_reported(at_work: Drawbridge, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"orders": text("orders-db", "vpc-00000000000000000")})

    ended = at_work("bindings", "apply", folder, "--dry-run")

    assert "1 refused" in ended.out.splitlines()
    assert "  refused orders: orders-db: no VPC fits vpc-00000000000000000 [no-vpc]" in ended.out.splitlines()


@pytest.mark.parametrize("prune", [False, True])
def test_others_stay_unless_the_files_are_the_whole_set(
    at_work: Drawbridge, operator: Operator, tmp_path: Path, prune: bool
) -> None:
    bind(operator, "other", text("orders-old", operator.vpc()))
    bind(operator, "broken", "{")
    folder = folder_of(tmp_path, {"orders": text("orders-db", operator.vpc())})

    ended = at_work("bindings", "apply", folder, "--yes", *(["--prune"] if prune else []))

    assert ended.code == 0
    assert bindings(operator).keys() == ({"orders"} if prune else {"orders", "other", "broken"})
    assert ("removed  other" in ended.out, "1 not wanted any longer" in ended.out) == (prune, prune)


@pytest.mark.parametrize("typed", ["n\n", ""])
def test_whoever_declines_changes_nothing(at_work: Drawbridge, operator: Operator, tmp_path: Path, typed: str) -> None:
    ended = at_work("bindings", "apply", folder_of(tmp_path, {"a": text("x", operator.vpc())}), typed=typed)

    assert ended.code == 1
    assert "Put them in force? [y/N]" in ended.out
    assert bindings(operator) == {}


def test_whoever_agrees_puts_them_in_force(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    ended = at_work("bindings", "apply", folder_of(tmp_path, {"a": text("x", operator.vpc())}), typed="y\n")

    assert (ended.code, {*bindings(operator)}) == (0, {"a"})


def test_a_dry_run_asks_nothing_and_changes_nothing(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"a": text("x", operator.vpc())})

    ended = at_work("bindings", "apply", folder, "--dry-run", "--yes")

    assert (ended.code, bindings(operator)) == (0, {})
    assert "?" not in ended.out


def test_with_one_bad_file_nothing_is_written(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    ended = at_work("bindings", "apply", folder_of(tmp_path, {"a": text("x", operator.vpc()), "b": "{}"}), "--yes")

    assert (ended.code, ended.out, bindings(operator)) == (1, "", {})
    assert ended.err.startswith(f"{tmp_path}/b.json: ")


def test_a_name_that_a_binding_in_force_can_claim_is_refused(
    at_work: Drawbridge, operator: Operator, tmp_path: Path
) -> None:
    alias = {"zone": "Z0123456789", "name": "{resource}.corp"}
    there = text("orders-*", operator.vpc(), alias=alias)
    bind(operator, "a", there)

    ended = at_work("bindings", "apply", folder_of(tmp_path, {"b": text("*", operator.vpc(), alias=alias)}), "--yes")

    assert (ended.code, bindings(operator)) == (1, {"a": there})
    assert ended.err == (
        "binding b: its alias {resource}.corp in Z0123456789 can be the same name as {resource}.corp of a\n"
    )


def test_a_broken_binding_is_mended(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    bind(operator, "orders", "{")
    mended = text("orders-db", operator.vpc())

    ended = at_work("bindings", "apply", folder_of(tmp_path, {"orders": mended}), "--yes")

    assert ended.out.splitlines()[0] == "changed  orders"
    assert bindings(operator) == {"orders": mended}


def test_who_may_not_write_is_told(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    with denied("ssm:PutParameter", operator.account_id):
        ended = at_work("bindings", "apply", folder_of(tmp_path, {"a": text("x", operator.vpc())}), "--yes")

    assert ended.code == 3
    assert ended.err.startswith(f"AWS: write {PATH}/a: AccessDenied")


@pytest.fixture
def published(operator: Operator, provider: Operator, shared: str) -> Iterator[str]:
    """Have one of the databases associated and published; give its name."""
    bind(operator, "orders", text("orders-db", operator.vpc()))
    carry_out(operator, shared, provider)
    yield operator.parameter("/drawbridge/connections/orders/orders-db/dns-name") or ""
    ec2 = operator.client("ec2")
    ec2.delete_vpc_endpoints(
        VpcEndpointIds=[each["VpcEndpointId"] for each in ec2.describe_vpc_endpoints()["VpcEndpoints"]]
    )
    clock.advance(120)


def by_name(listed: Ended) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in listed.json["bindings"]}


def test_bindings_are_listed_with_what_they_come_to(at_work: Drawbridge, operator: Operator, published: str) -> None:
    bind(operator, "all", text("*", operator.vpc()))
    bind(operator, "gone", text("*", "vpc-00000000000000000"))

    shown, written = at_work("bindings", "list"), at_work("bindings", "list", "--json")

    assert (shown.code, shown.err) == (0, "")
    rows = {line.split()[0]: line.split()[1:] for line in shown.out.splitlines() if line}
    assert rows["all"] == ["resource-endpoint", operator.vpc(), "2", "2", "0", "0"]
    assert rows["gone"] == ["resource-endpoint", "vpc-00000000000000000", "2", "0", "2", "0"]
    assert rows["orders"] == ["resource-endpoint", operator.vpc(), "1", "1", "0", "1"]
    assert shown.out.splitlines()[-1] == "3 bindings in force, 0 broken"
    numbers = ("matches", "wanted", "refused", "published")
    assert [by_name(written)["orders"][each] for each in numbers] == [1, 1, 0, 1]
    assert written.json["published"] == {"orders": {"/drawbridge/connections/orders/orders-db": published}}


def test_what_is_odd_about_a_binding_is_called_out(at_work: Drawbridge, operator: Operator) -> None:
    alias = {"zone": "Z0123456789", "name": "{resource}.corp"}
    bind(operator, "first", text("orders-*", operator.vpc(), alias=alias))
    bind(operator, "second", text("orders-db", operator.vpc(), alias=alias | {"name": "orders-db.corp"}))
    bind(operator, "third", text("orders-db", operator.vpc(), alias=alias | {"name": "orders-db.corp"}))
    bind(operator, "none", text("x", operator.vpc()))
    bind(operator, "gone", text("orders-db", "vpc-00000000000000000"))
    tagged = {"mode": "resource-endpoint", "vpc": {"tag": {"Stage": "moon"}}}
    bind(operator, "tagged", json.dumps({"attach": tagged}))

    lines = at_work("bindings", "list").out.splitlines()

    assert [line for line in lines if ": " in line and ": refused: " not in line] == [
        "first: its alias {resource}.corp in Z0123456789 can be the same name as orders-db.corp of second",
        "gone: vpc-00000000000000000 is gone: this account has no such VPC",
        "none: matches nothing that is shared with this account now",
        "second: its alias orders-db.corp in Z0123456789 can be the same name as {resource}.corp of first",
        "tagged: no VPC of this account has Stage=moon",
        (
            "binding third: its alias orders-db.corp in Z0123456789 is binding second's too; write another name; "
            "no version of it ever was good"
        ),
    ]


def test_broken_bindings_are_listed_with_what_is_in_force_instead(at_work: Drawbridge, operator: Operator) -> None:
    bind(operator, "never", "{")
    bind(operator, "later", text("orders-db", operator.vpc()))
    bind(operator, "later", "attach: {mode: teleport}")

    shown, written = at_work("bindings", "list"), at_work("bindings", "list", "--json")

    assert (
        "binding later, line 1: Invalid enum value 'teleport' - at `attach.mode`; it is one of resource-endpoint, "
        in shown.out
    )
    assert "; no version of it ever was good" in shown.out
    assert shown.out.splitlines()[-1] == "1 bindings in force, 2 broken"
    later, never = by_name(written)["later"], by_name(written)["never"]
    assert (later["version"], later["matches"], never["version"], never["mode"]) == (1, 1, None, None)


def test_names_of_a_binding_that_is_gone_are_called_out(
    at_work: Drawbridge, operator: Operator, published: str
) -> None:
    operator.client("ssm").delete_parameter(Name=f"{PATH}/orders")

    ended = at_work("bindings", "list")

    path = "/drawbridge/connections/orders/orders-db/dns-name"
    assert f"{path} is published for a binding that there is not any longer: {published}" in ended.out


def test_a_binding_is_shown_with_what_comes_of_each_resource(
    at_work: Drawbridge, operator: Operator, provider: Operator, shared: str, published: str
) -> None:
    bind(operator, "orders", text("orders-*", operator.vpc()))

    ended = at_work("bindings", "show", "orders")

    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[:2] == ["orders, version 2 in force", f"  {text('orders-*', operator.vpc())}"]
    assert lines.count(f"  share orders ({shared}) of {provider.account_id}") == 2
    assert any(line.startswith("orders-db (SINGLE) arn:") for line in lines)
    assert f"      published /drawbridge/connections/orders/orders-db/dns-name: {published}" in lines
    assert any(line.startswith("    + create an endpoint to ") for line in lines)


def test_why_a_resource_is_not_associated_is_shown_with_what_to_do(at_work: Drawbridge, operator: Operator) -> None:
    bind(operator, "orders", text("orders-db", operator.vpc(), securityGroups=["sg-00000000000000000"]))

    shown, written = at_work("bindings", "show", "orders"), at_work("bindings", "show", "orders", "--json")

    lines = shown.out.splitlines()
    at = lines.index(f"  {operator.vpc()}")
    assert lines[at + 1].endswith(
        "there is no security group sg-00000000000000000; correct the binding [no-security-group]"
    )
    assert lines[at + 2] == "    to do: correct attach.securityGroups"
    (share,) = written.json["shares"]
    (resource,) = share["resources"]
    (refused,) = resource["refused"]
    assert (resource["name"], refused["code"], refused["vpc"]) == ("orders-db", "no-security-group", operator.vpc())


def test_of_a_broken_binding_the_text_in_force_is_shown(at_work: Drawbridge, operator: Operator) -> None:
    good = text("orders-db", operator.vpc())
    bind(operator, "orders", good)
    bind(operator, "orders", "{")

    written = at_work("bindings", "show", "orders", "--json")

    assert (written.json["text"], written.json["binding"]["version"]) == (good, 1)
    assert "; version 1 stays in force" in at_work("bindings", "show", "orders").out


def test_a_binding_that_there_is_not_is_reported(at_work: Drawbridge) -> None:
    ended = at_work("bindings", "show", "nobodys")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "nobodys: there is no binding of that name; drawbridge bindings list lists them\n"


def test_without_bindings_nothing_is_listed(at_work: Drawbridge) -> None:
    assert at_work("bindings", "list").out.splitlines()[-1] == "0 bindings in force, 0 broken"


def test_texts_of_bindings_do_not_steer_the_terminal(at_work: Drawbridge, operator: Operator) -> None:
    bind(operator, "evil", f"# \x1b[31mred\n{text('orders-db', operator.vpc())}")

    ended = at_work("bindings", "show", "evil")

    assert ended.code == 0
    assert "\x1b" not in ended.out
