"""The reference's "dependent actions" of a call: further permissions, with their resources and conditions."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping

from local_aws.iam import reference, service_linked_roles
from local_aws.iam.reference import ResourceType
from local_aws.iam.rules import ANY, AwsCall, Requirement, key, passing
from local_aws.policy_language.patterns import Context

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_ROLE = re.compile(r"arn:[\w-]+:iam::\d{12}:role/.+")

WITH_TAGS = frozenset({"ec2:CreateTags", "kms:TagResource", "ram:TagResource"})
"""Required by a call with tags: ``requirements`` yields them, for the tagged resource."""

BY_ROWS = frozenset({"scheduler:DeleteSchedule", "states:PublishStateMachineVersion"})
"""The rows in ``calls`` yield them, as they depend on the call's own parameters."""

NEVER: Mapping[str, str] = {
    "kms:PutKeyPolicy": "KMS's API reference requires kms:CreateKey alone to create a key, with any policy.",
}
"""Actions that the reference names and AWS does not require."""


def _private_dns(call: AwsCall) -> bool:
    # "Default: true", which holds for interface endpoints only.
    is_interface = call.params.get("VpcEndpointType") == "Interface"
    return bool(call.params.get("PrivateDnsEnabled", is_interface))


_OF_QUOTAS = (
    "autoscaling:DescribeAccountLimits",
    "cloudformation:DescribeAccountLimits",
    "dynamodb:DescribeLimits",
    "elasticloadbalancing:DescribeAccountLimits",
    "iam:GetAccountSummary",
    "kinesis:DescribeLimits",
    "rds:DescribeAccountAttributes",
    "route53:GetAccountLimit",
)
"""What Service Quotas asks these services, as the caller. That it asks none of them for another's quotas is a guess."""


def _quota_of(action: str) -> Callable[[AwsCall], bool]:
    return lambda call: call.params.get("ServiceCode") == action.partition(":")[0]


ONLY_IF: Mapping[str, Callable[[AwsCall], bool]] = {
    **{action: _quota_of(action) for action in _OF_QUOTAS},
    "iam:CreateServiceLinkedRole": service_linked_roles.is_missing,
    "lambda:PassCapacityProvider": lambda call: bool(call.params.get("CapacityProviderConfig")),
    "route53:AssociateVPCWithHostedZone": _private_dns,
    "ssm:GetParameters": lambda call: "resolve:ssm:" in str(call.params),
    "states:RevealSecrets": lambda call: bool(call.params.get("revealSecrets")),
    "vpc-lattice:CreateServiceNetworkVpcEndpointAssociation": lambda call: bool(call.params.get("ServiceNetworkArn")),
}
"""Actions that only some calls of the operation require."""

_ALSO_ON: Mapping[str, tuple[str, ...]] = {
    # "Optional" for a caller that makes one; AWSVpcLatticeServiceRolePolicy names it with the subnet.
    "ec2:CreateNetworkInterface": ("security-group",),
}


def dependents(call: AwsCall, action: str, present: Collection[str]) -> Iterator[Requirement]:
    """Yield the dependent actions of an action, except those in ``present``.

    The reference has no resources for them: an action with resource types is required on each required type, with a
    star for the name, as on AWS for a resource that does not exist yet.
    """
    found = reference.find_action(call.prefix, action)
    for each in sorted(found.dependents) if found else ():
        if each in present or each in WITH_TAGS or each in BY_ROWS or each in NEVER:
            continue
        if each not in ONLY_IF or ONLY_IF[each](call):
            yield from _requirement(call, each)


def _requirement(call: AwsCall, dependent: str) -> Iterator[Requirement]:
    if dependent == "iam:CreateServiceLinkedRole":
        yield from service_linked_roles.requirement(call)
        return
    if dependent == "iam:PassRole":
        for role in sorted(set(_roles(call.params))):
            yield from passing(call, role, f"{call.prefix}.amazonaws.com")
        return
    for kind in _types(dependent):
        arn = _any_arn(call, kind) if kind else ANY
        yield Requirement(dependent, arn, _keys(call, dependent), kind.name if kind else "")


def _roles(value: object) -> Iterator[str]:
    """Yield the ARNs of roles in any of a call's parameters."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from _roles(each)
    elif isinstance(value, str) and _ROLE.fullmatch(value):
        yield value


def _types(dependent: str) -> list[ResourceType | None]:
    action = reference.find_action(*dependent.split(":", 1))
    types = action.types if action else ()
    applicable = [each for each in types if each.required or each.name in _ALSO_ON.get(dependent, ())]
    return [*(applicable or types)] or [None]


def _any_arn(call: AwsCall, kind: ResourceType) -> str:
    known = {"Partition": call.partition, "Region": call.region, "Account": call.account_id}
    return _PLACEHOLDER.sub(lambda found: known.get(found[1], ANY), kind.arn)


def _keys(call: AwsCall, dependent: str) -> Context:
    """Return the keys by which a call that a service makes for the caller differs from the caller's own."""
    if dependent.startswith(f"{call.prefix}:"):
        return {}
    keys = key("aws:ViaAWSService", value=True)
    if dependent == "ec2:CreateNetworkInterfacePermission":
        keys |= key("ec2:AuthorizedService", f"{call.prefix}.amazonaws.com")
    return keys
