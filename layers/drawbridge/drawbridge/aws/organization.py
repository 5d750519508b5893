"""AWS Organizations: whether an account is in our organization, and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from drawbridge.aws.errors import translated
from drawbridge.decision.facts import Membership, OrganizationPlace
from drawbridge.errors import AccessDeniedError, ConflictError, GoneError

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
        """Tell where the account stands; ``UNKNOWN`` where Organizations may not be asked, never a guess.

        Raises:
            ThrottledError, UpstreamError: asking may succeed later.
        """
        try:
            organization = self._organization()
            if organization is None:
                return _OUTSIDER
            if self._administrator is None:
                return _UNKNOWN
            with translated("become who may ask Organizations"):
                client = self._administrator(organization["MasterAccountId"])
            with translated(f"ask Organizations about {account_id}"):
                account = client.describe_account(AccountId=account_id)["Account"]
        except (AccessDeniedError, ConflictError):
            # Denied; or the role's account is in no organization any longer, and can't tell.
            return _UNKNOWN
        except GoneError:
            return _OUTSIDER
        return _place(account, organization["Id"])

    def _organization(self) -> Any:
        """Give the organization that this account is in, or ``None`` if it is in none."""
        try:
            with translated("ask for our organization"):
                return self._own.describe_organization()["Organization"]
        except ConflictError:
            return None


def _place(account: Any, organization_id: str) -> OrganizationPlace:
    # "Status" is what "State" was called until it was retired in September 2026.
    if (account.get("State") or account.get("Status")) != "ACTIVE":
        # Suspended or closed: it is one of ours in name only.
        return _OUTSIDER
    # "o-…/r-…/ou-…/ou-…/123456789012/": the account's way down from the organization.
    path = next(iter(account.get("Paths", [])), "")
    return OrganizationPlace(
        membership=Membership.MEMBER,
        organization_id=organization_id,
        units=tuple(part for part in path.split("/") if part.startswith("ou-")),
    )
