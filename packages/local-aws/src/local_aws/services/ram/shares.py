"""RAM's resource shares: their resources and principals, and who can see them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local_aws.moto_extension.default_bus import announce
from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import ServiceCall, account_in
from local_aws.moto_extension.tables import later, table
from local_aws.services.organizations import membership
from local_aws.services.quotas import quotas
from local_aws.services.ram.resource_types import type_of
from local_aws.services.timings import timings
from local_aws.time.clock import clock

notify_invitees = False
"""Whether an account that has not accepted yet gets RAM's event too. AWS documents it for "the principals that were
granted access" only; that an invitee gets one could not be confirmed."""

suspended_is_listed = True
"""Whether a share that is suspended for an account is listed to it, with resources that are ``UNAVAILABLE``, or not at
all: AWS documents neither."""

RETAINS = "retainSharingOnAccountLeaveOrganization"

_SUSPENDED = frozenset({"SUSPENDING", "SUSPENDED", "RESTORING"})

shares = table()
"""Every account's shares, by ARN."""


@dataclass
class ShareAssociation:
    """One resource or principal of a share."""

    entity: str
    kind: str
    external: bool = False
    by_organization: bool = False
    """Let in without an invitation, through the organization; it ends with the membership."""
    status: str = "ASSOCIATING"
    trouble: tuple[str, str] = ("", "")
    """An associated resource's status and message if it is unavailable."""
    failure: str = ""
    """Why the association failed."""
    created: datetime = field(default_factory=clock.now)
    updated: datetime = field(default_factory=clock.now)

    def become(self, status: str) -> None:
        self.status, self.updated = status, clock.now()

    @property
    def is_suspended(self) -> bool:
        return self.status in _SUSPENDED


@dataclass
class Share:
    """A resource share."""

    arn: str
    name: str
    owner: str
    region: str
    allow_external: bool
    tags: dict[str, str]
    configuration: dict[str, Any]
    status: str = "ACTIVE"
    created: datetime = field(default_factory=clock.now)
    updated: datetime = field(default_factory=clock.now)
    resources: dict[str, ShareAssociation] = field(default_factory=dict)
    principals: dict[str, ShareAssociation] = field(default_factory=dict)
    ended: list[ShareAssociation] = field(default_factory=list)
    """Resources and principals that were in it, and are still listed."""
    permissions: dict[str, str] = field(default_factory=dict)
    """ARNs of the permissions that are not the default, by resource type in lower case."""

    @property
    def retains(self) -> bool:
        """Whether accounts that leave the organization stay in the share."""
        return bool(self.configuration.get(RETAINS))

    def principal_of(self, account_id: str) -> ShareAssociation | None:
        """Return the association that lets the account in, if any; one in force rather than a suspended one."""
        for principal in sorted(self.principals.values(), key=lambda each: each.is_suspended):
            in_force = principal.status == "ASSOCIATED" or (suspended_is_listed and principal.is_suspended)
            if in_force and _is_or_contains(principal.entity, account_id):
                if principal.by_organization and not self._organization_holds(account_id):
                    continue
                return principal
        return None

    def _organization_holds(self, account_id: str) -> bool:
        if self.retains:
            return True
        return membership.sharing_is_on(self.owner) and membership.same_organization(self.owner, account_id)

    def is_suspended_for(self, account_id: str) -> bool:
        """Return whether the account sees the share but can't use its resources."""
        principal = self.principal_of(account_id)
        return principal is not None and principal.is_suspended

    def is_visible_to(self, account_id: str) -> bool:
        return self.status == "ACTIVE" and account_id != self.owner and self.principal_of(account_id) is not None

    def resource_types(self) -> set[str]:
        return {type_of(arn) for arn in self.resources}


def new_share(call: ServiceCall, params: dict[str, Any]) -> Share:
    here = (call.account_id, call.region)
    if sum((each.owner, each.region) == here for each in shares.values()) >= quotas.shares_per_region:
        raise limit_exceeded(f"{quotas.shares_per_region} resource shares in a Region")
    share = Share(
        arn=call.arn("ram", f"resource-share/{uuid.uuid4()}"),
        name=params["name"],
        owner=call.account_id,
        region=call.region,
        allow_external=params.get("allowExternalPrincipals", True),
        tags={tag["key"]: tag["value"] for tag in params.get("tags", [])},
        configuration=params.get("resourceShareConfiguration", {RETAINS: False}),
    )
    shares[share.arn] = share
    return share


def own_share(call: ServiceCall, arn: str) -> Share:
    check_arn(arn, "resource-share")
    share = shares.get(arn)
    if share is None or share.owner != call.account_id or share.region != call.region:
        raise unknown(arn)
    found: Share = share
    return found


def unknown(arn: str) -> AwsError:
    return AwsError("UnknownResourceException", f"ResourceShare {arn} could not be found.")


def check_arn(arn: str, resource: str) -> None:
    if not arn.startswith("arn:") or f":{resource}/" not in arn:
        raise AwsError("MalformedArnException", f"The specified ARN {arn} is not valid. Verify the ARN and try again.")


def visible_shares(call: ServiceCall) -> list[Share]:
    """Return other accounts' shares that the caller has been let into."""
    return [share for share in shares.values() if share.region == call.region and share.is_visible_to(call.account_id)]


def is_shared_with(resource_arn: str, account_id: str) -> bool:
    """Return whether an account other than the owner may use the resource."""
    return any(
        (resource := share.resources.get(resource_arn)) is not None
        and resource.status == "ASSOCIATED"
        and share.is_visible_to(account_id)
        and not share.is_suspended_for(account_id)
        for share in shares.values()
    )


def shared_with(account_id: str) -> set[str]:
    """Return the ARNs of all resources that an account other than the owner may use."""
    return {
        resource.entity
        for share in shares.values()
        if share.is_visible_to(account_id) and not share.is_suspended_for(account_id)
        for resource in share.resources.values()
        if resource.status == "ASSOCIATED"
    }


def limit_exceeded(most: str) -> AwsError:
    return AwsError("ResourceShareLimitExceededException", f"This request would exceed the limit of {most}.")


def let_in(share: Share, principal: ShareAssociation) -> None:
    """Make the share visible to the principal after a while, and announce it to both sides."""

    def associate() -> None:
        if share.principals.get(principal.entity) is principal and principal.status == "ASSOCIATING":
            principal.become("ASSOCIATED")
            announce_change(share, "associated")

    later(timings.share_visible, associate)


def add_resource(share: Share, arn: str) -> ShareAssociation:
    resource = ShareAssociation(arn, "RESOURCE")
    share.resources[arn] = resource

    def associate() -> None:
        if share.resources.get(arn) is resource and resource.status == "ASSOCIATING":
            resource.become("ASSOCIATED")
            announce_change(share, "associated")

    later(timings.share_visible, associate)
    return resource


def take_out(share: Share, associations: dict[str, ShareAssociation], association: ShareAssociation) -> None:
    """Take a resource or principal out of the share: access ends at once, the row disappears later."""
    if association.status in {"DISASSOCIATING", "DISASSOCIATED"}:
        return
    audience = _audience(share)
    association.become("DISASSOCIATING")

    def gone() -> None:
        association.become("DISASSOCIATED")
        if associations.get(association.entity) is association:
            del associations[association.entity]
        share.ended.append(association)
        later(timings.disassociated_listed, lambda: share.ended.remove(association), background=True)
        announce_change(share, "disassociated", audience)

    later(timings.share_gone, gone)


def suspend(share_arn: str, entity: str) -> None:
    """Suspend one resource or principal of a share, which stays associated; RAM does so by itself."""
    _turn(share_arn, entity, "SUSPENDING", "SUSPENDED")


def restore(share_arn: str, entity: str) -> None:
    """Restore a suspended resource or principal."""
    _turn(share_arn, entity, "RESTORING", "ASSOCIATED")


def _turn(share_arn: str, entity: str, at_once: str, then: str) -> None:
    share: Share = shares[share_arn]
    association = (share.resources | share.principals)[entity]
    association.become(at_once)

    def turn() -> None:
        if association.status == at_once:
            association.become(then)

    later(timings.share_visible, turn)


def resource_gone(arn: str) -> None:
    """Take a deleted resource out of every share."""
    for share in shares.values():
        if arn in share.resources:
            take_out(share, share.resources, share.resources[arn])


def announce_change(share: Share, status: str, audience: set[str] | None = None) -> None:
    """Put RAM's event of a change on the buses of the owner and of the principals that have access."""
    for account_id in {share.owner} | (_audience(share) if audience is None else audience):
        announce(
            account_id,
            share.region,
            source="aws.ram",
            detail_type="Resource Sharing State Change",
            detail={"event": "Resource Share Association", "status": status},
            resources=[share.arn],
        )


def _audience(share: Share) -> set[str]:
    """Return the ids of the accounts that the share lets in, including the members behind organizations and units."""
    let = {"ASSOCIATED", "ASSOCIATING"} if notify_invitees else {"ASSOCIATED"}
    inside = [principal.entity for principal in share.principals.values() if principal.status in let]
    accounts = {account_of(entity) for entity in inside if account_of(entity)}
    backend = membership.backend_of(share.owner)
    members = [account.id for account in backend.accounts] if backend is not None else []
    return accounts | {member for member in members for entity in inside if membership.belongs_to(member, entity)}


def account_of(entity: str) -> str:
    """Return the account id that a principal stands for; empty for an organization or a unit of one."""
    if ":organizations:" in entity:
        return ""
    return account_in(entity) or entity


def _is_or_contains(entity: str, account_id: str) -> bool:
    own = account_of(entity)
    return own == account_id if own else membership.belongs_to(account_id, entity)
