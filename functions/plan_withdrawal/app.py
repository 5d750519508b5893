"""In: a request that is to end. Out: what to take down of it, by places; or one removal, decided again."""

from typing import Any

import msgspec
from msgspec import Struct

from drawbridge.bootstrap.metering import metered
from drawbridge.bootstrap.plan_withdrawal import ports
from drawbridge.observability import log_of_request, logger
from drawbridge.request import ExecutionInput
from drawbridge.status import Reason
from drawbridge.withdrawal.attempt import StillThere, decide_removal_again, plan_withdrawal


class PlanWithdrawalInput(Struct, frozen=True):
    execution: ExecutionInput = msgspec.field(name="request")
    item: int | None = None
    """The place of the removal that is to be decided again; ``None`` for all."""


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, PlanWithdrawalInput)
    execution = step.execution
    log_of_request(execution.request_id)
    if step.item is not None:
        again = decide_removal_again(execution, step.item, ports())
        if isinstance(again, Reason):
            logger.info("stays after all", item=step.item, reason=again.text)
            return {"next": "stays"}
        return {"next": "withdraw"}
    planned = plan_withdrawal(execution, ports())
    if isinstance(planned, StillThere):
        logger.info("nothing is withdrawn", reason=planned.because.text)
        return {"next": "listed-again", "because": msgspec.to_builtins(planned.because)}
    plan, removals = planned
    logger.info("planned", removals=[str(each) for each in plan.removals[:20]])
    return {"next": "withdraw", "removals": removals}
