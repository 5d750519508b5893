"""EC2's endpoint services and the connections to them, as the account sees them that owns the services."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from drawbridge.aws.errors import code_of, translated
from drawbridge.errors import GoneError
from drawbridge.request.connections import ConnectionState, EndpointConnection, LoadBalancer, ManagedService

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import FilterTypeDef

MANAGED_TAG = "drawbridge:managed"

_MOST_AT_ONCE = 25
"""Endpoints in one call to accept or reject: the API documents no maximum."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
"""Stands for a creation time that AWS does not give: that turn comes first, and counts for others."""

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
        """Return the connections to all services of this account, whoever looks after them: one listing for all.

        Those of transit gateways' attachments are among them, which have no endpoint.
        """
        return self._list()

    def of_owner(self, account_id: str) -> list[EndpointConnection]:
        """Return all connections of an account's endpoints to services of this one."""
        return [each for each in self._list(("vpc-endpoint-owner", account_id)) if each.endpoint_id]

    def connection(self, service_id: str, endpoint_id: str) -> EndpointConnection:
        """Return one connection.

        Raises:
            GoneError: AWS lists no such connection.
        """
        listed = self._list(("service-id", service_id), ("vpc-endpoint-id", endpoint_id))
        found = [each for each in listed if each.endpoint_id == endpoint_id]
        if not found:
            raise GoneError(f"no connection of {endpoint_id} to {service_id} is listed")
        return found[0]

    def state(self, service_id: str, endpoint_id: str) -> ConnectionState:
        return self.connection(service_id, endpoint_id).state

    def answer(self, service_id: str, endpoint_ids: list[str], *, accept: bool) -> dict[str, str]:
        """Accept or reject connections of one service; return AWS's reason for each that it did not do.

        The call succeeds as a whole and reports each endpoint's failure in its body, with codes that AWS does not
        document: only another sweep shows what became of an endpoint.
        """
        operation: Any = (
            self._ec2.accept_vpc_endpoint_connections if accept else self._ec2.reject_vpc_endpoint_connections
        )
        refused: dict[str, str] = {}
        with translated(f"answer connections to {service_id}"):
            for start in range(0, len(endpoint_ids), _MOST_AT_ONCE):
                some = endpoint_ids[start : start + _MOST_AT_ONCE]
                for item in operation(ServiceId=service_id, VpcEndpointIds=some).get("Unsuccessful", []):
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

    def _list(self, *filters: tuple[str, str]) -> list[EndpointConnection]:
        chosen: Any = {"Filters": [{"Name": name, "Values": [value]} for name, value in filters]} if filters else {}
        with translated("list endpoint connections"):
            return [
                _connection(each)
                for page in self._ec2.get_paginator("describe_vpc_endpoint_connections").paginate(**chosen)
                for each in page["VpcEndpointConnections"]
                # What names neither is left out.
                if each.get("VpcEndpointId") or each.get("TransitGatewayAttachmentId")
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


def _connection(each: Any) -> EndpointConnection:
    endpoint_id = each.get("VpcEndpointId") or ""
    balancers = {
        LoadBalancer.NETWORK: each.get("NetworkLoadBalancerArns"),
        LoadBalancer.GATEWAY: each.get("GatewayLoadBalancerArns"),
    }
    return EndpointConnection(
        service_id=each.get("ServiceId", ""),
        endpoint_id=endpoint_id,
        transit_gateway_attachment_id="" if endpoint_id else each["TransitGatewayAttachmentId"],
        owner=each.get("VpcEndpointOwner" if endpoint_id else "TransitGatewayAttachmentOwner", ""),
        state=ConnectionState.parse(each.get("VpcEndpointState", "")),
        region=each.get("VpcEndpointRegion", ""),
        asked_at=each.get("CreationTimestamp", _LONG_AGO),
        load_balancers=frozenset(kind for kind, arns in balancers.items() if arns),
        dns_names=tuple(
            (entry["DnsName"], entry.get("HostedZoneId", ""))
            for entry in each.get("DnsEntries", [])
            if entry.get("DnsName")
        ),
    )
