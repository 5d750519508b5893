"""VPC endpoints of all accounts, with the peculiarities of their states."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from moto.ec2.models import ec2_backends

from local_aws.moto_extension.tables import later, new_id, table
from local_aws.services.lattice import network_store, store
from local_aws.services.lattice.network_store import ZONE, mark
from local_aws.services.privatelink.endpoint_services import EndpointService
from local_aws.services.timings import timings
from local_aws.time.clock import clock

ZONE_OF_INTERFACE: Final = "Z7HUB22UULQXV"
"""The hosted zone of Interface endpoints' names: us-east-1's for all Regions, unlike on AWS."""
_PASCAL: Final = frozenset({"Resource", "ServiceNetwork"})
UP: Final = frozenset({"pending", "available"})
LIVE: Final = UP | {"pendingAcceptance"}

endpoints = table()
"""By id."""


@dataclass
class Endpoint:
    """A VPC endpoint. ``state`` is camelCase here; ``describe`` has AWS's spelling for the endpoint's type."""

    id: str
    kind: str
    owner: str
    region: str
    vpc_id: str
    subnet_ids: list[str]
    groups: list[dict[str, str]]
    network_interface_ids: list[str]
    ip_address_type: str
    private_dns_enabled: bool
    dns_options: dict[str, Any]
    policy: str
    service_name: str | None = None
    service: EndpointService | None = None
    target_arn: str | None = None
    """The resource configuration, or the service network."""
    state: str = "pending"
    failure: str | None = None
    dns_entries: list[dict[str, str]] = field(default_factory=list)
    created: datetime = field(default_factory=clock.now)
    connection_id: str = field(default_factory=lambda: new_id("vpce-con"))
    fails: bool = False
    """Whether it becomes ``failed`` instead of ``available``."""
    resource_association_id: str = field(default_factory=lambda: new_id("rea"))
    """For a Resource endpoint, the id of the provider's association, one for a whole group."""
    resource_association_tags: dict[str, str] = field(default_factory=dict)
    cut_off: bool = False
    """Whether the provider has deleted its association."""
    is_rejected: bool = False
    """Whether the provider has rejected it, which the state shows later if it was connected."""
    associations: dict[str, EndpointAssociation] = field(default_factory=dict)
    """By the key of the target."""

    @property
    def tags(self) -> list[dict[str, str]]:
        kept = ec2_backends[self.owner][self.region].tags.get(self.id, {})
        return [{"Key": key, "Value": value} for key, value in kept.items()]

    @property
    def shown_state(self) -> str:
        """Interface endpoints show ``pendingAcceptance``, the Lattice ones ``Pending``."""
        return self.state[0].upper() + self.state[1:] if self.kind in _PASCAL else self.state

    @property
    def is_attached(self) -> bool:
        """Whether it is associated with its target, as providers and owners of service networks see it.

        That it is while it is being deleted, and as a failed ServiceNetwork endpoint, is the stricter guess.
        """
        if self.kind == "Resource":
            return self.state in UP | {"deleting"} and not self.cut_off
        return self.state != "deleted"

    def describe(self) -> dict[str, Any]:
        shown = {
            "VpcEndpointId": self.id,
            "VpcEndpointType": self.kind,
            "VpcId": self.vpc_id,
            "State": self.shown_state,
            "SubnetIds": self.subnet_ids,
            "Groups": self.groups,
            "NetworkInterfaceIds": self.network_interface_ids,
            "IpAddressType": self.ip_address_type.upper() if self.kind in _PASCAL else self.ip_address_type,
            "PrivateDnsEnabled": self.private_dns_enabled,
            "DnsOptions": self.dns_options,
            "DnsEntries": self.dns_entries,
            "RequesterManaged": False,
            "CreationTimestamp": self.created,
            "Tags": self.tags,
            "OwnerId": self.owner,
            "RouteTableIds": [],
        }
        if self.service_name:
            region = self.service.region if self.service else self.region
            shown |= {"ServiceName": self.service_name, "PolicyDocument": self.policy, "ServiceRegion": region}
        if self.target_arn:
            member = "ResourceConfigurationArn" if self.kind == "Resource" else "ServiceNetworkArn"
            shown[member] = self.target_arn
        if self.failure:
            shown |= {"FailureReason": self.failure, "LastError": {"Code": "InternalError", "Message": self.failure}}
        return shown

    def assign_names(self, entries: list[dict[str, str]]) -> None:
        self.dns_entries = entries

    def become(self, state: str, seconds: float, after: Callable[[], None] | None = None) -> None:
        """Change the state after a while, unless something else has changed it by then."""
        before = self.state

        def reach() -> None:
            if self.state == before and endpoints.get(self.id) is self and not self.is_rejected:
                if state == "available" and self.fails:
                    self.state, self.failure = "failed", "The endpoint could not be created."
                    return
                self.state = state
                if after:
                    after()

        later(seconds, reach)

    def reject(self, seconds: float) -> None:
        """Become ``rejected``: a request at once, what is connected after a while, in which its state stays.

        AWS has no state for what is being rejected, and does not say how long it takes.
        """
        self.is_rejected = True
        if self.state not in UP:
            self.state = "rejected"
            return

        def reach() -> None:
            if self.state in UP:
                self.state = "rejected"

        later(seconds, reach)


@dataclass(frozen=True)
class Target:
    """One resource or service that an endpoint leads to, in its present state."""

    key: str
    arn: str
    host: str
    """The first part of the DNS name, which depends on the kind of association."""
    area: str = "vpc-lattice-rsc"
    usable: bool = True
    failure: str | None = None
    group_arn: str | None = None
    network_arn: str | None = None
    network_name: str | None = None
    private_name: str | None = None


@dataclass
class EndpointAssociation:
    """An endpoint's association with a target, which alone shows the DNS name."""

    endpoint: Endpoint
    target: Target
    id: str = field(default_factory=lambda: new_id("vpce-rsc-asc"))
    accessibility: str = "Pending"
    dns_name: str | None = None
    created: datetime = field(default_factory=clock.now)

    def describe(self) -> dict[str, Any]:
        target = self.target
        shown: dict[str, Any] = {
            "Id": self.id,
            "VpcEndpointId": self.endpoint.id,
            "AssociatedResourceAccessibility": self.accessibility,
            "AssociatedResourceArn": target.arn,
            "Tags": [],
        }
        optional = {
            "ServiceNetworkArn": target.network_arn,
            "ServiceNetworkName": target.network_name,
            "ResourceConfigurationGroupArn": target.group_arn,
        }
        shown |= {name: value for name, value in optional.items() if value}
        if target.failure:
            shown |= {"FailureReason": target.failure, "FailureCode": "ResourceConfigurationNotActive"}
        if self.dns_name:
            shown["DnsEntry"] = {"DnsName": self.dns_name, "HostedZoneId": ZONE}
            if target.private_name:
                shown["PrivateDnsEntry"] = {"DnsName": target.private_name, "HostedZoneId": ZONE}
        return shown

    def become_usable(self) -> None:
        """Make it accessible now, and give it a DNS name some time later."""
        self.accessibility = "Accessible"

        def name() -> None:
            self.dns_name = (
                f"{self.target.host}.{mark(self.endpoint.id)}.{self.target.area}.{self.endpoint.region}.on.aws"
            )

        later(timings.endpoint_dns_entry, name)


def attached_to(arn: str) -> list[Endpoint]:
    """Return the endpoints that lead to a resource configuration or service network."""
    return [endpoint for endpoint in endpoints.values() if endpoint.target_arn == arn and endpoint.is_attached]


store.attachments.append(lambda configuration: bool(attached_to(configuration.arn)))
network_store.attachments.append(lambda network: bool(attached_to(network.arn)))


def interface_names(endpoint_id: str, host: str, zones: list[str]) -> list[dict[str, str]]:
    """Return an Interface endpoint's DNS names: one for the Region, one for each zone."""
    first = f"{endpoint_id}-{secrets.token_hex(4)}"
    names = [f"{first}.{host}", *(f"{first}-{zone}.{host}" for zone in zones)]
    return [{"DnsName": name, "HostedZoneId": ZONE_OF_INTERFACE} for name in names]
