"""The policies in force."""

from functools import partial

from drawbridge.configuration import Broken, InForce, Parameters, in_force
from drawbridge.decision.cedar import PolicySet, compile_together
from drawbridge.decision.conflicts import conflict_among
from drawbridge.decision.facts import Consumer, Fact
from drawbridge.decision.policies import Policy, parse_policy
from drawbridge.request.connections import NO_CONNECTIONS, ConnectionCounts
from drawbridge.request.fingerprints import fingerprint
from drawbridge.status import Reason

PATH = "policies"

POLICY_BROKEN = "policy-broken"
"""The code of the reason for which a policy can't be in force."""

_NONE_AT_ALL = Broken(
    "(none)",
    "no policy is in force, so that everything is held; write one, or deploy the stack with its defaults",
    None,
)


def policies_in_force(parameters: Parameters, *, everything_may_be_permitted: bool) -> InForce[Policy]:
    """Return the policies, each in its last good version. If there is none at all, that is reported as broken."""
    conflicts = partial(conflict_among, everything_may_be_permitted=everything_may_be_permitted)
    found = in_force(parameters, PATH, parse_policy, conflicts)
    if found.things or found.broken:
        return found
    return InForce(found.things, found.versions, (_NONE_AT_ALL,))


def compiled(policies: InForce[Policy]) -> PolicySet:
    return compile_together(policies.things)


def broken(policies: InForce[Policy]) -> tuple[Reason, ...]:
    """Return which policies can't be in force, as reasons to go with a decision."""
    return tuple(Reason(POLICY_BROKEN, each.reason, source=each.name) for each in policies.broken)


def is_whole(policies: InForce[Policy]) -> bool:
    """Return whether each policy is in force in some version; else one that would permit may be missing."""
    return all(each.in_force is not None for each in policies.broken)


def decision_fingerprint(
    policies: InForce[Policy], consumer: Consumer | None, counts: ConnectionCounts = NO_CONNECTIONS
) -> str:
    """Return a fingerprint of all that a decision depends on besides what AWS lists of the request itself.

    These are the policies, the requester's entry in the registry, and, if a policy refers to them, the numbers of its
    connections.
    """
    counted = counts if compiled(policies).referring_to(Fact.CONNECTIONS) else None
    return fingerprint(policies.versions, consumer, counted)
