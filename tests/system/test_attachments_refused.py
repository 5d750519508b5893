"""What can't be associated is refused with a reason that says what to do; nothing is made for it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from local_aws.testing.settings import changed
from scenarios.people import Person
from tests.system import providers
from tests.system.conftest import World, until
from tests.system.requests_in_ledger import row_of, settled

_numbers = itertools.count(1)
Json = dict[str, Any]


@pytest.fixture(scope="module")
def provider(world: World) -> Person:
    return world.person("510000000072")


@pytest.fixture(scope="module")
def consumer(deployed: Callable[..., Person], provider: Person) -> Person:
    person = deployed("520000000072")
    permit = f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    person.write_policy("let-provider-in", permit)
    return person


@pytest.fixture
def name() -> str:
    return f"no-{next(_numbers):02}"


def reasons_of(consumer: Person, share_arn: str, status: str) -> dict[str, str]:
    """Return the reasons of a share that came to a status, by code."""
    row = settled(consumer, share_arn, status)
    return {each["M"]["code"]["S"]: each["M"]["text"]["S"] for each in row["reasons"]["L"]}


def network(consumer: Person, name: str, *, shareable: bool = False) -> str:
    made = consumer.client("vpc-lattice").create_service_network(name=name, sharingConfig={"enabled": shareable})
    return str(made["arn"])


def vpc_with(consumer: Person, **attributes: bool) -> str:
    ec2 = consumer.client("ec2")
    vpc_id = str(ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"])
    for attribute, value in attributes.items():
        ec2.modify_vpc_attribute(VpcId=vpc_id, **{attribute: {"Value": value}})
    ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.8.0.0/24", AvailabilityZone="us-east-1a")
    return vpc_id


@pytest.mark.parametrize("kind", ["service", "service network"])
def test_a_resource_endpoint_leads_to_no_service_and_to_no_network(
    consumer: Person, provider: Person, name: str, kind: str
) -> None:
    offered = providers.service(provider, name) if kind == "service" else providers.network(provider, name)
    consumer.write_binding(name, resource=name, provider=provider.account_id, share=f"{name}*")

    reasons = reasons_of(consumer, providers.share(provider, name, offered, consumer.account_id), "HELD")

    assert "use mode service-network or service-network-endpoint" in reasons["mode-not-possible"]


def test_trap_13_a_network_that_can_be_shared_takes_only_what_its_provider_lets_in(
    consumer: Person, provider: Person, name: str
) -> None:
    shareable = network(consumer, f"{name}-net", shareable=True)
    consumer.write_binding(
        name,
        resource=name,
        provider=provider.account_id,
        share=f"{name}*",
        mode="service-network",
        serviceNetwork=shareable,
    )

    share_arn = providers.share(provider, name, providers.single(provider, name), consumer.account_id)

    assert "allowAssociationToShareableServiceNetwork" in reasons_of(consumer, share_arn, "HELD")["network-shareable"]


def test_trap_14_what_is_shared_goes_into_no_network_that_is_shared_too(
    world: World, consumer: Person, provider: Person, name: str
) -> None:
    foreign = providers.network(provider, f"{name}-net")
    shared = providers.share(provider, f"{name}-net", foreign, consumer.account_id)
    until(lambda: row_of(consumer, shared), lambda: "the network is observed")
    settled(consumer, shared, "ACCEPTED")
    consumer.write_binding(
        name,
        resource=name,
        provider=provider.account_id,
        share=f"{name}*",
        mode="service-network",
        serviceNetwork=foreign,
    )

    share_arn = providers.share(provider, name, providers.single(provider, name), consumer.account_id)

    assert "name a service network of its own" in reasons_of(consumer, share_arn, "HELD")["both-foreign"]


def test_a_vpc_that_is_associated_with_another_network_is_reported_with_how_to_reach_it_all_the_same(
    consumer: Person, provider: Person, name: str
) -> None:
    vpc = vpc_with(consumer)
    other = network(consumer, f"{name}-other")
    consumer.client("vpc-lattice").create_service_network_vpc_association(
        serviceNetworkIdentifier=other, vpcIdentifier=vpc
    )
    own = {"name": f"{name}-net", "create": True}
    consumer.write_binding(
        name,
        resource=name,
        provider=provider.account_id,
        share=f"{name}*",
        mode="service-network",
        vpc=vpc,
        serviceNetwork=own,
    )

    share_arn = providers.share(provider, name, providers.single(provider, name), consumer.account_id)

    why = reasons_of(consumer, share_arn, "HELD")["vpc-associated-elsewhere"]
    assert other in why
    assert "use mode service-network-endpoint" in why
    names = {each["name"] for each in consumer.client("vpc-lattice").list_service_networks()["items"]}
    assert f"{name}-net" not in names


def test_a_service_network_that_is_not_there_is_named(consumer: Person, provider: Person, name: str) -> None:
    consumer.write_binding(
        name,
        resource=name,
        provider=provider.account_id,
        share=f"{name}*",
        mode="service-network",
        serviceNetwork={"name": "nowhere"},
    )

    share_arn = providers.share(provider, name, providers.single(provider, name), consumer.account_id)

    assert "nowhere" in reasons_of(consumer, share_arn, "HELD")["no-service-network"]


def test_trap_11_where_no_zone_is_common_aws_s_words_are_reported(
    consumer: Person, provider: Person, name: str
) -> None:
    ec2 = consumer.client("ec2")
    vpc = str(ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"])
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.0.0/24", AvailabilityZone="us-east-1f")
    consumer.write_binding(name, resource=name, provider=provider.account_id, share=f"{name}*", vpc=vpc)
    offered = providers.single(provider, name, zones=("us-east-1a",))

    share_arn = providers.share(provider, name, offered, consumer.account_id)

    assert "Availability Zone" in reasons_of(consumer, share_arn, "FAILED")["RefusedError"]


def test_a_quota_that_is_reached_is_reported_with_its_limit_and_a_raised_one_lets_it_go_on(
    consumer: Person, provider: Person, name: str
) -> None:
    vpc = vpc_with(consumer)
    quota = "/drawbridge/config/quotas/resource-endpoints-per-vpc"
    ssm = consumer.client("ssm")
    ssm.put_parameter(Name=quota, Type="String", Value="1")
    consumer.write_binding(name, resource=f"{name}-*", provider=provider.account_id, share=f"{name}*", vpc=vpc)
    one, two = (providers.single(provider, f"{name}-{each}") for each in ("one", "two"))
    first = providers.share(provider, f"{name}-one", one, consumer.account_id)
    settled(consumer, first, "AVAILABLE")

    second = providers.share(provider, f"{name}-two", two, consumer.account_id)

    why = reasons_of(consumer, second, "HELD")["quota-reached"]
    assert f"{vpc} has 1 of the 1" in why
    assert quota in why
    ssm.put_parameter(Name=quota, Type="String", Value="2", Overwrite=True)
    settled(consumer, second, "AVAILABLE")
    ssm.delete_parameter(Name=quota)


def test_trap_18_a_quota_that_only_aws_knows_ends_the_attempt_with_aws_s_words(
    consumer: Person, provider: Person, name: str
) -> None:
    vpc = vpc_with(consumer)
    consumer.write_binding(name, resource=name, provider=provider.account_id, share=f"{name}*", vpc=vpc)
    offered = providers.single(provider, name)
    with changed(quotas={"resource_endpoints_per_vpc": 0}):
        share_arn = providers.share(provider, name, offered, consumer.account_id)

        reasons = reasons_of(consumer, share_arn, "FAILED")

    assert "maximum number" in reasons["QuotaExceededError"]


def test_private_dns_in_a_vpc_without_dns_is_refused(consumer: Person, provider: Person, name: str) -> None:
    vpc = vpc_with(consumer, EnableDnsHostnames=False)
    consumer.write_binding(
        name, resource=name, provider=provider.account_id, share=f"{name}*", vpc=vpc, privateDns="verified"
    )

    share_arn = providers.share(provider, name, providers.single(provider, name), consumer.account_id)

    assert "enableDnsHostnames" in reasons_of(consumer, share_arn, "HELD")["vpc-without-dns"]


def test_trap_17_wider_private_dns_than_verified_needs_a_policy(consumer: Person, provider: Person, name: str) -> None:
    vpc = vpc_with(consumer, EnableDnsHostnames=True)
    consumer.write_binding(
        name, resource=name, provider=provider.account_id, share=f"{name}*", vpc=vpc, privateDns="all"
    )
    offered = providers.single(provider, name, customDomainName=f"{name}.bank.example")

    share_arn = providers.share(provider, name, offered, consumer.account_id)

    assert "association-not-permitted" in reasons_of(consumer, share_arn, "HELD")
    consumer.write_policy(
        f"wider-{name}",
        f'permit(principal == Account::"{provider.account_id}", action == Action::"associate", resource) '
        f'when {{ context.privateDns == "all" && context.binding == "{name}" }};',
    )
    settled(consumer, share_arn, "AVAILABLE")


def test_one_private_name_has_one_attachment_in_a_vpc(consumer: Person, provider: Person, name: str) -> None:
    vpc = vpc_with(consumer, EnableDnsHostnames=True)
    own = {"name": f"{name}-net", "create": True}
    consumer.write_binding(
        f"a-{name}", resource=name, provider=provider.account_id, share=f"{name}*", vpc=vpc, privateDns="verified"
    )
    consumer.write_binding(
        f"b-{name}",
        resource=name,
        provider=provider.account_id,
        share=f"{name}*",
        mode="service-network-endpoint",
        vpc=vpc,
        serviceNetwork=own,
        privateDns="verified",
    )

    share_arn = providers.share(provider, name, providers.single(provider, name), consumer.account_id)

    assert f"a-{name}" in reasons_of(consumer, share_arn, "AVAILABLE")["private-dns-twice"]
