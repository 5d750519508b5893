"""Deciding on a request, with the answer to the last question if there was one: a decision, or a question to ask."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.approval import Approval, Question
from drawbridge.approval.approvers import Approvers
from drawbridge.approval.bounds import within
from drawbridge.approval.live import lines_of_live
from drawbridge.approval.question import Wait, effects_of, options_of, question_of, wait_for
from drawbridge.approval.question_slots import QuestionSlots, within_slots
from drawbridge.approval.settle import apply_approval, void_of
from drawbridge.association.binding import Binding
from drawbridge.configuration import InForce
from drawbridge.decision import Accept, AlreadyResolved, AskApprover, DecidedOn, Decision, Delayed, Hold
from drawbridge.decision.bounds import decision_record_within, decision_within
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.consumer_standing import unless_shut_out
from drawbridge.decision.decide import decide
from drawbridge.decision.decide_again import decision_record_of
from drawbridge.decision.decision_record import DecisionRecord
from drawbridge.decision.delayed import delayed_by, unless_delayed
from drawbridge.decision.facts import ConnectionFacts, EvaluationTime, Facts
from drawbridge.decision.gather import Gatherer, expired_if_late
from drawbridge.decision.in_force import broken, compiled, decision_fingerprint
from drawbridge.decision.let_in import LetIn, LetInRecords, decided_on, let_in_by, let_in_earlier
from drawbridge.decision.live import approved_before, is_live, kept
from drawbridge.decision.policies import Policy
from drawbridge.request import ExecutionInput
from drawbridge.request.announced import COMMANDED
from drawbridge.request.connections import NO_CONNECTIONS, ConnectionCounts
from drawbridge.status import Reason

_COMMANDED = Reason(COMMANDED, "An operator had it withdrawn: nothing of it is let in.")


class DecisionLedger(LetInRecords, Protocol):
    """The ledger's record of what was let in, and by when what was not yet has to be."""

    def deadline(self, request_id: str) -> datetime | None:
        """Return when the invitation expires that was listed last; ``None`` where there was none to answer."""
        ...

    def delayed(self, request_id: str) -> Delayed | None:
        """Return since when it is permitted, if it is let in later."""
        ...

    def is_commanded(self, request_id: str) -> bool:
        """Return whether an operator commanded that it is withdrawn: then nothing new of it is let in."""
        ...


class DecisionPorts(Struct, frozen=True, kw_only=True):
    """The ports of deciding; what people configure is read anew by each call."""

    gatherer: Gatherer
    ledger: DecisionLedger
    connected_earlier: Callable[[str, Facts], frozenset[str]]
    """Returns what of a live request, by its id, is connected although the ledger does not say that it was let in."""
    policies: Callable[[], InForce[Policy]]
    bindings: Callable[[], tuple[Binding, ...]]
    question_slots: Callable[[], QuestionSlots]
    approvers: Callable[[], Approvers | None]
    members: Callable[[Approvers], frozenset[str]]
    prefix: str
    asks_in_slack: bool
    approval_wait: timedelta
    open_questions: int
    """Of one account, at once."""


class RequestDecision(Struct, frozen=True, kw_only=True):
    """A decision with its record, for the workflow. If there is a question, it is asked before anything is done."""

    decision: Decision
    decision_fingerprint: str = msgspec.field(default="", name="permitted")
    decision_record: DecisionRecord | None = msgspec.field(default=None, name="grounds")
    on: DecidedOn | None = None
    """What it was made on; ``None`` if the request was over before it could be decided."""
    let_in: LetIn | None = None
    """What is let in once it is done."""
    question: Question | None = None
    wait: Wait | None = None


def decide_request(
    execution: ExecutionInput,
    approval: Approval | None,
    ports: DecisionPorts,
    evaluation_time: Callable[[], EvaluationTime],
) -> RequestDecision:
    """Decide, on facts that are gathered now, by the policies in force now, unless the registry shuts the account out.

    ``approval`` is how the last question ended, if there was one: it counts only if the same would be asked now.
    """
    # Before anything is read: what changes from here on was not observed.
    now, in_force = evaluation_time(), ports.policies()
    facts = ports.gatherer.gather(execution.request, now.now)
    if isinstance(facts, AlreadyResolved):
        facts = expired_if_late(facts, execution.request, ports.ledger.deadline(execution.request_id), now.now)
    recorded = ports.ledger.let_in(execution.request_id)
    policies = compiled(in_force)
    decided = unless_shut_out(decide(facts, policies, now, broken=broken(in_force)), facts)
    decision = decision_within(decided)
    if isinstance(facts, AlreadyResolved):
        return RequestDecision(decision=decision)
    if isinstance(decision, Accept | AskApprover) and ports.ledger.is_commanded(execution.request_id):
        # What was commanded of an attempt that was under way, or about to start, goes once that is over.
        decision = Hold((_COMMANDED,))
    earlier: LetIn | None = None
    is_accepted_at_once = isinstance(decision, Accept) and decision.delay is None
    if recorded is None and is_live(facts) and not is_accepted_at_once:
        earlier = let_in_earlier(facts, ports.connected_earlier(execution.request_id, facts), now.now)
    before = recorded or earlier
    decision = approved_before(decision, facts, before)
    question: Question | None = None
    if isinstance(decision, AskApprover) and ports.asks_in_slack:
        question = _question(execution, facts, decision, before=before, ports=ports, policies=policies, now=now)
    void = void_of(approval, question, ports.approvers, ports.members)
    decision, question = apply_approval(decision, question, approval, now.now, void=void)
    if question is not None:
        decision, question = within_slots(decision, question, ports.question_slots(), ports.open_questions)
    if question is None:
        decision = kept(decision, facts, before)
    if delayed_by(decision) is not None:
        delayed = ports.ledger.delayed(execution.request_id)
        decision = decision_within(unless_delayed(decision, facts, before, delayed, now.now))
    return RequestDecision(
        decision=decision,
        decision_fingerprint=decision_fingerprint(in_force, facts.requester.consumer, _connection_counts(facts)),
        decision_record=decision_record_within(
            decision_record_of(facts, decision, policies, now, dict(in_force.versions))
        ),
        on=decided_on(facts, now.now),
        let_in=let_in_by(decision, facts, recorded, now.now, earlier=earlier),
        question=within(question) if question else None,
        wait=wait_for(question, now.now) if question else None,
    )


def _question(
    execution: ExecutionInput,
    facts: Facts,
    decision: AskApprover,
    *,
    before: LetIn | None,
    ports: DecisionPorts,
    policies: PolicySet,
    now: EvaluationTime,
) -> Question:
    """Return the question that a person would be asked, cut to what there is room for."""
    return within(
        question_of(
            execution,
            facts,
            decision,
            effects_of(facts, ports.bindings(), ports.prefix),
            options=options_of(policies.approvals(facts, now)),
            now=now.now,
            wait=ports.approval_wait,
            live=lines_of_live(facts, before),
        )
    )


def _connection_counts(facts: Facts) -> ConnectionCounts:
    return (
        ConnectionCounts(facts.connections, facts.connections_to_service)
        if isinstance(facts, ConnectionFacts)
        else NO_CONNECTIONS
    )
