"""EC2's endpoint services and the connections to them, as the account sees them that owns the services."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from drawbridge.aws.errors import code_of, translated
from drawbridge.aws.pages import pages
from drawbridge.errors import GoneError
from drawbridge.request.connections import Connection, ConnectionState, ManagedService

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

MANAGED_TAG = "drawbridge:managed"

_MOST_AT_ONCE = 25
"""Endpoints in one call to accept or reject: the API documents no most."""

_EVENTS = ["Connect", "Accept", "Reject", "Delete"]


class EndpointServices:
    """The endpoint services that Drawbridge looks after: tagged ``drawbridge:managed = true``, or listed."""

    def __init__(self, ec2: EC2Client, *, region: str, listed: Collection[str] = (), topic_arn: str = "") -> None:
        self._ec2 = ec2
        self._region = region
        self._listed = frozenset(listed)
        self._topic_arn = topic_arn

    def managed(self) -> list[ManagedService]:
        with translated("list endpoint services"):
            return [
                service
                for page in pages(self._ec2.describe_vpc_endpoint_service_configurations, marker="NextToken")
                for each in page["ServiceConfigurations"]
                if (service := self._managed(each)) is not None
            ]

    def managed_service(self, service_id: str) -> ManagedService | None:
        """Give the service, or ``None`` if it does not exist or nobody wants it looked after."""
        try:
            with translated(f"describe {service_id}"):
                answer = self._ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[service_id])
        except GoneError:
            return None
        return next((service for each in answer["ServiceConfigurations"] if (service := self._managed(each))), None)

    def connections(self) -> list[Connection]:
        """Give the connections to all services of this account, whoever looks after them: one listing for all."""
        return self._list()

    def of_owner(self, account_id: str) -> list[Connection]:
        """Give all connections of an account's endpoints to services of this one."""
        return self._list(("vpc-endpoint-owner", account_id))

    def connection(self, service_id: str, endpoint_id: str) -> Connection:
        """Give one connection.

        Raises:
            GoneError: AWS lists no such connection.
        """
        found = self._list(("service-id", service_id), ("vpc-endpoint-id", endpoint_id))
        if not found:
            raise GoneError(f"no connection of {endpoint_id} to {service_id} is listed")
        return found[0]

    def state(self, service_id: str, endpoint_id: str) -> ConnectionState:
        return self.connection(service_id, endpoint_id).state

    def answer(self, service_id: str, endpoint_ids: list[str], *, accept: bool) -> dict[str, str]:
        """Accept or reject connections of one service; give AWS's reason for each that it did not do.

        The call succeeds as a whole and reports each endpoint's failure in its body, with codes that AWS does not
        document: what became of an endpoint, only another look tells.
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
        """Give the services that have no connection notification to our topic."""
        ours = [{"Name": "connection-notification-arn", "Values": [self._topic_arn]}]
        with translated("list connection notifications"):
            having = {
                each.get("ServiceId")
                for page in pages(
                    self._ec2.describe_vpc_endpoint_connection_notifications, marker="NextToken", Filters=ours
                )
                for each in page["ConnectionNotificationSet"]
            }
        return sorted(set(service_ids) - having)

    def notify_of(self, service_id: str) -> None:
        """Give a service its connection notification; one that has it, or is gone, is left alone."""
        with translated(f"have connections to {service_id} notified"):
            try:
                self._ec2.create_vpc_endpoint_connection_notification(
                    ServiceId=service_id, ConnectionNotificationArn=self._topic_arn, ConnectionEvents=_EVENTS
                )
            except ClientError as error:
                # Another look was faster; or the service was deleted a moment ago.
                if code_of(error) not in {"DuplicateConnectionNotification", "InvalidVpcEndpointServiceId.NotFound"}:
                    raise

    def _list(self, *filters: tuple[str, str]) -> list[Connection]:
        chosen = [{"Name": name, "Values": [value]} for name, value in filters]
        with translated("list endpoint connections"):
            return [
                self._connection(each)
                for page in pages(
                    self._ec2.describe_vpc_endpoint_connections,
                    marker="NextToken",
                    **({"Filters": chosen} if chosen else {}),
                )
                for each in page["VpcEndpointConnections"]
                # A transit gateway's attachment is a connection without an endpoint.
                if each.get("VpcEndpointId")
            ]

    def _managed(self, each: Any) -> ManagedService | None:
        tags = {tag["Key"]: tag["Value"] for tag in each.get("Tags", [])}
        service_id = each["ServiceId"]
        wanted = tags.get(MANAGED_TAG, "").lower() == "true" or service_id in self._listed
        if not wanted:
            return None
        return ManagedService(
            service_id=service_id,
            tags=tags,
            name=each["ServiceName"],
            acceptance_required=each["AcceptanceRequired"],
            private_dns_name=each.get("PrivateDnsName", ""),
        )

    def _connection(self, each: Any) -> Connection:
        return Connection(
            service_id=each["ServiceId"],
            endpoint_id=each["VpcEndpointId"],
            owner=each["VpcEndpointOwner"],
            state=ConnectionState.parse(each["VpcEndpointState"]),
            region=each.get("VpcEndpointRegion") or self._region,
            asked_at=each["CreationTimestamp"],
            dns_names=tuple((entry["DnsName"], entry.get("HostedZoneId", "")) for entry in each.get("DnsEntries", [])),
        )
