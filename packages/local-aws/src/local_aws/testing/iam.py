"""IAM: permissions that roles needed, statements that were not used, and the answer to a hypothetical call.

Least privilege is a test: ``[each for each in needs(role_arn) if not each.allowed]`` is empty, and so is what
``statements(role_arn)`` reports as unused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from moto.utilities.utils import get_partition

from local_aws.iam import identities, reference, usage
from local_aws.iam.authorize import denial
from local_aws.iam.reference import Action, ResourceType

__all__ = ["Action", "Allowed", "Need", "ResourceType", "StatementUse", "find_action", "needs", "refusal", "statements"]

_MODELS = {"states": "stepfunctions"}
"""botocore's names of services that are not IAM's."""


@dataclass(frozen=True)
class Need:
    """An action on a resource that a role needed, for a call or for what the call depends on."""

    role_arn: str
    action: str
    resource: str
    allowed: bool


@dataclass(frozen=True)
class Allowed:
    """An action or resource as written in a statement, and whether it was needed."""

    value: str
    used: bool


@dataclass(frozen=True)
class StatementUse:
    """An Allow statement of a role's policies, and which of its parts were used."""

    sid: str
    actions: tuple[Allowed, ...]
    resources: tuple[Allowed, ...]


def needs(role_arn: str) -> list[Need]:
    """Return the permissions that a role has needed so far, each once."""
    return [Need(each.role_arn, each.action, each.resource, each.allowed) for each in usage.uses(role_arn)]


def statements(role_arn: str) -> list[StatementUse]:
    """Return the present Allow statements of a role's policies, with what was used.

    Raises:
        LookupError: its account has no such role.
    """
    _, partition, _, _, account_id, path = role_arn.split(":", 5)
    held = identities.role(account_id, partition, path.rpartition("/")[2])
    if held is None:
        raise LookupError(f"no account has the role {role_arn}")
    uses = usage.uses(role_arn)
    found = []
    for statement in held.statements:
        if statement.effect == "Allow":
            unused = {(each.element, each.value) for each in usage.unused([statement], uses)}
            actions = tuple(Allowed(each, ("Action", each) not in unused) for each in statement.actions or ())
            resources = tuple(Allowed(each, ("Resource", each) not in unused) for each in statement.resources or ())
            found.append(StatementUse(statement.sid, actions, resources))
    return found


def refusal(
    account_id: str, role: str, operation: str, params: dict[str, Any], region: str = "us-east-1"
) -> str | None:
    """Return why a role of an account may not make a call, in the words of AWS's answer; None if it may.

    The call is not made, and does not count in ``needs`` and ``statements``.
    ``operation`` is ``service:Operation``, ``params`` are as boto3 has them.

    Raises:
        LookupError: the account has no such role.
    """
    service, _, name = operation.partition(":")
    if identities.role(account_id, get_partition(region), role) is None:
        raise LookupError(f"account {account_id} has no role {role}")
    principal = f"arn:aws:sts::{account_id}:assumed-role/{role}/session"
    call = _HypotheticalCall(account_id, region, service, name, principal, role, _MODELS.get(service, service), params)
    denied = denial(call)
    return None if denied is None else denied.message


def find_action(action: str) -> Action | None:
    """Return an action (``ec2:CreateTags``) of IAM's reference, in any case; None if there is none."""
    prefix, _, name = action.partition(":")
    return reference.find_action(prefix, name)


@dataclass(frozen=True)
class _HypotheticalCall:
    """A call that is checked but not made."""

    account_id: str
    region: str
    service: str
    operation: str
    principal_arn: str
    role_name: str
    model: str
    params: dict[str, Any] = field(default_factory=dict)
    access_key_id: str = ""
