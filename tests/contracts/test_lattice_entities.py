"""What VPC Lattice shows of what is shared, as the adapter promises to show it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import msgspec
import pytest

from drawbridge.aws.lattice_entities import LatticeEntities
from drawbridge.errors import ThrottledError
from drawbridge.lattice import NOT_VISIBLE, UNAVAILABLE, Entity, ResourceKind, Undescribed
from drawbridge.request.shares import SharedResource
from local_aws_tests.lattice_shares import associate as put_in
from local_aws_tests.lattice_shares import child as make_child
from local_aws_tests.lattice_shares import group as make_group
from local_aws_tests.lattice_shares import network as make_network
from local_aws_tests.lattice_shares import shared as shared_with
from local_aws_tests.sharing import accept_invitation, first_vpc, pass_time, resource_configuration, share
from tests.builders import RESOURCE_ARN
from tests.contracts.accounts import REGION, Account, answering, empty_first_pages, refusing, shared

KIND = "vpc-lattice:resourceconfiguration"


def entities_of(consumer: Account) -> LatticeEntities:
    return LatticeEntities(consumer.lattice)


def test_a_shared_configuration_is_described_as_its_owner_made_it(provider: Account, consumer: Account) -> None:
    arn, share_arn = shared(provider, consumer)

    described = entities_of(consumer).describe([SharedResource(arn, KIND, share_arn)])

    assert described == [
        Entity(
            name="orders-db",
            arn=arn,
            share_arn=share_arn,
            owner=provider.account_id,
            type="SINGLE",
            protocol="TCP",
            port_ranges=("5432",),
        )
    ]


def test_what_is_not_lattice_s_or_of_no_known_kind_is_left_out(account: Account) -> None:
    others = [
        SharedResource("arn:aws:vpc-lattice:us-east-1:111111111111:boat/b-0", "vpc-lattice:boat", ""),
        SharedResource("arn:aws:ec2:us-east-1:111111111111:subnet/subnet-0", "ec2:subnet", ""),
    ]

    assert entities_of(account).describe(others) == []


def test_what_is_listed_as_shared_and_not_to_be_seen_yet_is_not_ready(provider: Account, consumer: Account) -> None:
    arn = resource_configuration(provider)
    share_arn = share(provider, arn, consumer)
    accept_invitation(consumer)

    (described,) = entities_of(consumer).describe([SharedResource(arn, KIND, share_arn)])

    assert isinstance(described, Undescribed)
    assert (described.arn, described.code, described.may_pass) == (arn, NOT_VISIBLE, True)
    assert "AccessDeniedException" in described.words or "ResourceNotFoundException" in described.words


def test_what_is_still_being_made_is_not_ready(account: Account) -> None:
    arn = resource_configuration(account)
    resource = SharedResource(arn, KIND, "")
    configurations = entities_of(account)

    (described,) = configurations.describe([resource])
    assert isinstance(described, Undescribed)
    assert ("CREATE_IN_PROGRESS" in described.words, described.may_pass) == (True, True)
    pass_time(5)

    assert [each.arn for each in configurations.describe([resource])] == [arn]


@pytest.mark.parametrize(
    ("code", "expected_code", "may_pass"),
    [
        ("AccessDeniedException", NOT_VISIBLE, True),
        ("ResourceNotFoundException", NOT_VISIBLE, True),
        ("InternalServerException", NOT_VISIBLE, True),
        ("ValidationException", UNAVAILABLE, False),
    ],
)
def test_one_that_aws_does_not_describe_is_reported_with_its_words(
    provider: Account, consumer: Account, code: str, expected_code: str, may_pass: bool
) -> None:
    arn, share_arn = shared(provider, consumer)

    with refusing(consumer.lattice, "get_resource_configuration", code):
        (described,) = entities_of(consumer).describe([SharedResource(arn, KIND, share_arn)])

    assert isinstance(described, Undescribed)
    assert (described.arn, described.code, described.may_pass, code in described.words) == (
        arn,
        expected_code,
        may_pass,
        True,
    )


@pytest.mark.parametrize(
    ("changes", "expected_code", "may_pass"),
    [
        ({"status": "CREATE_FAILED", "failureReason": "no such domain"}, UNAVAILABLE, False),
        ({"status": "DELETE_IN_PROGRESS"}, UNAVAILABLE, False),
        ({"status": "UPDATE_IN_PROGRESS"}, NOT_VISIBLE, True),
        ({"status": "A_STATUS_OF_TOMORROW"}, NOT_VISIBLE, True),
        ({"status": "UPDATE_FAILED"}, None, False),
        ({"status": "DELETE_FAILED"}, None, False),
    ],
)
def test_a_status_says_whether_it_can_be_used(
    provider: Account, consumer: Account, changes: dict[str, str], expected_code: str | None, may_pass: bool
) -> None:
    arn, share_arn = shared(provider, consumer)
    found = consumer.lattice.get_resource_configuration(resourceConfigurationIdentifier=arn)
    found.pop("ResponseMetadata")

    with answering(consumer.lattice, "get_resource_configuration", found | changes):
        (described,) = entities_of(consumer).describe([SharedResource(arn, KIND, share_arn)])

    if expected_code is None:
        assert isinstance(described, Entity)
    else:
        assert isinstance(described, Undescribed)
        assert (described.code, described.may_pass) == (expected_code, may_pass)
        assert all(value in described.words for value in changes.values())


def test_throttling_says_nothing_of_a_resource(provider: Account, consumer: Account) -> None:
    arn, share_arn = shared(provider, consumer)

    with (
        refusing(consumer.lattice, "get_resource_configuration", "ThrottlingException"),
        pytest.raises(ThrottledError),
    ):
        entities_of(consumer).describe([SharedResource(arn, KIND, share_arn)])


@pytest.mark.parametrize("ending", ["deleted", "taken out"])
def test_trap_31_a_configuration_is_shared_until_it_is_taken_away(
    provider: Account, consumer: Account, ending: str
) -> None:
    arn, share_arn = shared(provider, consumer)
    configurations = entities_of(consumer)
    before = configurations.is_shared(arn)

    provider.ram.disassociate_resource_share(resourceShareArn=share_arn, resourceArns=[arn])
    if ending == "deleted":
        provider.lattice.delete_resource_configuration(resourceConfigurationIdentifier=arn)
    pass_time(10)

    assert (before, configurations.is_shared(arn)) == (True, False)


def test_a_configuration_that_others_have_is_not_shared(provider: Account, consumer: Account) -> None:
    assert not entities_of(consumer).is_shared(resource_configuration(provider))


def test_what_is_denied_is_not_shared(account: Account) -> None:
    with refusing(account.lattice, "get_resource_configuration", "AccessDeniedException"):
        assert not entities_of(account).is_shared(RESOURCE_ARN)


def test_who_is_throttled_does_not_know_whether_it_is_shared(account: Account) -> None:
    with refusing(account.lattice, "get_resource_configuration", "ThrottlingException"), pytest.raises(ThrottledError):
        entities_of(account).is_shared(RESOURCE_ARN)


def test_tags_of_a_resource_that_is_shared_are_unknown_and_those_of_one_s_own_are_reported(
    provider: Account, consumer: Account
) -> None:
    arn, _ = shared(provider, consumer)
    provider.lattice.tag_resource(resourceArn=arn, tags={"stage": "prod"})

    assert entities_of(provider).tags(arn) == {"stage": "prod"}
    assert entities_of(consumer).tags(arn) is None


def test_tags_that_may_not_be_asked_for_are_unknown(provider: Account, consumer: Account) -> None:
    arn, _ = shared(provider, consumer)

    with refusing(consumer.lattice, "list_tags_for_resource", "AccessDeniedException"):
        assert entities_of(consumer).tags(arn) is None
    with refusing(consumer.lattice, "list_tags_for_resource", "ThrottlingException"), pytest.raises(ThrottledError):
        entities_of(consumer).tags(arn)


def test_the_domain_of_a_configuration_is_reported_with_whether_it_is_verified(
    provider: Account, consumer: Account
) -> None:
    arn, share_arn = shared(provider, consumer)
    found = consumer.lattice.get_resource_configuration(resourceConfigurationIdentifier=arn)
    found.pop("ResponseMetadata")
    named = found | {"customDomainName": "db.example.com", "domainVerificationStatus": "VERIFIED"}

    with answering(consumer.lattice, "get_resource_configuration", named):
        (described,) = entities_of(consumer).describe([SharedResource(arn, KIND, share_arn)])

    assert isinstance(described, Entity)
    assert (described.custom_domain_name, described.domain_verified) == ("db.example.com", True)


def offered(provider: Account, consumer: Account, kind: str) -> str:
    """Share one of the kind and have it accepted; give its ARN."""
    if kind in {"GROUP", "ARN"}:
        arn = make_group(provider, "one", "two")["arn"] if kind == "GROUP" else database(provider)
    elif kind == "SERVICE":
        arn = provider.lattice.create_service(name="api")["arn"]
    else:
        arn = make_network(provider, "shared", shareable=True)["arn"]
    shared_with(provider, arn, consumer)
    return str(arn)


def database(provider: Account) -> str:
    vpc_id, subnet_ids = first_vpc(provider)
    gateway = provider.lattice.create_resource_gateway(
        name="db-gateway", vpcIdentifier=vpc_id, subnetIds=subnet_ids[:1], resourceConfigDnsResolution="PUBLIC"
    )
    made = provider.lattice.create_resource_configuration(
        name="orders-cluster",
        type="ARN",
        resourceGatewayIdentifier=gateway["id"],
        resourceConfigurationDefinition={
            "arnResource": {"arn": f"arn:aws:rds:{REGION}:{provider.account_id}:cluster:orders"}
        },
    )
    pass_time(10)
    return str(made["arn"])


@pytest.mark.parametrize(
    ("kind", "of_ram", "kind_of", "name"),
    [
        ("GROUP", KIND, ResourceKind.RESOURCE_CONFIGURATION, "group"),
        ("ARN", KIND, ResourceKind.RESOURCE_CONFIGURATION, "orders-cluster"),
        ("SERVICE", "vpc-lattice:service", ResourceKind.SERVICE, "api"),
        ("SERVICE_NETWORK", "vpc-lattice:servicenetwork", ResourceKind.SERVICE_NETWORK, "shared"),
    ],
)
def test_each_kind_is_described_by_what_it_is(
    provider: Account, consumer: Account, kind: str, of_ram: str, kind_of: ResourceKind, name: str
) -> None:
    arn = offered(provider, consumer, kind)

    (described,) = entities_of(consumer).describe([SharedResource(arn, of_ram, "the share")])

    assert isinstance(described, Entity)
    assert (described.kind, described.type, described.name) == (kind_of, kind, name)
    assert (described.arn, described.share_arn, described.owner) == (arn, "the share", provider.account_id)
    assert entities_of(consumer).entity(arn) == msgspec.structs.replace(described, share_arn="")


def test_a_child_is_described_to_whom_its_group_is_shared_with(provider: Account, consumer: Account) -> None:
    parent = make_group(provider)
    arn = make_child(provider, parent, "one")["arn"]
    shared_with(provider, parent["arn"], consumer)

    child = entities_of(consumer).entity(arn)

    assert child is not None
    assert (child.name, child.type, child.group_id, child.port_ranges) == ("one", "CHILD", parent["id"], ("5432",))


def test_trap_13_whether_a_resource_may_go_into_networks_that_can_be_shared_is_reported(
    provider: Account, consumer: Account
) -> None:
    arn, _ = shared(provider, consumer)
    before = entities_of(consumer).entity(arn)
    provider.lattice.update_resource_configuration(
        resourceConfigurationIdentifier=arn, allowAssociationToShareableServiceNetwork=True
    )
    pass_time(5)
    after = entities_of(consumer).entity(arn)

    assert before is not None
    assert after is not None
    assert (before.allows_shareable_networks, after.allows_shareable_networks) == (False, True)


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "rcfg-07129f3acded87625",
        "arn:aws:ec2:us-east-1:111111111111:subnet/subnet-0",
        "arn:aws:vpc-lattice:us-east-1:111111111111:boat/b-0",
        RESOURCE_ARN,
    ],
)
def test_what_is_none_of_lattice_s_kinds_or_not_to_be_seen_is_none(account: Account, arn: str) -> None:
    assert entities_of(account).entity(arn) is None


def test_a_single_resource_in_a_network_is_reported_with_its_name_once_it_has_one(
    provider: Account, consumer: Account
) -> None:
    arn, _ = shared(provider, consumer)
    network = make_network(consumer, "own")["arn"]
    made = put_in(consumer, network, arn)

    (first,) = entities_of(consumer).named_in_network(network, arn)
    pass_time(10)
    (named,) = entities_of(consumer).named_in_network(network, arn)

    assert (first.accessible, first.dns_name) == (False, "")
    assert named.is_usable
    assert (named.association_id, named.resource_arn, named.name) == (made["id"], arn, "orders-db")
    assert named.dns_name.startswith(f"{made['id']}.{arn.rpartition('/')[2]}.")
    assert named.hosted_zone_id
    assert named.private_dns_name is None


def test_of_one_resource_nothing_else_in_the_network_is_reported(provider: Account, consumer: Account) -> None:
    arn, _ = shared(provider, consumer)
    network = make_network(consumer, "own")["arn"]
    put_in(consumer, network, arn)
    put_in(consumer, network, offered(provider, consumer, "GROUP"))
    pass_time(10)

    assert [each.resource_arn for each in entities_of(consumer).named_in_network(network, arn)] == [arn]


@pytest.mark.parametrize("pages", [empty_first_pages, nullcontext])
def test_a_group_in_a_network_is_reported_with_its_children(provider: Account, consumer: Account, pages: Any) -> None:
    arn = offered(provider, consumer, "GROUP")
    network = make_network(consumer, "own")["arn"]
    put_in(consumer, network, arn)
    pass_time(10)

    with pages():
        named = entities_of(consumer).named_in_network(network, arn)

    children = [each for each in named if each.resource_arn != arn]
    assert len(named) == 3
    assert {each.name for each in children if each.is_usable} == {"one", "two"}
    assert [each.dns_name for each in named if each.resource_arn == arn] == [""]


def test_a_service_in_a_network_is_reported_with_its_name(provider: Account, consumer: Account) -> None:
    arn = offered(provider, consumer, "SERVICE")
    network = make_network(consumer, "own")["arn"]
    consumer.lattice.create_service_network_service_association(serviceNetworkIdentifier=network, serviceIdentifier=arn)
    pass_time(10)

    (named,) = entities_of(consumer).named_in_network(network, arn)

    assert (named.resource_arn, named.name, named.is_usable) == (arn, "api", True)
    assert named.association_id.startswith("snsa-")


def test_of_a_whole_network_all_that_is_in_it_is_reported(provider: Account, consumer: Account) -> None:
    network = make_network(provider, "shared", shareable=True)["arn"]
    database_arn = resource_configuration(provider)
    service = provider.lattice.create_service(name="api")["arn"]
    pass_time(5)
    provider.lattice.update_resource_configuration(
        resourceConfigurationIdentifier=database_arn, allowAssociationToShareableServiceNetwork=True
    )
    pass_time(5)
    put_in(provider, network, database_arn)
    provider.lattice.create_service_network_service_association(
        serviceNetworkIdentifier=network, serviceIdentifier=service
    )
    shared_with(provider, network, consumer)
    pass_time(10)

    named = entities_of(consumer).named_in_network(network, network)

    assert {each.resource_arn: each.name for each in named} == {database_arn: "orders-db", service: "api"}
    assert all(each.is_usable for each in named)
