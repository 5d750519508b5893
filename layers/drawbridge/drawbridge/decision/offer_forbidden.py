"""Deciding on offers: whether policies forbid that an account finds a service, or holds a share."""

from collections.abc import Hashable

import msgspec

from drawbridge.decision.cedar import Action, PolicySet
from drawbridge.decision.facts import ConnectionFacts, EvaluationTime, Fact, ShareFacts
from drawbridge.status import Reason

# An offer stands at any time of day, and for any number of connections.
_NOT_KNOWN_YET = frozenset({Fact.CONNECTIONS, Fact.TIME})


class ForbiddenOffers:
    """Whether offers of one service or share are forbidden. Accounts that no forbid can tell apart are asked for once.

    Only offers of the same service or share may be asked for, and none of an account whose place changes meanwhile.
    """

    def __init__(self, policies: PolicySet, evaluation_time: EvaluationTime) -> None:
        self._policies = policies
        self._evaluation_time = evaluation_time
        self._answers: dict[tuple[Action, frozenset[Fact], Hashable], tuple[Reason, ...]] = {}

    def forbidding(self, facts: ConnectionFacts | ShareFacts) -> tuple[Reason, ...]:
        """Return the forbids that stand against an offer, whatever is not known turns out to be; none if there is none.

        A service that no connection to may be accepted is not offered either. A share of ours is for others to accept.
        """
        actions = (Action.OFFER, Action.ACCEPT) if isinstance(facts, ConnectionFacts) else (Action.OFFER,)
        unknown = facts.unknown | _NOT_KNOWN_YET
        for action in actions:
            may_forbid = self._policies.may_forbid(action, facts.requester.account_id, unknown)
            if may_forbid and (standing := self._standing(action, facts, unknown)):
                return standing
        return ()

    def _standing(
        self, action: Action, facts: ConnectionFacts | ShareFacts, unknown: frozenset[Fact]
    ) -> tuple[Reason, ...]:
        told_apart = self._policies.told_apart(action, unknown)
        key = (action, unknown, told_apart.key(facts.requester))
        if key not in self._answers:
            alike = msgspec.structs.replace(facts, requester=told_apart.alike(facts.requester))
            answer = self._policies.ask(action, alike, self._evaluation_time)
            self._answers[key] = self._policies.standing(answer.because, unknown)
        return self._answers[key]
