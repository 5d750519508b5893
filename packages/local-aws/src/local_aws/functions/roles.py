"""Roles that services assume: their trust and their permissions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from local_aws.iam import identities
from local_aws.iam.authorize import authorize
from local_aws.policy_language.policies import Allowed, MalformedPolicyError, PermissionRequest, evaluate
from local_aws.policy_language.principals import Caller

_MODELS = {"states": "stepfunctions"}


@dataclass(frozen=True)
class RoleCall:
    """A call that a service makes with a role, without HTTP."""

    account_id: str
    region: str
    service: str
    operation: str
    principal_arn: str
    role_name: str | None
    model: str
    params: dict[str, Any] = field(hash=False)
    access_key_id: str = ""


def trusts(role_arn: str, principal: str, *, source_arn: str = "") -> bool:
    """Return whether the role lets the service (``lambda.amazonaws.com``) assume it.

    A role that its account does not have stands for a person with full access.
    """
    partition, account_id, name = _parts(role_arn)
    role = identities.find_role(account_id, partition, name)
    if role is None:
        return True
    context = {"aws:sourceaccount": (account_id,)}
    if source_arn:
        context["aws:sourcearn"] = (source_arn,)
    caller = Caller("Service", frozenset({principal}))
    try:
        decision = evaluate(identities.trust_of(role), PermissionRequest("sts:AssumeRole", role_arn, context, caller))
    except MalformedPolicyError:
        return False
    return isinstance(decision, Allowed)


def refusal(role_arn: str, session_name: str, region: str, name: str, params: dict[str, Any]) -> str | None:
    """Return why the role may not make this call (``sqs:ReceiveMessage``); None if it may."""
    partition, account_id, role_name = _parts(role_arn)
    if identities.find_role(account_id, partition, role_name) is None:
        return None
    service, _, operation = name.partition(":")
    call = RoleCall(
        account_id=account_id,
        region=region,
        service=service,
        operation=operation,
        principal_arn=f"arn:{partition}:sts::{account_id}:assumed-role/{role_name}/{session_name}",
        role_name=role_name,
        model=_MODELS.get(service, service),
        params=params,
    )
    denied = authorize(call)
    return None if denied is None else denied.message


def _parts(role_arn: str) -> tuple[str, str, str]:
    _, partition, _, _, account_id, resource = role_arn.split(":", 5)
    return partition, account_id, resource.rsplit("/", 1)[-1]
