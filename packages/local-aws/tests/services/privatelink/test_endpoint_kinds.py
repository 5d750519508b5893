"""Connections to endpoint services on the local AWS by Gateway Load Balancer endpoints and transit gateways."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.services.privatelink import endpoint_connections
from local_aws.testing.settings import changed
from local_aws_tests.accounts import REGION, Person, full_pages, person, refusal
from local_aws_tests.sharing import first_vpc, pass_time


def service(provider: Person, kind: str) -> dict[str, Any]:
    """Offer a service on a Gateway or a Network Load Balancer to everybody."""
    member, short = ("GatewayLoadBalancerArns", "gwy") if kind == "GatewayLoadBalancer" else (_NETWORK, "net")
    balancer = f"arn:aws:elasticloadbalancing:{REGION}:{provider.account_id}:loadbalancer/{short}/lb/0123456789abcdef"
    made = provider.ec2.create_vpc_endpoint_service_configuration(**{member: [balancer]})["ServiceConfiguration"]
    provider.ec2.modify_vpc_endpoint_service_permissions(ServiceId=made["ServiceId"], AddAllowedPrincipals=["*"])
    return dict(made)


_NETWORK = "NetworkLoadBalancerArns"


def connect(consumer: Person, offered: dict[str, Any], kind: str) -> str:
    vpc_id, subnet_ids = first_vpc(consumer)
    made = consumer.ec2.create_vpc_endpoint(
        VpcEndpointType=kind, VpcId=vpc_id, SubnetIds=subnet_ids[:1], ServiceName=offered["ServiceName"]
    )
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
    attachment_id = endpoint_connections.attach(offered["ServiceId"], consumer.account_id)

    (asking,) = connections(provider)
    answer: dict[str, Any] = {
        "ServiceId": offered["ServiceId"],
        # The model requires one, and the query protocol has no empty list.
        "VpcEndpointIds": ["vpce-00000000000000000"],
        "TransitGatewayAttachmentIds": [attachment_id],
    }
    refused = provider.ec2.accept_vpc_endpoint_connections(**answer)["Unsuccessful"]
    again = provider.ec2.accept_vpc_endpoint_connections(**answer)["Unsuccessful"]

    assert (asking["TransitGatewayAttachmentId"], asking["TransitGatewayAttachmentOwner"]) == (
        attachment_id,
        consumer.account_id,
    )
    assert "VpcEndpointId" not in asking
    assert [each["ResourceId"] for each in refused] == ["vpce-00000000000000000"]
    assert [each["ResourceId"] for each in again] == ["vpce-00000000000000000", attachment_id]
    by_id = [{"Name": "transit-gateway-attachment-id", "Values": [attachment_id]}]
    assert [each["VpcEndpointState"] for each in connections(provider, Filters=by_id)] == ["available"]
