"""In: a planned removal. Out: that it is gone, which is kept; or that it is to be decided again, or awaits its turn."""

from typing import Any

import msgspec
from msgspec import Struct

from drawbridge.bootstrap.metering import metered
from drawbridge.bootstrap.withdraw_attachment import attempts, now, take_down
from drawbridge.observability import log_of_request, logger
from drawbridge.pacing.turn import AwaitTurn, GivenTurn, Turn
from drawbridge.request import ExecutionInput
from drawbridge.withdrawal.take_down import DECISION_HOLDS


class WithdrawAttachmentInput(Struct, frozen=True):
    execution: ExecutionInput = msgspec.field(name="request")
    item: int
    turn: Turn | None = None
    """That it has, if it waited for one."""


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, WithdrawAttachmentInput)
    log_of_request(step.execution.request_id)
    planned = attempts().planned_removal(step.execution, step.item)
    gone = take_down().take_down_while(
        lambda: now() - planned.at < DECISION_HOLDS, planned.removal, GivenTurn(step.turn, now)
    )
    if isinstance(gone, AwaitTurn):
        logger.info("waits for its turn", what=str(planned.removal), turn=msgspec.to_builtins(gone))
        return {"next": "await-turn", "by": msgspec.to_builtins(gone)}
    if gone is None:
        logger.info("to be decided again", what=str(planned.removal))
        return {"next": "decide-again"}
    attempts().keep_removal_result(step.execution, step.item, gone)
    logger.info("withdrawn", what=gone.what, parameters=gone.parameters[:20])
    return {"next": "withdrawn"}
