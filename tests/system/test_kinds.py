"""What else asks on AWS: Gateway Load Balancer endpoints, transit gateways, shares that stay or are suspended."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local_aws.testing.clock import clock
from local_aws.testing.incidents import (
    attach_transit_gateway,
    detach_transit_gateway,
    restore_share,
    set_payer,
    suspend_share,
)
from local_aws.testing.organizations import arrange
from local_aws.testing.settings import changed
from scenarios.people import Person
from tests.system.conftest import CommandLine, Policy, World, until
from tests.system.requests_in_ledger import reasons, row_of, settled

MANAGEMENT = "590000000061"
HOUR = 3600
_strangers = itertools.count(530000000061)


@pytest.fixture(scope="module")
def home(deployed: Callable[..., Person]) -> Person:
    """Return an account that offers services and has things shared with it; what is not of its own is held."""
    return deployed("510000000261")


@pytest.fixture
def stranger(world: World) -> Person:
    return world.person(str(next(_strangers)))


@pytest.fixture
def organization(home: Person, stranger: Person) -> Iterator[None]:
    arrange(MANAGEMENT, {home.account_id: "ours", stranger.account_id: "theirs"}, ram_sharing=True)
    yield
    arrange(MANAGEMENT, {}, ram_sharing=False)


def accept(person: Person, more: str = "") -> str:
    return f'permit(principal == Account::"{person.account_id}", action == Action::"accept", resource) {more};'


def offer_appliance(provider: Person) -> tuple[str, str]:
    """Offer a managed service on a Gateway Load Balancer; give its id and name."""
    balancer = f"arn:aws:elasticloadbalancing:us-east-1:{provider.account_id}:loadbalancer/gwy/a/0123456789abcdef"
    tags = [{"Key": "drawbridge:managed", "Value": "true"}]
    made = provider.client("ec2").create_vpc_endpoint_service_configuration(
        GatewayLoadBalancerArns=[balancer], TagSpecifications=[{"ResourceType": "vpc-endpoint-service", "Tags": tags}]
    )["ServiceConfiguration"]
    provider.client("ec2").modify_vpc_endpoint_service_permissions(
        ServiceId=made["ServiceId"], AddAllowedPrincipals=["*"]
    )
    return str(made["ServiceId"]), str(made["ServiceName"])


def connect(who: Person, service_name: str) -> str:
    made = who.client("ec2").create_vpc_endpoint(
        VpcEndpointType="GatewayLoadBalancer",
        VpcId=who.vpc(),
        SubnetIds=who.subnets()[:1],
        ServiceName=service_name,
    )
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def test_a_forbid_on_gateway_load_balancer_endpoints_holds_them_and_without_it_they_are_connected_without_a_name(
    home: Person, stranger: Person, policy: Policy
) -> None:
    policy(home, "welcome", accept(stranger))
    policy(
        home,
        "no-appliances",
        f'forbid(principal == Account::"{stranger.account_id}", action, resource is EndpointService) when '
        '{ context has endpointType && context.endpointType == "GatewayLoadBalancer" };',
    )
    service_id, service_name = offer_appliance(home)
    endpoint_id = connect(stranger, service_name)
    held = settled(home, endpoint_id, "HELD")
    state = stranger.endpoint_state(endpoint_id)

    policy(home, "no-appliances", accept(stranger))
    row = settled(home, endpoint_id, "AVAILABLE")

    assert ("forbidden" in reasons(held), state) == (True, "pendingAcceptance")
    path = f"/drawbridge/consumers/{stranger.account_id}/{endpoint_id}"
    assert home.parameter(f"{path}/dns-name") is None
    written = json.loads(home.parameter(f"{path}/connection") or "")
    assert (written["endpointId"], written["serviceId"], written["dnsName"]) == (endpoint_id, service_id, None)
    assert list(*row["published"].values()) == [f"{path}/connection"]
    assert stranger.endpoint_state(endpoint_id) == "available"


def test_names_that_come_late_are_waited_for(home: Person, stranger: Person, policy: Policy) -> None:
    policy(home, "late", accept(stranger))
    _, service_name = home.offer_service()

    with changed(timings={"connection_named": 60.0}):
        endpoint_id = stranger.connect(service_name)
    settled(home, endpoint_id, "AVAILABLE")

    assert home.parameter(f"/drawbridge/consumers/{stranger.account_id}/{endpoint_id}/dns-name")


def test_an_attachment_of_a_transit_gateway_is_decided_on_by_its_type_connected_without_a_name_and_withdrawn(
    home: Person, stranger: Person, policy: Policy, command_line: CommandLine
) -> None:
    policy(home, "gateways", accept(stranger))
    of_stranger = f'principal == Account::"{stranger.account_id}"'
    policy(
        home,
        "no-gateways",
        f"forbid({of_stranger}, action, resource is EndpointService) when "
        '{ context has endpointType && context.endpointType == "TransitGatewayAttachment" };',
    )
    service_id, service_name = offer_appliance(home)
    # By hand: Drawbridge offers services for endpoints alone.
    home.client("ec2").modify_vpc_endpoint_service_permissions(
        ServiceId=service_id,
        AddAllowedPrincipals=[f"arn:aws:iam::{stranger.account_id}:root"],
        PermissionType="transit-gateway-attachment",
    )
    deleted, commanded = (attach_transit_gateway(service_id, stranger.account_id) for _ in range(2))
    # EC2 documents no notification of an attachment: the endpoint's, or else the schedule, has it looked for.
    endpoint_id = connect(stranger, service_name)
    settled(home, endpoint_id, "AVAILABLE")
    held = settled(home, deleted, "HELD")

    policy(home, "no-gateways", accept(stranger))
    row, _ = settled(home, deleted, "AVAILABLE"), settled(home, commanded, "AVAILABLE")

    assert ("forbidden" in reasons(held), row["kind"]["S"]) == (True, "endpoint-connection")
    assert row["request_id"]["S"] == f"connection-{service_id}-{deleted}"
    path = f"/drawbridge/consumers/{stranger.account_id}/{deleted}"
    assert [name for name, _ in home.published() if name.startswith(path)] == [f"{path}/connection"]
    written = json.loads(home.parameter(f"{path}/connection") or "")
    assert (written["endpointId"], written["dnsName"], written["serviceRegion"]) == (deleted, None, "us-east-1")
    assert (state_of(home, deleted), state_of(home, commanded)) == ("available", "available")
    told = command_line(home, "why", f"{path}/connection")
    assert (told.returncode, f"connection-{service_id}-{deleted}" in told.stdout) == (0, True), told

    detach_transit_gateway(deleted)
    assert command_line(home, "withdraw", commanded, "--yes").returncode == 0
    settled(home, deleted, "WITHDRAWN")
    settled(home, commanded, "WITHDRAWN")

    assert not [name for name, _ in home.published() if deleted in name or commanded in name]
    assert state_of(home, commanded) == "rejected"
    assert row_of(home, endpoint_id) == settled(home, endpoint_id, "AVAILABLE")


def state_of(home: Person, attachment_id: str) -> str:
    """Return the state of a transit gateway's attachment to one of the account's services."""
    pages = home.client("ec2").get_paginator("describe_vpc_endpoint_connections").paginate()
    found = [each for page in pages for each in page["VpcEndpointConnections"]]
    (attachment,) = (each for each in found if each.get("TransitGatewayAttachmentId") == attachment_id)
    return str(attachment["VpcEndpointState"])


def test_an_endpoint_of_another_region_is_decided_on_by_its_own_region_address_type_and_payer(
    home: Person, stranger: Person, policy: Policy
) -> None:
    where = 'resource is EndpointService && context.region == "eu-west-1" && resource.region == "us-east-1"'
    how = 'context has ipAddressType && context.ipAddressType == "dualstack"'
    policy(home, "abroad", accept(stranger, f"when {{ {where} && {how} && {PAID_BY_OWNER} }}"))
    service_id, service_name = home.offer_service()
    home.client("ec2").modify_vpc_endpoint_service_configuration(
        ServiceId=service_id, AddSupportedRegions=["eu-west-1"], AddSupportedIpAddressTypes=["ipv6"]
    )
    abroad, here = connect_abroad(stranger, service_name), stranger.connect(service_name)
    # AWS does not tell who pays for it, and that counts against its owner.
    settled(home, abroad, "HELD")
    settled(home, here, "HELD")

    set_payer(abroad, "vpc-endpoint-account")
    # A policy that changes has what is held decided again.
    policy(home, "no-difference", accept(home))
    settled(home, abroad, "AVAILABLE")

    path = f"/drawbridge/consumers/{stranger.account_id}/{abroad}"
    written = json.loads(home.parameter(f"{path}/connection") or "")
    assert (written["endpointRegion"], written["serviceRegion"]) == ("eu-west-1", "us-east-1")
    assert written["ipAddressType"] == "dualstack"
    assert home.parameter(f"{path}/dns-name") == written["dnsName"]
    assert f".{service_id}.us-east-1.vpce.amazonaws.com" in written["dnsName"]
    settled(home, here, "HELD")


PAID_BY_OWNER = 'context has payer && context.payer == "vpc-endpoint-account"'


def connect_abroad(who: Person, service_name: str) -> str:
    """Connect a dual-stack endpoint in another Region with a service."""
    ec2 = who.client("ec2", "eu-west-1")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    block = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    subnet = ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.9.1.0/24", Ipv6CidrBlock=block)["Subnet"]
    made = ec2.create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=vpc["VpcId"],
        SubnetIds=[subnet["SubnetId"]],
        ServiceName=service_name,
        ServiceRegion="us-east-1",
        IpAddressType="dualstack",
    )
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def test_each_endpoint_of_a_consumer_has_a_row_of_its_own_and_one_that_is_made_anew_gets_another(
    home: Person, stranger: Person, policy: Policy
) -> None:
    policy(home, "several", accept(stranger))
    (one, one_name), (_, other_name) = home.offer_service(), home.offer_service()
    first, second, elsewhere = (stranger.connect(name) for name in (one_name, one_name, other_name))
    for each in (first, second, elsewhere):
        settled(home, each, "AVAILABLE")

    stranger.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[first])
    anew = stranger.connect(one_name)
    settled(home, anew, "AVAILABLE")
    settled(home, first, "WITHDRAWN")

    for each in (second, elsewhere):
        settled(home, each, "AVAILABLE")
    row = row_of(home, anew)
    assert row is not None
    assert row["request_id"]["S"] == f"connection-{one}-{anew}"
    below = f"/drawbridge/consumers/{stranger.account_id}/"
    named = {name.removeprefix(below).split("/")[0] for name, _ in home.published() if name.startswith(below)}
    assert named == {second, elsewhere, anew}


def test_inside_the_organization_an_invitation_is_accepted_and_who_left_is_an_outsider_at_the_next_decision(
    home: Person, stranger: Person, organization: None
) -> None:
    home.write_binding("retained", resource="*", provider=stranger.account_id)
    first = stranger.offer_database("first", port="5432")
    made = stranger.client("ram").create_resource_share(
        name="retained",
        resourceArns=[first],
        principals=[home.account_id],
        resourceShareConfiguration={"retainSharingOnAccountLeaveOrganization": True},
    )
    share_arn = str(made["resourceShare"]["resourceShareArn"])
    row = settled(home, share_arn, "AVAILABLE")

    arrange(MANAGEMENT, {home.account_id: "ours"}, ram_sharing=True)
    # Where a member stands is kept for five minutes.
    clock.advance(600)
    second = stranger.offer_database("second", port="5432")
    stranger.client("ram").associate_resource_share(resourceShareArn=share_arn, resourceArns=[second])

    def decided_again() -> dict[str, Any] | None:
        found = home.ledger(share_arn)[0]
        later = int(found["attempt"]["N"]) > int(row["attempt"]["N"]) and found["settled"]["BOOL"]
        return found if later else None

    again = until(decided_again, lambda: "what came to the share is decided on")
    assert '"membership":"member"' in row["grounds"]["S"]
    assert '"membership":"member"' not in again["grounds"]["S"]
    # Nobody but members is let in without being asked about: what came later is not, what is live stays.
    assert home.parameter("/drawbridge/connections/retained/second/dns-name") is None


def test_what_is_suspended_in_a_share_is_not_planned_and_connected_once_it_is_restored(
    home: Person, stranger: Person, policy: Policy
) -> None:
    home.write_binding("suspended", resource="*", provider=stranger.account_id)
    share_arn = stranger.share_database("suspended-db", port="5432", with_account=home.account_id)
    settled(home, share_arn, "HELD")
    pages = stranger.client("ram").get_paginator("list_resources")
    listed = pages.paginate(resourceOwner="SELF", resourceShareArns=[share_arn])
    (resource_arn,) = (each["arn"] for page in listed for each in page["resources"])
    suspend_share(share_arn, resource_arn)

    policy(home, "restored", accept(stranger))
    suspended = unavailable(home, share_arn)
    restore_share(share_arn, resource_arn)
    clock.advance(6 * HOUR)
    settled(home, share_arn, "AVAILABLE")

    assert suspended["status"]["S"] == "HELD"
    assert home.parameter("/drawbridge/connections/suspended/suspended-db/dns-name")


def unavailable(home: Person, share_arn: str) -> dict[str, Any]:
    def check() -> dict[str, Any] | None:
        row = home.ledger(share_arn)[0]
        return row if row["settled"]["BOOL"] and "resource-unavailable" in reasons(row) else None

    found: dict[str, Any] = until(check, lambda: "what is suspended is reported")
    return found
