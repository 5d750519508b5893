"""Orphans: what was made or published by us, and belongs to no request that the ledger follows.

A ledger that was lost leaves them, and an attempt that broke off before it recorded what it made. Each gets a row of
its own, and from then on is watched, counted and taken down as what any request has left.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import TypeVar

from msgspec import Struct

from drawbridge.arns import Arn
from drawbridge.bounds import fitting
from drawbridge.decision.let_in import LetIn
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.parsing import UnreadableError, read_json, read_value
from drawbridge.publication import AttachmentSnapshot
from drawbridge.publication.documents import ConsumerDocument
from drawbridge.publication.names import (
    connections_path,
    consumer_path,
    consumers_path,
    document_parameter,
    name_parameter,
    path_of_document,
)
from drawbridge.publication.published import (
    PublishedName,
    PublishedNamesReader,
    is_published_for,
    published_names,
)
from drawbridge.record.outcome import ATTACHMENTS_BYTES, PUBLISHED_BYTES
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
    *,
    prefix: str,
    account_id: str,
) -> Iterator[Orphan]:
    """Yield what was made or published for resources, of which no row of these tells and that no share holds.

    ``shared`` has the ARNs of what shares hold: what leads there is seen to by their requests. Whose a name is is asked
    as late as it is needed. What there is no room for in a row is left to a later look.
    """
    recorded = frozenset(one for row in rows for each in row.attachments or () for one in each.made.ids)
    concerned = frozenset({*shared, *(arn for row in rows for arn in _resources_of(row))})
    made = defaultdict[str, list[AttachmentSnapshot]](list)
    for each in unrecorded_attachments(objects, lambda arn: arn not in concerned, recorded, account_id):
        made[each.resource_arn].append(each)
    named = defaultdict[str, list[PublishedName]](list)
    for name in published_names(names.below(connections_path(prefix))):
        if name.resource_arn not in concerned:
            named[name.resource_arn].append(name)
    for arn in sorted(made.keys() | named.keys()):
        request = _request({"resourceArn": arn}, OrphanRequest)
        if request is None:
            continue
        published = fitting((one for each in named[arn] for one in _parameters_of(each, names)), PUBLISHED_BYTES)
        if made[arn] or published:
            yield Orphan(
                request=request,
                account_id=Arn.parse(arn).account_id,
                attachments=fitting(made[arn], ATTACHMENTS_BYTES),
                published=published,
            )


def orphaned_connections(
    names: PublishedNamesReader, rows: Collection[LedgerRow], there: Collection[str], *, prefix: str
) -> Iterator[Orphan]:
    """Yield the names of consumers' endpoints of which no row of these tells; ``there`` are the ids of open ones."""
    followed = {row.request_id for row in rows}
    for parameter, value in names.below(consumers_path(prefix)):
        document = _read(value) if path_of_document(parameter) is not None else None
        if document is None or document.endpoint_id in there:
            continue
        path = consumer_path(prefix, document.consumer, document.endpoint_id)
        ids = {"serviceId": document.service_id, "endpointId": document.endpoint_id}
        request = _request(ids, EndpointConnectionRequest)
        if request is None or request.request_id in followed or parameter != document_parameter(path):
            continue
        if is_published_for(document.endpoint_id, parameter, names):
            both = (name_parameter(path), parameter)
            yield Orphan(request=request, account_id=document.consumer, published=both)


def _parameters_of(name: PublishedName, names: PublishedNamesReader) -> Iterator[str]:
    """Yield the two parameters of a name, if they are ours and can be taken back as what they say they are."""
    parameter = document_parameter(name.path)
    if is_published_for(name.document.resource_configuration_arn, parameter, names):
        yield from (name_parameter(name.path), parameter)


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
