"""The policies in force."""

from drawbridge.configuration import InForce, Parameters, in_force
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.policies import Policy, parse_policy
from drawbridge.status import Reason

PATH = "policies"


def policies_in_force(parameters: Parameters) -> InForce[Policy]:
    """Read the policies; of a broken one, the last good version."""
    return in_force(parameters, PATH, parse_policy)


def compiled(policies: InForce[Policy]) -> PolicySet:
    return PolicySet(policies.things)


def broken(policies: InForce[Policy]) -> tuple[Reason, ...]:
    """Say which policies can't be read, for whoever wonders about a decision."""
    return tuple(Reason("policy-broken", each.reason, source=each.name) for each in policies.broken)
