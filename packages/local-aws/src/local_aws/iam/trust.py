"""Whether a role lets itself be assumed."""

from __future__ import annotations

from local_aws.iam import identities
from local_aws.iam.facts import account_of
from local_aws.iam.policy_evaluation import Asking, own_refusal, refusal_if_named
from local_aws.iam.refusals import Reason
from local_aws.iam.rules import Requirement
from local_aws.policy_language.policies import Allowed, Decision, ExplicitlyDenied, PermissionRequest, evaluate
from local_aws.policy_language.principals import Caller


def refusal(requirement: Requirement, who: Asking) -> Reason | None:
    """Return why the role can't be assumed; None if it can. A role that its account does not have stands for a person.

    A trust policy that names the caller is enough inside one account; one that names the account leaves it to the
    caller's own policies, and between accounts both have to allow it.
    """
    own = own_refusal(requirement, who)
    role = identities.role_of_arn(requirement.resource, who.partition)
    if role is None:
        return own
    statements = identities.trust_of(role)
    caller = who.caller(requirement)
    account = caller.as_account(who.account_id, who.partition)

    def decision(asking: Caller) -> Decision:
        return evaluate(
            statements, PermissionRequest(requirement.action, requirement.resource, requirement.keys, asking)
        )

    if isinstance(decision(Caller("AWS", caller.names | account.names)), ExplicitlyDenied):
        return "" if own is None else own
    named = isinstance(decision(caller), Allowed)
    if named and account_of(requirement.resource) == who.account_id:
        return refusal_if_named(requirement, who)
    if named or isinstance(decision(account), Allowed):
        return own
    # AWS does not say that it was the trust policy.
    return ""
