"""Orphans: what was made or published by us, and belongs to no request that the ledger follows.

A ledger that was lost leaves them, and an attempt that broke off before it recorded what it made. Each gets a row of
its own, and from then on is watched, counted and taken down as what any request has left.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct

from drawbridge.arns import Arn
from drawbridge.association import MadeAttachment
from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.decision.let_in import LetIn
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.lattice import ResourceKind
from drawbridge.parsing import UnreadableError, read_json
from drawbridge.publication import AttachmentSnapshot
from drawbridge.publication.documents import ConsumerDocument
from drawbridge.publication.names import (
    connections_path,
    consumers_path,
    document_parameter,
    name_parameter,
    path_of_document,
)
from drawbridge.publication.parameters import ObservedParameter
from drawbridge.publication.published import published_names
from drawbridge.request import EndpointConnectionRequest, OrphanRequest, Request

_KINDS = {
    "resourceconfiguration": ResourceKind.RESOURCE_CONFIGURATION,
    "service": ResourceKind.SERVICE,
    "servicenetwork": ResourceKind.SERVICE_NETWORK,
}

_Request = TypeVar("_Request", OrphanRequest, EndpointConnectionRequest)

_CARRIERS = frozenset({OwnedKind.NETWORK_ENDPOINT, OwnedKind.VPC_ASSOCIATION})


class OwnedObjects(Protocol):
    """What there is of the kinds that Drawbridge makes."""

    def endpoints(self) -> Iterable[OwnedObject]:
        """Return the endpoints that carry our ownership tag."""
        ...

    def network_associations(self) -> Iterable[OwnedObject]:
        """Return the associations of the service networks that this account sees, whoever made them."""
        ...

    def is_ours(self, made: OwnedObject) -> bool:
        """Return whether it carries our ownership tag."""
        ...


class PublishedNames(Protocol):
    """What is published in Parameter Store."""

    def read(self, name: str) -> ObservedParameter | None: ...

    def below(self, path: str) -> Iterable[tuple[str, str]]:
        """Return name and value of all parameters below a path."""
        ...


class Orphan(Struct, frozen=True, kw_only=True):
    """What was made and published for one resource, or for a consumer's endpoint, that belongs to no request."""

    request: Request
    """The one that it belongs to from now on."""
    account_id: str
    """The provider's, or the consumer's."""
    attachments: tuple[AttachmentSnapshot, ...] = ()
    published: tuple[str, ...] = ()
    """Parameters, by their full names."""


def orphaned_attachments(
    objects: OwnedObjects, names: PublishedNames, rows: Collection[LedgerRow], shared: Collection[str], prefix: str
) -> list[Orphan]:
    """Return what was made or published for resources, of which no row of these tells and that no share holds.

    ``shared`` has the ARNs of what shares hold: what leads there is seen to by their requests.
    """
    recorded = frozenset(one for row in rows for each in row.attachments or () for one in each.made.ids)
    concerned = frozenset({*shared, *(arn for row in rows for arn in _resources_of(row))})
    made = defaultdict[str, list[AttachmentSnapshot]](list)
    for arn, snapshot in _unrecorded(objects, recorded):
        if arn not in concerned:
            made[arn].append(snapshot)
    published = defaultdict[str, list[str]](list)
    for name in published_names(names.below(connections_path(prefix))):
        parameter = document_parameter(name.path)
        if name.resource_arn not in concerned and _is_ours(parameter, names):
            published[name.resource_arn] += [name_parameter(name.path), parameter]
    return [
        Orphan(
            request=request,
            account_id=Arn.parse(arn).account_id,
            attachments=tuple(made[arn]),
            published=tuple(published[arn]),
        )
        for arn in sorted(made.keys() | published.keys())
        if (request := _request({"resourceArn": arn}, OrphanRequest)) is not None
    ]


def orphaned_connections(
    names: PublishedNames, rows: Collection[LedgerRow], there: Collection[str], prefix: str
) -> list[Orphan]:
    """Return the names of consumers' endpoints of which no row of these tells; ``there`` are the ids of open ones."""
    followed = {row.request_id for row in rows}
    found: list[Orphan] = []
    for parameter, value in names.below(consumers_path(prefix)):
        path, document = path_of_document(parameter), _read(value)
        if path is None or document is None or document.endpoint_id in there:
            continue
        ids = {"serviceId": document.service_id, "endpointId": document.endpoint_id}
        request = _request(ids, EndpointConnectionRequest)
        if request is not None and request.request_id not in followed and _is_ours(parameter, names):
            both = (name_parameter(path), parameter)
            found.append(Orphan(request=request, account_id=document.consumer, published=both))
    return found


def _request(fields: Mapping[str, str], kind: type[_Request]) -> _Request | None:
    """Return the request; ``None`` if somebody tagged or wrote by hand what is none."""
    try:
        return msgspec.convert({**fields, "kind": kind.__struct_config__.tag}, kind)
    except msgspec.ValidationError:
        return None


def _is_ours(parameter: str, names: PublishedNames) -> bool:
    there = names.read(parameter)
    # What is not ours has no subject.
    return there is not None and bool(there.subject)


def _resources_of(row: LedgerRow) -> Iterator[str]:
    yield from (each.resource_arn for each in row.attachments or ())
    if isinstance(row.let_in, LetIn):
        yield from row.let_in.arns or ()


def _unrecorded(objects: OwnedObjects, recorded: Collection[str]) -> Iterator[tuple[str, AttachmentSnapshot]]:
    """Yield what no row records, by the ARN of what it leads to."""
    for each in objects.endpoints():
        if each.kind is OwnedKind.ENDPOINT and each.resource_arn and each.id not in recorded:
            yield each.resource_arn, _snapshot(each, MadeAttachment(endpoint_id=each.id))
    in_networks = [each for each in objects.network_associations() if each.id not in recorded]
    ours = [each for each in in_networks if each.resource_arn and objects.is_ours(each)]
    networks = {each.network_arn for each in ours}
    carriers = defaultdict[str, list[OwnedObject]](list)
    for each in (*objects.endpoints(), *in_networks):
        if each.kind in _CARRIERS and each.network_arn in networks and objects.is_ours(each):
            carriers[each.network_arn].append(each)
    for each in ours:
        through: list[OwnedObject | None] = [*carriers[each.network_arn]]
        for carrier in through or [None]:
            yield each.resource_arn, _snapshot(each, _through(each, carrier), carrier)


def _through(association: OwnedObject, carrier: OwnedObject | None) -> MadeAttachment:
    is_endpoint = carrier is not None and carrier.kind is OwnedKind.NETWORK_ENDPOINT
    carrier_id = carrier.id if carrier is not None else ""
    return MadeAttachment(
        network_arn=association.network_arn,
        resource_association=association.id,
        endpoint_id=carrier_id if is_endpoint else "",
        vpc_association="" if is_endpoint else carrier_id,
    )


def _snapshot(made_for: OwnedObject, made: MadeAttachment, carrier: OwnedObject | None = None) -> AttachmentSnapshot:
    arn = made_for.resource_arn
    return AttachmentSnapshot(
        name=f"{made_for.binding}/{arn.rpartition('/')[2]}/{(carrier or made_for).vpc_id}",
        resource_arn=arn,
        resource_kind=_KINDS.get(arn.rpartition(":")[2].partition("/")[0], ResourceKind.RESOURCE_CONFIGURATION),
        holds_others=False,
        made=made,
        observed_fingerprint="",
    )


def _read(published: str) -> ConsumerDocument | None:
    try:
        return read_json(published, ConsumerDocument)
    except UnreadableError:
        return None
