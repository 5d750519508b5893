"""A request in, and the answer of whoever was asked about it; the decision out, or the question that is to be asked."""

from datetime import timedelta
from typing import Any

import msgspec

from drawbridge.approval import Approval, Question
from drawbridge.approval.question import effects_of, options_of, question_of, settled
from drawbridge.bootstrap.decide_request import bindings, environment, gatherer, moment, policies
from drawbridge.decision import AskApprover, Moot
from drawbridge.decision.again import grounds_of
from drawbridge.decision.decide import decide
from drawbridge.decision.facts import ConnectionFacts, Facts, ShareFacts
from drawbridge.decision.in_force import broken, compiled, permitted_digest
from drawbridge.observability import logger
from drawbridge.request import WorkflowInput
from drawbridge.request.connections import NONE_HELD, Held
from drawbridge.request.shares import SharedResource

_MOST_EXPECTED = 200
"""Resources handed on: a share may hold 5,000, and a state's output 256 KiB. The others are found when they show."""

_SHORTEST = timedelta(minutes=1)


class Step(WorkflowInput, frozen=True, kw_only=True, rename="camel"):
    approval: Approval | None = None


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, Step)
    in_force, now = policies(), moment()
    facts = gatherer().gather(step.request, now.now)
    decision = decide(facts, compiled(in_force), now, broken=broken(in_force))
    question: Question | None = None
    if isinstance(decision, AskApprover) and not isinstance(facts, Moot) and environment().slack_channel:
        question = question_of(
            step,
            facts,
            decision,
            effects_of(facts, bindings(), environment().prefix),
            options=options_of(decision, compiled(in_force).approval_words),
            now=now.now,
            wait=environment().approval_wait,
        )
    decision, question = settled(decision, question, step.approval, now.now)
    logger.info("decided", request_id=step.request_id, decision=msgspec.to_builtins(decision))
    if isinstance(facts, Moot):
        return {
            "decision": msgspec.to_builtins(decision),
            "permitted": "",
            "grounds": None,
            "expected": [],
            "question": None,
            "wait": None,
        }
    grounds = grounds_of(facts, decision, compiled(in_force), now, dict(in_force.versions))
    return {
        "decision": msgspec.to_builtins(decision),
        "permitted": permitted_digest(in_force, facts.asker.consumer, _held(facts)),
        "grounds": msgspec.to_builtins(grounds),
        "expected": msgspec.to_builtins(_expected(facts)),
        "question": msgspec.to_builtins(question),
        "wait": _wait(question.asked.deadline - now.now) if question else None,
    }


def _wait(whole: timedelta) -> dict[str, int]:
    """Give the seconds until the reminder, and those from there to the end."""
    half = max(_SHORTEST, whole / 2)
    return {"reminder": int(half.total_seconds()), "end": int(max(_SHORTEST, whole - half).total_seconds())}


def _held(facts: Facts) -> Held:
    return Held(facts.connections, facts.connections_to_service) if isinstance(facts, ConnectionFacts) else NONE_HELD


def _expected(facts: Facts) -> list[SharedResource]:
    if not isinstance(facts, ShareFacts):
        return []
    lattice = [each for each in facts.contents or () if each.is_lattice][:_MOST_EXPECTED]
    return [SharedResource(each.arn, each.type, facts.share_arn) for each in lattice]
