"""A request in, the decision on it out."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from drawbridge.bootstrap.decide_request import gatherer, policies
from drawbridge.decision import Moot
from drawbridge.decision.decide import decide
from drawbridge.decision.facts import ShareFacts
from drawbridge.decision.in_force import broken, compiled, permitted_digest
from drawbridge.observability import logger
from drawbridge.request import WorkflowInput

_MOST_EXPECTED = 200
"""Resources handed on: a share may hold 5,000, and a state's output 256 KiB. The others are found when they show."""


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    step = msgspec.convert(event, WorkflowInput)
    in_force = policies()
    now = datetime.now(UTC)
    facts = gatherer().gather(step.request, now)
    decision = decide(facts, compiled(in_force), now, broken=broken(in_force))
    logger.info("decided", request_id=step.request_id, decision=msgspec.to_builtins(decision))
    contents = facts.contents if isinstance(facts, ShareFacts) else ()
    permitted = "" if isinstance(facts, Moot) else permitted_digest(in_force, facts.asker.consumer)
    expected = [resource for resource in contents if resource.is_lattice][:_MOST_EXPECTED]
    return {
        "decision": msgspec.to_builtins(decision),
        "permitted": permitted,
        "expected": msgspec.to_builtins(expected),
    }
