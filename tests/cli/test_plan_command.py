"""``drawbridge plan``, in an account that something is shared with."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.decision.let_in import LetIn
from drawbridge.record import Outcome
from drawbridge.record.record import status_change
from drawbridge.request import ResourceShareRequest
from drawbridge.request.announced import WithdrawalCommand
from drawbridge.status import Reason, Status
from local_aws.testing.clock import clock
from tests.builders import NOW, execution_input
from tests.cli.connected import ATTACHMENT, enter, ledger_of, row_of
from tests.cli.operators import Drawbridge, Operator, denied
from tests.cli.sharing import bind, carry_out, forget_bindings, let_in, offer, share


@pytest.fixture(scope="module")
def provider(new_operator: Callable[[], Operator]) -> Operator:
    return new_operator()


@pytest.fixture(scope="module")
def databases(provider: Operator) -> list[str]:
    return offer(provider, "orders-db", "orders-old")


@pytest.fixture(scope="module")
def shared(operator: Operator, provider: Operator, databases: list[str]) -> str:
    """Share two databases with the operator, whose policies let the provider in."""
    let_in(operator, provider)
    return share(provider, operator, *databases, name="orders")


@pytest.fixture(autouse=True)
def _no_bindings(operator: Operator, shared: str) -> Iterator[None]:
    yield
    forget_bindings(operator)
    ec2 = operator.client("ec2")
    if there := [each["VpcEndpointId"] for each in ec2.describe_vpc_endpoints()["VpcEndpoints"]]:
        ec2.delete_vpc_endpoints(VpcEndpointIds=there)
        clock.advance(120)


@pytest.fixture
def orders(operator: Operator) -> str:
    """Write a binding for one of the databases; return where its name is published."""
    operator.write_binding("orders", resource="orders-db", provider="*")
    return "/drawbridge/connections/orders/orders-db"


@pytest.fixture
def connected(operator: Operator, provider: Operator, shared: str, orders: str) -> str:
    """Have it associated and published; return the endpoint's id."""
    carry_out(operator, shared, provider)
    return str(json.loads(operator.parameter(f"{orders}/connection") or "")["endpointId"])


def test_without_bindings_there_is_nothing_to_do(at_work: Drawbridge) -> None:
    ended = at_work("plan", "--exit-code")

    assert (ended.code, ended.out, ended.err) == (0, "Nothing to do: everything is as wanted.\n", "")


def test_what_would_be_made_is_shown_step_by_step_and_nothing_is_done(
    at_work: Drawbridge, operator: Operator, provider: Operator, shared: str, databases: list[str], orders: str
) -> None:
    ended = at_work("plan")

    subnets = ", ".join(sorted(operator.subnets()))
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[:4] == [
        f"orders ({shared}) of {provider.account_id}",
        "  not noticed yet; attempt 1 would do it",
        f"  orders/orders-db/{operator.vpc()}",
        "    wanted by binding orders, mode resource-endpoint; permitted by associate-accepted",
    ]
    assert lines[4].startswith(f"    + create an endpoint to {databases[0]} in {operator.vpc()}, subnet-")
    assert {*lines[4].partition(f"{operator.vpc()}, ")[2].split(", ")} <= {*subnets.split(", ")}
    assert lines[5] == f"    + then publish {orders}/dns-name"
    assert lines[-1] == "1 step."
    assert operator.client("ec2").describe_vpc_endpoints()["VpcEndpoints"] == []
    assert operator.published() == []


def test_a_program_may_ask_by_the_exit_code(at_work: Drawbridge, orders: str) -> None:
    assert at_work("plan").code == 0
    assert at_work("plan", "--exit-code").code == 1
    assert at_work("plan", "--exit-code", "--json").code == 1


def test_what_is_as_desired_is_left(at_work: Drawbridge, connected: str) -> None:
    ended = at_work("plan", "--exit-code")

    assert (ended.code, ended.out) == (0, "Nothing to do: everything is as wanted.\n")
    assert at_work("plan", "--json").json["asWanted"] is True


def test_an_endpoint_that_was_deleted_by_hand_would_be_made_again(
    at_work: Drawbridge, operator: Operator, databases: list[str], connected: str
) -> None:
    operator.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[connected])
    clock.advance(120)

    ended = at_work("plan", "--exit-code")

    assert ended.code == 1
    assert f"    + create an endpoint to {databases[0]} in {operator.vpc()}, " in ended.out


def test_security_groups_that_were_changed_by_hand_would_be_changed_back(
    at_work: Drawbridge, operator: Operator, provider: Operator, shared: str
) -> None:
    ec2 = operator.client("ec2")
    desired, other = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=operator.vpc())["GroupId"]
        for name in ("wanted", "other")
    )
    operator.write_binding("orders", resource="orders-db", provider="*", securityGroups=[desired])
    carry_out(operator, shared, provider)
    text = operator.parameter("/drawbridge/connections/orders/orders-db/connection") or ""
    endpoint = json.loads(text)["endpointId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSecurityGroupIds=[other], RemoveSecurityGroupIds=[desired])

    ended = at_work("plan")

    change = f"change the security groups of {endpoint}: add {desired}; remove {other}"
    assert f"    ~ {change}" in ended.out.splitlines()
    assert ended.out.splitlines()[-1] == "1 step."


def test_a_name_that_is_published_otherwise_would_be_rewritten(
    at_work: Drawbridge, operator: Operator, connected: str, orders: str
) -> None:
    plain, document_path = f"{orders}/dns-name", f"{orders}/connection"
    named, document = operator.parameter(plain), json.loads(operator.parameter(document_path) or "")
    ssm = operator.client("ssm")
    ssm.put_parameter(Name=plain, Value="elsewhere.example", Overwrite=True)
    ssm.put_parameter(Name=document_path, Value=json.dumps(document | {"protocol": "UDP"}), Overwrite=True)

    ended = at_work("plan", "--exit-code")

    assert ended.code == 1
    lines = ended.out.splitlines()
    start = lines.index(f"    ~ rewrite {orders}/dns-name")
    assert lines[start + 1 : start + 3] == [
        f"        {plain}: elsewhere.example -> {named}",
        "        protocol: UDP -> TCP",
    ]
    assert lines[-1] == "1 name to write."
    assert operator.parameter(plain) == "elsewhere.example"


@pytest.mark.parametrize("lost", [("dns-name",), ("connection",), ("dns-name", "connection")])
def test_a_name_that_was_deleted_would_be_written_again(
    at_work: Drawbridge, operator: Operator, connected: str, orders: str, lost: tuple[str, ...]
) -> None:
    for each in lost:
        operator.client("ssm").delete_parameter(Name=f"{orders}/{each}")

    ended = at_work("plan")

    if len(lost) == 1:
        assert f"    ~ rewrite {orders}/dns-name\n        {orders}/{lost[0]} is missing\n" in ended.out
    else:
        assert f"    + publish {orders}/dns-name: vpce-" in ended.out


def test_a_parameter_that_is_not_drawbridges_is_in_the_way(
    at_work: Drawbridge, operator: Operator, connected: str, orders: str
) -> None:
    ssm = operator.client("ssm")
    ssm.remove_tags_from_resource(
        ResourceType="Parameter", ResourceId=f"{orders}/dns-name", TagKeys=["drawbridge:owner"]
    )

    ended = at_work("plan")

    assert f"    ! can't publish {orders}/dns-name\n" in ended.out
    assert f"{orders}/dns-name is there and not Drawbridge's; delete it, or rename the binding" in ended.out
    assert ended.out.splitlines()[-1] == "1 stuck."


def test_what_is_under_way_is_waited_for(
    at_work: Drawbridge, operator: Operator, shared: str, databases: list[str]
) -> None:
    operator.write_binding("orders", resource="orders-db", provider="*")
    tags = {"owner": "drawbridge", "binding": "orders", "resource-configuration": databases[0]}
    made = operator.client("ec2").create_vpc_endpoint(
        VpcEndpointType="Resource",
        VpcId=operator.vpc(),
        SubnetIds=operator.subnets()[:1],
        ResourceConfigurationArn=databases[0],
        TagSpecifications=[
            {
                "ResourceType": "vpc-endpoint",
                "Tags": [{"Key": f"drawbridge:{key}", "Value": value} for key, value in tags.items()],
            }
        ],
    )["VpcEndpoint"]["VpcEndpointId"]

    ended = at_work("plan", "--exit-code")

    assert ended.code == 1
    assert f"    . wait until {made} is usable" in ended.out.splitlines()
    assert ended.out.splitlines()[-1] == "1 to wait for."


def test_what_is_refused_is_reported_with_its_reason_and_is_no_change(
    at_work: Drawbridge, operator: Operator, provider: Operator
) -> None:
    operator.write_binding("orders", resource="orders-*", provider="*", vpc="vpc-00000000000000000")

    ended = at_work("plan", "--exit-code")

    assert ended.code == 1
    lines = ended.out.splitlines()
    refused = "  refused orders: orders-db: no VPC fits vpc-00000000000000000 [no-vpc]"
    assert lines[lines.index(refused) + 1] == "    to do: make the VPC or tag it, or correct attach.vpc"
    assert lines[-1] == "Nothing is to be made or taken down now; 2 wanted and refused."


def test_what_a_policy_forbids_is_refused(at_work: Drawbridge, operator: Operator, orders: str) -> None:
    operator.write_policy("no-databases", 'forbid(principal, action == Action::"associate", resource);')
    try:
        ended = at_work("plan", "--json")
    finally:
        operator.client("ssm").delete_parameter(Name="/drawbridge/config/policies/no-databases")

    (share,) = ended.json["shares"]
    (refused,) = share["refused"]
    assert (refused["code"], refused["binding"], share["associations"]) == ("association-not-permitted", "orders", [])


def test_of_a_share_that_is_not_let_in_nothing_would_be_done(
    at_work: Drawbridge, operator: Operator, provider: Operator, orders: str
) -> None:
    forbid = f'@reason("not these") forbid(principal == Account::"{provider.account_id}", action, resource);'
    operator.write_policy("not-these", forbid)
    try:
        shown, written = at_work("plan"), at_work("plan", "--json")
    finally:
        operator.client("ssm").delete_parameter(Name="/drawbridge/config/policies/not-these")

    assert "  not noticed yet; nothing would be done (hold)" in shown.out.splitlines()
    assert "orders-db: its share is not let in (hold): " in shown.out
    assert "not these" in shown.out
    (share,) = written.json["shares"]
    assert (share["outcome"], [each["code"] for each in share["refused"]]) == ("hold", ["share-not-accepted"])


def test_a_share_that_a_person_decides_on_is_shown_as_it_would_be_after(
    at_work: Drawbridge, operator: Operator, provider: Operator, orders: str
) -> None:
    operator.client("ssm").delete_parameter(Name=f"/drawbridge/config/policies/let-{provider.account_id}-in")
    try:
        ended = at_work("plan")
    finally:
        clock.advance(30)
        let_in(operator, provider)

    assert "  not noticed yet; attempt 1 would ask a person first" in ended.out.splitlines()
    assert "    + create an endpoint to " in ended.out


@pytest.fixture
def unasked(operator: Operator, provider: Operator) -> Iterator[None]:
    """Have no policy let the provider in, so that a person is to be asked."""
    operator.client("ssm").delete_parameter(Name=f"/drawbridge/config/policies/let-{provider.account_id}-in")
    yield
    clock.advance(30)
    let_in(operator, provider)


@pytest.fixture
def ledger(operator: Operator) -> Iterator[LedgerTable]:
    with ledger_of(operator) as ledger:
        yield ledger


def enter_denied(ledger: LedgerTable, provider: Operator, shared: str, database: str, vpc_id: str) -> None:
    """Have a share that was let in and is attached by binding orders, of which a person denied what is new."""
    request = ResourceShareRequest(share_arn=shared)
    attached = msgspec.structs.replace(ATTACHMENT, name=f"orders/orders-db/{vpc_id}", resource_arn=database)
    denied = Reason("denied", "Denied by U0BOB: not needed", source="U0BOB")
    enter(
        ledger,
        request,
        Status.AVAILABLE,
        account=provider.account_id,
        let_in=LetIn(at=NOW, because=(), arns=(database,)),
        kept=(denied,),
        reasons=(denied,),
        attachments=(attached,),
    )


@pytest.mark.usefixtures("unasked", "orders")
def test_what_a_person_denied_of_a_second_binding_is_refused_and_the_first_one_s_stays(
    at_work: Drawbridge,
    operator: Operator,
    provider: Operator,
    shared: str,
    databases: list[str],
    ledger: LedgerTable,
) -> None:
    enter_denied(ledger, provider, shared, databases[0], operator.vpc())
    operator.write_binding("second", resource="orders-db", provider="*")

    ended, alone = at_work("plan", "--json"), at_work("plan", "--exit-code", "--binding", "second")

    assert alone.out.splitlines()[-1] == "Nothing is to be made or taken down now; 1 wanted and refused."
    (share,) = ended.json["shares"]
    assert share["outcome"] == "keep"
    assert [each["wanted"]["binding"] for each in share["associations"]] == ["orders"]
    (refused,) = share["refused"]
    assert (refused["code"], refused["binding"]) == ("denied", "second")
    assert refused["text"].startswith("orders-db, by binding second: Denied by U0BOB: not needed; what was let in")
    assert ended.json["asWanted"] is False


@pytest.mark.usefixtures("unasked", "orders")
def test_a_binding_that_changes_is_asked_about_anew_whatever_was_denied_before(
    at_work: Drawbridge, operator: Operator, provider: Operator, shared: str, databases: list[str], tmp_path: Path
) -> None:
    with ledger_of(operator) as ledger:
        enter_denied(ledger, provider, shared, databases[0], operator.vpc())
        attach = {"mode": "resource-endpoint", "vpc": operator.vpc()}
        second = json.dumps({"match": {"resource": "orders-db"}, "attach": attach})
        (tmp_path / "second.json").write_text(second, encoding="utf-8")

        lines = at_work("bindings", "apply", str(tmp_path), "--dry-run").out.splitlines()

    start = lines.index("1 would be associated")
    assert lines[start + 1] == f"  second/orders-db/{operator.vpc()}"
    assert "    . once a person has approved its share" in lines[start:]


@pytest.mark.usefixtures("orders")
def test_what_an_operator_had_withdrawn_would_not_be_connected_again(
    at_work: Drawbridge, operator: Operator, provider: Operator, shared: str, ledger: LedgerTable
) -> None:
    request = ResourceShareRequest(share_arn=shared)
    enter(ledger, request, Status.AVAILABLE, account=provider.account_id, let_in=LetIn(at=NOW, because=()))
    ledger.command_withdrawal(row_of(ledger, request), WithdrawalCommand(by="ann", at=NOW))
    ledger.claim_withdrawal(row_of(ledger, request), (), ())
    gone = Outcome(status=Status.WITHDRAWN, reasons=(), settled=True, attachments=())
    assert ledger.change_status(status_change(execution_input(request, attempt=2), gone), gone)

    ended = at_work("plan")

    assert "  WITHDRAWN; nothing would be done (withdrawn)" in ended.out.splitlines()
    assert "orders-db: its share is not let in (withdrawn): ann had it withdrawn at 2026-11-21 12:00 UTC." in ended.out
    assert ended.out.splitlines()[-1] == "Nothing is to be made or taken down now; 1 wanted and refused."


@pytest.mark.usefixtures("unasked")
def test_a_share_that_is_not_let_in_is_not_nothing_to_do_whether_or_not_anything_of_it_is_wanted(
    at_work: Drawbridge, operator: Operator
) -> None:
    operator.write_binding("orders", resource="nothing", provider="*")

    ended = at_work("plan", "--exit-code")

    assert ended.code == 1
    assert "  not noticed yet; attempt 1 would ask a person first" in ended.out.splitlines()
    assert ended.out.splitlines()[-1] == "Nothing is to be made or taken down now; 1 not noticed yet, and not let in."


def test_where_organizations_can_not_be_asked_it_is_said(
    at_work: Drawbridge, operator: Operator, provider: Operator, orders: str
) -> None:
    with denied("organizations:DescribeOrganization", operator.account_id):
        shown, written = at_work("plan"), at_work("plan", "--json")

    assert f"Organizations did not tell where these accounts stand: {provider.account_id}." in shown.out
    assert written.json["placesUnknown"] == [provider.account_id]
    assert "Organizations" not in at_work("plan").out


def test_one_binding_may_be_planned_alone(at_work: Drawbridge, operator: Operator, orders: str) -> None:
    operator.write_binding("old", resource="orders-old", provider="*")

    both, one = at_work("plan", "--json"), at_work("plan", "--json", "--binding", "old")

    names = [
        [each["name"] for share in ended.json["shares"] for each in share["associations"]] for ended in (both, one)
    ]
    vpc = operator.vpc()
    assert names == [[f"old/orders-old/{vpc}", f"orders/orders-db/{vpc}"], [f"old/orders-old/{vpc}"]]


def test_a_binding_that_there_is_not_is_reported(at_work: Drawbridge) -> None:
    ended = at_work("plan", "--binding", "nobodys")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("--binding: there is no binding 'nobodys' in force")


def test_a_broken_binding_is_reported_and_stops_no_other(at_work: Drawbridge, operator: Operator, orders: str) -> None:
    bind(operator, "broken", "attach: {mode: teleport}")

    ended = at_work("plan")

    assert ended.err.startswith("binding broken, line 1: ")
    assert ended.err.endswith("; no version of it ever was good\n")
    assert "    + create an endpoint to " in ended.out


def test_a_broken_binding_is_not_nothing_to_do(at_work: Drawbridge, operator: Operator) -> None:
    bind(operator, "broken", "attach: {mode: teleport}")

    ended = at_work("plan", "--exit-code")

    assert (ended.code, ended.out) == (1, "Nothing is to be made or taken down now; 1 binding is broken.\n")
    assert at_work("plan", "--json").json["asWanted"] is False


def test_a_plan_is_written_for_programs(
    at_work: Drawbridge, provider: Operator, shared: str, databases: list[str], connected: str, orders: str
) -> None:
    ended = at_work("plan", "--json")

    (share,) = ended.json["shares"]
    assert share["share"] == {"arn": shared, "name": "orders", "owner": provider.account_id}
    assert (share["attempt"], share["outcome"], share["refused"]) == (1, "accept", [])
    (association,) = share["associations"]
    assert (association["asWanted"], association["steps"], association["permittedBy"]) == (
        True,
        [],
        ["associate-accepted"],
    )
    (name,) = association["names"]
    assert (name["change"], name["path"], name["subject"]) == ("same", orders, databases[0])
    assert name["document"]["endpointId"] == connected


def test_the_names_of_other_accounts_do_not_steer_the_terminal(
    at_work: Drawbridge, operator: Operator, provider: Operator, databases: list[str]
) -> None:
    (other,) = offer(provider, "evil-db")
    arn = share(provider, operator, other, name="\x1b[31mred")
    operator.write_binding("evil", resource="evil-db", provider="*")

    ended = at_work("plan")

    provider.client("ram").delete_resource_share(resourceShareArn=arn)
    clock.advance(30)
    assert "\x1b" not in ended.out
    assert "⟨U+001B⟩[31mred (arn:" in ended.out


def test_who_may_not_list_is_told(at_work: Drawbridge, operator: Operator, orders: str) -> None:
    with denied("ec2:DescribeVpcEndpoints", operator.account_id):
        ended = at_work("plan")

    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith("AWS: list the endpoints of ours: AccessDeniedException")


def test_an_attachment_by_a_service_network_is_shown_step_by_step(
    at_work: Drawbridge, operator: Operator, databases: list[str]
) -> None:
    network = {"name": "central", "create": True}
    operator.write_binding("orders", resource="orders-db", provider="*", mode="service-network", serviceNetwork=network)

    ended = at_work("plan")

    open_to_all = "open to the whole VPC: no security groups are named"
    assert [line for line in ended.out.splitlines() if line.startswith("    + ")] == [
        "    + create service network central",
        f"    + associate {databases[0]} with service network central",
        f"    + associate {operator.vpc()} with service network central, {open_to_all}",
        "    + then publish /drawbridge/connections/orders/orders-db/dns-name",
    ]
    assert ended.out.splitlines()[-1] == "3 steps."


def test_a_name_of_our_own_that_leads_elsewhere_would_be_rewritten(
    at_work: Drawbridge, operator: Operator, provider: Operator, shared: str
) -> None:
    route53 = operator.client("route53")
    zone = route53.create_hosted_zone(
        Name="corp.example", CallerReference="corp", VPC={"VPCRegion": "us-east-1", "VPCId": operator.vpc()}
    )["HostedZone"]["Id"].rpartition("/")[2]
    alias = {"zone": zone, "name": "{resource}.corp.example"}
    operator.write_binding("orders", resource="orders-db", provider="*", alias=alias)
    carry_out(operator, shared, provider)
    again = at_work("plan")
    (record,) = (
        each
        for each in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        if each["Type"] == "A"
    )
    target = record["AliasTarget"]
    elsewhere = record | {"AliasTarget": target | {"DNSName": f"elsewhere.{target['DNSName']}"}}
    for action, changed in (("UPSERT", elsewhere), ("DELETE", elsewhere)):
        change = {"Action": action, "ResourceRecordSet": changed}
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
        ended = at_work("plan")
        was = f"elsewhere.{target['DNSName'].rstrip('.')}" if action == "UPSERT" else "nothing"
        lines = ended.out.splitlines()
        assert "    ~ rewrite /drawbridge/connections/orders/orders-db/dns-name" in lines
        written = f"        orders-db.corp.example in {zone}: {was} -> {target['DNSName'].rstrip('.')}"
        assert written in lines

    assert again.out == "Nothing to do: everything is as wanted.\n"
