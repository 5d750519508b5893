"""Deciding on offers: whether policies forbid that an account finds a service, or holds a share."""

from drawbridge.decision.cedar import Action, PolicySet
from drawbridge.decision.facts import ConnectionFacts, EvaluationTime, Fact, ShareFacts
from drawbridge.status import Reason

# An offer stands at any time of day, and for any number of connections.
_NOT_KNOWN_YET = frozenset({Fact.CONNECTIONS, Fact.TIME})


def forbidding_offer(
    facts: ConnectionFacts | ShareFacts, policies: PolicySet, evaluation_time: EvaluationTime
) -> tuple[Reason, ...]:
    """Return the forbids that stand against an offer, whatever is not known turns out to be; none if it may be made.

    A service that no connection to may be accepted is not offered either. A share of ours is for others to accept.
    """
    actions = (Action.OFFER, Action.ACCEPT) if isinstance(facts, ConnectionFacts) else (Action.OFFER,)
    unknown = facts.unknown | _NOT_KNOWN_YET
    for action in actions:
        if policies.may_forbid(action, facts.requester.account_id, unknown):
            answer = policies.ask(action, facts, evaluation_time)
            if standing := policies.standing(answer.because, unknown):
                return standing
    return ()
