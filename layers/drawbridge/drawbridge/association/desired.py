"""The desired attachments of a resource, as its binding writes them: one for each VPC."""

from collections.abc import Sequence
from typing import assert_never

import msgspec

from drawbridge.association import (
    AttachedResource,
    DesiredAlias,
    DesiredAttachment,
    EndpointPlacement,
    Mode,
    NetworkedVpc,
    PrivateDnsOptions,
    ResourceEndpointAttachment,
    ServiceNetworkAttachment,
    ServiceNetworkEndpointAttachment,
)
from drawbridge.association.binding import Attach, Binding, VpcTag
from drawbridge.association.impossible import network_for
from drawbridge.association.subnets import Vpc, chosen_subnets
from drawbridge.lattice import Entity
from drawbridge.status import Reason


def desired_attachments(
    binding: Binding, resource: Entity, vpcs: Sequence[Vpc], *, alias: DesiredAlias | None, names_elsewhere: bool
) -> Sequence[DesiredAttachment] | Reason:
    """Return an attachment for each of these VPCs, or why there can be none.

    In ``alias``, ``{vpc}`` still stands where the VPC's id goes.
    """
    attach, attached = binding.attach, _attached(resource)
    private_dns, per_vpc = (
        PrivateDnsOptions(attach.private_dns_preference, attach.domains),
        isinstance(attach.vpc, VpcTag),
    )
    match attach.mode:
        case Mode.RESOURCE_ENDPOINT:
            return [
                ResourceEndpointAttachment(
                    binding=binding.name,
                    resource=attached,
                    private_dns=private_dns,
                    per_vpc=per_vpc,
                    alias=_alias_in(vpc, alias),
                    placement=_placement(attach, vpc),
                    security_group_ids=attach.security_groups,
                )
                for vpc in vpcs
            ]
        case Mode.SERVICE_NETWORK:
            network = network_for(binding, resource)
            if isinstance(network, Reason):
                return network
            return [
                ServiceNetworkAttachment(
                    binding=binding.name,
                    resource=attached,
                    private_dns=private_dns,
                    per_vpc=per_vpc,
                    alias=_alias_in(vpc, alias),
                    network=network,
                    names_elsewhere=names_elsewhere,
                    vpc=_networked(attach, vpc),
                )
                # Without one, it is left to others which VPCs the network is associated with.
                for vpc in (vpcs if attach.vpc is not None else (None,))
            ]
        case Mode.SERVICE_NETWORK_ENDPOINT:
            network = network_for(binding, resource)
            if isinstance(network, Reason):
                return network
            return [
                ServiceNetworkEndpointAttachment(
                    binding=binding.name,
                    resource=attached,
                    private_dns=private_dns,
                    per_vpc=per_vpc,
                    alias=_alias_in(vpc, alias),
                    network=network,
                    names_elsewhere=names_elsewhere,
                    placement=_placement(attach, vpc),
                    security_group_ids=attach.security_groups,
                )
                for vpc in vpcs
            ]
        case _:
            assert_never(attach.mode)


def _attached(resource: Entity) -> AttachedResource:
    return AttachedResource(
        name=resource.name,
        arn=resource.arn,
        kind=resource.kind,
        type=resource.type,
        share_arn=resource.share_arn,
        provider=resource.owner,
        protocol=resource.protocol,
        port_ranges=resource.port_ranges or (),
    )


def _placement(attach: Attach, vpc: Vpc) -> EndpointPlacement:
    address_type = attach.ip_address_type or ""
    return EndpointPlacement(
        vpc_id=vpc.vpc_id,
        subnet_ids=attach.subnets or chosen_subnets(vpc.subnets, attach.mode, address_type),
        subnets_named=bool(attach.subnets),
        address_type=address_type,
    )


def _networked(attach: Attach, vpc: Vpc | None) -> NetworkedVpc | None:
    return NetworkedVpc(vpc_id=vpc.vpc_id, security_group_ids=attach.security_groups) if vpc else None


def _alias_in(vpc: Vpc | None, alias: DesiredAlias | None) -> DesiredAlias | None:
    if alias is None or vpc is None:
        return alias
    return msgspec.structs.replace(alias, name=alias.name.replace("{vpc}", vpc.vpc_id))
