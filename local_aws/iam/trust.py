"""Whether a role lets itself be assumed."""

from __future__ import annotations

from dataclasses import dataclass

from local_aws.iam import identities
from local_aws.iam.patterns import Context
from local_aws.iam.policies import Allowed, ExplicitlyDenied, Request, evaluate
from local_aws.iam.principals import Caller
from local_aws.iam.refusals import Reason

_ROLE_SEGMENTS = 6


@dataclass(frozen=True)
class Asking:
    """Who wants to assume a role: the caller's own names, and what the caller's own policies say against it."""

    account_id: str
    partition: str
    names: frozenset[str]
    own_refusal: Reason | None


def refusal(action: str, role_arn: str, keys: Context, asking: Asking) -> Reason | None:
    """Tell why the role can't be assumed; None if it can. A role that its account does not have stands for a person.

    A trust policy that names the caller is enough inside one account; one that names the account leaves it to the
    caller's own policies, and between accounts both have to allow it.
    """
    account_id, name = _account_and_name(role_arn)
    role = identities.find_role(account_id, asking.partition, name) if account_id else None
    if role is None or role.arn != role_arn:
        return asking.own_refusal
    statements = identities.trust_of(role)
    caller = Caller("AWS", asking.names)
    account = caller.as_account(asking.account_id, asking.partition)
    everyone = Caller("AWS", caller.names | account.names)
    if isinstance(evaluate(statements, Request(action, role_arn, keys, everyone)), ExplicitlyDenied):
        return "" if asking.own_refusal is None else asking.own_refusal
    named = isinstance(evaluate(statements, Request(action, role_arn, keys, caller)), Allowed)
    if named and account_id == asking.account_id:
        return None if asking.own_refusal == "no identity-based policy" else asking.own_refusal
    if named or isinstance(evaluate(statements, Request(action, role_arn, keys, account)), Allowed):
        return asking.own_refusal
    # AWS does not say that it was the trust policy.
    return ""


def _account_and_name(role_arn: str) -> tuple[str, str]:
    parts = role_arn.split(":")
    if len(parts) != _ROLE_SEGMENTS or not parts[-1].startswith("role/"):
        return "", ""
    return parts[4], parts[-1].rsplit("/", 1)[-1]
