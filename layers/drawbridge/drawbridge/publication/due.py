"""What is due to be published of an association: the names that AWS gives by now, and what is known of each."""

from datetime import datetime
from typing import Protocol, assert_never

from msgspec import Struct

from drawbridge.association import Associated, DesiredAttachment
from drawbridge.association.aliases import alias_of
from drawbridge.lattice import Entity, PrivateDns, ResourceKind
from drawbridge.publication.documents import ConnectionDocument
from drawbridge.publication.named import NamedResource
from drawbridge.publication.names import connection_path
from drawbridge.publication.plan import DesiredName
from drawbridge.publication.snapshot import led_to


class Endpoints(Protocol):
    """The VPC endpoints of this account."""

    def named(self, endpoint_id: str) -> list[NamedResource]: ...


class Entities(Protocol):
    """What VPC Lattice shows of what is shared."""

    def named_in_network(self, network_arn: str, resource_arn: str) -> list[NamedResource]:
        """Give what a network leads to: one resource with its children, or all if ``resource_arn`` is the network's."""
        ...

    def entity(self, arn: str) -> Entity | None:
        """Describe one; ``None`` if it is not there for this account, or not any longer."""
        ...


class Inside(Struct, frozen=True):
    """Something in a group or in a shared network."""

    name: str
    port_ranges: tuple[str, ...] = ()
    protocol: str = ""


class Due:
    """Reads what is due; nothing is written."""

    def __init__(self, endpoints: Endpoints, entities: Entities, *, prefix: str) -> None:
        self._endpoints = endpoints
        self._entities = entities
        self._prefix = prefix

    def usable(
        self, wanted: DesiredAttachment, by: Associated, found: list[NamedResource]
    ) -> tuple[list[tuple[NamedResource, Inside | None]], list[NamedResource]]:
        """Tell what can be published, with what is known of it, from what can't be yet."""
        usable: list[tuple[NamedResource, Inside | None]] = []
        pending = [each for each in found if not each.is_usable]
        for each in sorted((each for each in found if each.is_usable), key=lambda each: each.resource_arn):
            inside = self._inside(wanted, by, each) if wanted.resource.holds_others else None
            if wanted.resource.holds_others and inside is None:
                pending.append(each)
            else:
                usable.append((each, inside))
        return usable, pending

    def found(self, wanted: DesiredAttachment, by: Associated) -> list[NamedResource]:
        if by.endpoint_id:
            found = self._endpoints.named(by.endpoint_id)
        else:
            found = self._entities.named_in_network(by.network_arn, wanted.resource.arn)
        return led_to(by, wanted.resource.arn, wanted.resource.kind, found, holds_others=wanted.resource.holds_others)

    def name(
        self, wanted: DesiredAttachment, by: Associated, named: NamedResource, inside: Inside | None, now: datetime
    ) -> DesiredName:
        """Give a name that is due, with all that is to be said of it.

        Raises:
            ConflictError: there can't be a name of our own for a resource of that name.
        """
        return DesiredName(
            path=self.path(wanted, inside),
            subject=named.resource_arn,
            document=self._document(wanted, by, named, inside, now),
            to=named,
            binding=wanted.binding,
            vpc_id=wanted.vpc_id,
        )

    def path(self, wanted: DesiredAttachment, inside: Inside | None) -> str:
        vpc_id = wanted.vpc_id if wanted.per_vpc else None
        return connection_path(self._prefix, wanted.binding, _name(wanted, inside), vpc_id)

    def _document(
        self, wanted: DesiredAttachment, by: Associated, named: NamedResource, inside: Inside | None, now: datetime
    ) -> ConnectionDocument:
        private = self._has_private_name(wanted, by, named)
        return ConnectionDocument(
            dns_name=named.dns_name,
            hosted_zone_id=named.hosted_zone_id,
            private_dns_name=named.private_dns_name if private else None,
            private_hosted_zone_id=named.private_hosted_zone_id if private else None,
            port_ranges=inside.port_ranges if inside else wanted.resource.port_ranges,
            protocol=inside.protocol if inside else wanted.resource.protocol,
            mode=wanted.mode,
            vpc_id=wanted.vpc_id or None,
            endpoint_id=by.endpoint_id or None,
            association_id=named.association_id,
            service_network_arn=by.network_arn or None,
            vpc_association_id=by.vpc_association or None,
            resource_configuration_arn=named.resource_arn,
            group_arn=wanted.resource.arn if wanted.resource.holds_others else None,
            alias=alias_of(wanted, _name(wanted, inside)),
            provider=wanted.resource.provider,
            published_at=now.isoformat(timespec="seconds"),
        )

    def _has_private_name(self, wanted: DesiredAttachment, by: Associated, named: NamedResource) -> bool:
        """Tell whether the provider's own name resolves in the VPC too.

        An endpoint tells its private name only if it does. A service network tells it whatever the VPC takes over.
        """
        if named.private_dns_name is None or by.endpoint_id or wanted.resource.kind is ResourceKind.SERVICE:
            return named.private_dns_name is not None
        listed = any(is_in_domain(named.private_dns_name, domain) for domain in wanted.private_dns.domains)
        match wanted.private_dns.preference:
            case PrivateDns.OFF:
                return False
            case PrivateDns.ALL:
                return bool(by.vpc_association)
            case PrivateDns.LISTED:
                return bool(by.vpc_association) and listed
            case PrivateDns.VERIFIED | PrivateDns.VERIFIED_AND_LISTED:
                entity = self._entities.entity(named.resource_arn)
                verified = entity is not None and entity.domain_verified is True
                return bool(by.vpc_association) and (verified or listed)
            case _:
                assert_never(wanted.private_dns.preference)

    def _inside(self, wanted: DesiredAttachment, by: Associated, named: NamedResource) -> Inside | None:
        """Give what is known of something in a group; ``None`` if not even its name is."""
        entity = self._entities.entity(named.resource_arn)
        if entity is not None:
            return Inside(entity.name, entity.port_ranges or (), entity.protocol)
        if not by.network_arn:
            return None
        # What came with a shared network need not be shared itself: then only the network tells its name.
        listed = self._entities.named_in_network(by.network_arn, wanted.resource.arn)
        name = next((each.name for each in listed if each.resource_arn == named.resource_arn), "")
        return Inside(name) if name else None


def _name(wanted: DesiredAttachment, inside: Inside | None) -> str:
    return inside.name if inside else wanted.resource.name


def is_in_domain(name: str, domain: str) -> bool:
    """Tell whether a name is a domain, or below it; ``*.`` before the domain makes no difference."""
    return f".{name}".endswith(f".{domain.removeprefix('*.')}")
