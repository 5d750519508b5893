"""Organizations on the local AWS: membership, and who may call what."""

from __future__ import annotations

from typing import Any
from unittest import mock

from local_aws.services.organizations import membership, operations
from local_aws_tests.accounts import Person, person, refusal


def organization() -> tuple[Person, Person, Person]:
    management, prod, test = person(), person(), person()
    accounts = {prod.account_id: "workloads/prod", test.account_id: "workloads/test"}
    membership.arrange(management.account_id, accounts, ram_sharing=True)
    return management, prod, test


def describe_account(caller: Person, member: Person) -> dict[str, Any]:
    answer: dict[str, Any] = caller.client("organizations").describe_account(AccountId=member.account_id)["Account"]
    return answer


def test_a_member_can_describe_its_organization_and_no_more() -> None:
    """Trap 27."""
    management, prod, test = organization()

    described = prod.client("organizations").describe_organization()["Organization"]

    assert described["MasterAccountId"] == management.account_id
    assert refusal(lambda: describe_account(prod, test)) == "AccessDeniedException"
    assert refusal(lambda: prod.client("organizations").list_accounts()) == "AccessDeniedException"
    assert refusal(lambda: prod.client("organizations").list_parents(ChildId=prod.account_id)) == (
        "AccessDeniedException"
    )


def test_an_account_without_an_organization_is_told_so_by_an_error() -> None:
    organization()
    stranger = person()

    assert refusal(lambda: stranger.client("organizations").describe_organization()) == (
        "AWSOrganizationsNotInUseException"
    )
    assert refusal(lambda: describe_account(stranger, stranger)) == "AWSOrganizationsNotInUseException"


def test_the_management_account_sees_an_accounts_path() -> None:
    """Trap 27."""
    management, prod, _ = organization()
    client = management.client("organizations")

    account = describe_account(management, prod)

    organization_id = client.describe_organization()["Organization"]["Id"]
    assert account["Arn"] == (
        f"arn:aws:organizations::{management.account_id}:account/{organization_id}/{prod.account_id}"
    )
    assert account["State"] == "ACTIVE"
    path = account["Paths"][0].rstrip("/").split("/")
    assert path[0] == organization_id
    assert path[1] == client.list_roots()["Roots"][0]["Id"]
    names = [
        client.describe_organizational_unit(OrganizationalUnitId=unit)["OrganizationalUnit"]["Name"]
        for unit in path[2:-1]
    ]
    assert names == ["workloads", "prod"]
    assert path[-1] == prod.account_id


def test_an_accounts_status_is_retired() -> None:
    """Trap 27."""
    management, prod, _ = organization()

    today = describe_account(management, prod)
    listed = management.client("organizations").list_accounts()["Accounts"]
    with mock.patch.object(operations, "status_is_shown", new=True):
        before = describe_account(management, prod)

    assert "Status" not in today
    assert {each["State"] for each in listed} == {"ACTIVE"}
    assert not any("Status" in each for each in listed)
    assert before["Status"] == "ACTIVE"


def test_units_are_walked_up_and_down() -> None:
    management, prod, test = organization()
    client = management.client("organizations")
    root = client.list_roots()["Roots"][0]["Id"]

    above = client.list_parents(ChildId=prod.account_id)["Parents"]
    workloads = client.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
    below = client.list_organizational_units_for_parent(ParentId=workloads[0]["Id"])["OrganizationalUnits"]

    assert above == [{"Id": below[0]["Id"], "Type": "ORGANIZATIONAL_UNIT"}]
    assert [unit["Name"] for unit in below] == ["prod", "test"]
    assert client.list_parents(ChildId=workloads[0]["Id"])["Parents"] == [{"Id": root, "Type": "ROOT"}]
    children = client.list_children(ParentId=below[1]["Id"], ChildType="ACCOUNT")["Children"]
    assert children == [{"Id": test.account_id, "Type": "ACCOUNT"}]


def test_an_account_that_is_not_in_the_organization_is_not_found() -> None:
    management, _, _ = organization()

    code = refusal(lambda: describe_account(management, person()))

    assert code == "AccountNotFoundException"


def test_a_new_arrangement_replaces_the_old_one() -> None:
    _, prod, test = organization()
    management = person()

    membership.arrange(management.account_id, {prod.account_id: "other"}, ram_sharing=False)

    assert len(management.client("organizations").list_accounts()["Accounts"]) == 2
    assert membership.membership(test.account_id) is None
    assert not membership.sharing_is_on(prod.account_id)


def test_sharing_is_turned_on_by_the_management_account() -> None:
    management, prod = person(), person()
    membership.arrange(management.account_id, {prod.account_id: ""}, ram_sharing=False)

    refused = refusal(prod.ram.enable_sharing_with_aws_organization)
    management.ram.enable_sharing_with_aws_organization()

    assert refused == "OperationNotPermittedException"
    assert membership.sharing_is_on(prod.account_id)
    assert listed_access(management) == ["ram.amazonaws.com"]


def test_whom_an_organization_trusts_is_told_to_the_management_account_only() -> None:
    management, prod = person(), person()
    membership.arrange(management.account_id, {prod.account_id: ""}, ram_sharing=True)
    management.client("organizations").enable_aws_service_access(ServicePrincipal="sso.amazonaws.com")

    assert listed_access(management) == ["ram.amazonaws.com", "sso.amazonaws.com"]
    ask = prod.client("organizations").list_aws_service_access_for_organization
    assert refusal(ask) == "AccessDeniedException"

    management.client("organizations").disable_aws_service_access(ServicePrincipal="ram.amazonaws.com")
    assert listed_access(management) == ["sso.amazonaws.com"]


def listed_access(management: Person) -> list[str]:
    answer = management.client("organizations").list_aws_service_access_for_organization()
    return [each["ServicePrincipal"] for each in answer["EnabledServicePrincipals"]]
