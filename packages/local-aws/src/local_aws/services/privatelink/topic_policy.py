"""Whether a topic's policy lets PrivateLink publish to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from local_aws.policy_language.policies import Allowed, MalformedPolicyError, PermissionRequest, evaluate, parse
from local_aws.policy_language.principals import Caller

_PUBLISHER: Final = Caller("Service", frozenset({"vpce.amazonaws.com"}))


@dataclass(frozen=True)
class Publication:
    """What PrivateLink asks a topic for, and on whose behalf."""

    topic_arn: str
    source_arn: str
    source_account: str


def allows(policy: str, publication: Publication) -> bool:
    """Return whether the policy lets it; one that AWS would not have taken lets nothing."""
    context = {"aws:sourcearn": (publication.source_arn,), "aws:sourceaccount": (publication.source_account,)}
    request = PermissionRequest("SNS:Publish", publication.topic_arn, context, _PUBLISHER)
    try:
        return isinstance(evaluate(parse(policy, "resource"), request), Allowed)
    except MalformedPolicyError:
        return False
