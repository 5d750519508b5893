"""A connection that was made in, the names published for it out."""

from datetime import UTC, datetime
from typing import Any, assert_never

import msgspec
from msgspec import Struct

from drawbridge.association import Associated, WantedAssociation
from drawbridge.bootstrap.publish_dns import connections, environment, names, publisher
from drawbridge.observability import logger
from drawbridge.publication import Publication
from drawbridge.publication.publish import publish_consumer
from drawbridge.request import EndpointConnectionRequest

_PATIENCE = 6
"""Tries, about two minutes: what is named later, the next look finds."""


class Association(Struct, frozen=True, tag="association", tag_field="of"):
    """A shared resource that was associated."""

    wanted: WantedAssociation
    by: Associated
    tries: int = 0
    """How often it was tried before: what is in a group and has no name is waited for a while."""


class Connection(Struct, frozen=True, tag="connection", tag_field="of"):
    """A consumer's endpoint that was accepted."""

    request: EndpointConnectionRequest


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    publication = _publish(msgspec.convert(event, Association | Connection))
    logger.info("published", dns_name=publication.dns_name, parameters=publication.parameters)
    return {"publication": msgspec.to_builtins(publication)}


def _publish(step: Association | Connection) -> Publication:
    now = datetime.now(UTC)
    match step:
        case Association(wanted, by, tries):
            return publisher().publish(wanted, by, now=now, patient=tries < _PATIENCE)
        case Connection(request):
            return publish_consumer(request, connections(), names(), prefix=environment().prefix, now=now)
        case _:
            assert_never(step)
