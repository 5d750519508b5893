"""Publishing: names are written once they are usable, and only if they changed."""

from datetime import datetime
from typing import Protocol

from msgspec import Struct

from drawbridge.arns import is_of
from drawbridge.association import Endpoint, WantedAssociation
from drawbridge.errors import ConflictError, GoneError, NotReadyError
from drawbridge.publication import Publication
from drawbridge.publication.documents import (
    ConnectionDocument,
    ConsumerDocument,
    Document,
    says_the_same,
    to_parameter,
)
from drawbridge.publication.names import connection_path, consumer_path
from drawbridge.request import EndpointConnectionRequest
from drawbridge.request.connections import Connection, ConnectionState


class AssociatedResource(Struct, frozen=True, kw_only=True):
    """A resource reached through an endpoint, with the names that AWS gives it there."""

    association_id: str
    resource_arn: str
    accessible: bool
    dns_name: str
    """Empty until AWS gives one, which is some time after the endpoint is available."""
    hosted_zone_id: str
    private_dns_name: str | None
    failure: str = ""


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


class Endpoints(Protocol):
    """The VPC endpoints of this account."""

    def associated(self, endpoint_id: str) -> list[AssociatedResource]: ...


class Configurations(Protocol):
    """VPC Lattice resource configurations."""

    def is_shared(self, arn: str) -> bool:
        """Tell whether the resource configuration is still there for this account."""
        ...


class Connections(Protocol):
    """Connections to this account's endpoint services."""

    def connection(self, service_id: str, endpoint_id: str) -> Connection: ...


def publish_connection(
    wanted: WantedAssociation,
    endpoint: Endpoint,
    endpoints: Endpoints,
    names: Names,
    configurations: Configurations,
    *,
    prefix: str,
    now: datetime,
) -> Publication:
    """Publish the name by which the resource is reached in its VPC.

    Raises:
        NotReadyError: AWS has not made it accessible, or has not named it, yet.
        ConflictError: a parameter of that name is not ours, or is of another resource that is still shared.
    """
    associated = _associated(endpoint.endpoint_id, wanted.resource_arn, endpoints)
    document = ConnectionDocument(
        dns_name=associated.dns_name,
        hosted_zone_id=associated.hosted_zone_id,
        private_dns_name=associated.private_dns_name,
        port_ranges=wanted.port_ranges,
        protocol=wanted.protocol,
        mode=wanted.mode,
        vpc_id=wanted.vpc_id,
        endpoint_id=endpoint.endpoint_id,
        association_id=associated.association_id,
        resource_configuration_arn=wanted.resource_arn,
        provider=wanted.provider,
        published_at=now.isoformat(timespec="seconds"),
    )
    path = connection_path(prefix, wanted.binding, wanted.resource_name, wanted.vpc_id if wanted.per_vpc else None)

    def may_replace(other: str) -> bool:
        # A resource that was recreated comes back under another ARN, from the same provider. Another provider never
        # takes a name over: applications would be sent to it.
        return is_of(other, wanted.provider) and not configurations.is_shared(other)

    return _publish(path, document, names, wanted.resource_arn, may_replace)


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
    return _publish(path, document, names, request.endpoint_id, lambda _: False)


def _associated(endpoint_id: str, resource_arn: str, endpoints: Endpoints) -> AssociatedResource:
    for associated in endpoints.associated(endpoint_id):
        if associated.resource_arn == resource_arn:
            if associated.accessible and associated.dns_name:
                return associated
            raise NotReadyError(f"{endpoint_id} has no name yet {associated.failure}".rstrip())
    raise NotReadyError(f"{endpoint_id} is not associated with {resource_arn} yet")


class _MayReplace(Protocol):
    def __call__(self, other: str, /) -> bool: ...


def _publish(path: str, document: Document, names: Names, subject: str, may_replace: _MayReplace) -> Publication:
    beside = f"{path}/connection"
    plain = f"{path}/dns-name"
    # The JSON first: whoever waits for the name may read what is beside it at once.
    published = names.read(beside)
    if published is None or not says_the_same(document, published.value) or published.subject != subject:
        _write(beside, to_parameter(document), published, names, subject=subject, may_replace=may_replace)
    named = names.read(plain)
    if named is None or named.value != document.dns_name or named.subject != subject:
        _write(plain, document.dns_name, named, names, subject=subject, may_replace=may_replace)
    return Publication(dns_name=document.dns_name, parameters=(plain, beside))


def _write(name: str, value: str, there: Owned | None, names: Names, *, subject: str, may_replace: _MayReplace) -> None:
    if there is None:
        if names.create(name, value, subject=subject):
            return
        there = names.read(name)
    if there is None:
        raise NotReadyError(f"{name} was deleted a moment ago")
    if not there.subject:
        raise ConflictError(f"{name} is there and not Drawbridge's; delete it, or rename the binding")
    if there.subject != subject and not may_replace(there.subject):
        raise ConflictError(f"{name} is published for {there.subject}; match one of the two, or delete the parameter")
    names.overwrite(name, value, subject=subject)
