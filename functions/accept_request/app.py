"""In: a request and the decision on it. Out: the state of the invitation or connection afterwards."""

from typing import Any

import msgspec
from msgspec import Struct

from drawbridge.acceptance.accept import accept
from drawbridge.bootstrap.accept_request import connections, consumers, ledger, now, shares
from drawbridge.bootstrap.metering import metered
from drawbridge.decision import ActionableDecision, DecidedOn
from drawbridge.observability import log_of_request, logger
from drawbridge.request import ExecutionInput


class AcceptRequestInput(Struct, frozen=True):
    execution: ExecutionInput = msgspec.field(name="request")
    decision: ActionableDecision
    on: DecidedOn


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, AcceptRequestInput)
    log_of_request(step.execution.request_id)
    request = step.execution.request
    acceptance = accept(
        request,
        step.decision,
        step.on,
        shares(),
        connections(),
        commands=ledger(),
        consumers=consumers,
        now=now(),
    )
    logger.info("answered", acceptance=msgspec.to_builtins(acceptance))
    return {"acceptance": msgspec.to_builtins(acceptance)}
