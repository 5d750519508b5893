"""EC2's operations on the connections to the caller's endpoint services."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local_aws.moto_extension.errors import AwsError, unsuccessful
from local_aws.moto_extension.operations import ServiceCall, add_operation
from local_aws.moto_extension.tables import later, new_id, table
from local_aws.services.ec2.answers import ec2_page, filtered
from local_aws.services.privatelink.connection_notifications import notify
from local_aws.services.privatelink.endpoint_services import (
    FOR_ATTACHMENTS,
    EndpointService,
    own_service,
    services,
)
from local_aws.services.privatelink.endpoint_store import LIVE, UP, Endpoint, endpoints
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


payers = table()
"""Who is charged for an endpoint, by its id, where that was ever set."""


@dataclass
class Attachment:
    """A transit gateway's attachment with a connection, or a request for one, to an endpoint service."""

    id: str
    owner: str
    service: EndpointService
    state: str
    created: datetime = field(default_factory=clock.now)
    is_rejected: bool = False
    """Whether the provider has rejected it, which the state shows later if it was connected."""

    def become(self, state: str, seconds: float) -> None:
        """Change the state after a while, unless something else has changed it by then."""
        before = self.state

        def reach() -> None:
            if self.state == before and not self.is_rejected:
                self.state = state

        later(seconds, reach)

    def accept(self) -> None:
        self.state = "pending"
        self.become("available", timings.connection_accepted)

    def reject(self) -> None:
        """Become ``rejected``: a request at once, what is connected after a while, as an endpoint does."""
        self.is_rejected = True
        if self.state not in UP:
            self.state = "rejected"
            return

        def reach() -> None:
            if self.state in UP:
                self.state = "rejected"

        later(timings.connection_rejected, reach)


def attach(service_id: str, owner: str) -> str:
    """Request a connection to a service for an account's transit gateway; return the attachment's id.

    Raises:
        ValueError: the service is not one of Gateway Load Balancers.
        PermissionError: the service allows the account no attachments.
    """
    service: EndpointService = services[service_id]
    if service.kind != "GatewayLoadBalancer":
        raise ValueError(f"a transit gateway attaches to services of Gateway Load Balancers, which {service_id} is not")
    if not service.admits_attachments_of(owner):
        raise PermissionError(f"{service_id} allows account {owner} no attachments: {FOR_ATTACHMENTS} is a permission")
    state = "pendingAcceptance" if service.acceptance_required else "available"
    attachment = Attachment(new_id("tgw-attach"), owner, service, state)
    attachments[attachment.id] = attachment
    return attachment.id


def detach(attachment_id: str) -> None:
    """Delete an attachment, which is listed for some time as an endpoint is."""
    attachment: Attachment = attachments[attachment_id]
    attachment.state = "deleting"

    def finish() -> None:
        attachment.state = "deleted"
        later(timings.deleted_endpoint_listed, lambda: attachments.pop(attachment_id, None), background=True)

    later(timings.endpoint_deleted, finish)


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
    if endpoint.id in payers:
        charged = {"Scope": "vpc-endpoint-charges", "PayerResponsibilityType": payers[endpoint.id]}
        row["PayerResponsibilities"] = [charged]
    if service is not None:
        row["ServiceId"] = service.id
        member = "GatewayLoadBalancerArns" if service.gateway_load_balancers else "NetworkLoadBalancerArns"
        row[member] = service.gateway_load_balancers or service.network_load_balancers
    return row


def _accept(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    def accept(asking: Endpoint | Attachment) -> None:
        if isinstance(asking, Attachment):
            asking.accept()
            return
        asking.state = "pending"
        asking.become("available", timings.connection_accepted)
        notify("Accept", asking)

    return _each(call, params, {"pendingAcceptance"}, accept)


def _reject(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    def reject(asking: Endpoint | Attachment) -> None:
        if isinstance(asking, Attachment):
            asking.reject()
            return
        asking.reject(timings.connection_rejected)
        notify("Reject", asking)

    return _each(call, params, LIVE, reject)


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
    call: ServiceCall, params: dict[str, Any], valid: Collection[str], act: Callable[[Endpoint | Attachment], None]
) -> dict[str, Any]:
    """Act on the endpoints in a valid state, and list the others as unsuccessful in a successful answer."""
    asking_ids = _asking_ids(params)
    service = own_service(call, params["ServiceId"])
    if params.get("TransitGatewayAttachmentIds") and service.kind != "GatewayLoadBalancer":
        message = "TransitGatewayAttachmentIds is supported only for Gateway Load Balancer endpoint services."
        raise AwsError("InvalidParameter", message)
    failed = []
    for asking_id in asking_ids:
        asking = endpoints.get(asking_id) or attachments.get(asking_id)
        if asking is None or asking.service is not service:
            message = f"The Vpc Endpoint Id '{asking_id}' does not exist"
            failed.append(unsuccessful(asking_id, "InvalidVpcEndpointId.NotFound", message))
        elif asking.state not in valid or asking.is_rejected:
            message = f"The connection of {asking_id} is {asking.state}."
            failed.append(unsuccessful(asking_id, "InvalidState", message))
        else:
            act(asking)
    return {"Unsuccessful": failed}


def _asking_ids(params: dict[str, Any]) -> list[str]:
    """Return the ids that are to be answered: of endpoints or of attachments, as the model documents.

    It requires the list of endpoints even for attachments, and the query protocol has no empty list: it is not there.
    """
    asking_endpoints = list(params.get("VpcEndpointIds") or [])
    asking_attachments = list(params.get("TransitGatewayAttachmentIds") or [])
    if asking_endpoints and asking_attachments:
        message = "Specify either VpcEndpointIds or TransitGatewayAttachmentIds, but not both."
        raise AwsError("InvalidParameterCombination", message)
    if not asking_endpoints and not asking_attachments:
        message = "The request must contain the parameter VpcEndpointIds or TransitGatewayAttachmentIds"
        raise AwsError("MissingParameter", message)
    return asking_endpoints or asking_attachments
