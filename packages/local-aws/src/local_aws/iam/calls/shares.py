"""AWS RAM."""

from __future__ import annotations

from local_aws.iam import facts
from local_aws.iam.rules import AwsCall, Rules, key
from local_aws.policy_language.patterns import Context

_ACCOUNT_SEGMENT = 4


def _keys(call: AwsCall) -> Context:
    params = call.params
    keys: dict[str, tuple[str, ...]] = {
        **key("ram:Principal", params.get("principals") or None),
        **key("ram:ResourceArn", params.get("resourceArns") or None),
        **key("ram:RequestedAllowsExternalPrincipals", params.get("allowExternalPrincipals")),
        **key("ram:PermissionArn", params.get("permissionArn")),
    }
    types = facts.share_types(params.get("resourceArns") or ())
    keys |= key("ram:RequestedResourceType", types or None)
    share = facts.share_of(str(params.get("resourceShareArn") or params.get("resourceShareInvitationArn") or ""))
    if share:
        keys |= key("ram:ResourceShareName", share.name)
        keys |= key("ram:AllowsExternalPrincipals", share.allow_external)
        keys |= key("ram:RetainSharingOnAccountLeaveOrganization", share.retains)
    invitation = str(params.get("resourceShareInvitationArn") or "")
    if invitation.startswith("arn:"):  # its account is the share's owner, who sent it
        keys |= key("ram:ShareOwnerAccountId", invitation.split(":")[_ACCOUNT_SEGMENT])
    return keys


RULES = Rules(
    names={
        "resource-share": ("resourceShareArn", "resourceArn"),
        "resource-share-invitation": ("resourceShareInvitationArn",),
        "permission": ("permissionArn",),
        "customer-managed-permission": ("none",),
    },
    keys=_keys,
)
