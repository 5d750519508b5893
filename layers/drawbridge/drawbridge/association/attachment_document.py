"""A desired attachment as it is written down: for an attempt, and for programs that read a plan.

One flat document for all modes, with every field whatever the mode; its names and their order stay.
"""

from typing import assert_never

from msgspec import Struct

from drawbridge.association import (
    AttachedResource,
    DesiredAlias,
    DesiredAttachment,
    EndpointPlacement,
    Mode,
    NetworkedVpc,
    NetworkRef,
    PrivateDnsOptions,
    ResourceEndpointAttachment,
    ServiceNetworkAttachment,
    ServiceNetworkEndpointAttachment,
)
from drawbridge.errors import InvalidInputError
from drawbridge.lattice import PrivateDns, ResourceKind


class AttachmentDocument(Struct, frozen=True, kw_only=True, rename="camel"):
    """A desired attachment of any mode; what its mode does without is empty."""

    binding: str
    resource_name: str
    resource_arn: str
    resource_kind: ResourceKind = ResourceKind.RESOURCE_CONFIGURATION
    resource_type: str = "SINGLE"
    share_arn: str
    provider: str
    protocol: str
    port_ranges: tuple[str, ...]
    mode: Mode
    network: NetworkRef | None = None
    vpc_id: str
    subnet_ids: tuple[str, ...]
    subnets_named: bool = False
    address_type: str = ""
    security_group_ids: tuple[str, ...]
    private_dns: PrivateDns
    private_domains: tuple[str, ...] = ()
    names_elsewhere: bool = True
    per_vpc: bool
    alias: str = ""
    alias_zone: str = ""
    alias_zone_name: str = ""
    alias_reserved: bool = False


def document_of(desired: DesiredAttachment) -> AttachmentDocument:
    resource, private_dns, alias = desired.resource, desired.private_dns, desired.alias
    placement = _placement_of(desired)
    network, names_elsewhere = _network_of(desired)
    return AttachmentDocument(
        binding=desired.binding,
        resource_name=resource.name,
        resource_arn=resource.arn,
        resource_kind=resource.kind,
        resource_type=resource.type,
        share_arn=resource.share_arn,
        provider=resource.provider,
        protocol=resource.protocol,
        port_ranges=resource.port_ranges,
        mode=desired.mode,
        network=network,
        vpc_id=desired.vpc_id,
        subnet_ids=placement.subnet_ids if placement else (),
        subnets_named=placement.subnets_named if placement else False,
        address_type=placement.address_type if placement else "",
        security_group_ids=desired.security_group_ids,
        private_dns=private_dns.preference,
        private_domains=private_dns.domains,
        names_elsewhere=names_elsewhere,
        per_vpc=desired.per_vpc,
        alias=alias.name if alias else "",
        alias_zone=alias.zone_id if alias else "",
        alias_zone_name=alias.zone_name if alias else "",
        alias_reserved=alias.reserved if alias else False,
    )


def attachment_of(document: AttachmentDocument) -> DesiredAttachment:
    """Return what the document describes.

    Raises:
        InvalidInputError: its mode needs a service network, and it names none.
    """
    private_dns = PrivateDnsOptions(document.private_dns, document.private_domains)
    match document.mode:
        case Mode.RESOURCE_ENDPOINT:
            return ResourceEndpointAttachment(
                binding=document.binding,
                resource=_resource(document),
                private_dns=private_dns,
                per_vpc=document.per_vpc,
                alias=_alias(document),
                placement=_placement(document),
                security_group_ids=document.security_group_ids,
            )
        case Mode.SERVICE_NETWORK:
            vpc = NetworkedVpc(vpc_id=document.vpc_id, security_group_ids=document.security_group_ids)
            return ServiceNetworkAttachment(
                binding=document.binding,
                resource=_resource(document),
                private_dns=private_dns,
                per_vpc=document.per_vpc,
                alias=_alias(document),
                network=_network(document),
                names_elsewhere=document.names_elsewhere,
                vpc=vpc if vpc.vpc_id else None,
            )
        case Mode.SERVICE_NETWORK_ENDPOINT:
            return ServiceNetworkEndpointAttachment(
                binding=document.binding,
                resource=_resource(document),
                private_dns=private_dns,
                per_vpc=document.per_vpc,
                alias=_alias(document),
                network=_network(document),
                names_elsewhere=document.names_elsewhere,
                placement=_placement(document),
                security_group_ids=document.security_group_ids,
            )
        case _:
            assert_never(document.mode)


def _placement_of(desired: DesiredAttachment) -> EndpointPlacement | None:
    match desired:
        case ResourceEndpointAttachment() | ServiceNetworkEndpointAttachment():
            return desired.placement
        case ServiceNetworkAttachment():
            return None
        case _:
            assert_never(desired)


def _network_of(desired: DesiredAttachment) -> tuple[NetworkRef | None, bool]:
    """Return the network, and whether other bindings may have private DNS by it."""
    match desired:
        case ResourceEndpointAttachment():
            return None, False
        case ServiceNetworkAttachment() | ServiceNetworkEndpointAttachment():
            return desired.network, desired.names_elsewhere
        case _:
            assert_never(desired)


def _resource(document: AttachmentDocument) -> AttachedResource:
    return AttachedResource(
        name=document.resource_name,
        arn=document.resource_arn,
        kind=document.resource_kind,
        type=document.resource_type,
        share_arn=document.share_arn,
        provider=document.provider,
        protocol=document.protocol,
        port_ranges=document.port_ranges,
    )


def _placement(document: AttachmentDocument) -> EndpointPlacement:
    return EndpointPlacement(
        vpc_id=document.vpc_id,
        subnet_ids=document.subnet_ids,
        subnets_named=document.subnets_named,
        address_type=document.address_type,
    )


def _network(document: AttachmentDocument) -> NetworkRef:
    if document.network is None:
        raise InvalidInputError(f"network is missing; mode {document.mode} is by one")
    return document.network


def _alias(document: AttachmentDocument) -> DesiredAlias | None:
    if not document.alias:
        return None
    return DesiredAlias(
        name=document.alias,
        zone_id=document.alias_zone,
        zone_name=document.alias_zone_name,
        reserved=document.alias_reserved,
    )
