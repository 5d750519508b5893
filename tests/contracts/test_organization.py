"""AWS Organizations, as the adapter promises to ask it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from drawbridge.aws.organization import Organization
from drawbridge.decision.facts import Membership, OrganizationPlace
from drawbridge.errors import ThrottledError, UpstreamError
from local_aws.services import organizations
from tests.contracts.accounts import Account, answering, refusing
from tests.contracts.conftest import NewAccount


@dataclass(frozen=True)
class Company:
    """An organization of two accounts."""

    management: Account
    member: Account
    other: Account

    @property
    def id(self) -> str:
        described = self.management.client("organizations").describe_organization()["Organization"]
        return str(described["Id"])

    def asked_by_member(self) -> Organization:
        """Give the organization as the member sees it that has a role in the management account."""
        return Organization(self.member.client("organizations"), self._administrator)

    def _administrator(self, account_id: str) -> Any:
        assert account_id == self.management.account_id
        return self.management.client("organizations")


@pytest.fixture(scope="module")
def company(new_account: NewAccount) -> Company:
    management, member, other = new_account(), new_account(), new_account()
    accounts = {member.account_id: "workloads/prod", other.account_id: "workloads/test"}
    organizations.arrange(management.account_id, accounts, ram_sharing=True)
    return Company(management, member, other)


def test_a_member_is_told_with_its_units_from_the_top_down(company: Company) -> None:
    place = company.asked_by_member().place_of(company.other.account_id)

    client = company.management.client("organizations")
    names = [
        client.describe_organizational_unit(OrganizationalUnitId=unit)["OrganizationalUnit"]["Name"]
        for unit in place.units
    ]
    assert (place.membership, place.organization_id) == (Membership.MEMBER, company.id)
    assert names == ["workloads", "test"]


def test_the_management_account_is_a_member_of_no_unit(company: Company) -> None:
    place = company.asked_by_member().place_of(company.management.account_id)

    assert (place.membership, place.units) == (Membership.MEMBER, ())


def test_an_account_that_organizations_does_not_find_is_an_outsider(company: Company, account: Account) -> None:
    place = company.asked_by_member().place_of(account.account_id)

    assert place == OrganizationPlace(membership=Membership.OUTSIDER)


def test_who_is_in_no_organization_has_outsiders_only(company: Company, account: Account) -> None:
    organization = Organization(account.client("organizations"), lambda _: company.management.client("organizations"))

    assert organization.place_of(company.member.account_id).membership is Membership.OUTSIDER


def test_trap_27_without_a_role_nothing_is_known(company: Company) -> None:
    organization = Organization(company.member.client("organizations"), None)

    assert organization.place_of(company.other.account_id) == OrganizationPlace(membership=Membership.UNKNOWN)


def test_trap_27_a_role_that_may_not_ask_knows_nothing(company: Company) -> None:
    own = company.member.client("organizations")

    assert Organization(own, lambda _: own).place_of(company.other.account_id).membership is Membership.UNKNOWN


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "AssumeRole")


def with_role_that(company: Company, failure: Exception) -> Organization:
    """Give the organization where becoming who may ask fails."""

    def administrator(account_id: str) -> Any:
        raise failure

    return Organization(company.member.client("organizations"), administrator)


def test_a_role_that_cannot_be_taken_knows_nothing(company: Company) -> None:
    organization = with_role_that(company, refused("AccessDenied"))

    assert organization.place_of(company.other.account_id) == OrganizationPlace(membership=Membership.UNKNOWN)


@pytest.mark.parametrize("operation", ["describe_organization", "describe_account"])
@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
def test_trap_27_who_may_not_ask_knows_nothing(company: Company, operation: str, code: str) -> None:
    client = (company.member if operation == "describe_organization" else company.management).client("organizations")

    with refusing(client, operation, code):
        place = company.asked_by_member().place_of(company.other.account_id)

    assert place == OrganizationPlace(membership=Membership.UNKNOWN)


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (refused("Throttling"), ThrottledError),
        (refused("InternalFailure"), UpstreamError),
        (ConnectTimeoutError(endpoint_url="https://sts"), UpstreamError),
    ],
    ids=["throttled", "failed", "unreachable"],
)
def test_a_role_that_may_be_taken_later_is_asked_for_again(
    company: Company, failure: Exception, error: type[Exception]
) -> None:
    with pytest.raises(error, match="become who may ask Organizations"):
        with_role_that(company, failure).place_of(company.other.account_id)


@pytest.mark.parametrize(
    ("told", "membership"),
    [
        ({"State": "ACTIVE"}, Membership.MEMBER),
        ({"State": "ACTIVE", "Status": "SUSPENDED"}, Membership.MEMBER),
        ({"Status": "ACTIVE"}, Membership.MEMBER),
        ({"State": "SUSPENDED", "Status": "ACTIVE"}, Membership.OUTSIDER),
        ({"State": "PENDING_CLOSURE"}, Membership.OUTSIDER),
        ({"State": "CLOSED"}, Membership.OUTSIDER),
        ({"Status": "SUSPENDED"}, Membership.OUTSIDER),
        ({}, Membership.OUTSIDER),
    ],
)
def test_trap_27_only_an_active_account_is_a_member_and_the_retired_status_counts_where_there_is_no_state(
    company: Company, told: dict[str, Any], membership: Membership
) -> None:
    account = {"Paths": ["o-1/r-1/ou-1/"], **told}

    with answering(company.management.client("organizations"), "describe_account", {"Account": account}):
        place = company.asked_by_member().place_of(company.other.account_id)

    assert place.membership is membership
    assert place.units == (("ou-1",) if membership is Membership.MEMBER else ())


@pytest.mark.parametrize("operation", ["describe_organization", "describe_account"])
@pytest.mark.parametrize(
    ("code", "error"), [("TooManyRequestsException", ThrottledError), ("ServiceException", UpstreamError)]
)
def test_who_cannot_be_told_now_is_asked_about_again_and_not_taken_for_an_outsider(
    company: Company, operation: str, code: str, error: type[Exception]
) -> None:
    client = (company.member if operation == "describe_organization" else company.management).client("organizations")

    with refusing(client, operation, code), pytest.raises(error):
        company.asked_by_member().place_of(company.other.account_id)
