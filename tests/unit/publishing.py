"""Publication over fakes: what is published of an attachment, and a hosted zone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from drawbridge.association import DesiredAttachment, MadeAttachment
from drawbridge.errors import DrawbridgeError
from drawbridge.publication import Publication
from drawbridge.publication.consumers import ConnectionNames, PlainlyNamed, detail_consumers, name_consumers
from drawbridge.publication.named import NamedResource
from drawbridge.publication.parameters import PublicationStore
from drawbridge.publication.publish import Publisher
from drawbridge.request import EndpointConnectionRequest
from tests.builders import NOW, RESOURCE_ARN
from tests.fakes.alias_records import InMemoryAliasRecords
from tests.fakes.named_resources import InMemoryNamedResources
from tests.fakes.parameter_store import InMemoryPublicationStore

NAME = "vpce-019b.rcfg-0712.4232ccc.vpc-lattice-rsc.us-east-1.on.aws"
BY_ENDPOINT = MadeAttachment(endpoint_id="vpce-019b")


class World(InMemoryNamedResources, InMemoryAliasRecords):
    """What AWS lists of an endpoint, a service network and resources, and a hosted zone."""

    def __init__(self, *named: NamedResource, shared: bool = True) -> None:
        InMemoryNamedResources.__init__(self, *named, shared=shared)
        InMemoryAliasRecords.__init__(self)


def named(arn: str = RESOURCE_ARN, **changes: Any) -> NamedResource:
    fields: dict[str, Any] = {
        "association_id": "vpce-rsc-asc-1",
        "resource_arn": arn,
        "accessible": True,
        "dns_name": NAME,
        "hosted_zone_id": "Z1",
    }
    return NamedResource(**(fields | changes))


def publication(
    world: World,
    names: InMemoryPublicationStore,
    desired: DesiredAttachment,
    by: MadeAttachment = BY_ENDPOINT,
    *,
    patient: bool = False,
) -> Publication:
    publisher = Publisher(world, world, names, world, prefix="drawbridge")
    return publisher.publish(desired, by, now=NOW, patient=patient)


def publish_consumers(
    requests: Sequence[EndpointConnectionRequest],
    connections: ConnectionNames,
    store: PublicationStore,
    *,
    prefix: str,
    now: datetime,
) -> list[Publication | DrawbridgeError]:
    """Publish connections as both queues' workers do, one after the other."""
    named = name_consumers(requests, connections, store, prefix=prefix, now=now)
    of_each = [*zip(requests, named, strict=True)]
    left = [request for request, each in of_each if isinstance(each, PlainlyNamed)]
    written = [request for request, each in of_each if isinstance(each, PlainlyNamed) and each.written]
    details = detail_consumers(left, connections, store, named=written, prefix=prefix, now=now) if left else []
    detailed = iter(details)
    return [next(detailed) if isinstance(each, PlainlyNamed) else each for each in named]


def publish_consumer(
    request: EndpointConnectionRequest,
    connections: ConnectionNames,
    store: PublicationStore,
    *,
    prefix: str,
    now: datetime,
) -> Publication:
    """Publish one connection; raise what is wrong with it."""
    (published,) = publish_consumers([request], connections, store, prefix=prefix, now=now)
    if isinstance(published, DrawbridgeError):
        raise published
    return published
