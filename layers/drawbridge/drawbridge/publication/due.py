"""What is due to be published of an association: the names that AWS gives by now, and what is known of each."""

from datetime import datetime
from typing import Protocol, assert_never

from msgspec import Struct

from drawbridge.association import DesiredAttachment, MadeAttachment
from drawbridge.association.aliases import alias_of
from drawbridge.lattice import Entity, PrivateDns, ResourceKind
from drawbridge.publication.documents import ConnectionDocument
from drawbridge.publication.named import NamedResource
from drawbridge.publication.names import connection_path
from drawbridge.publication.plan import DesiredName
from drawbridge.publication.snapshot import names_of_resource


class EndpointNames(Protocol):
    """The VPC endpoints of this account."""

    def named(self, endpoint_id: str) -> list[NamedResource]: ...


class NetworkNames(Protocol):
    """What VPC Lattice shows of what is shared."""

    def named_in_network(self, network_arn: str, resource_arn: str) -> list[NamedResource]:
        """Return what a network leads to: a resource with its children, or all if ``resource_arn`` is the network's."""
        ...

    def entity(self, arn: str) -> Entity | None:
        """Describe one; ``None`` if it is not there for this account, or not any longer."""
        ...


class ChildResource(Struct, frozen=True):
    """Something in a group or in a shared network."""

    name: str
    port_ranges: tuple[str, ...] = ()
    protocol: str = ""


class Due:
    """Reads what is due; nothing is written."""

    def __init__(self, endpoints: EndpointNames, entities: NetworkNames, *, prefix: str) -> None:
        self._endpoints = endpoints
        self._entities = entities
        self._prefix = prefix

    def usable(
        self, desired: DesiredAttachment, made: MadeAttachment, found: list[NamedResource]
    ) -> tuple[list[tuple[NamedResource, ChildResource | None]], list[NamedResource]]:
        """Separate what can be published, with what is known of it, from what can't be yet."""
        usable: list[tuple[NamedResource, ChildResource | None]] = []
        pending = [each for each in found if not each.is_usable]
        for each in sorted((each for each in found if each.is_usable), key=lambda each: each.resource_arn):
            child = self._child(desired, made, each) if desired.resource.holds_others else None
            if desired.resource.holds_others and child is None:
                pending.append(each)
            else:
                usable.append((each, child))
        return usable, pending

    def found(self, desired: DesiredAttachment, made: MadeAttachment) -> list[NamedResource]:
        if made.endpoint_id:
            found = self._endpoints.named(made.endpoint_id)
        else:
            found = self._entities.named_in_network(made.network_arn, desired.resource.arn)
        return names_of_resource(
            made, desired.resource.arn, desired.resource.kind, found, holds_others=desired.resource.holds_others
        )

    def name(
        self,
        desired: DesiredAttachment,
        made: MadeAttachment,
        named: NamedResource,
        child: ChildResource | None,
        now: datetime,
    ) -> DesiredName:
        """Return a name that is due, with all that is to be said of it.

        Raises:
            ConflictError: there can't be a name of our own for a resource of that name.
        """
        return DesiredName(
            path=self.path(desired, child),
            subject=named.resource_arn,
            document=self._document(desired, made, named, child, now),
            to=named,
            binding=desired.binding,
            vpc_id=desired.vpc_id,
        )

    def path(self, desired: DesiredAttachment, child: ChildResource | None) -> str:
        vpc_id = desired.vpc_id if desired.per_vpc else None
        return connection_path(self._prefix, desired.binding, _name(desired, child), vpc_id)

    def _document(
        self,
        desired: DesiredAttachment,
        made: MadeAttachment,
        named: NamedResource,
        child: ChildResource | None,
        now: datetime,
    ) -> ConnectionDocument:
        private = self._has_private_name(desired, made, named)
        return ConnectionDocument(
            dns_name=named.dns_name,
            hosted_zone_id=named.hosted_zone_id,
            private_dns_name=named.private_dns_name if private else None,
            private_hosted_zone_id=named.private_hosted_zone_id if private else None,
            port_ranges=child.port_ranges if child else desired.resource.port_ranges,
            protocol=child.protocol if child else desired.resource.protocol,
            mode=desired.mode,
            vpc_id=desired.vpc_id or None,
            endpoint_id=made.endpoint_id or None,
            association_id=named.association_id,
            service_network_arn=made.network_arn or None,
            vpc_association_id=made.vpc_association or None,
            resource_configuration_arn=named.resource_arn,
            group_arn=desired.resource.arn if desired.resource.holds_others else None,
            alias=alias_of(desired, _name(desired, child)),
            provider=desired.resource.provider,
            published_at=now.isoformat(timespec="seconds"),
        )

    def _has_private_name(self, desired: DesiredAttachment, made: MadeAttachment, named: NamedResource) -> bool:
        """Return whether the provider's own name resolves in the VPC too.

        An endpoint lists its private name only if it does. A service network lists it whatever resolves in the VPC.
        """
        if named.private_dns_name is None or made.endpoint_id or desired.resource.kind is ResourceKind.SERVICE:
            return named.private_dns_name is not None
        listed = any(is_in_domain(named.private_dns_name, domain) for domain in desired.private_dns.domains)
        match desired.private_dns.preference:
            case PrivateDns.OFF:
                return False
            case PrivateDns.ALL:
                return bool(made.vpc_association)
            case PrivateDns.LISTED:
                return bool(made.vpc_association) and listed
            case PrivateDns.VERIFIED | PrivateDns.VERIFIED_AND_LISTED:
                entity = self._entities.entity(named.resource_arn)
                verified = entity is not None and entity.domain_verified is True
                return bool(made.vpc_association) and (verified or listed)
            case _:
                assert_never(desired.private_dns.preference)

    def _child(self, desired: DesiredAttachment, made: MadeAttachment, named: NamedResource) -> ChildResource | None:
        """Return what is known of something in a group; ``None`` if not even its name is."""
        entity = self._entities.entity(named.resource_arn)
        if entity is not None:
            return ChildResource(entity.name, entity.port_ranges or (), entity.protocol)
        if not made.network_arn:
            return None
        # What came with a shared network need not be shared itself: then only the network lists its name.
        listed = self._entities.named_in_network(made.network_arn, desired.resource.arn)
        name = next((each.name for each in listed if each.resource_arn == named.resource_arn), "")
        return ChildResource(name) if name else None


def _name(desired: DesiredAttachment, child: ChildResource | None) -> str:
    return child.name if child else desired.resource.name


def is_in_domain(name: str, domain: str) -> bool:
    """Return whether a name is a domain, or below it; ``*.`` before the domain makes no difference."""
    return f".{name}".endswith(f".{domain.removeprefix('*.')}")
