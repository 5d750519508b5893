"""RAM's invitations: for an account outside the organization, or inside one that does not share through RAM."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.idempotency import once, with_token
from local_aws.moto_extension.operations import ServiceCall, add_operation
from local_aws.moto_extension.tables import later, table
from local_aws.services.quotas import quotas
from local_aws.services.ram.listings import describe_resource
from local_aws.services.ram.paging import ram_page
from local_aws.services.ram.resource_types import SEVEN_DAYS
from local_aws.services.ram.shares import Share, ShareAssociation, check_arn, let_in, limit_exceeded, take_out
from local_aws.services.timings import timings
from local_aws.time.clock import clock

nameless = 0.125
"""The rate of invitations without the share's name, which RAM's model does not require and clients have met."""

_chance = random.Random(20180401)  # noqa: S311 - which invitation has no name is no secret
_invitations = table()


@dataclass
class Invitation:
    """An invitation into a share; its ARN carries the sender's account."""

    arn: str
    share: Share
    principal: ShareAssociation
    receiver: str
    sent: datetime = field(default_factory=clock.now)
    status: str = "PENDING"
    named: bool = field(default_factory=lambda: _chance.random() >= nameless)

    def describe(self) -> dict[str, Any]:
        return ({"resourceShareName": self.share.name} if self.named else {}) | {
            "resourceShareInvitationArn": self.arn,
            "resourceShareArn": self.share.arn,
            "senderAccountId": self.share.owner,
            "receiverAccountId": self.receiver,
            "receiverArn": f"arn:aws:iam::{self.receiver}:root",
            "invitationTimestamp": self.sent,
            "status": self.status,
        }


def invite(share: Share, principal: ShareAssociation, account_id: str) -> None:
    arn = share.arn.rpartition(":")[0] + f":resource-share-invitation/{uuid.uuid4()}"
    invitation = Invitation(arn, share, principal, account_id)
    _invitations[arn] = invitation
    types = share.resource_types()
    long = bool(types) and types <= SEVEN_DAYS
    lifetime = timings.invitation_listed_types if long else timings.invitation_lattice
    later(lifetime, lambda: _expire(invitation), background=True)


def check_pending(sender: str, region: str, more: int) -> None:
    """Refuse to send more invitations than an account may have pending in a Region.

    Raises:
        AwsError: the quota of pending invitations is used up.
    """
    pending = sum(
        each.status == "PENDING" and (each.share.owner, each.share.region) == (sender, region)
        for each in _invitations.values()
    )
    if more and pending + more > quotas.pending_invitations:
        raise limit_exceeded(f"{quotas.pending_invitations} pending invitations per account")


def withdraw(share: Share, principal: ShareAssociation | None = None) -> None:
    """Withdraw pending invitations, because the share or its principal is removed."""
    for invitation in list(_invitations.values()):
        meant = principal is None or principal == invitation.principal
        if meant and invitation.share is share and invitation.status == "PENDING":
            del _invitations[invitation.arn]


def install() -> None:
    add_operation("ram", "GetResourceShareInvitations", _get)
    add_operation("ram", "ListPendingInvitationResources", _list_resources)
    add_operation("ram", "AcceptResourceShareInvitation", _accept)
    add_operation("ram", "RejectResourceShareInvitation", _reject)


def _expire(invitation: Invitation) -> None:
    if invitation.status == "PENDING" and _invitations.get(invitation.arn) is invitation:
        _end(invitation, "EXPIRED")


def _end(invitation: Invitation, status: str) -> None:
    invitation.status = status
    if status == "ACCEPTED":
        let_in(invitation.share, invitation.principal)
    else:
        take_out(invitation.share, invitation.share.principals, invitation.principal)
    later(timings.invitation_purged, lambda: _purge(invitation), background=True)


def _purge(invitation: Invitation) -> None:
    _invitations.pop(invitation.arn, None)


def _get(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    arns, share_arns = params.get("resourceShareInvitationArns") or [], params.get("resourceShareArns") or []
    for arn in arns:
        _received(call, arn)
    for arn in share_arns:
        check_arn(arn, "resource-share")
    found = [
        invitation.describe()
        for invitation in _invitations.values()
        if invitation.receiver == call.account_id
        and invitation.share.region == call.region
        and (not arns or invitation.arn in arns)
        and (not share_arns or invitation.share.arn in share_arns)
    ]
    return ram_page(call, params, "resourceShareInvitations", found)


def _list_resources(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    invitation = _received(call, params["resourceShareInvitationArn"])
    if invitation.status == "REJECTED":
        raise _ended(invitation, "AlreadyRejected", "already rejected")
    if invitation.status == "EXPIRED":
        raise _ended(invitation, "Expired", "expired")
    resources = [
        describe_resource(invitation.share, resource)
        for resource in invitation.share.resources.values()
        if resource.status in {"ASSOCIATING", "ASSOCIATED"} or resource.is_suspended
    ]
    return ram_page(call, params, "resources", resources if params.get("resourceRegionScope") != "GLOBAL" else [])


def _accept(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    return _decide(call, params, "ACCEPTED")


def _reject(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    return _decide(call, params, "REJECTED")


def _decide(call: ServiceCall, params: dict[str, Any], status: str) -> dict[str, Any]:
    def decide() -> Invitation:
        invitation = _received(call, params["resourceShareInvitationArn"])
        if invitation.status == "ACCEPTED":
            raise _ended(invitation, "AlreadyAccepted", "already accepted")
        if invitation.status == "REJECTED":
            raise _ended(invitation, "AlreadyRejected", "already rejected")
        if invitation.status == "EXPIRED":
            raise _ended(invitation, "Expired", "expired")
        _end(invitation, status)
        return invitation

    decided = once(call, params, params.get("clientToken"), decide)
    return with_token(params, {"resourceShareInvitation": decided.describe()})


def _received(call: ServiceCall, arn: str) -> Invitation:
    check_arn(arn, "resource-share-invitation")
    invitation = _invitations.get(arn)
    if invitation is None or invitation.receiver != call.account_id or invitation.share.region != call.region:
        raise AwsError(
            "ResourceShareInvitationArnNotFoundException", f"ResourceShareInvitation {arn} could not be found."
        )
    found: Invitation = invitation
    return found


def _ended(invitation: Invitation, code: str, how: str) -> AwsError:
    return AwsError(f"ResourceShareInvitation{code}Exception", f"ResourceShareInvitation {invitation.arn} is {how}.")
