"""The policies in force."""

from drawbridge.configuration import InForce, Parameters, in_force
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.facts import Consumer
from drawbridge.decision.policies import Policy, parse_policy
from drawbridge.request.digests import digest
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


def permitted_digest(policies: InForce[Policy], consumer: Consumer | None) -> str:
    """Give a digest of the policies and of what the registry knows of the account that asks."""
    return digest(policies.versions, consumer)
