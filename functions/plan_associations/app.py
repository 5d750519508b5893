"""In: an accepted share. Out: what to associate of it, each by its place in the plan; or one of them, decided again."""

from typing import Any

import msgspec
from msgspec import Struct

from drawbridge.association.attempt import ShareAttempt, decide_association_again, plan_attempt
from drawbridge.bootstrap.plan_associations import ports
from drawbridge.decision import Accept, DecidedOn, Keep
from drawbridge.observability import logger
from drawbridge.request import ExecutionInput, ResourceShareRequest
from drawbridge.status import Reason


class ShareExecutionInput(ExecutionInput, frozen=True, kw_only=True, rename="camel"):
    """What an execution for a share starts with."""

    request: ResourceShareRequest


class PlanAssociationsInput(Struct, frozen=True):
    execution: ShareExecutionInput = msgspec.field(name="request")
    decision: Accept | Keep
    on: DecidedOn
    tries: int = 0
    item: int | None = None
    """The place of the association that is to be decided again; ``None`` for all."""


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, PlanAssociationsInput)
    execution = step.execution
    attempt = ShareAttempt(
        execution=execution, share_arn=execution.request.share_arn, decision=step.decision, decided_on=step.on
    )
    if step.item is None:
        plan, items = plan_attempt(attempt, ports(), tries=step.tries)
        summary = {"associations": len(items), "refused": [each.code for each in plan.refused]}
        logger.info("planned", request_id=execution.request_id, plan=summary)
        return {"items": items}
    again = decide_association_again(attempt, step.item, ports())
    if isinstance(again, Reason):
        logger.info("refused after all", request_id=execution.request_id, item=step.item, reason=again.text)
        return {"next": "refused"}
    return {"next": "associate"}
