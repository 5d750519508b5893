"""EC2's operations on the connections to one's endpoint services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_aws.services.connection_notifications import notify
from local_aws.services.ec2_answers import ec2_page, filtered
from local_aws.services.endpoint_services import own_service, services
from local_aws.services.endpoint_store import Endpoint, endpoints
from local_aws.services.errors import unsuccessful
from local_aws.services.operations import Call, add_operation
from local_aws.services.timings import timings

_FILTERS = {
    "service-id": lambda row: [row["ServiceId"]],
    "vpc-endpoint-owner": lambda row: [row["VpcEndpointOwner"]],
    "vpc-endpoint-state": lambda row: [row["VpcEndpointState"]],
    "vpc-endpoint-id": lambda row: [row["VpcEndpointId"]],
    "vpc-endpoint-region": lambda row: [row["VpcEndpointRegion"]],
    "ip-address-type": lambda row: [row["IpAddressType"]],
    "transit-gateway-attachment-id": lambda row: [],
}


def install() -> None:
    add_operation("ec2", "DescribeVpcEndpointConnections", _describe)
    add_operation("ec2", "AcceptVpcEndpointConnections", _accept)
    add_operation("ec2", "RejectVpcEndpointConnections", _reject)


def _describe(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    rows = [_row(endpoint) for endpoint in endpoints.values() if _asks_for_service_of(call, endpoint)]
    return ec2_page(call, params, "VpcEndpointConnections", filtered(rows, params.get("Filters") or [], _FILTERS))


def _asks_for_service_of(call: Call, endpoint: Endpoint) -> bool:
    service = endpoint.service
    if service is None or service.id not in services:
        return False
    return (service.owner, service.region) == (call.account_id, call.region)


def _row(endpoint: Endpoint) -> dict[str, Any]:
    service = endpoint.service
    row = {
        "VpcEndpointId": endpoint.id,
        "VpcEndpointOwner": endpoint.owner,
        "VpcEndpointState": endpoint.state,
        "CreationTimestamp": endpoint.created,
        "DnsEntries": endpoint.dns_entries,
        "IpAddressType": endpoint.ip_address_type,
        "VpcEndpointConnectionId": endpoint.connection_id,
        "VpcEndpointRegion": endpoint.region,
        # The tags of a connection are the service owner's own: the endpoint's stay with its owner.
        "Tags": [],
    }
    if service is not None:
        row["ServiceId"] = service.id
        member = "GatewayLoadBalancerArns" if service.gateway_load_balancers else "NetworkLoadBalancerArns"
        row[member] = service.gateway_load_balancers or service.network_load_balancers
    return row


def _accept(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    def accept(endpoint: Endpoint) -> None:
        endpoint.state = "pending"
        endpoint.become("available", timings.connection_accepted)
        notify("Accept", endpoint)

    return _each(call, params, {"pendingAcceptance"}, accept)


def _reject(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    def reject(endpoint: Endpoint) -> None:
        endpoint.state = "rejected"
        notify("Reject", endpoint)

    return _each(call, params, {"pendingAcceptance", "pending", "available"}, reject)


def _each(call: Call, params: dict[str, Any], valid: set[str], act: Callable[[Endpoint], None]) -> dict[str, Any]:
    """Act on each endpoint that is in a valid state; the rest is told in a successful answer."""
    service = own_service(call, params["ServiceId"])
    failed = []
    for endpoint_id in params["VpcEndpointIds"]:
        endpoint = endpoints.get(endpoint_id)
        if endpoint is None or endpoint.service is not service:
            message = f"The Vpc Endpoint Id '{endpoint_id}' does not exist"
            failed.append(unsuccessful(endpoint_id, "InvalidVpcEndpointId.NotFound", message))
        elif endpoint.state not in valid:
            message = f"The connection of {endpoint_id} is {endpoint.state}."
            failed.append(unsuccessful(endpoint_id, "InvalidState", message))
        else:
            act(endpoint)
    return {"Unsuccessful": failed}
