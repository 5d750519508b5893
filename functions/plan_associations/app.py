"""An accepted share in, the associations to make of it out."""

from typing import Any

import msgspec
from msgspec import Struct

from drawbridge.arns import Arn
from drawbridge.bootstrap.plan_associations import gatherer, moment, planner
from drawbridge.observability import logger
from drawbridge.request import ResourceShareRequest
from drawbridge.request.shares import SharedResource


class Step(Struct, frozen=True):
    request: ResourceShareRequest
    expected: tuple[SharedResource, ...]
    tries: int = 0


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, Step)
    asker = gatherer().asker(Arn.parse(step.request.share_arn).account_id)
    plan = planner().plan(step.request.share_arn, asker, step.expected, moment(), tries=step.tries)
    logger.info("planned", request_id=step.request.request_id, plan=msgspec.to_builtins(plan))
    return {"plan": msgspec.to_builtins(plan)}
