"""``drawbridge consumers show --handout``, in an account that has the stack, a load balancer, services and shares."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from drawbridge_cli.stack import Stack
from local_aws.testing.faults import CallFault, faults
from tests.builders import CONSUMER, STRANGER
from tests.cli.operators import Drawbridge, Operator, denied
from tests.unit.policies import compiled

CHALLENGE = f"drawbridge-drawbridge.111111111111.us-east-1.{CONSUMER}.{'0a' * 16}"


@dataclass(frozen=True)
class Offered:
    """What the operator's account offers."""

    by_id: str
    by_tier: str
    other: str
    share_arn: str


def service(operator: Operator, *balancers: str, name: str = "Orders", **settings: Any) -> str:
    tags = {"Name": name, "drawbridge:managed": "true"} | settings.pop("tags", {})
    made = operator.client("ec2").create_vpc_endpoint_service_configuration(
        NetworkLoadBalancerArns=[*balancers],
        TagSpecifications=[
            {
                "ResourceType": "vpc-endpoint-service",
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
        ],
        **settings,
    )
    return str(made["ServiceConfiguration"]["ServiceId"])


def balancer_listening(operator: Operator, *ports: int) -> str:
    elb = operator.client("elbv2")
    made = elb.create_load_balancer(
        Name=f"orders-{ports[0]}", Type="network", Scheme="internal", Subnets=operator.subnets()[:2]
    )
    arn = str(made["LoadBalancers"][0]["LoadBalancerArn"])
    group = elb.create_target_group(Name=f"orders-{ports[0]}", Protocol="TCP", Port=ports[0], VpcId=operator.vpc())
    forward = [{"Type": "forward", "TargetGroupArn": group["TargetGroups"][0]["TargetGroupArn"]}]
    for port in ports:
        elb.create_listener(LoadBalancerArn=arn, Protocol="TCP", Port=port, DefaultActions=forward)
    return arn


@pytest.fixture(scope="module")
def offered(operator: Operator) -> Offered:
    balancer = balancer_listening(operator, 5432, 8443)
    share = operator.client("ram").create_resource_share(
        name="databases", tags=[{"key": "drawbridge:offer", "value": "gold"}]
    )
    operator.client("ram").create_resource_share(name="silver", tags=[{"key": "drawbridge:offer", "value": "silver"}])
    return Offered(
        by_id=service(
            operator,
            balancer,
            SupportedIpAddressTypes=["ipv4", "ipv6"],
            SupportedRegions=["eu-west-1"],
            PrivateDnsName="orders.example.com",
        ),
        by_tier=service(
            operator,
            f"arn:aws:elasticloadbalancing:us-east-1:{operator.account_id}:loadbalancer/net/gone/0123456789abcdef",
            name="Reports",
            AcceptanceRequired=False,
            tags={"drawbridge:tier": "gold"},
        ),
        other=service(operator, balancer, name="Other"),
        share_arn=share["resourceShare"]["resourceShareArn"],
    )


@pytest.fixture
def register(operator: Operator) -> Callable[..., None]:
    """Have just one account registered, as people and services write it."""
    table = operator.table("ConsumersTableName")
    for item in table.scan()["Items"]:
        table.delete_item(Key={"account_id": item["account_id"]})

    def put(**entry: Any) -> None:
        table.put_item(Item={"account_id": CONSUMER, "name": "Orders Inc.", "notes": "pays late"} | entry)

    return put


def test_a_consumer_is_handed_what_it_may_reach_and_nothing_else(
    at_work: Drawbridge, operator: Operator, offered: Offered, register: Callable[..., None]
) -> None:
    register(services=offered.by_id, tier="gold")

    ended = at_work("consumers", "show", CONSUMER, "--handout", "--json")

    assert ended.code == 0
    services = {each["service_id"]: each for each in ended.json["services"]}
    assert services.keys() == {offered.by_id, offered.by_tier}
    orders, reports = services[offered.by_id], services[offered.by_tier]
    zones = operator.client("ec2").describe_availability_zones()["AvailabilityZones"]
    assert orders["zone_ids"] == sorted(each["ZoneId"] for each in zones if each["ZoneType"] == "availability-zone")
    assert orders["service_name"] == f"com.amazonaws.vpce.us-east-1.{offered.by_id}"
    assert (orders["region"], orders["other_regions"]) == ("us-east-1", ["eu-west-1"])
    assert orders["address_types"] == ["ipv4", "ipv6"]
    assert orders["private_name"] == {"name": "orders.example.com", "state": "pendingVerification"}
    assert orders["ports"] == [{"protocol": "TCP", "port": 5432}, {"protocol": "TCP", "port": 8443}]
    assert (orders["ports_unknown"], orders["endpoint_type"]) == ("", "Interface")
    assert orders["answer"] == "accepted-automatically"
    assert (reports["ports"], bool(reports["ports_unknown"])) == ([], True)
    assert reports["answer"] == "connected-at-once"
    assert [each["arn"] for each in ended.json["shares"]] == [offered.share_arn]
    assert ended.json["proof"] is None
    assert ended.json["provider_account_id"] == operator.account_id
    for secret in ("pays late", "silver", "Other", STRANGER):
        assert secret not in ended.out


def test_people_are_handed_a_page(
    at_work: Drawbridge, operator: Operator, offered: Offered, register: Callable[..., None]
) -> None:
    register(services=offered.by_id, tier="gold")

    ended = at_work("consumers", "show", CONSUMER, "--handout")

    assert ended.code == 0
    assert ended.out.startswith(f"# How account `{CONSUMER}` of Orders Inc. connects\n")
    assert "aws ec2 create-vpc-endpoint \\\n" in ended.out
    assert "- Ports: `TCP 5432`, `TCP 8443`\n" in ended.out
    assert "`orders.example.com`, not verified" in ended.out
    assert f"An invitation of account `{operator.account_id}` to the share `databases`" in ended.out
    assert "pays late" not in ended.out
    assert "listeners are unknown" in ended.err


@pytest.fixture
def never(operator: Operator) -> Iterator[Callable[[str], None]]:
    """Have a policy forbid something, until the end of a test."""
    # For half a minute, SSM gives away no name that was deleted.
    name = f"never-{uuid4().hex}"
    yield lambda text: operator.write_policy(name, text)
    operator.client("ssm").delete_parameter(Name=f"/drawbridge/config/policies/{name}")


def test_what_policies_forbid_to_offer_is_not_promised(
    at_work: Drawbridge, offered: Offered, register: Callable[..., None], never: Callable[[str], None]
) -> None:
    register(services=offered.by_id, tier="gold")
    never(
        'forbid(principal, action in [Action::"offer", Action::"accept"], resource)'
        ' when { resource.hasTag("drawbridge:tier") || resource.hasTag("drawbridge:offer") };'
    )

    ended = at_work("consumers", "show", CONSUMER, "--handout", "--json")

    assert ended.code == 0
    assert [each["service_id"] for each in ended.json["services"]] == [offered.by_id]
    assert ended.json["shares"] == []
    assert "forbid" not in ended.out
    for each in (offered.by_tier, offered.share_arn):
        assert f"{each} is not offered to {CONSUMER}: " in ended.err


@pytest.mark.parametrize("action", ["offer", "accept"])
def test_who_is_forbidden_everything_is_handed_nothing(
    at_work: Drawbridge, offered: Offered, register: Callable[..., None], never: Callable[[str], None], action: str
) -> None:
    register(services=offered.by_id)
    never(f'forbid(principal == Account::"{CONSUMER}", action == Action::"{action}", resource);')

    ended = at_work("consumers", "show", CONSUMER, "--handout")

    assert (ended.code, ended.out) == (1, "")
    assert f"nothing is offered to {CONSUMER}: policies forbid all that its entry calls for" in ended.err


def test_without_any_policy_nothing_is_promised(
    at_work: Drawbridge, offered: Offered, register: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    register(services=offered.by_id, tier="gold")
    real = Stack.plan_context
    monkeypatch.setattr(Stack, "plan_context", lambda self: replace(real(self), policies=compiled([])))

    ended = at_work("consumers", "show", CONSUMER, "--handout")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.endswith(f"{CONSUMER}: no policy is in force: nothing is offered\n")


def test_who_has_principals_that_can_t_be_read_is_promised_no_service(
    at_work: Drawbridge, offered: Offered, register: Callable[..., None]
) -> None:
    register(services=offered.by_id, tier="gold", principals="somebody")

    ended = at_work("consumers", "show", CONSUMER, "--handout", "--json")

    assert ended.code == 0
    assert ended.json["services"] == []
    assert [each["arn"] for each in ended.json["shares"]] == [offered.share_arn]
    assert f"{CONSUMER}: no service is offered to it as long as its principals can't be read" in ended.err


def test_what_the_caller_may_not_ask_is_unknown(
    at_work: Drawbridge, operator: Operator, offered: Offered, register: Callable[..., None]
) -> None:
    register(services=offered.by_id)

    with faults.injected(
        CallFault("elasticloadbalancing:DescribeListeners", "error", code="AccessDenied", account=operator.account_id),
        CallFault("ec2:DescribeAvailabilityZones", "error", code="UnauthorizedOperation", account=operator.account_id),
    ):
        ended = at_work("consumers", "show", CONSUMER, "--handout", "--json")

    assert ended.code == 0
    (orders,) = ended.json["services"]
    assert (orders["zone_ids"], orders["ports"]) == (None, [])
    assert orders["ports_unknown"] == "not all load balancers behind the service show theirs"


def test_a_proof_that_lacks_comes_first_with_its_challenge(
    at_work: Drawbridge, offered: Offered, register: Callable[..., None]
) -> None:
    register(services=offered.by_id, proof_required=True, challenge=CHALLENGE)

    ended = at_work("consumers", "show", CONSUMER, "--handout")

    assert ended.code == 0
    assert f"  --challenge {CHALLENGE} \\\n" in ended.out.partition("Service name")[0]


def test_an_operator_is_told_that_there_is_no_challenge(
    at_work: Drawbridge, offered: Offered, register: Callable[..., None]
) -> None:
    register(services=offered.by_id, proof_required=True, challenge="rm -rf /")

    ended = at_work("consumers", "show", CONSUMER, "--handout")

    assert f"has no challenge to answer; drawbridge consumers challenge {CONSUMER} makes one" in ended.err
    assert "rm -rf" not in ended.out


@pytest.mark.parametrize("since", ["2026-05-01T12:00:00+00:00", "since May"])
def test_who_is_suspended_is_handed_nothing(
    at_work: Drawbridge, offered: Offered, register: Callable[..., None], since: str
) -> None:
    register(services=offered.by_id, suspended_at=since)

    ended = at_work("consumers", "show", CONSUMER, "--handout")

    assert (ended.code, ended.out) == (1, "")
    assert f"{CONSUMER} is suspended, since" in ended.err


@pytest.mark.parametrize("entry", [{"services": "vpce-svc-00000000000000001"}, {"tier": "copper"}, {}])
def test_who_is_offered_nothing_is_handed_nothing(
    at_work: Drawbridge, offered: Offered, register: Callable[..., None], entry: dict[str, str]
) -> None:
    register(**entry)

    ended = at_work("consumers", "show", CONSUMER, "--handout")

    assert (ended.code, ended.out) == (1, "")
    assert f"nothing is offered to {CONSUMER}" in ended.err


def test_who_registers_what_is_not_there_is_warned(at_work: Drawbridge, offered: Offered) -> None:
    unmanaged = "vpce-svc-00000000000000009"

    added = at_work(
        *("consumers", "add", STRANGER, "--tier", "golld", "--service", unmanaged, "--service", offered.by_id),
        "--replace",
    )
    right = at_work("consumers", "add", STRANGER, "--tier", "silver", "--service", offered.by_id, "--replace")

    assert (added.code, added.out) == (0, f"registered  {STRANGER}\n")
    tier, service = added.err.splitlines()
    assert tier.startswith("nothing is offered for the tier golld: ")
    assert tier.endswith("; the tiers that are there: gold, silver")
    assert service.startswith(f"{unmanaged} is no managed service of this account in us-east-1, and is not offered; ")
    assert offered.by_id in service
    assert (right.code, right.err) == (0, "")


def test_an_import_warns_of_a_tier_once_and_of_who_was_there_already_of_nothing(
    at_work: Drawbridge, register: Callable[..., None], offered: Offered, tmp_path: Path
) -> None:
    register(tier="gold")
    path = tmp_path / "consumers.csv"
    rows = f"{STRANGER},golld\n000000000001,golld\n000000000002,silver\n{CONSUMER},bronze\n"
    path.write_text(f"account_id,tier,services\n{rows.replace(chr(10), ',' + chr(10))}", encoding="utf-8")

    ended = at_work("consumers", "import", str(path))

    assert ended.code == 1
    already, warned = ended.err.splitlines()
    assert already.startswith(f"{CONSUMER} is registered already")
    assert warned.startswith("nothing is offered for the tier golld: ")


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("ec2:DescribeVpcEndpointServiceConfigurations", []),
        ("ram:GetResourceShares", ["vpce-svc-00000000000000009"]),
    ],
)
def test_who_may_not_list_what_is_there_is_told_nothing_of_it(
    at_work: Drawbridge, operator: Operator, offered: Offered, call: str, told: list[str]
) -> None:
    wanted = ("--tier", "golld", "--service", "vpce-svc-00000000000000009")
    with denied(call, operator.account_id):
        ended = at_work("consumers", "add", STRANGER, *wanted, "--replace")

    assert (ended.code, [line.partition(" ")[0] for line in ended.err.splitlines()]) == (0, told)


def test_who_is_not_registered_is_handed_nothing(
    at_work: Drawbridge, offered: Offered, register: Callable[..., None]
) -> None:
    ended = at_work("consumers", "show", STRANGER, "--handout", "--json")

    assert ended.code == 1
    assert f"{STRANGER} is not registered" in ended.err


def test_a_call_that_fails_is_an_error_of_aws(
    at_work: Drawbridge, operator: Operator, offered: Offered, register: Callable[..., None]
) -> None:
    register(tier="gold")

    with denied("ram:GetResourceShares", operator.account_id):
        ended = at_work("consumers", "show", CONSUMER, "--handout")

    assert ended.code == 3
    assert "list resource shares of this account" in ended.err


def test_an_account_is_not_handed_its_own_shares(
    at_work: Drawbridge, operator: Operator, offered: Offered, register: Callable[..., None]
) -> None:
    register(account_id=operator.account_id, tier="gold", services=offered.by_id)

    ended = at_work("consumers", "show", operator.account_id, "--handout", "--json")

    assert ended.json["shares"] == []
