"""EC2's endpoint services and the connections to them, as the account sees them that owns the services."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from drawbridge.aws.errors import code_of, translated
from drawbridge.bounds import in_parts
from drawbridge.errors import GoneError
from drawbridge.request import is_attachment
from drawbridge.request.connections import (
    MOST_ANSWERED,
    ConnectionState,
    EndpointConnection,
    LoadBalancer,
    ManagedService,
)

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import FilterTypeDef

MANAGED_TAG = "drawbridge:managed"

_MOST_IN_FILTER = 200
"""Values that one filter takes."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
"""Stands for a creation time that AWS does not give: that turn comes first, and counts for others."""

_ENDPOINT_CHARGES = "vpc-endpoint-charges"
"""The scope of what the endpoint itself costs; there is another one for resource gateways."""

_EVENTS = ["Connect", "Accept", "Reject", "Delete"]


class EndpointServices:
    """The endpoint services that Drawbridge looks after: tagged ``drawbridge:managed = true``, or listed."""

    def __init__(self, ec2: EC2Client, *, listed: Collection[str] = (), topic_arn: str = "") -> None:
        self._ec2 = ec2
        self._listed = frozenset(listed)
        self._topic_arn = topic_arn

    def managed(self) -> list[ManagedService]:
        with translated("list endpoint services"):
            return [
                service
                for page in self._ec2.get_paginator("describe_vpc_endpoint_service_configurations").paginate()
                for each in page["ServiceConfigurations"]
                if (service := self._managed(each)) is not None
            ]

    def managed_service(self, service_id: str) -> ManagedService | None:
        """Return the service, or ``None`` if it does not exist or is not managed."""
        try:
            with translated(f"describe {service_id}"):
                answer = self._ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[service_id])
        except GoneError:
            return None
        return next((service for each in answer["ServiceConfigurations"] if (service := self._managed(each))), None)

    def connections(self) -> list[EndpointConnection]:
        """Return the connections to all services of this account, whoever looks after them: one listing for all."""
        return self._list()

    def of_owner(self, account_id: str) -> list[EndpointConnection]:
        """Return all connections of an account's endpoints to services of this one."""
        return [each for each in self._list(("vpc-endpoint-owner", account_id)) if not is_attachment(each.endpoint_id)]

    def attachments_of(self, account_id: str) -> list[EndpointConnection]:
        """Return all connections of an account's transit gateways: no filter gives these, so that all are listed."""
        return [each for each in self._list() if is_attachment(each.endpoint_id) and each.owner == account_id]

    def connection(self, service_id: str, endpoint_id: str) -> EndpointConnection:
        """Return one connection.

        Raises:
            GoneError: AWS lists no such connection.
        """
        listed = self._list(("service-id", service_id), (id_filter(endpoint_id), endpoint_id))
        found = [each for each in listed if each.endpoint_id == endpoint_id]
        if not found:
            raise GoneError(f"no connection of {endpoint_id} to {service_id} is listed")
        return found[0]

    def listed(self, endpoint_ids: Collection[str]) -> list[EndpointConnection]:
        """Return the connections of these endpoints and attachments, as far as AWS lists any: 200 in a call."""
        return [
            connection
            for name in ("vpc-endpoint-id", "transit-gateway-attachment-id")
            for some in in_parts([each for each in sorted({*endpoint_ids}) if id_filter(each) == name], _MOST_IN_FILTER)
            for connection in self._list((name, some))
            if connection.endpoint_id in some
        ]

    def state(self, service_id: str, endpoint_id: str) -> ConnectionState:
        return self.connection(service_id, endpoint_id).state

    def answer(self, service_id: str, endpoint_ids: list[str], *, accept: bool) -> dict[str, str]:
        """Accept or reject connections of one service; return AWS's reason for each that it did not do.

        The call succeeds as a whole and reports each endpoint's failure in its body, with codes that AWS does not
        document: only another sweep shows what became of an endpoint.

        Endpoints and attachments of transit gateways are answered apart, since EC2 takes one or the other. Its model
        requires the list of endpoints even then, and an empty one is not sent.
        """
        operation: Any = (
            self._ec2.accept_vpc_endpoint_connections if accept else self._ec2.reject_vpc_endpoint_connections
        )
        refused: dict[str, str] = {}
        endpoints = [each for each in endpoint_ids if not is_attachment(each)]
        attachments = [each for each in endpoint_ids if is_attachment(each)]
        chosen = [
            *({"VpcEndpointIds": some} for some in in_parts(endpoints, MOST_ANSWERED)),
            *(
                {"VpcEndpointIds": [], "TransitGatewayAttachmentIds": some}
                for some in in_parts(attachments, MOST_ANSWERED)
            ),
        ]
        with translated(f"answer connections to {service_id}"):
            for some in chosen:
                for item in operation(ServiceId=service_id, **some).get("Unsuccessful", []):
                    error = item.get("Error", {})
                    refused[item.get("ResourceId", "")] = f"{error.get('Code')}: {error.get('Message')}"
        return refused

    def without_notification(self, service_ids: Collection[str]) -> list[str]:
        """Return the services that have no connection notification to our topic."""
        ours: list[FilterTypeDef] = [{"Name": "connection-notification-arn", "Values": [self._topic_arn]}]
        with translated("list connection notifications"):
            having = {
                each.get("ServiceId")
                for page in self._ec2.get_paginator("describe_vpc_endpoint_connection_notifications").paginate(
                    Filters=ours
                )
                for each in page["ConnectionNotificationSet"]
            }
        return sorted(set(service_ids) - having)

    def create_connection_notification(self, service_id: str) -> None:
        """Create the connection notification of a service; one that has it, or is gone, is left alone."""
        with translated(f"have connections to {service_id} notified"):
            try:
                self._ec2.create_vpc_endpoint_connection_notification(
                    ServiceId=service_id, ConnectionNotificationArn=self._topic_arn, ConnectionEvents=_EVENTS
                )
            except ClientError as error:
                # Another sweep was faster; or the service was deleted a moment ago.
                if code_of(error) not in {"DuplicateConnectionNotification", "InvalidVpcEndpointServiceId.NotFound"}:
                    raise

    def _list(self, *filters: tuple[str, str | Sequence[str]]) -> list[EndpointConnection]:
        given = [{"Name": name, "Values": [value] if isinstance(value, str) else [*value]} for name, value in filters]
        chosen: Any = {"Filters": given} if given else {}
        with translated("list endpoint connections"):
            return [
                _connection(each, self._ec2.meta.region_name)
                for page in self._ec2.get_paginator("describe_vpc_endpoint_connections").paginate(**chosen)
                for each in page["VpcEndpointConnections"]
                # What names neither is left out.
                if id_of(each)
            ]

    def _managed(self, each: Any) -> ManagedService | None:
        tags = {tag["Key"]: tag["Value"] for tag in each["Tags"]} if "Tags" in each else None
        service_id = each["ServiceId"]
        is_managed = (tags or {}).get(MANAGED_TAG, "").lower() == "true" or service_id in self._listed
        if not is_managed:
            return None
        return ManagedService(
            service_id=service_id,
            tags=tags,
            name=each.get("ServiceName", ""),
            types=frozenset(kind["ServiceType"] for kind in each.get("ServiceType", []) if kind.get("ServiceType")),
            acceptance_required=each.get("AcceptanceRequired"),
            # EC2 leaves it out of a service that has none.
            private_dns_name=each.get("PrivateDnsName", ""),
        )


def id_filter(endpoint_id: str) -> str:
    """Return the name of EC2's filter for the id of what is connected."""
    return "transit-gateway-attachment-id" if is_attachment(endpoint_id) else "vpc-endpoint-id"


def id_of(each: Any) -> str:
    """Return the id of what is connected, as EC2 lists it: the endpoint's, or the attachment's; empty if neither is."""
    return each.get("VpcEndpointId") or each.get("TransitGatewayAttachmentId") or ""


def _payer(each: Any) -> str:
    """Return who is charged for the endpoint; empty where EC2 does not say it, or says two."""
    payers = {
        entry.get("PayerResponsibilityType", "")
        for entry in each.get("PayerResponsibilities", [])
        if entry.get("Scope") == _ENDPOINT_CHARGES
    }
    return payers.pop() if len(payers) == 1 else ""


def _connection(each: Any, region: str) -> EndpointConnection:
    endpoint_id = id_of(each)
    balancers = {
        LoadBalancer.NETWORK: each.get("NetworkLoadBalancerArns"),
        LoadBalancer.GATEWAY: each.get("GatewayLoadBalancerArns"),
    }
    return EndpointConnection(
        service_id=each.get("ServiceId", ""),
        endpoint_id=endpoint_id,
        owner=each.get("TransitGatewayAttachmentOwner" if is_attachment(endpoint_id) else "VpcEndpointOwner", ""),
        state=ConnectionState.parse(each.get("VpcEndpointState", "")),
        region=each.get("VpcEndpointRegion", ""),
        # EC2 lists the connections to the services of its own Region.
        service_region=region,
        # Lattice's endpoints have it in upper case.
        ip_address_type=each.get("IpAddressType", "").lower(),
        payer=_payer(each),
        asked_at=each.get("CreationTimestamp", _LONG_AGO),
        load_balancers=frozenset(kind for kind, arns in balancers.items() if arns),
        dns_names=tuple(
            (entry["DnsName"], entry.get("HostedZoneId", ""))
            for entry in each.get("DnsEntries", [])
            if entry.get("DnsName")
        ),
    )
