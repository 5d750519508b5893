"""In: a request, and how its last question ended. Out: the decision, with the question that is to be asked, if any."""

from typing import Any

import msgspec

from drawbridge.approval import Approval
from drawbridge.approval.decide_request import decide_request
from drawbridge.bootstrap.decide_request import evaluation_time, ports
from drawbridge.observability import logger
from drawbridge.request import ExecutionInput


class DecideRequestInput(ExecutionInput, frozen=True, kw_only=True, rename="camel"):
    approval: Approval | None = None


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, DecideRequestInput)
    decided: dict[str, Any] = msgspec.to_builtins(decide_request(step, step.approval, ports(), evaluation_time))
    logger.info("decided", request_id=step.request_id, decision=decided["decision"])
    return decided
