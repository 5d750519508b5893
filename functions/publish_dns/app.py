"""In: a connection that was made. Its names are published. Out: a consumer's publication; any other is kept."""

from datetime import UTC, datetime
from typing import Any, assert_never

import msgspec
from msgspec import Struct

from drawbridge.association import MadeAttachment
from drawbridge.bootstrap.metering import metered
from drawbridge.bootstrap.publish_dns import attempts, connections, environment, names, publisher
from drawbridge.observability import log_of_request, logger
from drawbridge.publication import Publication
from drawbridge.publication.consumers import publish_consumer
from drawbridge.record.outcome import Published
from drawbridge.request import EndpointConnectionRequest, ExecutionInput

_PATIENCE = 6
"""Tries, over about two minutes: the next sweep finds what is named later."""

_MOST_LOGGED = 20


class PublishAssociationInput(Struct, frozen=True, tag="association", tag_field="of"):
    """A shared resource that was associated."""

    execution: ExecutionInput = msgspec.field(name="request")
    item: int
    made: MadeAttachment = msgspec.field(name="by")
    tries: int = 0
    """How often it was tried before: what is in a group and has no name yet is waited for, for a while."""


class PublishConnectionInput(Struct, frozen=True, tag="connection", tag_field="of"):
    """A consumer's endpoint that was accepted."""

    request: EndpointConnectionRequest


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, PublishAssociationInput | PublishConnectionInput)
    now = datetime.now(UTC)
    match step:
        case PublishAssociationInput(execution, item, made, tries):
            log_of_request(execution.request_id)
            desired = attempts().planned(execution, item).desired
            publication = publisher().publish(desired, made, now=now, patient=tries < _PATIENCE)
            attempts().keep_result(execution, item, Published(publication))
            output: dict[str, Any] = {}
        case PublishConnectionInput(request):
            log_of_request(request.request_id)
            prefix = environment().prefix
            publication = publish_consumer(request, connections(), names(), prefix=prefix, now=now)
            output = {"publication": msgspec.to_builtins(publication)}
        case _:
            assert_never(step)
    _log(publication)
    return output


def _log(publication: Publication) -> None:
    number, first = len(publication.parameters), publication.parameters[:_MOST_LOGGED]
    logger.info("published", dns_name=publication.dns_name, number_of_parameters=number, parameters=first)
