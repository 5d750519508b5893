"""An accepted share in, the associations to make of it out, each by its place in the plan; or one, decided again."""

from typing import Any

import msgspec
from msgspec import Struct

from drawbridge.arns import Arn
from drawbridge.association import PlannedAssociation
from drawbridge.association.coverage import Coverage
from drawbridge.bootstrap.plan_associations import attempts, gatherer, ledger, moment, planner
from drawbridge.decision import Accept, DecidedOn, Keep
from drawbridge.decision.facts import Asker
from drawbridge.observability import logger
from drawbridge.record.outcome import Refused
from drawbridge.request import ResourceShareRequest, WorkflowInput
from drawbridge.status import Reason


class ShareInput(WorkflowInput, frozen=True, kw_only=True, rename="camel"):
    """What an execution for a share starts with."""

    request: ResourceShareRequest


class Step(Struct, frozen=True):
    request: ShareInput
    decision: Accept | Keep
    on: DecidedOn
    tries: int = 0
    item: int | None = None
    """The place of the association that is to be decided again; ``None`` for all."""


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, Step)
    return {"items": _plan(step)} if step.item is None else {"next": _decide_again(step, step.item)}


def _plan(step: Step) -> tuple[int, ...]:
    # Before anything is read: what changes from here on was not seen.
    now, share_arn = moment(), step.request.request.share_arn
    asker = _asker(share_arn)
    coverage = _coverage(step)
    plan = planner().plan(share_arn, asker, coverage.expected(share_arn), now, coverage, tries=step.tries)
    items = attempts().keep_plan(step.request, plan, now.now)
    told = {"associations": len(items), "refused": [each.code for each in plan.refused]}
    logger.info("planned", request_id=step.request.request_id, plan=told)
    return items


def _decide_again(step: Step, item: int) -> str:
    """Decide again on one; tell what comes next for it."""
    now, share_arn = moment(), step.request.request.share_arn
    asker = _asker(share_arn)
    planned = attempts().planned(step.request, item)
    again = planner().again(share_arn, asker, planned.wanted, now, _coverage(step))
    match again:
        case Reason():
            attempts().keep_result(step.request, item, Refused(again))
            logger.info("refused after all", request_id=step.request.request_id, wanted=planned.wanted.name)
            return "refused"
        case _:
            attempts().keep_planned(step.request, item, PlannedAssociation(wanted=again, at=now.now))
            return "associate"


def _asker(share_arn: str) -> Asker:
    """Tell who shares, asked anew: what the decision gathered is older than the answer, and than every try to plan.

    An association counts as decided on at the moment that its plan says, and only for a minute: nothing that it rests
    on may be from before.
    """
    return gatherer().asker(Arn.parse(share_arn).account_id)


def _coverage(step: Step) -> Coverage:
    return Coverage(let_in=ledger().let_in(step.request.request_id), decision=step.decision, on=step.on)
