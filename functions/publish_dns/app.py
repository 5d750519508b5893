"""A connection that was made in, the names published for it out."""

from datetime import UTC, datetime
from typing import Any, assert_never

import msgspec
from msgspec import Struct

from drawbridge.association import Endpoint, WantedAssociation
from drawbridge.bootstrap.publish_dns import configurations, connections, endpoints, environment, names
from drawbridge.observability import logger
from drawbridge.publication import Publication
from drawbridge.publication.publish import publish_connection, publish_consumer
from drawbridge.request import EndpointConnectionRequest


class Associated(Struct, frozen=True, tag="association", tag_field="of"):
    """A shared resource that was associated."""

    wanted: WantedAssociation
    endpoint: Endpoint


class Connected(Struct, frozen=True, tag="connection", tag_field="of"):
    """A consumer's endpoint that was accepted."""

    request: EndpointConnectionRequest


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    publication = _publish(msgspec.convert(event, Associated | Connected))
    logger.info("published", dns_name=publication.dns_name, parameters=publication.parameters)
    return {"publication": msgspec.to_builtins(publication)}


def _publish(step: Associated | Connected) -> Publication:
    prefix, now = environment().prefix, datetime.now(UTC)
    match step:
        case Associated(wanted, endpoint):
            return publish_connection(wanted, endpoint, endpoints(), names(), configurations(), prefix=prefix, now=now)
        case Connected(request):
            return publish_consumer(request, connections(), names(), prefix=prefix, now=now)
        case _:
            assert_never(step)
