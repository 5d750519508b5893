"""Deciding on a request, with the answer of whoever was asked about it: what is decided, or what is to be asked."""

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from msgspec import Struct

from drawbridge.approval import Approval, Question
from drawbridge.approval.approvers import Approvers
from drawbridge.approval.bounds import within
from drawbridge.approval.live import lines_of_live
from drawbridge.approval.question import Wait, effects_of, options_of, question_of, wait_for
from drawbridge.approval.settle import settled, void_of
from drawbridge.approval.turns import Turns, in_turn
from drawbridge.association.binding import Binding
from drawbridge.configuration import InForce
from drawbridge.decision import AskApprover, DecidedOn, Decision, Moot
from drawbridge.decision.again import grounds_of
from drawbridge.decision.bounds import decision_within, grounds_within
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.decide import decide
from drawbridge.decision.facts import ConnectionFacts, Facts, Moment
from drawbridge.decision.gather import Gatherer
from drawbridge.decision.grounds import Grounds
from drawbridge.decision.in_force import broken, compiled, permitted_digest
from drawbridge.decision.let_in import LetIn, decided_on, let_in_by
from drawbridge.decision.live import approved_before, kept
from drawbridge.decision.policies import Policy
from drawbridge.request import WorkflowInput
from drawbridge.request.connections import NONE_HELD, Held


class LetInBefore(Protocol):
    """The ledger's word for what was let in."""

    def let_in(self, request_id: str) -> LetIn | None: ...


class DecisionPorts(Struct, frozen=True, kw_only=True):
    """What deciding works with; what people configure is read anew whenever it is asked for."""

    gatherer: Gatherer
    ledger: LetInBefore
    policies: Callable[[], InForce[Policy]]
    bindings: Callable[[], tuple[Binding, ...]]
    turns: Callable[[], Turns]
    approvers: Callable[[], Approvers | None]
    members: Callable[[Approvers], frozenset[str]]
    prefix: str
    asks_in_slack: bool
    approval_wait: timedelta
    open_questions: int
    """Of one account, at once."""


class RequestDecision(Struct, frozen=True, kw_only=True):
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


def decide_request(
    request: WorkflowInput, approval: Approval | None, ports: DecisionPorts, moment: Callable[[], Moment]
) -> RequestDecision:
    """Decide, on facts that are gathered now, by the policies in force now.

    ``approval`` is how the last question ended, if there was one: it counts only if the same would be asked now.
    """
    # Before anything is read: what changes from here on was not seen.
    now, in_force = moment(), ports.policies()
    facts = ports.gatherer.gather(request.request, now.now)
    before = ports.ledger.let_in(request.request_id)
    policies = compiled(in_force)
    decision = decision_within(decide(facts, policies, now, broken=broken(in_force)))
    if isinstance(facts, Moot):
        return RequestDecision(decision=decision)
    decision = approved_before(decision, facts, before)
    question: Question | None = None
    if isinstance(decision, AskApprover) and ports.asks_in_slack:
        question = _question(request, facts, decision, before=before, ports=ports, policies=policies, now=now)
    void = void_of(approval, question, ports.approvers, ports.members)
    decision, question = settled(decision, question, approval, now.now, void=void)
    if question is not None:
        decision, question = in_turn(decision, question, ports.turns(), ports.open_questions)
    if question is None:
        decision = kept(decision, facts, before)
    return RequestDecision(
        decision=decision,
        permitted=permitted_digest(in_force, facts.asker.consumer, _held(facts)),
        grounds=grounds_within(grounds_of(facts, decision, policies, now, dict(in_force.versions))),
        on=decided_on(facts, now.now),
        let_in=let_in_by(decision, facts, before, now.now),
        question=within(question) if question else None,
        wait=wait_for(question, now.now) if question else None,
    )


def _question(
    request: WorkflowInput,
    facts: Facts,
    decision: AskApprover,
    *,
    before: LetIn | None,
    ports: DecisionPorts,
    policies: PolicySet,
    now: Moment,
) -> Question:
    """Return what a person would be asked, as much of it as there is room for."""
    return within(
        question_of(
            request,
            facts,
            decision,
            effects_of(facts, ports.bindings(), ports.prefix),
            options=options_of(policies.approvals(facts, now)),
            now=now.now,
            wait=ports.approval_wait,
            live=lines_of_live(facts, before),
        )
    )


def _held(facts: Facts) -> Held:
    return Held(facts.connections, facts.connections_to_service) if isinstance(facts, ConnectionFacts) else NONE_HELD
