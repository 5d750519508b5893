"""Organizations, IAM and STS."""

from __future__ import annotations

from collections.abc import Iterator

from local_aws.iam import facts
from local_aws.iam.rules import ANY, AwsCall, Requirement, Rules, key
from local_aws.policy_language.patterns import Context

_ID_PARAMETERS = ("AccountId", "OrganizationalUnitId", "RootId", "ParentId", "ChildId", "ResourceId", "TargetId")


def _entity(call: AwsCall, entity: str) -> tuple[str, str]:
    """Return the type and ARN of an account, organizational unit or root; the ARN is the management account's."""
    organization = facts.organization(call.account_id)
    management, organization_id = organization or (call.account_id, "o-unknown")
    kinds = {"ou-": ("organizationalunit", "ou"), "r-": ("root", "root"), "p-": ("policy", "policy")}
    kind, name = next((each for start, each in kinds.items() if entity.startswith(start)), ("account", "account"))
    return kind, f"arn:{call.partition}:organizations::{management}:{name}/{organization_id}/{entity}"


def _entities(call: AwsCall) -> Iterator[Requirement]:
    named = [str(call.params[name]) for name in _ID_PARAMETERS if call.params.get(name)]
    for each in named:
        kind, arn = _entity(call, each)
        yield call.requires(call.operation, arn, kind=kind)
    if not named:
        yield call.requires(call.operation, ANY)


_ON_ENTITIES = (
    "CloseAccount",
    "CreateOrganizationalUnit",
    "DeleteOrganizationalUnit",
    "DescribeAccount",
    "DescribeOrganizationalUnit",
    "ListAccountsForParent",
    "ListChildren",
    "ListDelegatedServicesForAccount",
    "ListOrganizationalUnitsForParent",
    "ListParents",
    "ListPoliciesForTarget",
    "ListTagsForResource",
    "RemoveAccountFromOrganization",
    "TagResource",
    "UntagResource",
)


def _service_principal(call: AwsCall) -> Context:
    return key("organizations:ServicePrincipal", call.params.get("ServicePrincipal"))


ORGANIZATIONS = Rules(special=dict.fromkeys(_ON_ENTITIES, _entities), keys=_service_principal)


def _assume_role(call: AwsCall) -> Iterator[Requirement]:
    role = str(call.params.get("RoleArn") or ANY)
    yield call.requires("AssumeRole", role, _session_keys(call), kind="role")
    if call.params.get("Tags"):
        yield call.requires("TagSession", role, _session_keys(call), kind="role")
    if call.params.get("SourceIdentity"):
        yield call.requires("SetSourceIdentity", role, _session_keys(call), kind="role")


def _session_keys(call: AwsCall) -> Context:
    return {
        **key("sts:ExternalId", call.params.get("ExternalId")),
        **key("sts:RoleSessionName", call.params.get("RoleSessionName")),
        **key("sts:SourceIdentity", call.params.get("SourceIdentity")),
        **key("sts:TransitiveTagKeys", call.params.get("TransitiveTagKeys") or None),
    }


STS = Rules(special={"AssumeRole": _assume_role})


def _iam_keys(call: AwsCall) -> Context:
    return {
        **key("iam:PolicyARN", call.params.get("PolicyArn")),
        **key("iam:PermissionsBoundary", call.params.get("PermissionsBoundary")),
        **key("iam:AWSServiceName", call.params.get("AWSServiceName")),
    }


IAM = Rules(
    names={
        "role": ("RoleName",),
        "user": ("UserName",),
        "group": ("GroupName",),
        "policy": ("PolicyArn", "PolicyName"),
        "instance-profile": ("InstanceProfileName",),
    },
    keys=_iam_keys,
)
