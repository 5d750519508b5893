"""Deciding on what is connected: whether the policies in force would let it in now."""

from collections.abc import Iterable

import msgspec

from drawbridge.decision import Accept, AskApprover, Because
from drawbridge.decision.cedar import Action, Authorization, PolicySet
from drawbridge.decision.decide import decide, may_associate
from drawbridge.decision.facts import EvaluationTime, Fact, Facts, ResourceFacts, ShareFacts
from drawbridge.decision.let_in import LetIn
from drawbridge.decision.permission import Lapsed, Permission, PermissionUnknown, Permitted
from drawbridge.status import Reason

_MOST_STANDING = 5
"""Forbids that are named before all other reasons."""


def permission_of(
    facts: Facts,
    let_in: LetIn | None,
    policies: PolicySet,
    evaluation_time: EvaluationTime,
) -> Permission:
    """Return whether what was let in of a request would be let in now.

    Of a share that has grown since, only what was let in counts. That a person would be asked keeps only what a person
    approved: nobody's answer is taken back for that. What was unknown when it was let in did not let it in, and holds
    nothing up now.
    """
    facts = _as_let_in(facts, let_in)
    decision = decide(facts, policies, evaluation_time)
    approved = let_in is not None and let_in.approved
    if isinstance(decision, Accept) or (approved and isinstance(decision, AskApprover)):
        return Permitted()
    # Whether it would be rejected or held makes no difference to what is connected.
    kept_by = (Action.ACCEPT, Action.ASK_APPROVER) if approved else (Action.ACCEPT,)
    asked = [(action, policies.ask(action, facts, evaluation_time)) for action in kept_by]
    doubtful = facts.unknown if let_in is None else let_in.doubtful(facts.unknown)
    return _refused(decision.because, asked, policies, facts.unknown, doubtful)


def _as_let_in(facts: Facts, let_in: LetIn | None) -> Facts:
    """Return the facts of what was let in: without what came into a share later, as far as that is known."""
    if not isinstance(facts, ShareFacts) or facts.contents is None or let_in is None or let_in.arns is None:
        return facts
    known = {*let_in.arns}
    contents = tuple(each for each in facts.contents if each.arn in known)
    return msgspec.structs.replace(facts, contents=contents) if contents else facts


def permission_to_associate(
    facts: ResourceFacts,
    policies: PolicySet,
    evaluation_time: EvaluationTime,
) -> Permission:
    """Return whether a resource that is associated might be associated now."""
    permitted, because = may_associate(facts, policies, evaluation_time)
    if permitted:
        return Permitted()
    asked = [(Action.ASSOCIATE, policies.ask(Action.ASSOCIATE, facts, evaluation_time))]
    # What was unknown when it was associated is not kept: whatever is unknown may have been known.
    return _refused(because, asked, policies, facts.unknown, facts.unknown)


def _refused(
    because: Because,
    asked: Iterable[tuple[Action, Authorization]],
    policies: PolicySet,
    unknown: frozenset[Fact],
    doubtful: frozenset[Fact],
) -> PermissionUnknown | Lapsed:
    """Return ``Lapsed`` if each of the actions, none of which is permitted, can't be permitted by anything doubtful."""
    standing: list[Reason] = []
    for action, answer in asked:
        forbidding = policies.standing(answer.because, unknown)
        # What determined it and does not stand is a forbid that may not apply.
        is_open = answer.errors or answer.because or policies.speak_of(action, doubtful)
        if is_open and not forbidding:
            return PermissionUnknown(because)
        standing += forbidding
    # By the forbids that stand for certain only: not by one that might not apply, nor by one against rejecting.
    # They come first: a decision names the first few of its reasons, and begins with whoever would have to be asked.
    first = sorted(standing, key=lambda reason: not policies.is_urgent([reason]))[:_MOST_STANDING]
    return Lapsed(
        because=tuple(dict.fromkeys((*first, *because))),
        urgent=policies.is_urgent(standing),
        forbidden=policies.forbids(standing),
        stated=any(policies.goes_by_no_fact(reason) for reason in standing),
    )
