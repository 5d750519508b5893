"""EC2's operations on the connections to the caller's endpoint services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local_aws.moto_extension.errors import unsuccessful
from local_aws.moto_extension.operations import ServiceCall, add_operation
from local_aws.moto_extension.tables import new_id, table
from local_aws.services.ec2.answers import ec2_page, filtered
from local_aws.services.privatelink.connection_notifications import notify
from local_aws.services.privatelink.endpoint_services import EndpointService, own_service, services
from local_aws.services.privatelink.endpoint_store import Endpoint, endpoints
from local_aws.services.timings import timings
from local_aws.time.clock import clock

_FILTERS = {
    "service-id": lambda row: [row["ServiceId"]],
    "vpc-endpoint-owner": lambda row: [row.get("VpcEndpointOwner", "")],
    "vpc-endpoint-state": lambda row: [row["VpcEndpointState"]],
    "vpc-endpoint-id": lambda row: [row.get("VpcEndpointId", "")],
    "vpc-endpoint-region": lambda row: [row.get("VpcEndpointRegion", "")],
    "ip-address-type": lambda row: [row.get("IpAddressType", "")],
    "transit-gateway-attachment-id": lambda row: [row.get("TransitGatewayAttachmentId", "")],
}

attachments = table()
"""By id."""


@dataclass
class Attachment:
    """A transit gateway's attachment with a connection, or a request for one, to an endpoint service."""

    id: str
    owner: str
    service: EndpointService
    state: str
    created: datetime = field(default_factory=clock.now)


def attach(service_id: str, owner: str) -> str:
    """Request a connection to a service for an account's transit gateway; return the attachment's id."""
    service: EndpointService = services[service_id]
    state = "pendingAcceptance" if service.acceptance_required else "available"
    attachment = Attachment(new_id("tgw-attach"), owner, service, state)
    attachments[attachment.id] = attachment
    return attachment.id


def install() -> None:
    add_operation("ec2", "DescribeVpcEndpointConnections", _describe)
    add_operation("ec2", "AcceptVpcEndpointConnections", _accept)
    add_operation("ec2", "RejectVpcEndpointConnections", _reject)


def _describe(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    rows = [_row(endpoint) for endpoint in endpoints.values() if _is_to_service_of(call, endpoint)]
    rows += [_attached(each) for each in attachments.values() if _is_to_service_of(call, each)]
    return ec2_page(call, params, "VpcEndpointConnections", filtered(rows, params.get("Filters") or [], _FILTERS))


def _is_to_service_of(call: ServiceCall, endpoint: Endpoint | Attachment) -> bool:
    # What was rejected is still listed once the service is deleted, which nothing can be done about any more: seen on
    # AWS (github.com/rebuy-de/aws-nuke, issue 1258).
    service = endpoint.service
    return service is not None and (service.owner, service.region) == (call.account_id, call.region)


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
        # A connection's tags are the service owner's; the endpoint's tags are not shown.
        "Tags": [],
    }
    if service is not None:
        row["ServiceId"] = service.id
        member = "GatewayLoadBalancerArns" if service.gateway_load_balancers else "NetworkLoadBalancerArns"
        row[member] = service.gateway_load_balancers or service.network_load_balancers
    return row


def _accept(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    def accept(asking: Endpoint | Attachment) -> None:
        if isinstance(asking, Attachment):
            asking.state = "available"
            return
        asking.state = "pending"
        asking.become("available", timings.connection_accepted)
        notify("Accept", asking)

    return _each(call, params, {"pendingAcceptance"}, accept)


def _reject(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    def reject(asking: Endpoint | Attachment) -> None:
        if isinstance(asking, Attachment):
            asking.state = "rejected"
            return
        asking.reject(timings.connection_rejected)
        notify("Reject", asking)

    return _each(call, params, {"pendingAcceptance", "pending", "available"}, reject)


def _attached(attachment: Attachment) -> dict[str, Any]:
    return {
        "ServiceId": attachment.service.id,
        "VpcEndpointState": attachment.state,
        "CreationTimestamp": attachment.created,
        "TransitGatewayAttachmentId": attachment.id,
        "TransitGatewayAttachmentOwner": attachment.owner,
        "Tags": [],
    }


def _each(
    call: ServiceCall, params: dict[str, Any], valid: set[str], act: Callable[[Endpoint | Attachment], None]
) -> dict[str, Any]:
    """Act on the endpoints in a valid state, and list the others as unsuccessful in a successful answer."""
    service = own_service(call, params["ServiceId"])
    failed = []
    for asking_id in [*params["VpcEndpointIds"], *(params.get("TransitGatewayAttachmentIds") or [])]:
        asking = endpoints.get(asking_id) or attachments.get(asking_id)
        if asking is None or asking.service is not service:
            message = f"The Vpc Endpoint Id '{asking_id}' does not exist"
            failed.append(unsuccessful(asking_id, "InvalidVpcEndpointId.NotFound", message))
        elif asking.state not in valid or _is_rejected(asking):
            message = f"The connection of {asking_id} is {asking.state}."
            failed.append(unsuccessful(asking_id, "InvalidState", message))
        else:
            act(asking)
    return {"Unsuccessful": failed}


def _is_rejected(asking: Endpoint | Attachment) -> bool:
    return isinstance(asking, Endpoint) and asking.is_rejected
