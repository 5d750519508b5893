"""AWS Organizations, as the adapter promises to ask it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from botocore.stub import Stubber

from drawbridge.aws.organization import Organization
from drawbridge.decision.facts import Membership, OrganizationPlace
from drawbridge.errors import ThrottledError, UpstreamError
from local_aws.testing.organizations import arrange
from local_aws.testing.settings import changed
from tests.builders import NOW
from tests.contracts.accounts import Account, refusing
from tests.contracts.conftest import NewAccount

UNKNOWN = OrganizationPlace(membership=Membership.UNKNOWN, tags=None)


@dataclass(frozen=True)
class Company:
    """An organization of two accounts."""

    management: Account
    member: Account
    other: Account
    passed: list[timedelta] = field(default_factory=lambda: [timedelta()])
    """How much time has passed, by the clock that the adapter reads."""

    @property
    def id(self) -> str:
        described = self.management.client("organizations").describe_organization()["Organization"]
        return str(described["Id"])

    def asked_by_member(self) -> Organization:
        """Return the organization as the member sees it that has a role in the management account."""
        return Organization(self.member.client("organizations"), self._administrator, self.now)

    def now(self) -> datetime:
        return NOW + self.passed[-1]

    def _administrator(self, account_id: str) -> Any:
        assert account_id == self.management.account_id
        return self.management.client("organizations")


@pytest.fixture(scope="module")
def company(new_account: NewAccount) -> Company:
    management, member, other = new_account(), new_account(), new_account()
    accounts = {member.account_id: "workloads/prod", other.account_id: "workloads/test"}
    arrange(management.account_id, accounts, ram_sharing=True)
    return Company(management, member, other)


def test_a_member_is_returned_with_its_units_from_the_top_down(company: Company) -> None:
    place = company.asked_by_member().place_of(company.other.account_id)

    client = company.management.client("organizations")
    names = [
        client.describe_organizational_unit(OrganizationalUnitId=unit)["OrganizationalUnit"]["Name"]
        for unit in place.units or ()
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
    organization = Organization(
        account.client("organizations"), lambda _: company.management.client("organizations"), company.now
    )

    assert organization.place_of(company.member.account_id).membership is Membership.OUTSIDER


def test_trap_27_without_a_role_nothing_is_known(company: Company) -> None:
    organization = Organization(company.member.client("organizations"), None, company.now)

    assert organization.place_of(company.other.account_id) == OrganizationPlace(
        membership=Membership.UNKNOWN, tags=None
    )


def test_trap_27_a_role_that_may_not_ask_knows_nothing(company: Company) -> None:
    own = company.member.client("organizations")

    assert (
        Organization(own, lambda _: own, company.now).place_of(company.other.account_id).membership
        is Membership.UNKNOWN
    )


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "AssumeRole")


def with_role_that(company: Company, failure: Exception) -> Organization:
    """Return the organization where becoming who may ask fails."""

    def administrator(account_id: str) -> Any:
        raise failure

    return Organization(company.member.client("organizations"), administrator, company.now)


def test_a_role_that_cannot_be_taken_knows_nothing(company: Company) -> None:
    organization = with_role_that(company, refused("AccessDenied"))

    assert organization.place_of(company.other.account_id) == OrganizationPlace(
        membership=Membership.UNKNOWN, tags=None
    )


@pytest.mark.parametrize("operation", ["describe_organization", "describe_account"])
@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
def test_trap_27_who_may_not_ask_knows_nothing(company: Company, operation: str, code: str) -> None:
    client = (company.member if operation == "describe_organization" else company.management).client("organizations")

    with refusing(client, operation, code):
        place = company.asked_by_member().place_of(company.other.account_id)

    assert place == UNKNOWN


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
    ("fields", "membership"),
    [
        ({"State": "ACTIVE"}, Membership.MEMBER),
        ({"State": "ACTIVE", "Status": "SUSPENDED"}, Membership.MEMBER),
        ({"Status": "ACTIVE"}, Membership.MEMBER),
        ({"State": "SUSPENDED", "Status": "ACTIVE"}, Membership.OUTSIDER),
        ({"State": "PENDING_CLOSURE"}, Membership.OUTSIDER),
        ({"State": "CLOSED"}, Membership.OUTSIDER),
        ({"Status": "SUSPENDED"}, Membership.OUTSIDER),
        ({"State": "HIBERNATING"}, Membership.OUTSIDER),
        ({}, Membership.UNKNOWN),
    ],
)
def test_trap_27_only_an_active_account_is_a_member_and_the_retired_status_counts_where_there_is_no_state(
    company: Company, fields: dict[str, Any], membership: Membership
) -> None:
    account = {"Paths": ["o-1/r-1/ou-1/"], **fields}

    client = company.management.client("organizations")
    with Stubber(client) as stubber:
        stubber.add_response("describe_account", {"Account": account})
        stubber.add_response("list_tags_for_resource", {"Tags": []})
        place = company.asked_by_member().place_of(company.other.account_id)

    assert place.membership is membership
    # It is in its units, and is one of ours in name only.
    assert place.units == {Membership.MEMBER: ("ou-1",), Membership.OUTSIDER: None}.get(membership, ())
    assert place.state == (fields.get("State") or fields.get("Status") or "")


def test_trap_27_where_aws_gives_no_path_the_parents_are_walked_up_to_the_root(company: Company) -> None:
    with_path = company.asked_by_member().place_of(company.other.account_id)

    with changed(organization_paths=False):
        without = company.asked_by_member().place_of(company.other.account_id)

    assert len(without.units or ()) == 2
    assert without == with_path


def test_an_account_is_returned_with_its_name_and_tags(company: Company) -> None:
    client = company.management.client("organizations")
    client.tag_resource(ResourceId=company.other.account_id, Tags=[{"Key": "stage", "Value": "test"}])

    place = company.asked_by_member().place_of(company.other.account_id)

    assert (place.name, place.state, place.tags) == (f"account {company.other.account_id}", "ACTIVE", {"stage": "test"})


def test_tags_that_the_role_may_not_ask_for_are_unknown_and_the_place_is_not(company: Company) -> None:
    client = company.management.client("organizations")
    account = client.describe_account(AccountId=company.other.account_id)["Account"]

    with Stubber(client) as stubber:
        stubber.add_response("describe_account", {"Account": account})
        stubber.add_client_error("list_tags_for_resource", "AccessDeniedException")
        place = company.asked_by_member().place_of(company.other.account_id)

    assert (place.membership, place.tags) == (Membership.MEMBER, None)


def test_a_members_place_is_asked_for_again_only_after_five_minutes(company: Company) -> None:
    client, organization = company.management.client("organizations"), company.asked_by_member()
    account = client.describe_account(AccountId=company.other.account_id)["Account"]
    first = organization.place_of(company.other.account_id)
    company.passed.append(timedelta(minutes=4))

    with refusing(client, "describe_account", "TooManyRequestsException"):
        kept = organization.place_of(company.other.account_id)
        company.passed.append(timedelta(minutes=6))
        with pytest.raises(ThrottledError):
            organization.place_of(company.other.account_id)
    with Stubber(client) as stubber:
        stubber.add_response("describe_account", {"Account": account | {"State": "SUSPENDED"}})
        stubber.add_response("list_tags_for_resource", {"Tags": []})
        suspended = organization.place_of(company.other.account_id)

    assert kept == first
    assert suspended.membership is Membership.OUTSIDER
    company.passed.append(timedelta())


def test_which_organization_is_ours_is_asked_for_once_in_five_minutes(company: Company) -> None:
    own, organization = company.member.client("organizations"), company.asked_by_member()
    first = organization.place_of(company.other.account_id)
    company.passed.append(timedelta(minutes=4))

    with refusing(own, "describe_organization", "TooManyRequestsException"):
        outsider = organization.place_of("000000000000")
        company.passed.append(timedelta(minutes=6))
        with pytest.raises(ThrottledError):
            organization.place_of(company.other.account_id)

    assert (first.membership, outsider.membership) == (Membership.MEMBER, Membership.OUTSIDER)
    company.passed.append(timedelta())


def test_that_this_account_is_in_no_organization_is_kept_for_ten_seconds(company: Company) -> None:
    own, organization = company.member.client("organizations"), company.asked_by_member()
    with refusing(own, "describe_organization", "AWSOrganizationsNotInUseException"):
        alone = organization.place_of(company.other.account_id)
    company.passed.append(timedelta(seconds=9))
    still = organization.place_of(company.other.account_id)
    company.passed.append(timedelta(seconds=11))

    joined = organization.place_of(company.other.account_id)

    assert [each.membership for each in (alone, still, joined)] == [
        Membership.OUTSIDER,
        Membership.OUTSIDER,
        Membership.MEMBER,
    ]
    company.passed.append(timedelta())


def test_an_outsider_is_asked_about_each_time_for_it_may_join_at_any_time(company: Company) -> None:
    client, organization = company.management.client("organizations"), company.asked_by_member()
    account = client.describe_account(AccountId=company.other.account_id)["Account"]

    with refusing(client, "describe_account", "AccountNotFoundException"):
        outsider = organization.place_of(company.other.account_id)
    with Stubber(client) as stubber:
        stubber.add_response("describe_account", {"Account": account})
        stubber.add_response("list_tags_for_resource", {"Tags": []})
        joined = organization.place_of(company.other.account_id)

    assert (outsider.membership, joined.membership) == (Membership.OUTSIDER, Membership.MEMBER)


def test_the_role_is_taken_once_and_again_before_its_session_ends(company: Company) -> None:
    taken: list[str] = []

    def administrator(account_id: str) -> Any:
        taken.append(account_id)
        return company.management.client("organizations")

    organization = Organization(company.member.client("organizations"), administrator, company.now)
    for minutes in (0, 10, 20, 51):
        company.passed.append(timedelta(minutes=minutes))
        organization.place_of(company.other.account_id)
    company.passed.append(timedelta())

    assert len(taken) == 2


@pytest.mark.parametrize("operation", ["describe_organization", "describe_account"])
@pytest.mark.parametrize(
    ("code", "error"), [("TooManyRequestsException", ThrottledError), ("ServiceException", UpstreamError)]
)
def test_who_cannot_be_placed_now_is_asked_about_again_and_not_taken_for_an_outsider(
    company: Company, operation: str, code: str, error: type[Exception]
) -> None:
    client = (company.member if operation == "describe_organization" else company.management).client("organizations")

    with refusing(client, operation, code), pytest.raises(error):
        company.asked_by_member().place_of(company.other.account_id)
