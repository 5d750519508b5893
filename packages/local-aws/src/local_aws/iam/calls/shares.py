"""AWS RAM."""

from __future__ import annotations

from local_aws.iam import facts
from local_aws.iam.rules import AwsCall, Rules, key, strings
from local_aws.policy_language.patterns import Context

_ACCOUNT_SEGMENT = 4


def _keys(call: AwsCall) -> Context:
    params = call.params
    keys: dict[str, tuple[str, ...]] = {
        **key("ram:RequestedAllowsExternalPrincipals", params.get("allowExternalPrincipals")),
        **key("ram:PermissionArn", params.get("permissionArn")),
    }
    share = facts.share_of(str(params.get("resourceShareArn") or params.get("resourceShareInvitationArn") or ""))
    if share:
        keys |= key("ram:ResourceShareName", share.name)
        keys |= key("ram:AllowsExternalPrincipals", share.allow_external)
        keys |= key("ram:RetainSharingOnAccountLeaveOrganization", share.retains)
    invitation = str(params.get("resourceShareInvitationArn") or "")
    if invitation.startswith("arn:"):  # its account is the share's owner, who sent it
        keys |= key("ram:ShareOwnerAccountId", invitation.split(":")[_ACCOUNT_SEGMENT])
    return keys


def _contexts(call: AwsCall) -> tuple[Context, ...]:
    """Return the keys of each principal and of each resource: RAM authorizes them one by one.

    https://docs.aws.amazon.com/ram/latest/userguide/security-iam-policies-examples.html
    """
    principals = [key("ram:Principal", each) for each in strings(call.params.get("principals"))]
    resources = [
        {**key("ram:ResourceArn", each), **key("ram:RequestedResourceType", facts.share_types([each]) or None)}
        for each in strings(call.params.get("resourceArns"))
    ]
    return (*principals, *resources) or ({},)


RULES = Rules(
    names={
        "resource-share": ("resourceShareArn", "resourceArn"),
        "resource-share-invitation": ("resourceShareInvitationArn",),
        "permission": ("permissionArn",),
        "customer-managed-permission": ("none",),
    },
    keys=_keys,
    contexts=_contexts,
)
