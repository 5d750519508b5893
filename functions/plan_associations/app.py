"""In: an accepted share. Out: its planned associations, each by its place in the plan; or what comes next for one."""

from typing import Any

import msgspec
from msgspec import Struct

from drawbridge.arns import Arn
from drawbridge.association import PlannedAssociation
from drawbridge.association.coverage import Coverage
from drawbridge.bootstrap.plan_associations import attempts, evaluation_time, gatherer, ledger, planner
from drawbridge.decision import Accept, DecidedOn, Keep
from drawbridge.decision.facts import Requester
from drawbridge.observability import logger
from drawbridge.record.outcome import Refused
from drawbridge.request import ExecutionInput, ResourceShareRequest
from drawbridge.status import Reason


class ShareExecutionInput(ExecutionInput, frozen=True, kw_only=True, rename="camel"):
    """The input of an execution for a share."""

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
    return {"items": _plan(step)} if step.item is None else {"next": _decide_again(step, step.item)}


def _plan(step: PlanAssociationsInput) -> tuple[int, ...]:
    # Before anything is read: what changes from here on was not observed.
    now, share_arn = evaluation_time(), step.execution.request.share_arn
    requester = _requester(share_arn)
    coverage = _coverage(step)
    plan = planner().plan(share_arn, requester, coverage.expected(share_arn), now, coverage, tries=step.tries)
    items = attempts().keep_plan(step.execution, plan, now.now)
    summary = {"associations": len(items), "refused": [each.code for each in plan.refused]}
    logger.info("planned", request_id=step.execution.request_id, plan=summary)
    return items


def _decide_again(step: PlanAssociationsInput, item: int) -> str:
    """Decide again on one; return what comes next for it."""
    now, share_arn = evaluation_time(), step.execution.request.share_arn
    requester = _requester(share_arn)
    planned = attempts().planned(step.execution, item)
    again = planner().plan_again(share_arn, requester, planned.desired, now, _coverage(step))
    match again:
        case Reason():
            attempts().keep_result(step.execution, item, Refused(again))
            logger.info("refused after all", request_id=step.execution.request_id, wanted=planned.desired.name)
            return "refused"
        case _:
            attempts().keep_planned(step.execution, item, PlannedAssociation(desired=again, at=now.now))
            return "associate"


def _requester(share_arn: str) -> Requester:
    """Return the facts about the provider, gathered anew: those of the decision are older than the plan.

    An association counts as decided at the time of its plan, and only for a minute: nothing that it rests on may be
    older.
    """
    return gatherer().requester(Arn.parse(share_arn).account_id)


def _coverage(step: PlanAssociationsInput) -> Coverage:
    return Coverage(let_in=ledger().let_in(step.execution.request_id), decision=step.decision, decided_on=step.on)
