"""Evaluation of a caller's own policies together with those of the resource.

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
class CallerContext:
    """The caller: ``identity`` is None for a person with full access, ``session`` without a session policy."""

    account_id: str
    partition: str
    principal_arn: str
    identity: Identity | None
    session: tuple[Statement, ...] | None = None

    @property
    def is_unlimited(self) -> bool:
        return self.identity is None and self.session is None

    def caller(self, requirement: Requirement) -> Caller:
        """Return the caller's own names: a session's, and its role's."""
        names = {self.principal_arn, *requirement.keys.get("aws:principalarn", ())}
        return Caller("AWS", frozenset(names))


def refusal(requirement: Requirement, who: CallerContext) -> Reason | None:
    """Return why the action is not allowed; None if it is.

    In one account the caller's policies or the resource's are enough; between accounts both have to allow it.
    """
    own = own_refusal(requirement, who)
    service = requirement.action.split(":", 1)[0]
    if service not in resource_policies.SERVICES:
        return own
    statements = resource_policies.statements_for(requirement.resource)
    if statements is None:
        return own
    return _with_resource(requirement, who, own, statements)


def own_refusal(requirement: Requirement, who: CallerContext) -> Reason | None:
    """Return the refusal of the caller's policies, boundary and session, each of which has to allow the action."""
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
    requirement: Requirement, who: CallerContext, own: Reason | None, statements: tuple[Statement, ...]
) -> Reason | None:
    caller = who.caller(requirement)
    account = caller.as_account(who.account_id, who.partition)
    everyone = Caller("AWS", caller.names | account.names)
    resource_decision = evaluate(statements, _request(requirement, everyone))
    if isinstance(resource_decision, ExplicitlyDenied):
        return "explicit deny in a resource-based policy"
    allowed = isinstance(resource_decision, Allowed)
    if facts.account_of(requirement.resource) != who.account_id:
        if requirement.action in resource_policies.OWN_ACCOUNT_ONLY:
            return "no resource-based policy"
        return own if own is not None or allowed else "no resource-based policy"
    if own == "no identity-based policy" and _names(statements, requirement, caller):
        return refusal_if_named(requirement, who)
    if requirement.action.split(":", 1)[0] in resource_policies.RESOURCE_POLICY_FIRST and not allowed:
        return own or "no resource-based policy"
    return own


def _names(statements: tuple[Statement, ...], requirement: Requirement, caller: Caller) -> bool:
    """Return whether the resource's policy allows the caller by name, not only its account."""
    return isinstance(evaluate(statements, _request(requirement, caller)), Allowed)


def refusal_if_named(requirement: Requirement, who: CallerContext) -> Reason | None:
    """Return the refusal of a caller whom a resource's or role's own policy names: denials, boundary, session."""
    if who.identity is None:
        return own_refusal(requirement, who)
    named = replace(who.identity, statements=(*who.identity.statements, _ANYTHING))
    return own_refusal(requirement, replace(who, identity=named))


def _request(requirement: Requirement, caller: Caller) -> PermissionRequest:
    return PermissionRequest(requirement.action, requirement.resource, requirement.keys, caller)


_ANYTHING = Statement("Allow", actions=("*",), resources=("*",))
