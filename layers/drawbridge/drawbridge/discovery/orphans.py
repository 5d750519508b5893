"""Orphans: what was made or published by us, and belongs to no request that the ledger follows.

A ledger that was lost leaves them, and an attempt that broke off before it recorded what it made. Each gets a row of
its own, and from then on is watched, counted and taken down as what any request has left.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import TypeVar

from msgspec import Struct

from drawbridge.arns import Arn
from drawbridge.decision.let_in import LetIn
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.parsing import UnreadableError, read_json, read_value
from drawbridge.publication import AttachmentSnapshot
from drawbridge.publication.documents import ConsumerDocument
from drawbridge.publication.names import (
    connections_path,
    consumers_path,
    document_parameter,
    name_parameter,
    path_of_document,
)
from drawbridge.publication.published import PublishedNamesReader, is_published_by_us, published_names
from drawbridge.request import EndpointConnectionRequest, OrphanRequest, Request
from drawbridge.withdrawal.unrecorded import OwnedObjects, unrecorded_attachments

_Request = TypeVar("_Request", OrphanRequest, EndpointConnectionRequest)


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
    objects: OwnedObjects,
    names: PublishedNamesReader,
    rows: Collection[LedgerRow],
    shared: Collection[str],
    prefix: str,
) -> list[Orphan]:
    """Return what was made or published for resources, of which no row of these tells and that no share holds.

    ``shared`` has the ARNs of what shares hold: what leads there is seen to by their requests.
    """
    recorded = frozenset(one for row in rows for each in row.attachments or () for one in each.made.ids)
    concerned = frozenset({*shared, *(arn for row in rows for arn in _resources_of(row))})
    made = defaultdict[str, list[AttachmentSnapshot]](list)
    for each in unrecorded_attachments(objects, lambda arn: arn not in concerned, recorded):
        made[each.resource_arn].append(each)
    published = defaultdict[str, list[str]](list)
    for name in published_names(names.below(connections_path(prefix))):
        parameter = document_parameter(name.path)
        if name.resource_arn not in concerned and is_published_by_us(parameter, names):
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
    names: PublishedNamesReader, rows: Collection[LedgerRow], there: Collection[str], prefix: str
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
        if request is not None and request.request_id not in followed and is_published_by_us(parameter, names):
            both = (name_parameter(path), parameter)
            found.append(Orphan(request=request, account_id=document.consumer, published=both))
    return found


def _request(fields: Mapping[str, str], kind: type[_Request]) -> _Request | None:
    """Return the request; ``None`` if somebody tagged or wrote by hand what is none."""
    try:
        return read_value({**fields, "kind": kind.__struct_config__.tag}, kind)
    except UnreadableError:
        return None


def _resources_of(row: LedgerRow) -> Iterator[str]:
    yield from (each.resource_arn for each in row.attachments or ())
    if isinstance(row.let_in, LetIn):
        yield from row.let_in.arns or ()


def _read(published: str) -> ConsumerDocument | None:
    try:
        return read_json(published, ConsumerDocument)
    except UnreadableError:
        return None
