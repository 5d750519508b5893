"""A wanted association in, what makes it out, once it is usable."""

from typing import Any

import msgspec
from msgspec import Struct

from drawbridge.association import WantedAssociation
from drawbridge.association.associate import associate
from drawbridge.bootstrap.associate_resource import ways
from drawbridge.observability import logger


class Step(Struct, frozen=True):
    wanted: WantedAssociation
    attempt: int


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, Step)
    made = msgspec.to_builtins(associate(step.wanted, ways(), attempt=step.attempt))
    logger.info("associated", wanted=step.wanted.name, by=made)
    return {"by": made}
