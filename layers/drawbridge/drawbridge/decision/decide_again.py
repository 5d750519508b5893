"""Deciding again: on the facts that were kept, as of the time of the decision, by other policies."""

import hashlib
from collections.abc import Mapping

import msgspec

from drawbridge.decision import Decision
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.decide import decide
from drawbridge.decision.decision_record import DecisionRecord
from drawbridge.decision.facts import EvaluationTime, Facts, ShareFacts

MOST_CONTENTS = 100
"""Resources of a share that a record keeps: it may hold 5,000, and a row is to stay small."""


def decision_record_of(
    facts: Facts, decision: Decision, policies: PolicySet, evaluation_time: EvaluationTime, versions: Mapping[str, int]
) -> DecisionRecord:
    """Return the record of a decision that was made on the facts at that time."""
    names = {name for reason in decision.because if (name := policies.policy_of(reason.source)) is not None}
    outcome = outcome_name(decision)
    decision_record = DecisionRecord(
        outcome=outcome,
        at=evaluation_time.now,
        zone=evaluation_time.zone,
        policies=policies.version,
        determined_by=tuple(f"{name}@{versions[name]}" if name in versions else name for name in sorted(names)),
        facts=facts,
        fingerprint=sha256_fingerprint(facts, policies.version, outcome),
    )
    return decision_record.keeping(_kept(facts))


def decide_again(
    decision_record: DecisionRecord, policies: PolicySet, evaluation_time: EvaluationTime | None = None
) -> Decision:
    """Decide again, as of the same time unless another one is given."""
    return decide(decision_record.facts, policies, evaluation_time or decision_record.evaluation_time)


def outcome_name(decision: Decision) -> str:
    """Return the outcome's name: ``accept``, ``askApprover``, ``reject``, ``hold``, ``delay``, ``keep`` or ``moot``."""
    return str(decision.__struct_config__.tag)


def sha256_fingerprint(*parts: object) -> str:
    """Return the SHA-256 of the parts, whatever the order of tags in them."""
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()


def _kept(facts: Facts) -> Facts:
    if isinstance(facts, ShareFacts) and facts.contents is not None and len(facts.contents) > MOST_CONTENTS:
        # Half of it would be taken for all of it: what is not kept is unknown to whoever decides again.
        return msgspec.structs.replace(facts, contents=None)
    return facts
