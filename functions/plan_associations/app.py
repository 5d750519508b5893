"""In: an accepted share. Out: what to associate and take down of it, by places; or one association, decided again."""

from typing import Any

import msgspec
from msgspec import Struct

from drawbridge.association.attempt import ShareAttempt, decide_association_again
from drawbridge.bootstrap.metering import metered
from drawbridge.bootstrap.plan_associations import ports, withdrawals
from drawbridge.decision import Accept, DecidedOn, Keep
from drawbridge.observability import log_of_request, logger
from drawbridge.request import ExecutionInput, ResourceShareRequest
from drawbridge.status import Reason
from drawbridge.withdrawal.attempt import plan_both_directions


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


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, PlanAssociationsInput)
    execution = step.execution
    log_of_request(execution.request_id)
    attempt = ShareAttempt(
        execution=execution, share_arn=execution.request.share_arn, decision=step.decision, decided_on=step.on
    )
    if step.item is None:
        planned = plan_both_directions(attempt, ports(), withdrawals(), tries=step.tries)
        summary = {
            "associations": len(planned.items),
            "refused": [each.code for each in planned.associations.refused],
            "removals": len(planned.removals),
        }
        logger.info("planned", plan=summary)
        return {"items": planned.items, "removals": planned.removals}
    again = decide_association_again(attempt, step.item, ports())
    if isinstance(again, Reason):
        logger.info("refused after all", item=step.item, reason=again.text)
        return {"next": "refused"}
    return {"next": "associate"}
