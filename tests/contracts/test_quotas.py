"""What there is of what AWS has quotas of, and how much AWS allows, as the adapters promise to show it."""

from __future__ import annotations

import pytest

from drawbridge.aws.quota_counts import QuotaCounts
from drawbridge.aws.service_quotas import ServiceQuotas
from drawbridge.errors import RefusedError
from drawbridge.intake.offering.quotas import (
    CONFIGURATIONS,
    INVITATIONS,
    PRINCIPALS,
    PRINCIPALS_OF_SHARE,
    RESOURCES,
    RESOURCES_OF_SHARE,
    SHARES,
    VPC_CODES,
    AccountCounts,
)
from local_aws.testing.organizations import arrange
from local_aws.testing.settings import changed
from local_aws_tests.sharing import accept_invitation, pass_time, resource_configuration
from tests.contracts.accounts import Account, empty_first_pages
from tests.contracts.conftest import NewAccount


def test_the_account_s_own_values_are_known_by_the_codes_that_aws_publishes(provider: Account) -> None:
    quotas = ServiceQuotas(provider.client("service-quotas"))
    known = (PRINCIPALS_OF_SHARE, RESOURCES_OF_SHARE, PRINCIPALS, RESOURCES, SHARES, INVITATIONS, CONFIGURATIONS)

    by_default = {each: quotas.values(each.service)[each.code] for each in known}
    with changed(quotas={"principals_per_share": 7}):
        lowered = quotas.values("ram")[PRINCIPALS_OF_SHARE.code]

    assert by_default == {each: each.default for each in known}
    assert lowered == 7
    assert {*VPC_CODES.values()} <= quotas.values("vpc").keys()


def test_a_service_without_quotas_has_none_and_that_is_no_answer(provider: Account) -> None:
    with pytest.raises(RefusedError, match="NoSuchResourceException"):
        ServiceQuotas(provider.client("service-quotas")).values("nothing")


def test_all_that_is_in_shares_of_this_account_is_counted_and_nothing_that_has_left_or_is_others(
    provider: Account, consumer: Account, new_account: NewAccount
) -> None:
    member = new_account()
    arrange(provider.account_id, {member.account_id: "workloads"}, ram_sharing=True)
    one, two = resource_configuration(provider, "one-db"), resource_configuration(provider, "two-db")
    resource_configuration(consumer)
    invited, gone = "000000000001", "000000000002"
    first = provider.ram.create_resource_share(
        name="first", resourceArns=[one, two], principals=[member.account_id, consumer.account_id, invited, gone]
    )["resourceShare"]["resourceShareArn"]
    second = provider.ram.create_resource_share(name="second", resourceArns=[one])["resourceShare"]["resourceShareArn"]
    consumer.ram.create_resource_share(name="theirs", principals=[invited])
    accept_invitation(consumer)
    pass_time(60)
    provider.ram.disassociate_resource_share(resourceShareArn=first, principals=[gone])
    pass_time(60)

    with empty_first_pages():
        counts = QuotaCounts(provider.ram, provider.client("vpc-lattice"), account_id=provider.account_id).counts()

    assert counts == AccountCounts(
        shares=2, principals={first: 3}, resources={first: 2, second: 1}, waiting=1, configurations=2
    )
