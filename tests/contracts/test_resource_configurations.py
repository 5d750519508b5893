"""VPC Lattice's resource configurations, as the adapter promises to show them."""

from __future__ import annotations

import pytest

from drawbridge.association.resources import SharedConfiguration
from drawbridge.aws.resource_configurations import ResourceConfigurations
from drawbridge.errors import NotReadyError, ThrottledError
from drawbridge.request.shares import SharedResource
from tests.contracts.accounts import Account, answering, refusing, shared
from tests.local_aws.accounts import accept_invitation, pass_time, resource_configuration, share

KIND = "vpc-lattice:resourceconfiguration"


def configurations_of(consumer: Account) -> ResourceConfigurations:
    return ResourceConfigurations(consumer.lattice)


def test_a_shared_configuration_is_described_as_its_owner_made_it(provider: Account, consumer: Account) -> None:
    arn, share_arn = shared(provider, consumer)

    described = configurations_of(consumer).describe([SharedResource(arn, KIND, share_arn)])

    assert described == [
        SharedConfiguration(
            name="orders-db",
            arn=arn,
            share_arn=share_arn,
            owner=provider.account_id,
            type="SINGLE",
            protocol="TCP",
            port_ranges=("5432",),
        )
    ]


def test_what_is_no_resource_configuration_is_left_out(account: Account) -> None:
    others = [
        SharedResource(
            "arn:aws:vpc-lattice:us-east-1:111111111111:servicenetwork/sn-0", "vpc-lattice:servicenetwork", ""
        ),
        SharedResource("arn:aws:ec2:us-east-1:111111111111:subnet/subnet-0", "ec2:subnet", ""),
    ]

    assert configurations_of(account).describe(others) == []


def test_what_is_listed_as_shared_and_not_to_be_seen_yet_is_not_ready(provider: Account, consumer: Account) -> None:
    arn = resource_configuration(provider)
    share_arn = share(provider, arn, consumer)
    accept_invitation(consumer)

    with pytest.raises(NotReadyError, match=arn):
        configurations_of(consumer).describe([SharedResource(arn, KIND, share_arn)])


def test_what_is_still_being_made_is_not_ready(account: Account) -> None:
    arn = resource_configuration(account)
    resource = SharedResource(arn, KIND, "")
    configurations = configurations_of(account)

    with pytest.raises(NotReadyError, match="CREATE_IN_PROGRESS"):
        configurations.describe([resource])
    pass_time(5)

    assert [each.arn for each in configurations.describe([resource])] == [arn]


@pytest.mark.parametrize("ending", ["deleted", "taken out"])
def test_trap_31_a_configuration_is_shared_until_it_is_taken_away(
    provider: Account, consumer: Account, ending: str
) -> None:
    arn, share_arn = shared(provider, consumer)
    configurations = configurations_of(consumer)
    before = configurations.is_shared(arn)

    provider.ram.disassociate_resource_share(resourceShareArn=share_arn, resourceArns=[arn])
    if ending == "deleted":
        provider.lattice.delete_resource_configuration(resourceConfigurationIdentifier=arn)
    pass_time(10)

    assert (before, configurations.is_shared(arn)) == (True, False)


def test_a_configuration_that_others_have_is_not_shared(provider: Account, consumer: Account) -> None:
    assert not configurations_of(consumer).is_shared(resource_configuration(provider))


def test_what_is_denied_is_not_shared(account: Account) -> None:
    with refusing(account.lattice, "get_resource_configuration", "AccessDeniedException"):
        assert not configurations_of(account).is_shared("rcfg-07129f3acded87625")


def test_who_is_throttled_does_not_know_whether_it_is_shared(account: Account) -> None:
    with refusing(account.lattice, "get_resource_configuration", "ThrottlingException"), pytest.raises(ThrottledError):
        configurations_of(account).is_shared("rcfg-07129f3acded87625")


def test_tags_of_a_resource_that_is_shared_are_unknown_and_those_of_one_s_own_are_told(
    provider: Account, consumer: Account
) -> None:
    arn, _ = shared(provider, consumer)
    provider.lattice.tag_resource(resourceArn=arn, tags={"stage": "prod"})

    assert configurations_of(provider).tags(arn) == {"stage": "prod"}
    assert configurations_of(consumer).tags(arn) is None


def test_tags_that_may_not_be_asked_for_are_unknown(provider: Account, consumer: Account) -> None:
    arn, _ = shared(provider, consumer)

    with refusing(consumer.lattice, "list_tags_for_resource", "AccessDeniedException"):
        assert configurations_of(consumer).tags(arn) is None
    with refusing(consumer.lattice, "list_tags_for_resource", "ThrottlingException"), pytest.raises(ThrottledError):
        configurations_of(consumer).tags(arn)


def test_the_domain_of_a_configuration_is_told_with_whether_it_is_verified(
    provider: Account, consumer: Account
) -> None:
    arn, share_arn = shared(provider, consumer)
    found = consumer.lattice.get_resource_configuration(resourceConfigurationIdentifier=arn)
    found.pop("ResponseMetadata")
    named = found | {"customDomainName": "db.example.com", "domainVerificationStatus": "VERIFIED"}

    with answering(consumer.lattice, "get_resource_configuration", named):
        (described,) = configurations_of(consumer).describe([SharedResource(arn, KIND, share_arn)])

    assert (described.custom_domain_name, described.domain_verified) == ("db.example.com", True)
