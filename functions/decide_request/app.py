"""In: a request, and how its last question ended. Out: the decision, with the question that is to be asked, if any."""

from typing import Any

import msgspec

from drawbridge.approval import Approval
from drawbridge.approval.decide_request import decide_request
from drawbridge.bootstrap.decide_request import evaluation_time, ports
from drawbridge.bootstrap.metering import metered
from drawbridge.decision import AlreadyResolved
from drawbridge.observability import Metric, count, log_of_request, logger
from drawbridge.request import ExecutionInput


class DecideRequestInput(ExecutionInput, frozen=True, kw_only=True, rename="camel"):
    approval: Approval | None = None


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, DecideRequestInput)
    log_of_request(step.request_id)
    decision = decide_request(step, step.approval, ports(), evaluation_time)
    decided: dict[str, Any] = msgspec.to_builtins(decision)
    # By policy in the log alone: there may be any number of policies.
    policies = ", ".join(sorted(decision.decision_record.determined_by)) if decision.decision_record else ""
    logger.info("decided", decision=decided["decision"], policies=policies)
    if not isinstance(decision.decision, AlreadyResolved):
        count(Metric.DECISIONS, outcome=decided["decision"]["outcome"])
    return decided
