"""A request in, and the answer of whoever was asked about it; the decision out, or the question that is to be asked."""

from typing import Any

import msgspec
from msgspec import Struct

from drawbridge.approval import Approval, Question
from drawbridge.approval.question import Wait, effects_of, options_of, question_of, wait_for
from drawbridge.approval.room import within
from drawbridge.approval.settle import settled
from drawbridge.bootstrap.decide_request import bindings, environment, gatherer, moment, policies
from drawbridge.decision import AskApprover, Decision, Moot
from drawbridge.decision.again import grounds_of
from drawbridge.decision.decide import decide
from drawbridge.decision.facts import ConnectionFacts, Facts, ShareFacts
from drawbridge.decision.grounds import Grounds
from drawbridge.decision.in_force import broken, compiled, permitted_digest
from drawbridge.decision.room import brief, expected, kept
from drawbridge.observability import logger
from drawbridge.request import WorkflowInput
from drawbridge.request.connections import NONE_HELD, Held
from drawbridge.request.shares import SharedResource

_MOST_EXPECTED = 200
"""Resources handed on: a share may hold 5,000, and a state's output 256 KiB. The others are found when they show."""


class Step(WorkflowInput, frozen=True, kw_only=True, rename="camel"):
    approval: Approval | None = None


class Decided(Struct, frozen=True, kw_only=True):
    """What the workflow goes by; a question is to be asked before anything is done."""

    decision: Decision
    permitted: str = ""
    grounds: Grounds | None = None
    expected: tuple[SharedResource, ...] = ()
    question: Question | None = None
    wait: Wait | None = None


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, Step)
    in_force, now = policies(), moment()
    facts = gatherer().gather(step.request, now.now)
    decision = brief(decide(facts, compiled(in_force), now, broken=broken(in_force)))
    question: Question | None = None
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
            )
        )
    decision, question = settled(decision, question, step.approval, now.now)
    logger.info("decided", request_id=step.request_id, decision=msgspec.to_builtins(decision))
    decided = Decided(decision=decision)
    if not isinstance(facts, Moot):
        decided = Decided(
            decision=decision,
            permitted=permitted_digest(in_force, facts.asker.consumer, _held(facts)),
            grounds=kept(grounds_of(facts, decision, compiled(in_force), now, dict(in_force.versions))),
            expected=expected(_expected(facts)),
            question=within(question) if question else None,
            wait=wait_for(question, now.now) if question else None,
        )
    told: dict[str, Any] = msgspec.to_builtins(decided)
    return told


def _held(facts: Facts) -> Held:
    return Held(facts.connections, facts.connections_to_service) if isinstance(facts, ConnectionFacts) else NONE_HELD


def _expected(facts: Facts) -> tuple[SharedResource, ...]:
    if not isinstance(facts, ShareFacts):
        return ()
    lattice = [each for each in facts.contents or () if each.is_lattice][:_MOST_EXPECTED]
    return tuple(SharedResource(each.arn, each.type, facts.share_arn) for each in lattice)
