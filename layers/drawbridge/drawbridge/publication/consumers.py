"""The names of consumers' endpoints: published on the provider's side, many at once."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from drawbridge.errors import ConflictError, DrawbridgeError, NotReadyError, RequestGoneError
from drawbridge.pacing.defaults import PUT_PARAMETER
from drawbridge.pacing.pace import AT_ONCE, Pacing
from drawbridge.publication import Publication
from drawbridge.publication.documents import ConsumerDocument
from drawbridge.publication.names import consumer_path, document_parameter, name_parameter
from drawbridge.publication.parameters import DesiredParameters, MayReplace, PublicationStore
from drawbridge.publication.publish_batch import NameWrites, plan_documents, plan_writes, write_documents, write_names
from drawbridge.request import EndpointConnectionRequest
from drawbridge.request.connections import ConnectionState, EndpointConnection, has_no_names


class ConnectionNames(Protocol):
    """Connections to this account's endpoint services."""

    def listed(self, endpoint_ids: Collection[str]) -> list[EndpointConnection]:
        """Return the connections of these endpoints and attachments to services of this account, as AWS lists them."""
        ...


class PlainlyNamed(Struct, frozen=True):
    """Its plain name is published; the JSON beside it is to be written."""

    written: bool = False
    """Whether the name was written for it, and was not there before."""


def name_consumers(
    requests: Sequence[EndpointConnectionRequest],
    connections: ConnectionNames,
    store: PublicationStore,
    *,
    prefix: str,
    now: datetime,
    pace: Pacing = AT_ONCE,
) -> list[Publication | PlainlyNamed | DrawbridgeError]:
    """Publish the plain names of many consumers' endpoints, each with an outcome of its own, in their order.

    Of one that never has a name, that it is connected is told by the JSON alone.

    Raises:
        ThrottledError: there is no time to wait for their turn.
        DrawbridgeError: AWS does not list them.
    """
    due = due_consumers([*dict.fromkeys(requests)], connections, prefix=prefix, now=now)
    writes = planned_consumers(due, store)
    to_write = {request: each for request, each in writes.items() if isinstance(each, NameWrites) and not each.refusal}
    pace.reserve(
        PUT_PARAMETER, sum(each.write is not None and each.write.name is not None for each in to_write.values())
    )
    failed = write_names(to_write, store)

    def outcome(request: EndpointConnectionRequest) -> Publication | PlainlyNamed | DrawbridgeError:
        one = due[request]
        if isinstance(one, DrawbridgeError):
            return one
        write = writes[request]
        if isinstance(write, DrawbridgeError):
            return write
        if write.refusal:
            return ConflictError(write.refusal.why)
        if request in failed:
            return failed[request]
        if write.write is None or write.write.document is None:
            return publication_of(one)
        return PlainlyNamed(written=write.write.name is not None)

    return [outcome(each) for each in requests]


def detail_consumers(
    requests: Sequence[EndpointConnectionRequest],
    connections: ConnectionNames,
    store: PublicationStore,
    *,
    named: Collection[EndpointConnectionRequest],
    prefix: str,
    now: datetime,
    pace: Pacing = AT_ONCE,
) -> list[Publication | DrawbridgeError]:
    """Write the JSON beside the names of many consumers' endpoints, each with an outcome of its own, in their order.

    ``named`` are those whose plain names were written for it: they go again where AWS refuses the JSON. What AWS lists
    is read again, once it is their turn: whose connection is over by now gets none.

    Raises:
        ThrottledError: there is no time to wait for their turn.
        DrawbridgeError: AWS does not list them.
    """
    pace.reserve(PUT_PARAMETER, len({*requests}))
    due = due_consumers([*dict.fromkeys(requests)], connections, prefix=prefix, now=now)
    writes = plan_documents(_of_endpoints(due), store, named=named)
    failed = {request: each for request, each in (due | writes).items() if isinstance(each, DrawbridgeError)}
    to_write = {request: each for request, each in writes.items() if isinstance(each, NameWrites)}
    failed |= write_documents(to_write, store)
    published = {each: publication_of(one) for each, one in due.items() if isinstance(one, DesiredParameters)}
    return [failed[each] if each in failed else published[each] for each in requests]


def due_consumers(
    requests: Sequence[EndpointConnectionRequest],
    connections: ConnectionNames,
    *,
    prefix: str,
    now: datetime,
) -> dict[EndpointConnectionRequest, DesiredParameters | DrawbridgeError]:
    """Return what is due to be published of each: one listing tells it of all that are usable.

    Raises:
        DrawbridgeError: AWS does not list them.
    """
    listed = {
        (each.service_id, each.endpoint_id): each
        for each in connections.listed([request.endpoint_id for request in requests])
    }
    due: dict[EndpointConnectionRequest, DesiredParameters | DrawbridgeError] = {}
    for request in requests:
        try:
            due[request] = _due(request, listed, prefix, now)
        except DrawbridgeError as error:
            due[request] = error
    return due


def planned_consumers(
    due: Mapping[EndpointConnectionRequest, DesiredParameters | DrawbridgeError], store: PublicationStore
) -> dict[EndpointConnectionRequest, NameWrites | DrawbridgeError]:
    """Compare what is due with what is published."""
    return plan_writes(_of_endpoints(due), store)


def _of_endpoints(
    due: Mapping[EndpointConnectionRequest, DesiredParameters | DrawbridgeError],
) -> dict[EndpointConnectionRequest, tuple[DesiredParameters, MayReplace]]:
    return {request: (each, _never) for request, each in due.items() if isinstance(each, DesiredParameters)}


def _due(
    request: EndpointConnectionRequest,
    listed: Mapping[tuple[str, str], EndpointConnection],
    prefix: str,
    now: datetime,
) -> DesiredParameters:
    connection = listed.get((request.service_id, request.endpoint_id))
    if connection is None:
        raise RequestGoneError(f"no connection of {request.endpoint_id} to {request.service_id} is listed")
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
        ip_address_type=connection.ip_address_type or None,
        service_id=request.service_id,
        service_region=connection.service_region or None,
        published_at=now.isoformat(timespec="seconds"),
    )
    path = consumer_path(prefix, connection.owner, request.endpoint_id)
    return DesiredParameters(path=path, subject=request.endpoint_id, document=document)


def publication_of(due: DesiredParameters) -> Publication:
    """Return what is published of an endpoint, once it is."""
    dns_name = due.document.dns_name
    plain = () if dns_name is None else (name_parameter(due.path),)
    return Publication(dns_name=dns_name or "", parameters=(*plain, document_parameter(due.path)))


def _never(_: str) -> bool:
    """Whether what is published for another endpoint may be overwritten: its id is in the parameter's name."""
    return False
