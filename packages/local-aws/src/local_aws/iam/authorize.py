"""The decision whether a call may be made."""

from __future__ import annotations

from typing import Any, Protocol

from moto.utilities.utils import get_partition

from local_aws.iam import (
    global_condition_keys,
    identities,
    policy_evaluation,
    resource_policies,
    service_linked_roles,
    sessions,
    trust,
    usage,
)
from local_aws.iam.identities import Identity
from local_aws.iam.refusals import Denied, refuse
from local_aws.iam.requirements import requirements
from local_aws.iam.rules import AwsCall, Requirement
from local_aws.policy_language.policies import MalformedPolicyError

# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html: even an explicit Deny changes nothing.
_ALWAYS_ALLOWED = frozenset({"sts:GetCallerIdentity", "sts:GetSessionToken"})


class AuthorizableCall(Protocol):
    """A call to authorize; ``service`` is IAM's prefix and ``model`` botocore's name of the service."""

    @property
    def account_id(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def service(self) -> str: ...
    @property
    def operation(self) -> str: ...
    @property
    def principal_arn(self) -> str: ...
    @property
    def role_name(self) -> str | None: ...
    @property
    def model(self) -> str: ...
    @property
    def access_key_id(self) -> str: ...
    @property
    def params(self) -> dict[str, Any]: ...


def authorize(call: AuthorizableCall) -> Denied | None:
    """Return why the call is denied; None if it is allowed, and then its account has the service-linked role for it.

    A role that its account has is limited by its policies, and so is a user; any other caller is a person with full
    access. A role's trust policy and a resource's policy apply to every caller.
    """
    denied = _denial(call, recorded=True)
    if denied is None:
        service_linked_roles.make(_aws_call(call))
    return denied


def denial(call: AuthorizableCall) -> Denied | None:
    """Return why the call would be denied, without recording the role's usage and without making a role."""
    return _denial(call, recorded=False)


def _denial(call: AuthorizableCall, *, recorded: bool) -> Denied | None:
    if f"{call.service}:{call.operation}" in _ALWAYS_ALLOWED:
        return None
    try:
        who = policy_evaluation.CallerContext(
            call.account_id,
            get_partition(call.region),
            call.principal_arn,
            _identity(call),
            sessions.policies_of(call.access_key_id),
        )
        assuming = call.service == "sts" and call.operation == "AssumeRole"
        evaluated = assuming or not who.is_unlimited or call.service in resource_policies.SERVICES
        return _refusal(call, who, assuming=assuming, recorded=recorded) if evaluated else None
    except MalformedPolicyError as error:
        # IAM refuses such a policy when it is put; moto accepts it.
        return Denied("MalformedPolicyDocument", str(error), 400)


def required(call: AuthorizableCall, identity: Identity | None = None) -> tuple[Requirement, ...]:
    """Return the permissions that a call needs, with all condition keys that are known."""
    global_keys = global_condition_keys.call_keys(call.principal_arn, call.region, identity.tags if identity else {})
    if identity:
        global_keys = {**global_keys, "aws:principalarn": (identity.arn,)}
    return tuple(
        Requirement(
            each.action,
            each.resource,
            {**global_condition_keys.resource_keys(each), **global_keys, **each.keys},
            each.kind,
        )
        for each in requirements(_aws_call(call))
    )


def _aws_call(call: AuthorizableCall) -> AwsCall:
    return AwsCall(call.service, call.operation, call.params, call.account_id, call.region)


def _refusal(
    call: AuthorizableCall, who: policy_evaluation.CallerContext, *, assuming: bool, recorded: bool
) -> Denied | None:
    for requirement in required(call, who.identity):
        reason = trust.refusal(requirement, who) if assuming else policy_evaluation.refusal(requirement, who)
        if who.identity and recorded:
            usage.note(who.identity.arn, requirement, allowed=reason is None)
        if reason is not None:
            return refuse(call.model, call.principal_arn, requirement.action, requirement.resource, reason)
    return None


def _identity(call: AuthorizableCall) -> Identity | None:
    partition = get_partition(call.region)
    if call.role_name:
        return identities.role(call.account_id, partition, call.role_name)
    if ":user/" in call.principal_arn:
        return identities.user(call.account_id, partition, call.principal_arn.rsplit("/", 1)[-1])
    return None
