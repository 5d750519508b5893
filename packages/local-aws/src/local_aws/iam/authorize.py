"""Whether a call may be made."""

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
    """What is asked about a call; ``service`` is IAM's prefix and ``model`` botocore's name of the service."""

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
    """Return why the call may not be made; None if it may, and then its account has the service-linked role for it.

    A role that its account has is held to its policies, a user too; anyone else is a person with full access. Whether
    a role lets itself be assumed is the role's to say, whoever asks; so it is with a resource that has a policy.
    """
    denied = _denial(call, noted=True)
    if denied is None:
        service_linked_roles.make(_asked(call))
    return denied


def denial(call: AuthorizableCall) -> Denied | None:
    """Return why the call could not be made; nothing is noted of the role's permissions, and nothing made."""
    return _denial(call, noted=False)


def _denial(call: AuthorizableCall, *, noted: bool) -> Denied | None:
    if f"{call.service}:{call.operation}" in _ALWAYS_ALLOWED:
        return None
    try:
        who = policy_evaluation.Asking(
            call.account_id,
            get_partition(call.region),
            call.principal_arn,
            _identity(call),
            sessions.policies_of(call.access_key_id),
        )
        assuming = call.service == "sts" and call.operation == "AssumeRole"
        evaluated = assuming or not who.is_unlimited or call.service in resource_policies.SERVICES
        return _judge(call, who, assuming=assuming, noted=noted) if evaluated else None
    except MalformedPolicyError as error:
        # IAM would have refused the policy when it was put there; moto took it.
        return Denied("MalformedPolicyDocument", str(error), 400)


def required(call: AuthorizableCall, identity: Identity | None = None) -> tuple[Requirement, ...]:
    """Return what permissions a call needs, with every condition key that is known about it."""
    around = global_condition_keys.of_call(call.principal_arn, call.region, identity.tags if identity else {})
    if identity:
        around = {**around, "aws:principalarn": (identity.arn,)}
    return tuple(
        Requirement(
            each.action, each.resource, {**global_condition_keys.of_resource(each), **around, **each.keys}, each.kind
        )
        for each in requirements(_asked(call))
    )


def _asked(call: AuthorizableCall) -> AwsCall:
    return AwsCall(call.service, call.operation, call.params, call.account_id, call.region)


def _judge(call: AuthorizableCall, who: policy_evaluation.Asking, *, assuming: bool, noted: bool) -> Denied | None:
    for requirement in required(call, who.identity):
        reason = trust.refusal(requirement, who) if assuming else policy_evaluation.refusal(requirement, who)
        if who.identity and noted:
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
