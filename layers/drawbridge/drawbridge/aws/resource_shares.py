"""AWS RAM, as the account sees it that something is shared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from drawbridge.aws.errors import code_of, translated
from drawbridge.aws.pages import pages
from drawbridge.errors import GoneError
from drawbridge.request.shares import Invitation, InvitationStatus, Share, SharedResource, newest

if TYPE_CHECKING:
    from mypy_boto3_ram import RAMClient

_OTHERS: Literal["OTHER-ACCOUNTS"] = "OTHER-ACCOUNTS"

GONE_STATUSES = frozenset({"DELETING", "DELETED"})
"""Statuses of a share that ends. Any other than these and ``ACTIVE`` may become active, or was never heard of."""

_ANSWERED = frozenset(
    {
        "ResourceShareInvitationAlreadyAcceptedException",
        "ResourceShareInvitationAlreadyRejectedException",
        "ResourceShareInvitationExpiredException",
        "ResourceShareInvitationArnNotFoundException",
    }
)
"""The invitation can't be answered any longer. The next sweep shows how it ended."""


class ResourceShares:
    """Invitations, shares and what they hold. RAM is Regional: this is the Region of the client."""

    def __init__(self, ram: RAMClient) -> None:
        self._ram = ram

    def invitations(self, share_arn: str | None = None) -> list[Invitation]:
        """List the invitations that this account received; RAM drops them after seven days."""
        of_share: dict[str, Any] = {"resourceShareArns": [share_arn]} if share_arn else {}
        found: list[Invitation] = []
        try:
            with translated("list resource share invitations"):
                for page in self._ram.get_paginator("get_resource_share_invitations").paginate(**of_share):
                    found += [_invitation(each) for each in page["resourceShareInvitations"]]
        except GoneError:
            # Asked for one share, RAM answers with an error where it lists nothing.
            return []
        return found

    def newest_invitation(self, share_arn: str) -> Invitation | None:
        return newest(self.invitations(share_arn))

    def shares(self, share_arn: str | None = None) -> list[Share]:
        """List the shares of other accounts with this one: those in effect, and those that may be so again."""
        only: dict[str, Any] = {"resourceShareArns": [share_arn]} if share_arn else {}
        found: list[Share] = []
        try:
            with translated("list resource shares"):
                for page in self._ram.get_paginator("get_resource_shares").paginate(resourceOwner=_OTHERS, **only):
                    found += [
                        _share(each) for each in page["resourceShares"] if each.get("status") not in GONE_STATUSES
                    ]
        except GoneError:
            # Asked for one share, RAM answers with an error where it lists nothing.
            return []
        return found

    def share(self, share_arn: str) -> Share | None:
        """Return the share as RAM lists it, whether or not it is in effect."""
        return next((share for share in self.shares(share_arn) if share.arn == share_arn), None)

    def is_shared(self, share_arn: str) -> bool:
        share = self.share(share_arn)
        return share is not None and share.in_effect

    def resources(self, share_arn: str | None = None) -> list[SharedResource]:
        """List what other accounts share with this one, in one share or in all."""
        only: dict[str, Any] = {"resourceShareArns": [share_arn]} if share_arn else {}
        found: list[SharedResource] = []
        try:
            with translated("list shared resources"):
                for page in self._ram.get_paginator("list_resources").paginate(resourceOwner=_OTHERS, **only):
                    found += [_resource(each) for each in page["resources"]]
        except GoneError:
            return []
        return found

    def contents_of_share(self, share_arn: str) -> list[SharedResource]:
        return self.resources(share_arn)

    def contents_of_invitation(self, invitation_arn: str) -> list[SharedResource]:
        """List what accepting would share.

        Raises:
            GoneError: the invitation was rejected, has expired or is gone.
            AccessDeniedError: AWS does not show it.
        """
        found: list[SharedResource] = []
        with translated(f"list the resources of {invitation_arn}"):
            for page in pages(self._ram.list_pending_invitation_resources, resourceShareInvitationArn=invitation_arn):
                found += [_resource(each) for each in page["resources"]]
        return found

    def answer(self, invitation_arn: str, *, accept: bool) -> None:
        """Answer an invitation; one that has been answered, has expired or is gone is left as it is."""
        with translated(f"answer {invitation_arn}"):
            try:
                if accept:
                    self._ram.accept_resource_share_invitation(resourceShareInvitationArn=invitation_arn)
                else:
                    self._ram.reject_resource_share_invitation(resourceShareInvitationArn=invitation_arn)
            except ClientError as error:
                if code_of(error) not in _ANSWERED:
                    raise


def _invitation(each: Any) -> Invitation:
    return Invitation(
        arn=each["resourceShareInvitationArn"],
        share_arn=each["resourceShareArn"],
        share_name=each.get("resourceShareName") or "",
        sender=each["senderAccountId"],
        status=InvitationStatus.parse(each.get("status", "")),
        sent_at=each["invitationTimestamp"],
    )


def _share(each: Any) -> Share:
    return Share(
        arn=each["resourceShareArn"],
        name=each.get("name") or "",
        owner=each["owningAccountId"],
        # An empty list need not mean that it has no tags: AWS may not show them to this account.
        tags={tag["key"]: tag["value"] for tag in each["tags"]} if each.get("tags") else None,
        in_effect=each.get("status") == "ACTIVE",
    )


def _resource(each: Mapping[str, Any]) -> SharedResource:
    return SharedResource(
        arn=each["arn"],
        type=each.get("type", "").lower(),
        share_arn=each["resourceShareArn"],
        status=each.get("status", ""),
        status_message=each.get("statusMessage", ""),
    )
