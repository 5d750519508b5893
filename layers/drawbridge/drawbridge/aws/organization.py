"""AWS Organizations: whether an account is in our organization, where, and what it is called there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from drawbridge.aws.errors import translated
from drawbridge.decision.facts import Membership, OrganizationPlace
from drawbridge.errors import AccessDeniedError, ConflictError, GoneError

if TYPE_CHECKING:
    from mypy_boto3_organizations import OrganizationsClient

_UNKNOWN = OrganizationPlace(membership=Membership.UNKNOWN, tags=None)
_OUTSIDER = OrganizationPlace(membership=Membership.OUTSIDER)

_PATH = re.compile(r"o-[^/]+/r-[^/]+/((?:ou-[^/]+/)*)(?:[0-9]{12}/)?")

KEPT_FOR = timedelta(minutes=5)
"""How long a member's place is good: Organizations allows few calls a second."""

_NONE_KEPT_FOR = timedelta(seconds=10)
"""How long it is good that this account is in no organization: as long as many are decided on together."""

_ROLE_KEPT_FOR = timedelta(minutes=50)
"""A role's session lasts an hour."""


class Organization:
    """Our organization, asked through a role in its management (or a delegated administrator) account.

    Any member may ask Organizations what organization it is in, but only that role may ask about another account.
    What organization we are in, and where a member stands, is kept for five minutes. That an account is an outsider, or
    can't be asked about, is not: it may join at any time, and waits for it.
    """

    def __init__(
        self,
        own: OrganizationsClient,
        administrator: Callable[[str], OrganizationsClient] | None,
        now: Callable[[], datetime],
    ) -> None:
        """``administrator`` returns the role's client for a management account; ``None`` without a role."""
        self._own = own
        self._administrator = administrator
        self._now = now
        self._places: dict[str, tuple[datetime, OrganizationPlace]] = {}
        self._ours: tuple[datetime, Any] | None = None
        self._as_administrator: tuple[datetime, str, OrganizationsClient] | None = None

    def place_of(self, account_id: str) -> OrganizationPlace:
        """Return where the account stands; ``UNKNOWN`` where Organizations may not be asked, never a guess.

        Raises:
            ThrottledError, UpstreamError: asking may succeed later.
        """
        asked_at, kept = self._places.get(account_id, (None, _UNKNOWN))
        if asked_at is not None and self._now() - asked_at < KEPT_FOR:
            return kept
        place = self._ask(account_id)
        if place.membership is Membership.MEMBER:
            self._places[account_id] = (self._now(), place)
        return place

    def _ask(self, account_id: str) -> OrganizationPlace:
        try:
            organization = self._organization()
            if organization is None:
                return _OUTSIDER
            client = self._client(organization["MasterAccountId"])
            if client is None:
                return _UNKNOWN
            with translated(f"ask Organizations about {account_id}"):
                account = client.describe_account(AccountId=account_id)["Account"]
        except (AccessDeniedError, ConflictError):
            # Denied; or the role's account is in no organization any longer, and can't tell.
            return _UNKNOWN
        except GoneError:
            return _OUTSIDER
        # "Status" is what "State" was called until it was retired in September 2026.
        state = account.get("State") or account.get("Status")
        if not state:
            return _UNKNOWN
        # Suspended or closed, it is one of ours in name only.
        active = state == "ACTIVE"
        return OrganizationPlace(
            membership=Membership.MEMBER if active else Membership.OUTSIDER,
            organization_id=organization["Id"] if active else "",
            units=_units(client, account, account_id) if active else None,
            name=account.get("Name", ""),
            state=state,
            tags=_tags(client, account_id),
        )

    def _organization(self) -> Any:
        """Return the organization that this account is in, or ``None`` if it is in none."""
        if self._ours is not None:
            asked_at, ours = self._ours
            if self._now() - asked_at < (KEPT_FOR if ours is not None else _NONE_KEPT_FOR):
                return ours
        try:
            with translated("ask for our organization"):
                ours = self._own.describe_organization()["Organization"]
        except ConflictError:
            ours = None
        self._ours = (self._now(), ours)
        return ours

    def _client(self, management_account: str) -> OrganizationsClient | None:
        if self._administrator is None:
            return None
        if self._as_administrator is not None:
            since, of, client = self._as_administrator
            if of == management_account and self._now() - since < _ROLE_KEPT_FOR:
                return client
        with translated("become who may ask Organizations"):
            client = self._administrator(management_account)
        self._as_administrator = (self._now(), management_account, client)
        return client


def _units(client: OrganizationsClient, account: Any, account_id: str) -> tuple[str, ...] | None:
    """Return the units that an account is in; ``None`` where AWS does not list them all."""
    try:
        return _units_of_path(account["Paths"]) if account.get("Paths") else _units_above(client, account_id)
    except (AccessDeniedError, GoneError):
        return None


def _units_of_path(paths: list[str]) -> tuple[str, ...] | None:
    # The account's path from the organization; there is one.
    found = [_PATH.fullmatch(path) for path in paths]
    if len(found) != 1 or found[0] is None:
        return None
    return tuple(unit for unit in found[0][1].split("/") if unit)


def _units_above(client: OrganizationsClient, account_id: str) -> tuple[str, ...] | None:
    """Walk up from an account, for where AWS gives no path: there is exactly one parent each time."""
    units: list[str] = []
    child = account_id
    with translated(f"ask Organizations what {account_id} is in"):
        while True:
            parents = client.list_parents(ChildId=child)["Parents"]
            if [parent["Type"] for parent in parents] == ["ROOT"]:
                return tuple(reversed(units))
            if [parent["Type"] for parent in parents] != ["ORGANIZATIONAL_UNIT"]:
                return None
            child = parents[0]["Id"]
            units.append(child)


def _tags(client: OrganizationsClient, account_id: str) -> dict[str, str] | None:
    """Return the account's tags, or ``None`` where the role may not ask for them."""
    try:
        with translated(f"ask Organizations for the tags of {account_id}"):
            return {
                tag["Key"]: tag["Value"]
                for page in client.get_paginator("list_tags_for_resource").paginate(ResourceId=account_id)
                for tag in page["Tags"]
            }
    except (AccessDeniedError, GoneError):
        return None
