"""The decision whether a role can be assumed."""

from __future__ import annotations

from local_aws.iam import identities
from local_aws.iam.facts import account_of
from local_aws.iam.policy_evaluation import CallerContext, own_refusal, refusal_if_named
from local_aws.iam.refusals import Reason
from local_aws.iam.rules import Requirement
from local_aws.policy_language.policies import Allowed, Decision, ExplicitlyDenied, PermissionRequest, evaluate
from local_aws.policy_language.principals import Caller


def refusal(requirement: Requirement, who: CallerContext) -> Reason | None:
    """Return why the role can't be assumed; None if it can. A role that does not exist stands for a person.

    A trust policy that names the caller is enough in one account; with one that names the account, the caller's own
    policies have to allow it too, and between accounts both have to.
    """
    own = own_refusal(requirement, who)
    role = identities.role_of_arn(requirement.resource, who.partition)
    if role is None:
        return own
    statements = identities.trust_of(role)
    caller = who.caller(requirement)
    account = caller.as_account(who.account_id, who.partition)

    def decision(names: Caller) -> Decision:
        return evaluate(
            statements, PermissionRequest(requirement.action, requirement.resource, requirement.keys, names)
        )

    if isinstance(decision(Caller("AWS", caller.names | account.names)), ExplicitlyDenied):
        return "" if own is None else own
    named = isinstance(decision(caller), Allowed)
    if named and account_of(requirement.resource) == who.account_id:
        return refusal_if_named(requirement, who)
    if named or isinstance(decision(account), Allowed):
        return own
    # AWS's message does not name the trust policy.
    return ""
