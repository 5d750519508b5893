"""Connections to endpoint services on the local AWS by Gateway Load Balancer endpoints and transit gateways."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.testing.incidents import attach_transit_gateway, detach_transit_gateway, set_payer
from local_aws.testing.settings import changed
from local_aws_tests.accounts import REGION, Person, full_pages, person, refusal
from local_aws_tests.sharing import first_vpc, pass_time


def service(provider: Person, kind: str, **more: Any) -> dict[str, Any]:
    """Offer a service on a Gateway or a Network Load Balancer to everybody."""
    member, short = ("GatewayLoadBalancerArns", "gwy") if kind == "GatewayLoadBalancer" else (_NETWORK, "net")
    balancer = f"arn:aws:elasticloadbalancing:{REGION}:{provider.account_id}:loadbalancer/{short}/lb/0123456789abcdef"
    made = provider.ec2.create_vpc_endpoint_service_configuration(**{member: [balancer]}, **more)[
        "ServiceConfiguration"
    ]
    provider.ec2.modify_vpc_endpoint_service_permissions(ServiceId=made["ServiceId"], AddAllowedPrincipals=["*"])
    return dict(made)


_NETWORK = "NetworkLoadBalancerArns"


def connect(consumer: Person, offered: dict[str, Any], kind: str, **more: Any) -> str:
    vpc_id, subnet_ids = first_vpc(consumer)
    where = {"VpcId": vpc_id, "SubnetIds": subnet_ids[:1]} | more
    made = consumer.ec2.create_vpc_endpoint(VpcEndpointType=kind, ServiceName=offered["ServiceName"], **where)
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def connections(provider: Person, **params: Any) -> list[dict[str, Any]]:
    with full_pages():
        return list(provider.ec2.describe_vpc_endpoint_connections(**params)["VpcEndpointConnections"])


def test_a_gateway_load_balancer_endpoint_has_no_names_and_its_connection_has_the_load_balancer() -> None:
    provider, consumer = person(), person()
    offered = service(provider, "GatewayLoadBalancer")
    endpoint_id = connect(consumer, offered, "GatewayLoadBalancer")
    provider.ec2.accept_vpc_endpoint_connections(ServiceId=offered["ServiceId"], VpcEndpointIds=[endpoint_id])
    pass_time(10)

    (connection,) = connections(provider)

    assert offered["ServiceType"] == [{"ServiceType": "GatewayLoadBalancer"}]
    assert (connection["VpcEndpointState"], connection.get("DnsEntries", [])) == ("available", [])
    assert connection["GatewayLoadBalancerArns"]
    assert _NETWORK not in connection


@pytest.mark.parametrize(
    ("kind", "other"), [("Interface", "GatewayLoadBalancer"), ("GatewayLoadBalancer", "Interface")]
)
def test_an_endpoint_of_another_type_than_the_service_s_is_refused(kind: str, other: str) -> None:
    provider, consumer = person(), person()
    offered = service(provider, kind)

    assert refusal(lambda: connect(consumer, offered, other)) == "InvalidParameter"


def test_an_interface_endpoint_may_get_its_names_some_time_after_its_creation() -> None:
    provider, consumer = person(), person()
    offered = service(provider, "Interface")
    with changed(timings={"connection_named": 30.0}):
        connect(consumer, offered, "Interface")

    at_once = connections(provider)[0]["DnsEntries"]
    pass_time(31)

    assert at_once == []
    assert connections(provider)[0]["DnsEntries"]


def test_an_attachment_of_a_transit_gateway_is_a_connection_without_an_endpoint() -> None:
    provider, consumer = person(), person()
    offered = service(provider, "GatewayLoadBalancer")
    attachment_id = attached(provider, offered, consumer)

    (asking,) = connections(provider)
    refused = provider.ec2.accept_vpc_endpoint_connections(**answer(offered, attachment_id))["Unsuccessful"]
    (at_once,) = connections(provider)
    again = provider.ec2.accept_vpc_endpoint_connections(**answer(offered, attachment_id))["Unsuccessful"]
    pass_time(10)

    assert (asking["TransitGatewayAttachmentId"], asking["TransitGatewayAttachmentOwner"]) == (
        attachment_id,
        consumer.account_id,
    )
    assert "VpcEndpointId" not in asking
    assert (refused, at_once["VpcEndpointState"]) == ([], "pending")
    assert [each["ResourceId"] for each in again] == [attachment_id]
    by_id = [{"Name": "transit-gateway-attachment-id", "Values": [attachment_id]}]
    assert [each["VpcEndpointState"] for each in connections(provider, Filters=by_id)] == ["available"]


def attached(provider: Person, offered: dict[str, Any], consumer: Person) -> str:
    """Have a consumer, who is allowed that, attach a transit gateway."""
    allow(provider, offered, consumer, "transit-gateway-attachment")
    return attach_transit_gateway(offered["ServiceId"], consumer.account_id)


def allow(provider: Person, offered: dict[str, Any], consumer: Person, permission_type: Any) -> None:
    provider.ec2.modify_vpc_endpoint_service_permissions(
        ServiceId=offered["ServiceId"],
        AddAllowedPrincipals=[f"arn:aws:iam::{consumer.account_id}:root"],
        PermissionType=permission_type,
    )


def test_whoever_may_create_endpoints_may_not_attach_transit_gateways_unless_that_is_allowed_too() -> None:
    provider, consumer, stranger = person(), person(), person()
    offered = service(provider, "GatewayLoadBalancer")
    allow(provider, offered, consumer, "vpc-endpoint")
    allow(provider, offered, stranger, "transit-gateway-attachment")

    with pytest.raises(PermissionError, match="transit-gateway-attachment"):
        attach_transit_gateway(offered["ServiceId"], consumer.account_id)
    allow(provider, offered, consumer, "transit-gateway-attachment")

    theirs = {attach_transit_gateway(offered["ServiceId"], each.account_id) for each in (consumer, provider)}
    assert states(provider).keys() == theirs


def answer(offered: dict[str, Any], *attachment_ids: str) -> dict[str, Any]:
    """Return what answers attachments: the model requires the list of endpoints, and an empty one is not sent."""
    return {
        "ServiceId": offered["ServiceId"],
        "VpcEndpointIds": [],
        "TransitGatewayAttachmentIds": list(attachment_ids),
    }


def test_an_attachment_that_asks_is_rejected_at_once_and_one_that_is_connected_after_a_while() -> None:
    provider, consumer = person(), person()
    offered = service(provider, "GatewayLoadBalancer")
    asking, connected = (attached(provider, offered, consumer) for _ in range(2))
    provider.ec2.accept_vpc_endpoint_connections(**answer(offered, connected))
    pass_time(10)

    refused = provider.ec2.reject_vpc_endpoint_connections(**answer(offered, asking, connected))["Unsuccessful"]
    at_once = states(provider)
    again = provider.ec2.reject_vpc_endpoint_connections(**answer(offered, connected))["Unsuccessful"]
    pass_time(10)

    assert (refused, at_once) == ([], {asking: "rejected", connected: "available"})
    assert [each["ResourceId"] for each in again] == [connected]
    assert states(provider) == {asking: "rejected", connected: "rejected"}


def states(provider: Person) -> dict[str, str]:
    return {each["TransitGatewayAttachmentId"]: each["VpcEndpointState"] for each in connections(provider)}


def test_an_attachment_that_is_deleted_is_listed_for_an_hour() -> None:
    provider, consumer = person(), person()
    offered = service(provider, "GatewayLoadBalancer")
    attachment_id = attached(provider, offered, consumer)

    detach_transit_gateway(attachment_id)
    at_once = states(provider)
    pass_time(10)
    later = states(provider)
    pass_time(3600)

    assert (at_once, later, states(provider)) == ({attachment_id: "deleting"}, {attachment_id: "deleted"}, {})


def test_endpoints_and_attachments_are_answered_apart_and_attachments_of_gateway_load_balancers_alone() -> None:
    provider, consumer = person(), person()
    offered, elsewhere = service(provider, "GatewayLoadBalancer"), service(provider, "Interface")
    attachment_id = attached(provider, offered, consumer)
    endpoint_id = connect(consumer, offered, "GatewayLoadBalancer")
    accept = provider.ec2.accept_vpc_endpoint_connections

    both = refusal(lambda: accept(**answer(offered, attachment_id) | {"VpcEndpointIds": [endpoint_id]}))
    neither = refusal(lambda: accept(ServiceId=offered["ServiceId"], VpcEndpointIds=[]))
    of_network = refusal(lambda: accept(**answer(elsewhere, attachment_id)))

    assert (both, neither, of_network) == ("InvalidParameterCombination", "MissingParameter", "InvalidParameter")
    with pytest.raises(ValueError, match="Gateway Load Balancers"):
        attach_transit_gateway(elsewhere["ServiceId"], consumer.account_id)


def test_a_connection_tells_who_is_charged_once_that_was_set() -> None:
    provider, consumer = person(), person()
    endpoint_id = connect(consumer, service(provider, "Interface"), "Interface")

    before = connections(provider)[0]
    set_payer(endpoint_id, "vpc-endpoint-service-account")

    assert "PayerResponsibilities" not in before
    assert connections(provider)[0]["PayerResponsibilities"] == [
        {"Scope": "vpc-endpoint-charges", "PayerResponsibilityType": "vpc-endpoint-service-account"}
    ]


@pytest.mark.parametrize(
    ("supported", "asked", "refused"),
    [
        (["ipv4"], "dualstack", "InvalidParameter"),
        (["ipv4"], "ipv6", "InvalidParameter"),
        (["ipv6"], "ipv4", "InvalidParameter"),
        (["ipv4", "ipv6"], "dualstack", ""),
    ],
)
def test_an_endpoint_s_address_type_is_one_of_the_service_s(supported: list[str], asked: str, refused: str) -> None:
    provider, consumer = person(), person()
    offered = service(provider, "Interface", SupportedIpAddressTypes=supported)

    if refused:
        assert refusal(lambda: connect(consumer, offered, "Interface", IpAddressType=asked)) == refused
        return
    connect(consumer, offered, "Interface", IpAddressType=asked, **with_both(consumer))
    assert connections(provider)[0]["IpAddressType"] == asked


def with_both(consumer: Person) -> dict[str, Any]:
    """Make a VPC with a subnet that has addresses of both types."""
    vpc = consumer.ec2.create_vpc(CidrBlock="10.9.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    block = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    subnet = consumer.ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.9.1.0/24", Ipv6CidrBlock=block)["Subnet"]
    return {"VpcId": vpc["VpcId"], "SubnetIds": [subnet["SubnetId"]]}
