"""A request in, and the answer of whoever was asked about it; the decision out, or the question that is to be asked."""

from typing import Any

import msgspec
from msgspec import Struct

from drawbridge.approval import Approval, Question
from drawbridge.approval.bounds import within
from drawbridge.approval.live import lines_of_live
from drawbridge.approval.question import Wait, effects_of, options_of, question_of, wait_for
from drawbridge.approval.settle import settled, void_of
from drawbridge.approval.turns import in_turn
from drawbridge.bootstrap.decide_request import (
    approvers,
    bindings,
    environment,
    gatherer,
    ledger,
    members,
    moment,
    policies,
    turns,
)
from drawbridge.decision import AskApprover, DecidedOn, Decision, Moot
from drawbridge.decision.again import grounds_of
from drawbridge.decision.bounds import decision_within, grounds_within
from drawbridge.decision.decide import decide
from drawbridge.decision.facts import ConnectionFacts, Facts
from drawbridge.decision.grounds import Grounds
from drawbridge.decision.in_force import broken, compiled, permitted_digest
from drawbridge.decision.let_in import LetIn, decided_on, let_in_by
from drawbridge.decision.live import approved_before, kept
from drawbridge.observability import logger
from drawbridge.request import WorkflowInput
from drawbridge.request.connections import NONE_HELD, Held


class Step(WorkflowInput, frozen=True, kw_only=True, rename="camel"):
    approval: Approval | None = None


class Decided(Struct, frozen=True, kw_only=True):
    """What the workflow goes by; a question is to be asked before anything is done."""

    decision: Decision
    permitted: str = ""
    grounds: Grounds | None = None
    on: DecidedOn | None = None
    """What it was made on; ``None`` for what was over before it could be decided."""
    let_in: LetIn | None = None
    """What is let in once it is done."""
    question: Question | None = None
    wait: Wait | None = None


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, Step)
    # Before anything is read: what changes from here on was not seen.
    now, in_force = moment(), policies()
    facts = gatherer().gather(step.request, now.now)
    before = ledger().let_in(step.request_id)
    decision = decision_within(decide(facts, compiled(in_force), now, broken=broken(in_force)))
    question: Question | None = None
    if not isinstance(facts, Moot):
        decision = approved_before(decision, facts, before)
    if isinstance(decision, AskApprover) and not isinstance(facts, Moot) and environment().slack_channel:
        question = within(
            question_of(
                step,
                facts,
                decision,
                effects_of(facts, bindings(), environment().prefix),
                options=options_of(compiled(in_force).approvals(facts, now)),
                now=now.now,
                wait=environment().approval_wait,
                live=lines_of_live(facts, before),
            )
        )
    void = void_of(step.approval, question, approvers, members)
    decision, question = settled(decision, question, step.approval, now.now, void=void)
    if question is not None:
        decision, question = in_turn(decision, question, turns(), environment().open_questions)
    if question is None and not isinstance(facts, Moot):
        decision = kept(decision, facts, before)
    logger.info("decided", request_id=step.request_id, decision=msgspec.to_builtins(decision))
    decided = Decided(decision=decision)
    if not isinstance(facts, Moot):
        decided = Decided(
            decision=decision,
            permitted=permitted_digest(in_force, facts.asker.consumer, _held(facts)),
            grounds=grounds_within(grounds_of(facts, decision, compiled(in_force), now, dict(in_force.versions))),
            on=decided_on(facts, now.now),
            let_in=let_in_by(decision, facts, before, now.now),
            question=within(question) if question else None,
            wait=wait_for(question, now.now) if question else None,
        )
    told: dict[str, Any] = msgspec.to_builtins(decided)
    return told


def _held(facts: Facts) -> Held:
    return Held(facts.connections, facts.connections_to_service) if isinstance(facts, ConnectionFacts) else NONE_HELD
