"""AWS Organizations: whether an account is in our organization, and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from drawbridge.aws.errors import code_of, translated
from drawbridge.decision.facts import Membership, OrganizationPlace

if TYPE_CHECKING:
    from mypy_boto3_organizations import OrganizationsClient

_UNKNOWN = OrganizationPlace(membership=Membership.UNKNOWN)
_OUTSIDER = OrganizationPlace(membership=Membership.OUTSIDER)


class Organization:
    """Our organization, asked through a role in its management (or a delegated administrator) account.

    Any member may ask Organizations what organization it is in, but only that role may ask about another account.
    """

    def __init__(
        self,
        own: OrganizationsClient,
        administrator: Callable[[str], OrganizationsClient] | None,
    ) -> None:
        """``administrator`` gives the client of the role, told the management account; ``None`` without a role."""
        self._own = own
        self._administrator = administrator

    def place_of(self, account_id: str) -> OrganizationPlace:
        """Tell where the account stands; ``UNKNOWN`` where Organizations can't be asked, never a guess."""
        organization = self._organization()
        if organization is None:
            return _OUTSIDER
        if self._administrator is None:
            return _UNKNOWN
        try:
            client = self._administrator(organization["MasterAccountId"])
        except (ClientError, BotoCoreError):
            return _UNKNOWN
        with translated(f"ask Organizations about {account_id}"):
            try:
                account = client.describe_account(AccountId=account_id)["Account"]
            except ClientError as error:
                match code_of(error):
                    case "AccountNotFoundException":
                        return _OUTSIDER
                    case "AccessDeniedException" | "AWSOrganizationsNotInUseException":
                        return _UNKNOWN
                    case _:
                        raise
        return _place(account, organization["Id"])

    def _organization(self) -> Any:
        """Give the organization that this account is in, or ``None`` if it is in none."""
        with translated("ask for our organization"):
            try:
                return self._own.describe_organization()["Organization"]
            except ClientError as error:
                if code_of(error) == "AWSOrganizationsNotInUseException":
                    return None
                raise


def _place(account: Any, organization_id: str) -> OrganizationPlace:
    # "o-…/r-…/ou-…/ou-…/123456789012/": the account's way down from the organization.
    path = next(iter(account.get("Paths", [])), "")
    return OrganizationPlace(
        membership=Membership.MEMBER,
        organization_id=organization_id,
        units=tuple(part for part in path.split("/") if part.startswith("ou-")),
        name=account.get("Name", ""),
        # "Status" is what "State" was called until it was retired in September 2026.
        state=account.get("State") or account.get("Status", ""),
    )
