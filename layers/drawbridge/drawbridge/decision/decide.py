"""Deciding: the policies are asked for each action in turn, and the first that is permitted is the decision."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

import msgspec

from drawbridge.bounds import some_of
from drawbridge.decision import Accept, AlreadyResolved, AskApprover, Because, Decision, Hold, Reject
from drawbridge.decision.cedar import Action, Authorization
from drawbridge.decision.facts import EvaluationTime, Fact, Facts, ResourceFacts
from drawbridge.status import Reason

IN_ORDER: Mapping[Action, Callable[[Because], Accept | AskApprover | Reject]] = {
    Action.ACCEPT: Accept,
    Action.ASK_APPROVER: AskApprover,
    Action.REJECT: Reject,
}

MOST_REASONS = 20
"""Of one decision: each of a thousand policies may give one, and a row of the ledger holds some hundred KiB."""

_UNAVAILABLE = {
    Fact.ORGANIZATION: "Organizations can't be asked about the account",
    Fact.ACCOUNT_NAME: "Organizations does not tell the account's name",
    Fact.UNITS: "Organizations does not place the account, or it is not active",
    Fact.ACCOUNT_TAGS: "Organizations does not show the account's tags",
    Fact.CONSUMER: "the registry's entry of the account has fields of another form",
    Fact.CONTENTS: "AWS RAM does not show what the share holds",
    Fact.NAME: "AWS does not tell the resource's name",
    Fact.RESOURCE_TAGS: "AWS does not show the resource's tags",
    Fact.ALIAS: "what is inside gives the name of our own, and is not known yet",
    Fact.ACCEPTANCE_REQUIRED: "EC2 does not tell whether the service requires acceptance",
    Fact.ENDPOINT_TYPE: "EC2 does not tell the endpoint's type",
    Fact.REGION: "EC2 does not tell the endpoint's Region",
    Fact.SERVICE_REGION: "the service's Region was not kept",
    Fact.IP_ADDRESS_TYPE: "EC2 does not tell the endpoint's IP address type",
    Fact.PAYER: "EC2 does not tell who is charged for the endpoint",
    Fact.TYPE: "VPC Lattice does not tell the resource's type",
    Fact.PROTOCOL: "VPC Lattice does not tell the resource's protocol",
    Fact.PORT_RANGES: "VPC Lattice does not tell the resource's port ranges",
    Fact.DOMAIN_VERIFIED: "VPC Lattice does not tell whether the resource's domain is verified",
}


class Policies(Protocol):
    """The policies in force."""

    def ask(self, action: Action, facts: Facts | ResourceFacts, evaluation_time: EvaluationTime) -> Authorization:
        """Return whether the action is permitted."""
        ...

    def referring_to(self, fact: Fact) -> Sequence[str]:
        """Return the ids of the statements that refer to a fact."""
        ...

    def policy_of(self, statement_id: str) -> str | None:
        """Return the name of the policy that has a statement; ``None`` if none has."""
        ...

    def permit_reserved_names(self, permitting: Because) -> bool:
        """Return whether one of the permitting statements allows a reserved name, by ``@alias("reserved")``."""
        ...

    def delay(self, permitting: Because) -> timedelta | None:
        """Return the shortest ``@delay`` of the permitting statements; ``None`` if one of them has none."""
        ...


def decide(
    facts: Facts | AlreadyResolved, policies: Policies, evaluation_time: EvaluationTime, *, broken: Because = ()
) -> Decision:
    """Decide on the facts. No exception and no error inside a policy ever lets anything in.

    The reasons are those of the outcome, then those against the actions that come before it. ``broken`` are the
    reasons for which policies can't be in force, which belong to the explanation of any decision.
    """
    if isinstance(facts, AlreadyResolved):
        return facts
    stopped: list[Reason] = []
    for action, outcome in IN_ORDER.items():
        answer = policies.ask(action, facts, evaluation_time)
        if answer.permitted:
            decision = outcome((*_few(dict.fromkeys((*answer.because, *stopped))), *broken))
            if isinstance(decision, Accept):
                # By all that permit it: the reasons may leave one out.
                return msgspec.structs.replace(decision, delay=policies.delay(answer.because))
            return decision
        # A determining statement of what is not permitted is a forbid.
        stopped += [*answer.because, *answer.errors]
    lacking = unavailable(facts.unknown, policies)
    return Hold((_why_held(stopped), *_few(dict.fromkeys(stopped)), *lacking, *broken))


def may_associate(facts: ResourceFacts, policies: Policies, evaluation_time: EvaluationTime) -> tuple[bool, Because]:
    """Return whether a resource may be associated, and why; if not, there is at least one reason."""
    answer = policies.ask(Action.ASSOCIATE, facts, evaluation_time)
    if answer.permitted:
        return True, _few(answer.because)
    stopped = _few((*answer.because, *answer.errors, *unavailable(facts.unknown, policies)))
    return False, stopped or (Reason("no-policy-permits", "no policy permits it"),)


def unavailable(unknown: Iterable[Fact], policies: Policies) -> Because:
    """Return which facts are unknown, and which statements count them against the requester."""
    return tuple(
        Reason("facts-unavailable", f"{_UNAVAILABLE[fact]}, and that counts against it in: {some_of(speaking)}")
        for fact in sorted(unknown)
        if (speaking := policies.referring_to(fact))
    )


def _why_held(stopped: Sequence[Reason]) -> Reason:
    if stopped:
        return Reason("forbidden", "Nothing is permitted: a policy forbids it, or could not be evaluated.")
    return Reason("no-policy-permits", "No policy permits to accept it, to ask an approver or to reject it.")


def _few(reasons: Iterable[Reason]) -> Because:
    unique = tuple(reasons)
    if len(unique) <= MOST_REASONS:
        return unique
    return (*unique[:MOST_REASONS], Reason("more", f"and {len(unique) - MOST_REASONS} more"))
