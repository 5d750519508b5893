"""An accepted share in, the associations to make of it out."""

from typing import Any

import msgspec
from msgspec import Struct

from drawbridge.arns import Arn
from drawbridge.association.coverage import Coverage
from drawbridge.bootstrap.plan_associations import gatherer, ledger, moment, planner
from drawbridge.decision import Accept, DecidedOn, Keep
from drawbridge.observability import logger
from drawbridge.request import ResourceShareRequest


class Step(Struct, frozen=True):
    request: ResourceShareRequest
    decision: Accept | Keep
    on: DecidedOn
    tries: int = 0


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, Step)
    share_arn = step.request.share_arn
    asker = gatherer().asker(Arn.parse(share_arn).account_id)
    let_in = ledger().let_in(step.request.request_id)
    coverage = Coverage(let_in=let_in, decision=step.decision, on=step.on)
    plan = planner().plan(share_arn, asker, coverage.expected(share_arn), moment(), coverage, tries=step.tries)
    logger.info("planned", request_id=step.request.request_id, plan=msgspec.to_builtins(plan))
    return {"plan": msgspec.to_builtins(plan)}
