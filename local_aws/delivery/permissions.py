"""What a queue's, a function's or a topic's own policy allows an AWS service, or another account."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.iam.policies import Allowed, MalformedPolicyError, Request, evaluate, parse
from local_aws.iam.principals import Caller

_log = logging.getLogger(__name__)

_ELEMENTS = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)


@dataclass(frozen=True)
class Sender:
    """An AWS service that acts for a resource: EventBridge for a rule, SNS for a topic."""

    principal: str
    """``events.amazonaws.com``"""
    source_arn: str
    source_account: str


def service_may(sender: Sender, action: str, resource: str, policy: str | Mapping[str, Any] | None) -> bool:
    """Tell whether the resource's policy lets the service do this, for the resource that it acts for."""
    context = {"aws:sourcearn": (sender.source_arn,), "aws:sourceaccount": (sender.source_account,)}
    return _allows(policy, Request(action, resource, context, Caller("Service", frozenset({sender.principal}))))


def account_may(account_id: str, partition: str, action: str, resource: str, policy: str | None) -> bool:
    """Tell whether the resource's policy lets another account do this."""
    caller = Caller("AWS", frozenset()).as_account(account_id, partition)
    return _allows(policy, Request(action, resource, {"aws:principalaccount": (account_id,)}, caller))


def _allows(policy: str | Mapping[str, Any] | None, request: Request) -> bool:
    if not policy:
        return False
    document = json.loads(policy) if isinstance(policy, str) else policy
    if not document.get("Statement"):
        return False
    # moto leaves parameters of AddPermission in a function's statements that are no elements of a policy.
    statements = [{name: each[name] for name in _ELEMENTS if name in each} for each in _listed(document["Statement"])]
    try:
        parsed = parse({**document, "Statement": statements}, "resource")
    except MalformedPolicyError as error:
        _log.warning("the policy of %s allows nothing: %s", request.resource, error)
        return False
    return isinstance(evaluate(parsed, request), Allowed)


def _listed(statements: Any) -> list[dict[str, Any]]:
    return statements if isinstance(statements, list) else [statements]
