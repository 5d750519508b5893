"""Deciding: the policies are asked for each action in turn, and the first that is permitted is the decision."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from drawbridge.decision import Accept, AskApprover, Because, Decision, Hold, Moot, Reject
from drawbridge.decision.cedar import Action, Answer
from drawbridge.decision.facts import Facts
from drawbridge.status import Reason

_IN_ORDER: tuple[tuple[Action, Callable[[Because], Decision]], ...] = (
    (Action.ACCEPT, Accept),
    (Action.ASK_APPROVER, AskApprover),
    (Action.REJECT, Reject),
)


class Policies(Protocol):
    """The policies in force."""

    def ask_about_request(self, action: Action, facts: Facts, now: datetime) -> Answer: ...


def decide(facts: Facts | Moot, policies: Policies, now: datetime, *, broken: Because = ()) -> Decision:
    """Decide on the facts. No exception and no error inside a policy ever lets anything in.

    ``broken`` tells of policies that can't be read, which whoever wonders about the decision should see.
    """
    if isinstance(facts, Moot):
        return facts
    stopped: list[Reason] = []
    for action, outcome in _IN_ORDER:
        answer = policies.ask_about_request(action, facts, now)
        if answer.permitted:
            return outcome((*answer.because, *broken))
        stopped += answer.because
        stopped += [Reason("policy-error", error) for error in answer.errors]
    # A determining statement of what is not permitted is a forbid.
    unique = tuple(dict.fromkeys(stopped))
    if unique:
        forbidden = Reason("forbidden", "Nothing is permitted: a policy forbids it, or could not be evaluated.")
        return Hold((forbidden, *unique, *broken))
    nothing = Reason("no-policy-permits", "No policy permits to accept it, to ask an approver or to reject it.")
    return Hold((nothing, *broken))
