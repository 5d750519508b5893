"""The plan of an attempt at a share: made and kept, and one association of it decided again."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.arns import Arn
from drawbridge.association import DesiredAttachment, Plan, PlannedAssociation
from drawbridge.association.coverage import AttachedPlace, Coverage
from drawbridge.association.plan import Planner
from drawbridge.decision import Accept, DecidedOn, Keep
from drawbridge.decision.facts import EvaluationTime, Requester
from drawbridge.decision.gather import Gatherer
from drawbridge.decision.let_in import LetInRecords
from drawbridge.request import ExecutionInput
from drawbridge.status import Reason


class AttemptPlans(Protocol):
    """The plans of attempts, kept item by item: an item is an association's place in the plan."""

    def keep_plan(self, execution: ExecutionInput, plan: Plan, at: datetime) -> tuple[int, ...]:
        """Keep a plan that was made as of that time; return its items."""
        ...

    def planned(self, execution: ExecutionInput, item: int) -> PlannedAssociation:
        """Return one association as it was decided on last.

        Raises:
            UpstreamError: it is not kept, or not any longer.
        """
        ...

    def keep_planned(self, execution: ExecutionInput, item: int, planned: PlannedAssociation) -> None:
        """Keep one association as it was decided again."""
        ...

    def keep_refused(self, execution: ExecutionInput, item: int, reason: Reason) -> None:
        """Keep that one association is not made, and why."""
        ...


class PlanningRecords(LetInRecords, Protocol):
    """The ledger's record of what was let in, and of what is attached."""

    def attached(self, request_id: str) -> frozenset[AttachedPlace]:
        """Return where something was attached when the last attempt ended."""
        ...


class PlanningPorts(Struct, frozen=True, kw_only=True):
    """The ports of planning; what people configure is read anew for each plan."""

    gatherer: Gatherer
    ledger: PlanningRecords
    planner: Callable[[], Planner]
    attempts: AttemptPlans
    evaluation_time: Callable[[], EvaluationTime]


class ShareAttempt(Struct, frozen=True, kw_only=True):
    """An attempt at a share, and the decision that it is planned after."""

    execution: ExecutionInput
    share_arn: str
    decision: Accept | Keep
    decided_on: DecidedOn


def plan_attempt(attempt: ShareAttempt, ports: PlanningPorts, *, tries: int) -> tuple[Plan, tuple[int, ...]]:
    """Plan what is to be associated of the share, and keep it; return the plan, and the items that it is kept as.

    Raises:
        NotReadyError: the share, or for the first ``tries`` something in it, is not visible yet.
    """
    # Before anything is read: what changes from here on was not observed.
    now = ports.evaluation_time()
    requester, coverage = _requester(attempt, ports), _coverage(attempt, ports)
    expected = coverage.expected(attempt.share_arn)
    plan = ports.planner().plan(attempt.share_arn, requester, expected, now, coverage, tries=tries)
    return plan, ports.attempts.keep_plan(attempt.execution, plan, now.now)


def decide_association_again(attempt: ShareAttempt, item: int, ports: PlanningPorts) -> DesiredAttachment | Reason:
    """Decide again on one association, and keep what comes of it: as it is desired by now, or why it is refused.

    Raises:
        NotReadyError: the share is not visible, or VPC Lattice does not describe what is in it.
        UpstreamError: the association is not kept, or not any longer.
    """
    now = ports.evaluation_time()
    requester, coverage = _requester(attempt, ports), _coverage(attempt, ports)
    planned = ports.attempts.planned(attempt.execution, item)
    again = ports.planner().plan_again(attempt.share_arn, requester, planned.desired, now, coverage)
    if isinstance(again, Reason):
        ports.attempts.keep_refused(attempt.execution, item, again)
    else:
        ports.attempts.keep_planned(attempt.execution, item, PlannedAssociation(desired=again, at=now.now))
    return again


def _requester(attempt: ShareAttempt, ports: PlanningPorts) -> Requester:
    """Return who shares, asked anew: what the decision gathered is older than the answer, and than every try to plan.

    An association counts as decided on at the time that its plan says, and only for a minute: nothing that it rests on
    may be from before.
    """
    return ports.gatherer.requester(Arn.parse(attempt.share_arn).account_id)


def _coverage(attempt: ShareAttempt, ports: PlanningPorts) -> Coverage:
    let_in = ports.ledger.let_in(attempt.execution.request_id)
    coverage = Coverage(let_in=let_in, decision=attempt.decision, decided_on=attempt.decided_on)
    if coverage.unapproved is None:
        return coverage
    return msgspec.structs.replace(coverage, attached=ports.ledger.attached(attempt.execution.request_id))
