"""Whether a topic's policy lets PrivateLink publish to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from local_aws.policy_language.policies import Allowed, MalformedPolicyError, PermissionRequest, evaluate, parse
from local_aws.policy_language.principals import Caller

_PUBLISHER: Final = Caller("Service", frozenset({"vpce.amazonaws.com"}))


@dataclass(frozen=True)
class Publication:
    """A publication of PrivateLink to a topic, with the source on whose behalf it is made."""

    topic_arn: str
    source_arn: str
    source_account: str


def allows(policy: str, publication: Publication) -> bool:
    """Return whether the policy allows the publication; an invalid policy allows nothing."""
    context = {"aws:sourcearn": (publication.source_arn,), "aws:sourceaccount": (publication.source_account,)}
    request = PermissionRequest("SNS:Publish", publication.topic_arn, context, _PUBLISHER)
    try:
        return isinstance(evaluate(parse(policy, "resource"), request), Allowed)
    except MalformedPolicyError:
        return False
