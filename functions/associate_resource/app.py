"""A wanted association in, the endpoint that makes it out, once it is available."""

from typing import Any

import msgspec
from msgspec import Struct

from drawbridge.association import WantedAssociation
from drawbridge.association.associate import associate
from drawbridge.bootstrap.associate_resource import endpoints
from drawbridge.observability import logger


class Step(Struct, frozen=True):
    wanted: WantedAssociation
    attempt: int


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, Step)
    endpoint = associate(step.wanted, endpoints(), attempt=step.attempt)
    logger.info("associated", wanted=step.wanted.name, endpoint_id=endpoint.endpoint_id)
    return {"endpoint": msgspec.to_builtins(endpoint)}
