"""Publishing: names are written once they are usable, and only if they changed."""

from datetime import datetime
from typing import Protocol

import msgspec

from drawbridge.association import Alias, Associated, DesiredAttachment
from drawbridge.association.aliases import Holder, MayTakeOver
from drawbridge.errors import ConflictError, GoneError, NotReadyError, RequestGoneError
from drawbridge.publication import Publication
from drawbridge.publication.documents import ConnectionDocument, ConsumerDocument, read_connection
from drawbridge.publication.due import Due, Inside
from drawbridge.publication.named import NamedResource
from drawbridge.publication.names import consumer_path
from drawbridge.publication.parameters import Names, write
from drawbridge.publication.snapshot import way_of
from drawbridge.request import EndpointConnectionRequest
from drawbridge.request.connections import Connection, ConnectionState, has_no_names

_MOST_TOLD = 5
"""Names that are told of one association; all are in Parameter Store."""


class Aliases(Protocol):
    """Names of our own in hosted zones."""

    def point(self, alias: Alias, to: NamedResource, *, holder: Holder, may_take_over: MayTakeOver) -> None:
        """Have the name lead there. Nothing is written if it does.

        Raises:
            ConflictError: there is a record of that name which is not ours, or is another's that may not be taken over.
        """
        ...

    def remove(self, alias: Alias, *, holder: Holder, dns_name: str) -> None:
        """Remove the name if it is that holder's; ``dns_name`` is where it led, for markers that don't tell whose."""
        ...


class Connections(Protocol):
    """Connections to this account's endpoint services."""

    def connection(self, service_id: str, endpoint_id: str) -> Connection: ...


class Publisher:
    """Publishes the names by which a shared resource is reached."""

    def __init__(self, due: Due, names: Names, aliases: Aliases) -> None:
        self._due = due
        self._names = names
        self._aliases = aliases

    def publish(self, wanted: DesiredAttachment, by: Associated, *, now: datetime, patient: bool) -> Publication:
        """Publish each name, and take back those of children that are gone.

        Of a group, what can be used is published whatever becomes of the rest; ``patient`` tells whether the rest is
        waited for.

        Raises:
            NotReadyError: AWS has not made it accessible, or has not named it, yet.
            ConflictError: a parameter or record of that name is not ours, or is of another resource that is still
                shared.
        """
        found = self._due.found(wanted, by)
        usable, pending = self._due.usable(wanted, by, found)
        if not wanted.resource.holds_others and not usable:
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
        if wanted.resource.holds_others:
            if patient and (pending or not usable):
                raise NotReadyError(f"{wanted.name}: {len(pending)} of {len(found)} in it have no name yet")
            taken_back = self._take_back(wanted, {each.resource_arn for each in found})
        return Publication(
            dns_name=", ".join(named.dns_name for named, _ in usable[:_MOST_TOLD]),
            parameters=tuple(parameters),
            pending=tuple(sorted(each.resource_arn for each in pending)),
            taken_back=taken_back,
            way=msgspec.structs.replace(way_of(wanted, by, found), records=self._due.pointed(wanted, usable)),
        )

    def _publish(
        self, wanted: DesiredAttachment, by: Associated, named: NamedResource, inside: Inside | None, now: datetime
    ) -> tuple[str, ...]:
        document = self._due.document(wanted, by, named, inside, now)
        path, alias = self._due.path(wanted, inside), document.alias
        may_replace = self._due.may_replace(wanted)
        before = self._names.read(f"{path}/connection")
        # The record first: what the JSON tells of it is so.
        if alias is not None:
            holder, may_take_over = self._due.holder(wanted, named), self._due.may_take_over(wanted, alias)
            self._aliases.point(alias, named, holder=holder, may_take_over=may_take_over)
        parameters = write(path, document, before, self._names, subject=named.resource_arn, may_replace=may_replace)
        earlier = read_connection(before.value) if before and before.subject else None
        if earlier is not None and earlier.alias is not None and earlier.alias != alias:
            self._remove(earlier.alias, wanted, earlier)
        return parameters

    def _remove(self, alias: Alias, wanted: DesiredAttachment, told: ConnectionDocument) -> None:
        holder = Holder(
            subject=told.resource_configuration_arn, binding=wanted.binding, vpc_id=told.vpc_id or wanted.vpc_id
        )
        self._aliases.remove(alias, holder=holder, dns_name=told.dns_name)

    def _take_back(self, wanted: DesiredAttachment, there: set[str]) -> tuple[str, ...]:
        """Take back what is published of children that are gone; give the names of the parameters."""
        gone: list[str] = []
        for stem, told in self._due.left(wanted, there):
            if told.alias is not None:
                self._remove(told.alias, wanted, told)
            # The JSON last: it is what tells that there is something to take back.
            for name in (f"{stem}/dns-name", f"{stem}/connection"):
                self._names.remove(name, subject=told.resource_configuration_arn)
                gone.append(name)
        return tuple(gone)


def publish_consumer(
    request: EndpointConnectionRequest, connections: Connections, names: Names, *, prefix: str, now: datetime
) -> Publication:
    """Publish the names of a consumer's endpoint; of one that never has any, that it is connected.

    Raises:
        NotReadyError: the connection is not available, or not named, yet.
        RequestGoneError: the connection is over.
        ConflictError: a parameter of that name is not ours.
    """
    try:
        connection = connections.connection(request.service_id, request.endpoint_id)
    except GoneError as error:
        raise RequestGoneError(str(error)) from error
    if not connection.state.is_open and connection.state is not ConnectionState.UNKNOWN:
        raise RequestGoneError(f"the connection of {request.endpoint_id} is {connection.state}")
    usable = connection.state in {ConnectionState.AVAILABLE, ConnectionState.PARTIAL}
    if not usable:
        raise NotReadyError(f"the connection of {request.endpoint_id} is {connection.state}")
    if not connection.dns_names and not has_no_names(connection):
        raise NotReadyError(f"{request.endpoint_id} has no name yet")
    regional, *zonal = connection.dns_names or (None,)
    dns_name, hosted_zone_id = regional or (None, None)
    document = ConsumerDocument(
        dns_name=dns_name,
        hosted_zone_id=hosted_zone_id,
        zonal_dns_names=tuple(each[0] for each in zonal if each is not None),
        consumer=connection.owner,
        endpoint_id=request.endpoint_id,
        endpoint_region=connection.region,
        service_id=request.service_id,
        published_at=now.isoformat(timespec="seconds"),
    )
    path = consumer_path(prefix, connection.owner, request.endpoint_id)
    before = names.read(f"{path}/connection")
    parameters = write(path, document, before, names, subject=request.endpoint_id, may_replace=lambda _: False)
    return Publication(dns_name=dns_name or "", parameters=parameters)
