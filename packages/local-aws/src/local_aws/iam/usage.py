"""Whether a role's policies are as narrow as what the role did: nothing denied, nothing to spare."""

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
    """A role needed an action on a resource."""

    role_arn: str
    action: str
    resource: str
    keys: Context
    allowed: bool


@dataclass(frozen=True)
class Unused:
    """An action or resource that a statement speaks of and that nothing needed."""

    statement: Statement
    element: Literal["Action", "Resource"]
    value: str


_lock = threading.Lock()
_uses: dict[tuple[str, str, str, bool], Use] = {}


def note(role_arn: str, requirement: Requirement, *, allowed: bool) -> None:
    """Keep what a role needed; what it needs again is kept once, with the condition keys of the last time."""
    use = Use(role_arn, requirement.action, requirement.resource, requirement.keys, allowed)
    with _lock:
        _uses[role_arn, use.action, use.resource, allowed] = use


def uses(role_arn: str | None = None) -> list[Use]:
    """Return what was needed since the start or ``forget``, by one role or by all."""
    with _lock:
        return [use for use in _uses.values() if role_arn in (None, use.role_arn)]


def forget() -> None:
    """Begin anew."""
    with _lock:
        _uses.clear()


def denied(calls: Iterable[Use]) -> list[Use]:
    """Return what was needed and not allowed."""
    return [use for use in calls if not use.allowed]


def unused(statements: Iterable[Statement], calls: Iterable[Use]) -> list[Unused]:
    """Return the actions and resources of Allow statements that none of the calls needed.

    What a Deny forbids is not asked for: it is right that nobody needs it.
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
