"""The condition keys that every request has, and those of the resource.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Mapping

from local_aws.iam import facts, reference
from local_aws.iam.rules import Requirement, key
from local_aws.policy_language.patterns import Context
from local_aws.time.clock import clock

_RESOURCE_TAG = "aws:resourcetag/"
_ACCOUNT_SEGMENT = 4
_SESSION = ":assumed-role/"


def call_keys(principal_arn: str, region: str, principal_tags: Mapping[str, str]) -> Context:
    """Return the global keys of a call; SecureTransport is true because on AWS every SDK's call has it."""
    account = principal_arn.split(":")[_ACCOUNT_SEGMENT]
    now = clock.now()
    keys = {
        **key("aws:PrincipalArn", role_of_session(principal_arn)),
        **key("aws:PrincipalAccount", account),
        **key("aws:PrincipalType", _type(principal_arn)),
        **key("aws:PrincipalIsAWSService", value=False),
        **key("aws:ViaAWSService", value=False),
        **key("aws:RequestedRegion", region),
        **key("aws:SecureTransport", value=True),
        **key("aws:SourceIp", "127.0.0.1"),
        **key("aws:CurrentTime", now.isoformat(timespec="seconds").replace("+00:00", "Z")),
        **key("aws:EpochTime", int(now.timestamp())),
    }
    if ":user/" in principal_arn:
        keys |= key("aws:username", principal_arn.rsplit("/", 1)[-1])
    if _SESSION in principal_arn:
        keys |= key("aws:MultiFactorAuthPresent", value=False)
    if organization := facts.organization(account):
        keys |= key("aws:PrincipalOrgID", organization[1]) | key(
            "aws:PrincipalOrgPaths", facts.organization_path(account)
        )
    for name, value in principal_tags.items():
        keys |= key(f"aws:PrincipalTag/{name}", value)
    return keys


def resource_keys(requirement: Requirement) -> Context:
    """Return the keys of the resource's account and, if the action supports them, of its tags."""
    account = facts.account_of(requirement.resource)
    keys = {**key("aws:ResourceAccount", account)} if account else {}
    if account and (organization := facts.organization(account)):
        keys |= key("aws:ResourceOrgID", organization[1])
    service, name = requirement.action.split(":", 1)
    if _limits_by_tag(service, name, requirement.kind):
        for tag, value in facts.tags_of(requirement.resource).items():
            keys |= key(f"aws:ResourceTag/{tag}", value) | key(f"{service}:ResourceTag/{tag}", value)
    return keys


def role_of_session(principal_arn: str) -> str:
    """Return the ARN that policies compare: for a session the role's, without the path."""
    if _SESSION not in principal_arn:
        return principal_arn
    beginning, session = principal_arn.split(_SESSION, 1)
    return f"{beginning.replace(':sts:', ':iam:', 1)}:role/{session.split('/')[0]}"


def _limits_by_tag(service: str, name: str, kind: str) -> bool:
    action = reference.find_action(service, name)
    if action is None:
        return False
    types = [each for each in action.types if each.name == kind] or action.types
    return any(_RESOURCE_TAG in each.resource_keys for each in types)


def _type(principal_arn: str) -> str:
    if _SESSION in principal_arn:
        return "AssumedRole"
    return "User" if ":user/" in principal_arn else "Account"
