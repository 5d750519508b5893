"""A service network's associations with services and with resource configurations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from local_aws.moto_extension.tables import later, new_id, table
from local_aws.services.lattice.domains import status_of
from local_aws.services.lattice.kinds import leaves
from local_aws.services.lattice.network_associations import NetworkAssociation
from local_aws.services.lattice.network_store import ZONE, Service, mark
from local_aws.services.lattice.store import LatticeResource, attachments
from local_aws.services.timings import timings

service_associations = table()
resource_associations = table()
"""By id, without those of a group's children."""

_parts = table()
"""The associations of children, by the id of the group's association and the child's id."""

_CONTAINERS = frozenset({"GROUP", "ARN"})
_OWN_STATUSES = frozenset({"CREATE_IN_PROGRESS", "CREATE_FAILED", "DELETE_IN_PROGRESS"})
"""Statuses of a child that its association shows; otherwise it has the status of the group's association."""
UP = frozenset({"ACTIVE", "DELETE_IN_PROGRESS", "DELETE_FAILED"})
"""An association still works while it is being deleted."""


@dataclass(kw_only=True)
class ServiceAssociation(NetworkAssociation):
    """A service in a service network."""

    service: Service

    kind: ClassVar[str] = "SERVICE_NETWORK_SERVICE_ASSOCIATION"
    name: ClassVar[str] = "ServiceNetworkServiceAssociation"

    @property
    def other_owner(self) -> str:
        return self.service.owner

    def describe(self, account_id: str) -> dict[str, Any]:
        shown = super().describe(account_id) | {
            "serviceId": self.service.id,
            "serviceArn": self.service.arn,
            "serviceName": self.service.name,
            "dnsEntry": self.service.dns_entry,
        }
        return shown | ({"customDomainName": self.service.custom_domain} if self.service.custom_domain else {})


@dataclass(kw_only=True)
class ResourceAssociation(NetworkAssociation):
    """A resource configuration in a service network; or, inside the association of a group, one of its children."""

    configuration: LatticeResource
    private_dns: bool
    managed: bool = False
    """Made by an AWS service, such as EventBridge for a connection."""
    named: bool = False
    naming: bool = False

    kind: ClassVar[str] = "SERVICE_NETWORK_RESOURCE_ASSOCIATION"
    name: ClassVar[str] = "ServiceNetworkResourceAssociation"

    @property
    def other_owner(self) -> str:
        return self.configuration.owner

    @property
    def is_container(self) -> bool:
        return self.configuration.shown["type"] in _CONTAINERS

    @property
    def shown_status(self) -> str:
        """PARTIAL while some children of a group can't be used."""
        if self.status == "ACTIVE" and self.is_container and not all(part.is_usable for part in parts(self)):
            return "PARTIAL"
        return self.status

    @property
    def is_usable(self) -> bool:
        return self.status in UP

    def describe(self, account_id: str) -> dict[str, Any]:
        configuration = self.configuration
        shown = super().describe(account_id) | {
            "resourceConfigurationId": configuration.id,
            "resourceConfigurationArn": configuration.arn,
            "resourceConfigurationName": configuration.shown["name"],
            "privateDnsEnabled": self.private_dns,
            "isManagedAssociation": self.managed,
        }
        custom_name = configuration.shown.get("customDomainName")
        if self.named and not self.is_container:
            shown["dnsEntry"] = {"domainName": self.dns_name, "hostedZoneId": ZONE}
            if self.private_dns and custom_name:
                shown["privateDnsEntry"] = {"domainName": custom_name, "hostedZoneId": ZONE}
        verification = status_of(configuration)
        return shown | ({"domainVerificationStatus": verification} if verification else {})

    @property
    def dns_name(self) -> str:
        """The name in VPCs that are associated with the network; it does not resolve through an endpoint."""
        host = f"{self.id}.{self.configuration.id}"
        return f"{host}.{mark(self.network.id)}.vpc-lattice-rsc.{self.region}.on.aws"

    def event_resource(self, account_id: str) -> tuple[str, str]:
        """Return the configuration for its owner, the association for the network's owner.

        The example event in EventBridge's user guide has it so.
        """
        if account_id == self.configuration.owner:
            return "AWS::VpcLattice::ResourceConfiguration", self.configuration.arn
        return super().event_resource(account_id)

    def assign_name(self) -> None:
        """Assign the DNS name after a while; calling it again changes nothing."""
        if self.naming:
            return
        self.naming = True

        def name() -> None:
            self.named = True

        later(timings.endpoint_dns_entry, name)


def parts(association: ResourceAssociation) -> list[ResourceAssociation]:
    """Return the association itself, or for a group those of its present children."""
    if not association.is_container:
        return [association]
    if association.status not in UP:
        return []
    return [_part(association, child) for child in leaves(association.configuration)]


def _part(group: ResourceAssociation, child: LatticeResource) -> ResourceAssociation:
    key = (group.id, child.id)
    if key not in _parts:
        _parts[key] = ResourceAssociation(
            id=new_id("snra"),
            creator=group.creator,
            region=group.region,
            partition=group.partition,
            network=group.network,
            tags={},
            configuration=child,
            private_dns=group.private_dns,
            managed=group.managed,
        )
    part: ResourceAssociation = _parts[key]
    part.status = child.status if child.status in _OWN_STATUSES else group.status
    if part.status == "CREATE_FAILED":
        part.failure = f"The resource configuration {child.id} is in state {child.status}."
    if part.is_usable:
        part.assign_name()
    return part


def part_of(account_id: str, identifier: str) -> ResourceAssociation | None:
    """Return the association of a present child by its id or ARN, among those that the account sees."""
    part_id = identifier.rpartition("/")[2]
    group_id = next((group_id for (group_id, _), part in _parts.items() if part.id == part_id), None)
    found = parts(resource_associations[group_id]) if group_id in resource_associations else []
    return next((each for each in found if each.id == part_id and each.is_seen_by(account_id)), None)


def gone(association: ResourceAssociation) -> None:
    """Forget the children's associations together with the group's."""
    for key in [key for key in _parts if key[0] == association.id]:
        del _parts[key]


def _is_associated(configuration: LatticeResource) -> bool:
    return any(each.configuration is configuration for each in resource_associations.values())


attachments.append(_is_associated)
