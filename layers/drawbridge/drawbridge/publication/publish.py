"""Publishing: names are written once they are usable, and only if they changed."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Protocol, assert_never

from msgspec import Struct

from drawbridge.arns import is_of
from drawbridge.association import Alias, Associated, PrivateDns, WantedAssociation
from drawbridge.association.entities import Entity
from drawbridge.decision.facts import ResourceKind
from drawbridge.errors import ConflictError, GoneError, NotReadyError
from drawbridge.publication import Publication
from drawbridge.publication.documents import (
    ConnectionDocument,
    ConsumerDocument,
    Document,
    differences,
    read_connection,
    says_the_same,
    to_parameter,
)
from drawbridge.publication.drift import led_to, way_of
from drawbridge.publication.named import NamedResource
from drawbridge.publication.names import binding_path, connection_path, consumer_path
from drawbridge.request import EndpointConnectionRequest
from drawbridge.request.connections import Connection, ConnectionState

_MOST_TOLD = 5
"""Names that are told of one association; all are in Parameter Store."""

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


class Owned(Struct, frozen=True, kw_only=True):
    """A published parameter, and what it is published for."""

    value: str
    subject: str
    """The ARN or id in our ownership tag; empty if the parameter does not carry it."""


class Names(Protocol):
    """Parameter Store, as publication needs it."""

    def read(self, name: str) -> Owned | None: ...

    def create(self, name: str, value: str, *, subject: str) -> bool:
        """Write a new parameter with our ownership tag; ``False`` if there is one of that name."""
        ...

    def overwrite(self, name: str, value: str, *, subject: str) -> None:
        """Write a parameter that carries our ownership tag."""
        ...

    def below(self, path: str) -> Iterable[tuple[str, str]]:
        """Give name and value of all parameters below a path."""
        ...

    def remove(self, name: str, *, subject: str) -> None:
        """Remove a parameter that carries our ownership tag and is of that subject; any other is left alone."""
        ...


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


class Aliases(Protocol):
    """Names of our own in private hosted zones."""

    def point(self, alias: Alias, to: NamedResource, *, subject: str) -> None:
        """Have the name lead there. Nothing is written if it does.

        Raises:
            ConflictError: there is a record of that name which is not ours, or is another resource's.
        """
        ...

    def remove(self, alias: Alias, *, subject: str) -> None:
        """Remove the name if it is ours and of that subject."""
        ...


class Records(Protocol):
    """Names of our own in private hosted zones, to look at only."""

    def difference(self, alias: Alias, to: NamedResource, *, subject: str) -> str:
        """Say how what is there differs from what the name is to lead to; empty if it does not.

        Raises:
            ConflictError: there is a record of that name which is not ours, or is another resource's.
        """
        ...


class Change(StrEnum):
    """What would become of a published name."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    GONE = "gone"
    REFUSED = "refused"


class Intended(Struct, frozen=True, kw_only=True, rename="camel"):
    """What would become of one name."""

    path: str
    """Of the parameters ``dns-name`` and ``connection``, which are below it."""
    change: Change
    dns_name: str
    subject: str
    """The ARN that it is published for."""
    why: tuple[str, ...] = ()
    """What differs, or what is in the way."""
    document: ConnectionDocument | None = None


class Preview(Struct, frozen=True, kw_only=True, rename="camel"):
    """What publishing would do."""

    names: tuple[Intended, ...]
    pending: tuple[str, ...]
    """The ARNs of what has no name yet."""


class Connections(Protocol):
    """Connections to this account's endpoint services."""

    def connection(self, service_id: str, endpoint_id: str) -> Connection: ...


class _Inside(Struct, frozen=True):
    """Something in a group or in a shared network."""

    name: str
    port_ranges: tuple[str, ...] = ()
    protocol: str = ""


class _MayReplace(Protocol):
    def __call__(self, other: str, /) -> bool: ...


class Publisher:
    """Publishes the names by which a shared resource is reached."""

    def __init__(
        self, endpoints: Endpoints, entities: Entities, names: Names, aliases: Aliases, *, prefix: str
    ) -> None:
        self._endpoints = endpoints
        self._entities = entities
        self._names = names
        self._aliases = aliases
        self._prefix = prefix

    def publish(self, wanted: WantedAssociation, by: Associated, *, now: datetime, patient: bool) -> Publication:
        """Publish each name, and take back those of children that are gone.

        Of a group, what can be used is published whatever becomes of the rest; ``patient`` tells whether the rest is
        waited for.

        Raises:
            NotReadyError: AWS has not made it accessible, or has not named it, yet.
            ConflictError: a parameter or record of that name is not ours, or is of another resource that is still
                shared.
        """
        found = self._found(wanted, by)
        usable, pending = self._usable(wanted, by, found)
        if not wanted.holds_others and not usable:
            failure = " ".join(each.failure for each in pending)
            raise NotReadyError(f"{wanted.name} has no name yet {failure}".rstrip())
        parameters: list[str] = []
        taken_back: tuple[str, ...] = ()
        conflicts: list[ConflictError] = []
        for named, inside in usable:
            try:
                parameters += self._publish(wanted, by, named, inside, now)
            except ConflictError as error:
                # One name that is taken stops no other.
                conflicts.append(error)
        if conflicts:
            raise conflicts[0]
        if wanted.holds_others:
            if patient and (pending or not usable):
                raise NotReadyError(f"{wanted.name}: {len(pending)} of {len(found)} in it have no name yet")
            taken_back = self._take_back(wanted, {each.resource_arn for each in found})
        return Publication(
            dns_name=", ".join(named.dns_name for named, _ in usable[:_MOST_TOLD]),
            parameters=tuple(parameters),
            pending=tuple(sorted(each.resource_arn for each in pending)),
            taken_back=taken_back,
            way=way_of(wanted, by, found),
        )

    def preview(self, wanted: WantedAssociation, by: Associated, records: Records, *, now: datetime) -> Preview:
        """Say what publishing would do, and do nothing."""
        found = self._found(wanted, by)
        usable, pending = self._usable(wanted, by, found)
        names = [self._intended(wanted, by, named, inside, records=records, now=now) for named, inside in usable]
        if wanted.holds_others:
            there = {each.resource_arn for each in found}
            names += [
                Intended(path=path, change=Change.GONE, dns_name=told.dns_name, subject=told.resource_configuration_arn)
                for path, told in self._left(wanted, there)
            ]
        return Preview(names=tuple(names), pending=tuple(sorted(each.resource_arn for each in pending)))

    def _usable(
        self, wanted: WantedAssociation, by: Associated, found: list[NamedResource]
    ) -> tuple[list[tuple[NamedResource, _Inside | None]], list[NamedResource]]:
        """Tell what can be published, with what is known of it, from what can't be yet."""
        usable: list[tuple[NamedResource, _Inside | None]] = []
        pending = [each for each in found if not each.is_usable]
        for each in sorted((each for each in found if each.is_usable), key=lambda each: each.resource_arn):
            inside = self._inside(wanted, by, each) if wanted.holds_others else None
            if wanted.holds_others and inside is None:
                pending.append(each)
            else:
                usable.append((each, inside))
        return usable, pending

    def _found(self, wanted: WantedAssociation, by: Associated) -> list[NamedResource]:
        if by.endpoint_id:
            found = self._endpoints.named(by.endpoint_id)
        else:
            found = self._entities.named_in_network(by.network_arn, wanted.resource_arn)
        return led_to(by, wanted.resource_arn, wanted.resource_kind, found, holds_others=wanted.holds_others)

    def _has_private_name(self, wanted: WantedAssociation, by: Associated, named: NamedResource) -> bool:
        """Tell whether the provider's own name resolves in the VPC too.

        An endpoint tells its private name only if it does. A service network tells it whatever the VPC takes over.
        """
        if named.private_dns_name is None or by.endpoint_id or wanted.resource_kind is ResourceKind.SERVICE:
            return named.private_dns_name is not None
        listed = any(is_in_domain(named.private_dns_name, domain) for domain in wanted.private_domains)
        match wanted.private_dns:
            case PrivateDns.OFF:
                return False
            case PrivateDns.ALL:
                return bool(by.vpc_association)
            case PrivateDns.LISTED:
                return bool(by.vpc_association) and listed
            case PrivateDns.VERIFIED | PrivateDns.VERIFIED_AND_LISTED:
                entity = self._entities.entity(named.resource_arn)
                verified = entity is not None and entity.domain_verified
                return bool(by.vpc_association) and (verified or listed)
            case _:
                assert_never(wanted.private_dns)

    def _inside(self, wanted: WantedAssociation, by: Associated, named: NamedResource) -> _Inside | None:
        """Give what is known of something in a group; ``None`` if not even its name is."""
        entity = self._entities.entity(named.resource_arn)
        if entity is not None:
            return _Inside(entity.name, entity.port_ranges, entity.protocol)
        if not by.network_arn:
            return None
        # What came with a shared network need not be shared itself: then only the network tells its name.
        listed = self._entities.named_in_network(by.network_arn, wanted.resource_arn)
        name = next((each.name for each in listed if each.resource_arn == named.resource_arn), "")
        return _Inside(name) if name else None

    def _document(
        self, wanted: WantedAssociation, by: Associated, named: NamedResource, inside: _Inside | None, now: datetime
    ) -> ConnectionDocument:
        private = self._has_private_name(wanted, by, named)
        return ConnectionDocument(
            dns_name=named.dns_name,
            hosted_zone_id=named.hosted_zone_id,
            private_dns_name=named.private_dns_name if private else None,
            private_hosted_zone_id=named.private_hosted_zone_id if private else None,
            port_ranges=inside.port_ranges if inside else wanted.port_ranges,
            protocol=inside.protocol if inside else wanted.protocol,
            mode=wanted.mode,
            vpc_id=wanted.vpc_id or None,
            endpoint_id=by.endpoint_id or None,
            association_id=named.association_id,
            service_network_arn=by.network_arn or None,
            vpc_association_id=by.vpc_association or None,
            resource_configuration_arn=named.resource_arn,
            group_arn=wanted.resource_arn if wanted.holds_others else None,
            alias=alias_of(wanted, _name(wanted, inside)),
            provider=wanted.provider,
            published_at=now.isoformat(timespec="seconds"),
        )

    def _path(self, wanted: WantedAssociation, inside: _Inside | None) -> str:
        vpc_id = wanted.vpc_id if wanted.per_vpc else None
        return connection_path(self._prefix, wanted.binding, _name(wanted, inside), vpc_id)

    def _may_replace(self, wanted: WantedAssociation) -> _MayReplace:
        def may_replace(other: str) -> bool:
            # A resource that was recreated comes back under another ARN, from the same provider. Another provider never
            # takes a name over: applications would be sent to it.
            return is_of(other, wanted.provider) and self._entities.entity(other) is None

        return may_replace

    def _publish(
        self, wanted: WantedAssociation, by: Associated, named: NamedResource, inside: _Inside | None, now: datetime
    ) -> tuple[str, str]:
        document = self._document(wanted, by, named, inside, now)
        path, alias = self._path(wanted, inside), document.alias
        before = self._names.read(f"{path}/connection")
        # The record first: what the JSON tells of it is so.
        if alias is not None:
            self._aliases.point(alias, named, subject=named.resource_arn)
        parameters = _publish(
            path,
            document,
            before,
            self._names,
            subject=named.resource_arn,
            may_replace=self._may_replace(wanted),
        )
        earlier = read_connection(before.value) if before and before.subject else None
        if earlier is not None and earlier.alias is not None and earlier.alias != alias:
            self._aliases.remove(earlier.alias, subject=earlier.resource_configuration_arn)
        return parameters

    def _intended(
        self,
        wanted: WantedAssociation,
        by: Associated,
        named: NamedResource,
        inside: _Inside | None,
        *,
        records: Records,
        now: datetime,
    ) -> Intended:
        path, subject = self._path(wanted, inside), named.resource_arn
        try:
            document = self._document(wanted, by, named, inside, now)
            record = records.difference(document.alias, named, subject=subject) if document.alias else ""
            change, why = _compare(path, document, self._names, subject=subject, may_replace=self._may_replace(wanted))
        except ConflictError as error:
            refused = Change.REFUSED
            return Intended(path=path, dns_name=named.dns_name, subject=subject, change=refused, why=(str(error),))
        if record:
            why = (*why, record)
            change = Change.CHANGED if change is Change.SAME else change
        return Intended(path=path, dns_name=named.dns_name, subject=subject, change=change, why=why, document=document)

    def _take_back(self, wanted: WantedAssociation, there: set[str]) -> tuple[str, ...]:
        """Take back what is published of children that are gone; give the names of the parameters."""
        gone: list[str] = []
        for stem, told in self._left(wanted, there):
            if told.alias is not None:
                self._aliases.remove(told.alias, subject=told.resource_configuration_arn)
            # The JSON last: it is what tells that there is something to take back.
            for name in (f"{stem}/dns-name", f"{stem}/connection"):
                self._names.remove(name, subject=told.resource_configuration_arn)
                gone.append(name)
        return tuple(gone)

    def _left(self, wanted: WantedAssociation, there: set[str]) -> Iterator[tuple[str, ConnectionDocument]]:
        """Give what is published of children that are gone, by where it is."""
        for path, value in self._names.below(binding_path(self._prefix, wanted.binding)):
            told = read_connection(value) if path.endswith("/connection") else None
            if told is None or told.group_arn != wanted.resource_arn or told.vpc_id != (wanted.vpc_id or None):
                continue
            if told.resource_configuration_arn not in there:
                yield path.removesuffix("/connection"), told


def _name(wanted: WantedAssociation, inside: _Inside | None) -> str:
    return inside.name if inside else wanted.resource_name


def is_in_domain(name: str, domain: str) -> bool:
    """Tell whether a name is a domain, or below it; ``*.`` before the domain makes no difference."""
    return f".{name}".endswith(f".{domain.removeprefix('*.')}")


def alias_of(wanted: WantedAssociation, name: str) -> Alias | None:
    """Give the name of our own for a resource of that name.

    Raises:
        ConflictError: the resource's name can't stand in a name of DNS.
    """
    if not wanted.alias:
        return None
    if "{resource}" in wanted.alias and _LABEL.fullmatch(name.lower()) is None:
        raise ConflictError(
            f"{name[:100]!r} can't stand in a name of DNS; give it an alias in a binding that matches only it"
        )
    return Alias(zone_id=wanted.alias_zone, name=wanted.alias.replace("{resource}", name.lower()))


def publish_consumer(
    request: EndpointConnectionRequest, connections: Connections, names: Names, *, prefix: str, now: datetime
) -> Publication:
    """Publish the names of a consumer's endpoint.

    Raises:
        NotReadyError: the connection is not available, or not named, yet.
        GoneError: the connection is over.
        ConflictError: a parameter of that name is not ours.
    """
    connection = connections.connection(request.service_id, request.endpoint_id)
    if not connection.state.is_open and connection.state is not ConnectionState.UNKNOWN:
        raise GoneError(f"the connection of {request.endpoint_id} is {connection.state}")
    usable = connection.state in {ConnectionState.AVAILABLE, ConnectionState.PARTIAL}
    if not usable or not connection.dns_names:
        raise NotReadyError(f"the connection of {request.endpoint_id} is {connection.state}")
    (dns_name, hosted_zone_id), *zonal = connection.dns_names
    document = ConsumerDocument(
        dns_name=dns_name,
        hosted_zone_id=hosted_zone_id,
        zonal_dns_names=tuple(name for name, _ in zonal),
        consumer=connection.owner,
        endpoint_id=request.endpoint_id,
        endpoint_region=connection.region,
        service_id=request.service_id,
        published_at=now.isoformat(timespec="seconds"),
    )
    path = consumer_path(prefix, connection.owner, request.endpoint_id)
    before = names.read(f"{path}/connection")
    parameters = _publish(path, document, before, names, subject=request.endpoint_id, may_replace=lambda _: False)
    return Publication(dns_name=document.dns_name, parameters=parameters)


def _publish(
    path: str,
    document: Document,
    published: Owned | None,
    names: Names,
    *,
    subject: str,
    may_replace: _MayReplace,
) -> tuple[str, str]:
    beside = f"{path}/connection"
    plain = f"{path}/dns-name"
    # The JSON first: whoever waits for the name may read what is beside it at once.
    if published is None or not says_the_same(document, published.value) or published.subject != subject:
        _write(beside, to_parameter(document), published, names, subject=subject, may_replace=may_replace)
    named = names.read(plain)
    if named is None or named.value != document.dns_name or named.subject != subject:
        _write(plain, document.dns_name, named, names, subject=subject, may_replace=may_replace)
    return plain, beside


def _write(name: str, value: str, there: Owned | None, names: Names, *, subject: str, may_replace: _MayReplace) -> None:
    if there is None:
        if names.create(name, value, subject=subject):
            return
        there = names.read(name)
    if there is None:
        raise NotReadyError(f"{name} was deleted a moment ago")
    _check(name, there, subject=subject, may_replace=may_replace)
    names.overwrite(name, value, subject=subject)


def _check(name: str, there: Owned, *, subject: str, may_replace: _MayReplace) -> None:
    """Refuse to overwrite what is somebody else's."""
    if not there.subject:
        raise ConflictError(f"{name} is there and not Drawbridge's; delete it, or rename the binding")
    if there.subject != subject and not may_replace(there.subject):
        raise ConflictError(f"{name} is published for {there.subject}; match one of the two, or delete the parameter")


def _compare(
    path: str, document: ConnectionDocument, names: Names, *, subject: str, may_replace: _MayReplace
) -> tuple[Change, tuple[str, ...]]:
    """Compare what would be published with what is.

    Raises:
        ConflictError: a parameter of that name is not ours, or is another resource's.
    """
    plain, beside = f"{path}/dns-name", f"{path}/connection"
    named, published = names.read(plain), names.read(beside)
    for name, there in ((beside, published), (plain, named)):
        if there is not None:
            _check(name, there, subject=subject, may_replace=may_replace)
    if named is None and published is None:
        return Change.NEW, ()
    why: list[str] = []
    for name, there in ((plain, named), (beside, published)):
        if there is None:
            why.append(f"{name} is missing")
        elif there.subject != subject:
            why.append(f"{name} is of {there.subject}")
    if named is not None and named.value != document.dns_name:
        why.append(f"{plain}: {named.value} -> {document.dns_name}")
    if published is not None and not says_the_same(document, published.value):
        why += differences(document, published.value)
    return (Change.CHANGED if why else Change.SAME), tuple(why)
