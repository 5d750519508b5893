"""A caller's own policies and those of the resource, evaluated together.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from local_aws.iam import facts, resource_policies
from local_aws.iam.identities import Identity
from local_aws.iam.refusals import Reason
from local_aws.iam.rules import Requirement
from local_aws.policy_language.policies import Allowed, ExplicitlyDenied, PermissionRequest, Statement, evaluate
from local_aws.policy_language.principals import Caller


@dataclass(frozen=True)
class Asking:
    """Who asks: ``identity`` is None for a person with full access, ``session`` where no session policy limits them."""

    account_id: str
    partition: str
    principal_arn: str
    identity: Identity | None
    session: tuple[Statement, ...] | None = None

    @property
    def is_unlimited(self) -> bool:
        return self.identity is None and self.session is None

    def caller(self, requirement: Requirement) -> Caller:
        """Return them by their own names: a session's, and its role's."""
        names = {self.principal_arn, *requirement.keys.get("aws:principalarn", ())}
        return Caller("AWS", frozenset(names))


def refusal(requirement: Requirement, who: Asking) -> Reason | None:
    """Return why the action is not allowed; None if it is.

    Inside an account the caller's policies or the resource's are enough; between accounts both have to allow it.
    """
    own = own_refusal(requirement, who)
    service = requirement.action.split(":", 1)[0]
    if service not in resource_policies.SERVICES:
        return own
    statements = resource_policies.of(requirement.resource)
    if statements is None:
        return own
    return _with_resource(requirement, who, own, statements)


def own_refusal(requirement: Requirement, who: Asking) -> Reason | None:
    """Weigh the caller's policies, boundary and session: each has to allow it, and none may deny it."""
    request = PermissionRequest(requirement.action, requirement.resource, requirement.keys)
    limits: list[tuple[tuple[Statement, ...] | None, Reason, Reason]] = [
        (
            who.identity.statements if who.identity else None,
            "no identity-based policy",
            "explicit deny in an identity-based policy",
        ),
        (
            who.identity.boundary if who.identity else None,
            "no permissions boundary",
            "explicit deny in a permissions boundary",
        ),
        (who.session, "no session policy", "explicit deny in a session policy"),
    ]
    missing: list[Reason] = []
    for statements, none_allows, denies in limits:
        decision = None if statements is None else evaluate(statements, request)
        if isinstance(decision, ExplicitlyDenied):
            return denies
        if decision is not None and not isinstance(decision, Allowed):
            missing.append(none_allows)
    return missing[0] if missing else None


def _with_resource(
    requirement: Requirement, who: Asking, own: Reason | None, statements: tuple[Statement, ...]
) -> Reason | None:
    caller = who.caller(requirement)
    account = caller.as_account(who.account_id, who.partition)
    everyone = Caller("AWS", caller.names | account.names)
    of_resource = evaluate(statements, _request(requirement, everyone))
    if isinstance(of_resource, ExplicitlyDenied):
        return "explicit deny in a resource-based policy"
    lets = isinstance(of_resource, Allowed)
    if facts.account_of(requirement.resource) != who.account_id:
        if requirement.action in resource_policies.OWN_ACCOUNT_ONLY:
            return "no resource-based policy"
        return own if own is not None or lets else "no resource-based policy"
    if own == "no identity-based policy" and _names(statements, requirement, caller):
        return refusal_if_named(requirement, who)
    if requirement.action.split(":", 1)[0] in resource_policies.ASKED_FIRST and not lets:
        return own or "no resource-based policy"
    return own


def _names(statements: tuple[Statement, ...], requirement: Requirement, caller: Caller) -> bool:
    """Whether the resource's policy lets the caller in person: one that names their account leaves it to that."""
    return isinstance(evaluate(statements, _request(requirement, caller)), Allowed)


def refusal_if_named(requirement: Requirement, who: Asking) -> Reason | None:
    """Weigh what limits even those whom a resource's or role's own policy names: denials, boundary and session."""
    if who.identity is None:
        return own_refusal(requirement, who)
    named = replace(who.identity, statements=(*who.identity.statements, _ANYTHING))
    return own_refusal(requirement, replace(who, identity=named))


def _request(requirement: Requirement, caller: Caller) -> PermissionRequest:
    return PermissionRequest(requirement.action, requirement.resource, requirement.keys, caller)


_ANYTHING = Statement("Allow", actions=("*",), resources=("*",))
