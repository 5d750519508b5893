"""Whether the policy of a queue, a function or a topic allows an AWS service or another account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.iam import resource_policies
from local_aws.policy_language.policies import Allowed, PermissionRequest, evaluate
from local_aws.policy_language.principals import Caller


@dataclass(frozen=True)
class Sender:
    """An AWS service that acts for a resource: EventBridge for a rule, SNS for a topic."""

    principal: str
    """For example ``events.amazonaws.com``."""
    source_arn: str
    source_account: str


def service_may(sender: Sender, action: str, resource: str, policy: str | Mapping[str, Any] | None) -> bool:
    """Return whether the resource's policy allows the service the action, for the resource that it acts for."""
    context = {"aws:sourcearn": (sender.source_arn,), "aws:sourceaccount": (sender.source_account,)}
    return _allows(
        policy, PermissionRequest(action, resource, context, Caller("Service", frozenset({sender.principal})))
    )


def role_may(role_arn: str, action: str, resource: str, policy: str | None) -> bool:
    """Return whether the resource's policy allows the action to a role of another account, or to that account."""
    partition, account_id = role_arn.split(":")[1], role_arn.split(":")[4]
    names = Caller("AWS", frozenset({role_arn}))
    caller = Caller("AWS", names.names | names.as_account(account_id, partition).names)
    context = {"aws:principalaccount": (account_id,), "aws:principalarn": (role_arn,)}
    return _allows(policy, PermissionRequest(action, resource, context, caller))


def _allows(policy: str | Mapping[str, Any] | None, request: PermissionRequest) -> bool:
    return isinstance(evaluate(resource_policies.read(policy, request.resource), request), Allowed)
