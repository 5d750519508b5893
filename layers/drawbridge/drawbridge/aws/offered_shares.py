"""AWS RAM, as the account sees it that shares: its shares that are offers, and who is in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from drawbridge.aws.batches import halves, in_batches
from drawbridge.aws.errors import translated
from drawbridge.errors import GoneError, NotReadyError, RefusedError
from drawbridge.intake.offering.offers import OfferedShare, PrincipalStatus, SharePrincipal

if TYPE_CHECKING:
    from mypy_boto3_ram import RAMClient

OFFER_TAG = "drawbridge:offer"
"""Its value is the tier that the share is offered to."""

_MOST_PRINCIPALS = 100
"""Principals in one call. RAM's API reference has this number for resources (at ResourceShareLimitExceededException),
and none for principals."""

_OF_THE_SHARE = {
    # What the role lacks is an AccessDeniedException. This is a share that RAM does not let anybody change so.
    "OperationNotPermittedException": RefusedError,
    # Seen on AWS: "At least one of the associations in the resource share is in ASSOCIATING status", for a moment after
    # an association began (github.com/hashicorp/terraform-provider-aws, issue 13458).
    "InvalidStateTransitionException": NotReadyError,
}

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_ACCOUNT = re.compile(r"arn:[\w-]+:iam::(\d{12}):root")


class OfferedSharesOfRam:
    """Shares of this account. RAM is Regional: this is the Region of the client.

    Every call raises ``AccessDeniedError`` where the role may not, ``ThrottledError`` and ``UpstreamError`` where it is
    worth another try.
    """

    def __init__(self, ram: RAMClient) -> None:
        self._ram = ram

    def offered(self) -> list[OfferedShare]:
        """Return the active shares that carry the tag ``drawbridge:offer``, but for those with no tier in it."""
        with translated("list resource shares of this account"):
            listed = [
                each
                for page in self._ram.get_paginator("get_resource_shares").paginate(
                    resourceOwner="SELF", resourceShareStatus="ACTIVE", tagFilters=[{"tagKey": OFFER_TAG}]
                )
                for each in page["resourceShares"]
            ]
        return [share for each in listed if (share := _share(each)) is not None]

    def principals(self, share_arn: str) -> list[SharePrincipal]:
        """Return all principals of a share, whatever became of them; of one that was there twice, the newest.

        Raises:
            GoneError: there is no such share any longer.
        """
        return [_principal(each) for each in self._newest(share_arn)]

    def resources(self, share_arn: str) -> dict[str, bool]:
        """Return the ARNs of what a share holds, or held as far as RAM still lists it, each with whether it does.

        Raises:
            GoneError: there is no such share any longer.
        """
        found: dict[str, bool] = {}
        for each in self._of_resources(f"list what {share_arn} holds", resourceShareArns=[share_arn]):
            if arn := each.get("associatedEntity"):
                found[arn] = found.get(arn, False) or each.get("status") == "ASSOCIATED"
        return found

    def holders(self, resource_arn: str) -> frozenset[str]:
        """Return the ARNs of the shares of this account that hold a resource, or are about to."""
        try:
            found = self._of_resources(f"list the shares of {resource_arn}", resourceArn=resource_arn)
        except GoneError:
            return frozenset()
        return frozenset(each["resourceShareArn"] for each in found if _status(each).is_in_share)

    def listed_principals(self, resource_arn: str) -> list[tuple[str, str]]:
        """Return whom a resource is shared with, each after the ARN of the share: another listing of RAM's."""
        with translated(f"list whom {resource_arn} is shared with"):
            return [
                (each["resourceShareArn"], _account_of(each["id"]))
                for page in self._ram.get_paginator("list_principals").paginate(
                    resourceOwner="SELF", resourceArn=resource_arn
                )
                for each in page["principals"]
                if each.get("id")
            ]

    def associate(self, share_arn: str, account_ids: Sequence[str]) -> None:
        """Put accounts into a share; one that is in it already stays as it is.

        Raises:
            PartlyRefusedError: the share takes no accounts outside of the organization, or as many as it can, or this
                account has as many unanswered invitations as it can; all that were not refused are in it.
            NotReadyError: something about the share is in progress. Some of them may be in it.
            GoneError: there is no such share any longer.
        """
        in_batches(partial(self._associate, share_arn), account_ids, most=_MOST_PRINCIPALS)

    def disassociate(self, share_arn: str, account_ids: Sequence[str]) -> None:
        """Take accounts out of a share; one that is not in it is left alone. An invitation goes with its account.

        Raises:
            PartlyRefusedError: the share can't be changed.
            NotReadyError: an account was put in a moment ago, and can't be taken out yet; all others are out.
        """
        in_batches(partial(self._take_out, share_arn), account_ids, most=_MOST_PRINCIPALS)

    def _associate(self, share_arn: str, account_ids: list[str]) -> None:
        with translated(f"put accounts into {share_arn}", instead=_OF_THE_SHARE):
            self._ram.associate_resource_share(resourceShareArn=share_arn, principals=account_ids)

    def _take_out(self, share_arn: str, account_ids: list[str]) -> None:
        """Take out those that are in the share, by RAM's word on each and not by a listing, which may lack some."""
        try:
            with translated(f"take accounts out of {share_arn}", instead=_OF_THE_SHARE):
                self._ram.disassociate_resource_share(resourceShareArn=share_arn, principals=account_ids)
        except GoneError:
            # RAM refuses a whole call for one that is not in the share, and in the same way if the share is gone.
            if len(account_ids) > 1 and not self._is_gone(share_arn):
                for half in halves(account_ids):
                    self._take_out(share_arn, half)

    def _is_gone(self, share_arn: str) -> bool:
        try:
            with translated(f"look at {share_arn}"):
                self._ram.get_resource_shares(resourceOwner="SELF", resourceShareArns=[share_arn])
        except GoneError:
            return True
        return False

    def _of_resources(self, doing: str, **parameters: Any) -> list[Any]:
        with translated(doing):
            return [
                each
                for page in self._ram.get_paginator("get_resource_share_associations").paginate(
                    associationType="RESOURCE", **parameters
                )
                for each in page["resourceShareAssociations"]
            ]

    def _newest(self, share_arn: str) -> Iterable[Any]:
        found: dict[str, Any] = {}
        with translated(f"list the principals of {share_arn}"):
            for page in self._ram.get_paginator("get_resource_share_associations").paginate(
                associationType="PRINCIPAL", resourceShareArns=[share_arn]
            ):
                for each in page["resourceShareAssociations"]:
                    if not each.get("associatedEntity"):
                        continue
                    known = found.get(_account(each))
                    if known is None or _since(each) >= _since(known):
                        found[_account(each)] = each
        return found.values()


def _share(each: Any) -> OfferedShare | None:
    tags = {tag["key"]: tag.get("value", "") for tag in each.get("tags", [])}
    if each.get("status") != "ACTIVE" or not tags.get(OFFER_TAG):
        return None
    return OfferedShare(
        arn=each["resourceShareArn"],
        name=each.get("name") or "",
        tier=tags[OFFER_TAG],
        takes_outsiders=each.get("allowExternalPrincipals"),
        tags=tags,
    )


def _principal(each: Any) -> SharePrincipal:
    return SharePrincipal(
        principal=_account(each),
        status=_status(each),
        message=each.get("statusMessage") or "",
        since=each.get("creationTime"),
    )


def _account(each: Any) -> str:
    """Return a principal: an account by its id, however somebody named it."""
    return _account_of(each["associatedEntity"])


def _account_of(principal: str) -> str:
    found = _ACCOUNT.fullmatch(principal)
    return found[1] if found else principal


def _status(each: Any) -> PrincipalStatus:
    try:
        return PrincipalStatus(each.get("status"))
    except ValueError:
        return PrincipalStatus.OTHER


def _since(each: Any) -> datetime:
    since: datetime = each.get("creationTime") or each.get("lastUpdatedTime") or _LONG_AGO
    return since
