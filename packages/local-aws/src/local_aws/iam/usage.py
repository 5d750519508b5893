"""The permissions that roles used, to find denied and unused ones."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from local_aws.iam.rules import Requirement
from local_aws.policy_language.patterns import Context, template, wildcard_matches
from local_aws.policy_language.policies import PermissionRequest, Statement


@dataclass(frozen=True)
class Use:
    """An action on a resource that a role needed."""

    role_arn: str
    action: str
    resource: str
    keys: Context
    allowed: bool


@dataclass(frozen=True)
class Unused:
    """An action or resource of a statement that no call needed."""

    statement: Statement
    element: Literal["Action", "Resource"]
    value: str


_lock = threading.Lock()
_uses: dict[tuple[str, str, str, bool], Use] = {}


def note(role_arn: str, requirement: Requirement, *, allowed: bool) -> None:
    """Record a permission that a role needed; a repeated one is kept once, with its last condition keys."""
    use = Use(role_arn, requirement.action, requirement.resource, requirement.keys, allowed)
    with _lock:
        _uses[role_arn, use.action, use.resource, allowed] = use


def uses(role_arn: str | None = None) -> list[Use]:
    """Return the permissions that one role, or all, needed since the start or ``forget``."""
    with _lock:
        return [use for use in _uses.values() if role_arn in (None, use.role_arn)]


def forget() -> None:
    """Clear the recorded permissions."""
    with _lock:
        _uses.clear()


def denied(calls: Iterable[Use]) -> list[Use]:
    """Return the permissions that were needed and denied."""
    return [use for use in calls if not use.allowed]


def unused(statements: Iterable[Statement], calls: Iterable[Use]) -> list[Unused]:
    """Return the actions and resources of Allow statements that none of the calls needed.

    Deny statements are left out: no call should need what they deny.
    """
    needed = [use for use in calls if use.allowed]
    found: list[Unused] = []
    for statement in statements:
        if statement.effect == "Allow":
            found += _unused_in(statement, [use for use in needed if statement.applies(_request(use))])
    return found


def _unused_in(statement: Statement, needed: list[Use]) -> list[Unused]:
    actions = [
        Unused(statement, "Action", pattern)
        for pattern in statement.actions or ()
        if not any(wildcard_matches(pattern, use.action, ignore_case=True) for use in needed)
    ]
    resources = [
        Unused(statement, "Resource", pattern)
        for pattern in statement.resources or ()
        if not any(template(pattern, variables=statement.variables).matches(use.resource, use.keys) for use in needed)
    ]
    return actions + resources


def _request(use: Use) -> PermissionRequest:
    return PermissionRequest(use.action, use.resource, use.keys)
