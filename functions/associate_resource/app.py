"""A planned association in, what makes it out, once it is usable; or that it has to be decided again first."""

from typing import Any

import msgspec
from msgspec import Struct

from drawbridge.association.associate import DECISION_HOLDS, associate_while
from drawbridge.bootstrap.associate_resource import attempts, now, ways
from drawbridge.observability import logger
from drawbridge.request import WorkflowInput


class Step(Struct, frozen=True):
    request: WorkflowInput
    item: int


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, Step)
    planned = attempts().planned(step.request, step.item)
    by = associate_while(
        lambda: now() - planned.at < DECISION_HOLDS, planned.wanted, ways(), attempt=step.request.attempt
    )
    made = msgspec.to_builtins(by)
    logger.info("associated" if by else "to be decided again", wanted=planned.wanted.name, by=made)
    return {"next": "publish" if by else "decide-again", "by": made}
