"""A connection that was made in, its names published; what of it is kept, or for a consumer told, comes out."""

from datetime import UTC, datetime
from typing import Any, assert_never

import msgspec
from msgspec import Struct

from drawbridge.association import Associated
from drawbridge.bootstrap.publish_dns import attempts, connections, environment, names, publisher
from drawbridge.observability import logger
from drawbridge.publication import Publication
from drawbridge.publication.publish import publish_consumer
from drawbridge.record.outcome import Published
from drawbridge.request import EndpointConnectionRequest, WorkflowInput

_PATIENCE = 6
"""Tries, about two minutes: what is named later, the next look finds."""

_MOST_LOGGED = 20


class Association(Struct, frozen=True, tag="association", tag_field="of"):
    """A shared resource that was associated."""

    request: WorkflowInput
    item: int
    by: Associated
    tries: int = 0
    """How often it was tried before: what is in a group and has no name is waited for a while."""


class Connection(Struct, frozen=True, tag="connection", tag_field="of"):
    """A consumer's endpoint that was accepted."""

    request: EndpointConnectionRequest


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, Association | Connection)
    now = datetime.now(UTC)
    match step:
        case Association(request, item, by, tries):
            wanted = attempts().planned(request, item).wanted
            publication = publisher().publish(wanted, by, now=now, patient=tries < _PATIENCE)
            attempts().keep_result(request, item, Published(publication))
            told: dict[str, Any] = {}
        case Connection(request):
            prefix = environment().prefix
            publication = publish_consumer(request, connections(), names(), prefix=prefix, now=now)
            told = {"publication": msgspec.to_builtins(publication)}
        case _:
            assert_never(step)
    _log(publication)
    return told


def _log(publication: Publication) -> None:
    count, first = len(publication.parameters), publication.parameters[:_MOST_LOGGED]
    logger.info("published", dns_name=publication.dns_name, count=count, parameters=first)
