"""Whether what is connected would be let in now, is refused for certain, or neither is known.

What is unknown counts against whoever asks to be let in; it never takes down what is connected.
"""

from collections.abc import Iterable

from msgspec import Struct

from drawbridge.decision import Accept, AskApprover, Because
from drawbridge.decision.cedar import Action, PolicySet
from drawbridge.decision.decide import decide, may_associate
from drawbridge.decision.facts import EvaluationTime, Facts, ResourceFacts
from drawbridge.status import Reason


class Permitted(Struct, frozen=True):
    """It would be let in, or a person would be asked: nobody's answer is taken back for that."""


class NotKnown(Struct, frozen=True):
    """It would not be let in, but could be if more were known, or if every statement could be evaluated."""

    because: Because


class Lapsed(Struct, frozen=True, kw_only=True):
    """It is refused, whatever is unknown of it."""

    because: Because
    urgent: bool
    """Whether an urgent forbid stands against it."""
    forbidden: bool
    """Whether a forbid stands against it, a person's word: not only does nothing permit it."""


Permission = Permitted | NotKnown | Lapsed


def permission_of(facts: Facts, policies: PolicySet, evaluation_time: EvaluationTime) -> Permission:
    """Return whether a request that was let in would be let in now."""
    decision = decide(facts, policies, evaluation_time)
    if isinstance(decision, Accept | AskApprover):
        return Permitted()
    # Whether it would be rejected or held makes no difference to what is connected.
    let_in_by = (Action.ACCEPT, Action.ASK_APPROVER)
    return _refused(decision.because, let_in_by, facts, policies, evaluation_time)


def permission_to_associate(facts: ResourceFacts, policies: PolicySet, evaluation_time: EvaluationTime) -> Permission:
    """Return whether a resource that is associated might be associated now."""
    permitted, because = may_associate(facts, policies, evaluation_time)
    if permitted:
        return Permitted()
    return _refused(because, (Action.ASSOCIATE,), facts, policies, evaluation_time)


def _refused(
    because: Because,
    actions: Iterable[Action],
    facts: Facts | ResourceFacts,
    policies: PolicySet,
    evaluation_time: EvaluationTime,
) -> NotKnown | Lapsed:
    """Return ``Lapsed`` if each of the actions, none of which is permitted, can't be permitted by anything unknown."""
    standing: list[Reason] = []
    for action in actions:
        answer = policies.ask(action, facts, evaluation_time)
        forbidding = policies.standing(answer.because, facts.unknown)
        if not forbidding and (answer.errors or policies.speak_of(action, facts.unknown)):
            return NotKnown(because)
        standing += forbidding
    # By the forbids that stand for certain only: not by one that might not apply, nor by one against rejecting.
    urgent = [reason for reason in standing if policies.is_urgent([reason])]
    if urgent and not any(reason in because for reason in urgent):
        # A decision names the first few of its reasons.
        because = (urgent[0], *because)
    return Lapsed(because=because, urgent=bool(urgent), forbidden=policies.forbids(standing))
