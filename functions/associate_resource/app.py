"""In: a planned association. Out: what was made, once it is usable; or that it is decided again, or awaits its turn."""

from typing import Any

import msgspec
from msgspec import Struct

from drawbridge.association.reconcile import DECISION_HOLDS, reconcile_while
from drawbridge.bootstrap.associate_resource import attempts, now, reconciler
from drawbridge.bootstrap.metering import metered
from drawbridge.observability import log_of_request, logger
from drawbridge.pacing.turn import AwaitTurn, GivenTurn, Turn
from drawbridge.request import ExecutionInput


class AssociateResourceInput(Struct, frozen=True):
    execution: ExecutionInput = msgspec.field(name="request")
    item: int
    turn: Turn | None = None
    """That it has, if it waited for one."""


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, AssociateResourceInput)
    log_of_request(step.execution.request_id)
    planned = attempts().planned(step.execution, step.item)
    made = reconcile_while(
        lambda: now() - planned.at < DECISION_HOLDS,
        planned.desired,
        reconciler(),
        attempt=step.execution.attempt,
        turns=GivenTurn(step.turn, now),
    )
    document = msgspec.to_builtins(made)
    if isinstance(made, AwaitTurn):
        logger.info("waits for its turn", wanted=planned.desired.name, turn=document)
        return {"next": "await-turn", "by": document}
    logger.info("associated" if made else "to be decided again", wanted=planned.desired.name, by=document)
    return {"next": "publish" if made else "decide-again", "by": document}
