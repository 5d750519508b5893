"""What can be done towards an attachment: each action carries all that it takes, and is printed in a line."""

from typing import assert_never

import msgspec
from msgspec import Struct

from drawbridge.association import AttachedResource, EndpointPlacement, PrivateDnsOptions, VpcAssociationSettings
from drawbridge.association.observed_attachment import (
    Endpoint,
    EndpointTarget,
    ObservedAttachment,
    ObservedServiceNetwork,
    Part,
    ResourceAssociation,
    ServiceNetworkVpcAssociation,
    State,
)
from drawbridge.lattice import PrivateDns

_NEW = "(new)"
"""Stands for an id that AWS has not given yet."""
_OPEN = "open to the whole VPC: no security groups are named"


class CreateServiceNetwork(Struct, frozen=True):
    """Make a service network, not shareable: only so does it take resources as their owners share them."""

    name: str
    attempt: int

    def __str__(self) -> str:
        return f"create service network {self.name}"


class CreateResourceAssociation(Struct, frozen=True):
    """Associate a resource or a service with a service network."""

    network: ObservedServiceNetwork
    resource: AttachedResource
    private_dns: bool
    attempt: int

    def __str__(self) -> str:
        private = ", with private DNS" if self.private_dns else ""
        return f"associate {self.resource.arn} with service network {self.network.name}{private}"


class DeleteResourceAssociation(Struct, frozen=True):
    """Delete an association that failed: it would be in the way of another one."""

    association_id: str
    failure: str

    def __str__(self) -> str:
        return f"delete {self.association_id}, which failed: {self.failure or 'AWS gives no reason'}"


class CreateVpcAssociation(Struct, frozen=True):
    """Associate a VPC with a service network."""

    network: ObservedServiceNetwork
    vpc_id: str
    settings: VpcAssociationSettings
    attempt: int

    def __str__(self) -> str:
        groups = self.settings.security_group_ids
        through = f"through {', '.join(groups)}" if groups else _OPEN
        return f"associate {self.vpc_id} with service network {self.network.name}, {through}"


class UpdateVpcAssociation(Struct, frozen=True):
    """Change the security groups or the private DNS of a VPC's association."""

    association: ServiceNetworkVpcAssociation
    why: str
    settings: VpcAssociationSettings
    """The settings that it is to have."""

    def __str__(self) -> str:
        return f"change {self.association.id}: {self.why}"


class CreateEndpoint(Struct, frozen=True, kw_only=True):
    """Make a VPC endpoint, to the resource or to the service network."""

    target: EndpointTarget
    placement: EndpointPlacement
    security_group_ids: tuple[str, ...]
    private_dns: PrivateDnsOptions
    attachment: str
    """The name of the attachment that it is made for."""
    attempt: int
    terminated_ids: tuple[str, ...] = ()
    """Ids of endpoints that were there before: a token of theirs would give them back."""

    def __str__(self) -> str:
        placement = self.placement
        addresses = f", {placement.address_type}" if placement.address_type else ""
        subnets = ", ".join(placement.subnet_ids)
        return f"create an endpoint to {self.target} in {placement.vpc_id}, {subnets}{addresses}"


class ModifyEndpointSecurityGroups(Struct, frozen=True):
    """Add security groups to an endpoint, and remove others."""

    endpoint: Endpoint
    add: frozenset[str]
    remove: frozenset[str]

    def __str__(self) -> str:
        added = f"add {', '.join(sorted(self.add))}" if self.add else ""
        removed = f"remove {', '.join(sorted(self.remove))}" if self.remove else ""
        return f"change the security groups of {self.endpoint.id}: {'; '.join(filter(None, (added, removed)))}"


class ModifyEndpointPrivateDns(Struct, frozen=True):
    """Change the private DNS of an endpoint, be it wider or narrower, or turn it off."""

    endpoint: Endpoint
    private_dns: PrivateDns
    domains: frozenset[str]

    def __str__(self) -> str:
        return f"change the private DNS of {self.endpoint.id}: {' '.join((self.private_dns, *sorted(self.domains)))}"


class ModifyEndpointSubnets(Struct, frozen=True):
    """Add subnets to an endpoint to a service network."""

    endpoint: Endpoint
    subnet_ids: frozenset[str]

    def __str__(self) -> str:
        return f"change the subnets of {self.endpoint.id}: add {', '.join(sorted(self.subnet_ids))}"


EndpointChange = ModifyEndpointSecurityGroups | ModifyEndpointPrivateDns | ModifyEndpointSubnets
Action = (
    CreateServiceNetwork
    | CreateResourceAssociation
    | DeleteResourceAssociation
    | CreateVpcAssociation
    | UpdateVpcAssociation
    | CreateEndpoint
    | EndpointChange
)


def assumed(action: Action, observed: ObservedAttachment) -> ObservedAttachment:
    """Return what would be observed once the action is done and AWS is ready with it."""
    part: Part
    match action:
        case CreateServiceNetwork(name=name):
            part = ObservedServiceNetwork(arn=name, name=name)
        case CreateResourceAssociation(private_dns=private_dns):
            part = ResourceAssociation(id=_NEW, state=State.AVAILABLE, private_dns=private_dns)
        case DeleteResourceAssociation():
            return msgspec.structs.replace(observed, resource_association=None)
        case CreateVpcAssociation(network=network, settings=settings):
            part = ServiceNetworkVpcAssociation.of_ours(_NEW, State.AVAILABLE, network.arn, settings)
        case UpdateVpcAssociation(association=there, settings=settings):
            part = ServiceNetworkVpcAssociation.of_ours(there.id, State.AVAILABLE, there.network_arn, settings)
        case CreateEndpoint():
            part = _created(action)
        case ModifyEndpointSecurityGroups() | ModifyEndpointPrivateDns() | ModifyEndpointSubnets():
            part = modified(action)
        case _:
            assert_never(action)
    return observed.having(part)


def modified(action: EndpointChange) -> Endpoint:
    """Return the endpoint as it is once the action is done."""
    match action:
        case ModifyEndpointSecurityGroups(endpoint=there, add=add, remove=remove):
            return msgspec.structs.replace(there, security_group_ids=(there.security_group_ids | add) - remove)
        case ModifyEndpointPrivateDns(endpoint=there, private_dns=private_dns, domains=domains):
            return msgspec.structs.replace(there, private_dns=private_dns, private_domains=domains)
        case ModifyEndpointSubnets(endpoint=there, subnet_ids=subnet_ids):
            return msgspec.structs.replace(there, subnet_ids=there.subnet_ids | subnet_ids)
        case _:
            assert_never(action)


def _created(action: CreateEndpoint) -> Endpoint:
    return Endpoint(
        id=_NEW,
        state=State.AVAILABLE,
        security_group_ids=frozenset(action.security_group_ids),
        subnet_ids=frozenset(action.placement.subnet_ids),
        address_type=action.placement.address_type,
        private_dns=action.private_dns.preference,
        private_domains=frozenset(action.private_dns.domains),
    )
