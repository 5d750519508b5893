"""The permissions that a call needs beside its own: the reference's "dependent actions", on what and when."""

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
"""Needed by a call that brings tags: ``requirements`` asks for it, on what is tagged."""

BY_ROWS = frozenset({"scheduler:DeleteSchedule", "states:PublishStateMachineVersion"})
"""The rows in ``calls`` say of what, and whether: only the call's own parameters tell."""

NEVER: Mapping[str, str] = {
    "kms:PutKeyPolicy": "KMS's API reference asks whoever creates a key for kms:CreateKey alone, whatever its policy.",
}
"""What the reference names, and AWS does not ask for."""


def _private_dns(call: AwsCall) -> bool:
    # "Default: true", which is so for interface endpoints.
    is_interface = call.params.get("VpcEndpointType") == "Interface"
    return bool(call.params.get("PrivateDnsEnabled", is_interface))


ONLY_IF: Mapping[str, Callable[[AwsCall], bool]] = {
    "iam:CreateServiceLinkedRole": service_linked_roles.is_missing,
    "lambda:PassCapacityProvider": lambda call: bool(call.params.get("CapacityProviderConfig")),
    "route53:AssociateVPCWithHostedZone": _private_dns,
    "ssm:GetParameters": lambda call: "resolve:ssm:" in str(call.params),
    "states:RevealSecrets": lambda call: bool(call.params.get("revealSecrets")),
    "vpc-lattice:CreateServiceNetworkVpcEndpointAssociation": lambda call: bool(call.params.get("ServiceNetworkArn")),
}
"""What is needed for some calls of the operation and not for others."""

_ALSO_ON: Mapping[str, tuple[str, ...]] = {
    # "Optional" for whoever makes one; AWSVpcLatticeServiceRolePolicy names it beside the subnet.
    "ec2:CreateNetworkInterface": ("security-group",),
}


def dependents(call: AwsCall, action: str, given: Collection[str]) -> Iterator[Requirement]:
    """Yield what the reference says is needed beside an action, unless it is ``given`` already.

    It does not say on which resources: where the action knows types, one of each required type is asked for, with a
    star for its name, as AWS does with what is not there yet.
    """
    found = reference.find_action(call.prefix, action)
    for each in sorted(found.dependents) if found else ():
        if each in given or each in WITH_TAGS or each in BY_ROWS or each in NEVER:
            continue
        if each not in ONLY_IF or ONLY_IF[each](call):
            yield from _on_what(call, each)


def _on_what(call: AwsCall, dependent: str) -> Iterator[Requirement]:
    if dependent == "iam:CreateServiceLinkedRole":
        yield from service_linked_roles.requirement(call)
        return
    if dependent == "iam:PassRole":
        for role in sorted(set(_roles(call.params))):
            yield from passing(call, role, f"{call.prefix}.amazonaws.com")
        return
    for kind in _types(dependent):
        arn = _any_of(call, kind) if kind else ANY
        yield Requirement(dependent, arn, _keys(call, dependent), kind.name if kind else "")


def _roles(value: object) -> Iterator[str]:
    """Find the roles that a call hands over, whatever the parameter is called."""
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
    wanted = [each for each in types if each.required or each.name in _ALSO_ON.get(dependent, ())]
    return [*(wanted or types)] or [None]


def _any_of(call: AwsCall, kind: ResourceType) -> str:
    known = {"Partition": call.partition, "Region": call.region, "Account": call.account_id}
    return _PLACEHOLDER.sub(lambda found: known.get(found[1], ANY), kind.arn)


def _keys(call: AwsCall, dependent: str) -> Context:
    """Return what tells a call that a service makes in the caller's name from one that the caller makes."""
    if dependent.startswith(f"{call.prefix}:"):
        return {}
    keys = key("aws:ViaAWSService", value=True)
    if dependent == "ec2:CreateNetworkInterfacePermission":
        keys |= key("ec2:AuthorizedService", f"{call.prefix}.amazonaws.com")
    return keys
