"""Withdrawal on the consumer's side: what nothing calls for any longer is taken down, and nothing else is touched."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from scenarios.people import Person
from tests.system import providers
from tests.system.attachments import MODES, attach, document, published, resolves
from tests.system.conftest import World, until
from tests.system.requests_in_ledger import reasons, row_of, settled, statuses
from tests.system.withdrawing import WITHIN_MINUTES

OWNER = [{"Name": "tag:drawbridge:owner", "Values": ["drawbridge"]}]

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def provider(world: World) -> Person:
    return world.person("510000000141")


@pytest.fixture
def consumer(deployed_for: Callable[..., Person], provider: Person) -> Person:
    permit = f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    return deployed_for(
        "withdrawal", 520001410000, lambda person: person.write_policy("let-provider-in", permit), **WITHIN_MINUTES
    )


@pytest.fixture
def name() -> str:
    return f"back-{next(_numbers):02}"


@pytest.fixture
def new_vpc(consumer: Person) -> Callable[[], str]:
    """Make a VPC with a subnet: one VPC can be associated with one service network only."""

    def make() -> str:
        ec2 = consumer.client("ec2")
        vpc_id = str(ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])
        ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.9.0.0/24", AvailabilityZone="us-east-1a")
        return vpc_id

    return make


def connected(provider: Person, consumer: Person, name: str, mode: str, vpc: str) -> tuple[str, str]:
    """Share a database and have it attached; return its ARN and the share's."""
    arn = providers.single(provider, name)
    bind(provider, consumer, name, mode, vpc)
    share_arn = providers.share(provider, name, arn, consumer.account_id)
    settled(consumer, share_arn, "AVAILABLE")
    assert published(consumer, name).keys() == {name}
    return arn, share_arn


def bind(provider: Person, consumer: Person, name: str, mode: str, vpc: str, **match: str) -> None:
    wanted = {"resource": name, "share": f"{name}*"} | match
    consumer.write_binding(name, provider=provider.account_id, **wanted, **attach(mode, "SINGLE", name, vpc))


def unbind(consumer: Person, name: str) -> None:
    consumer.client("ssm").delete_parameter(Name=f"/drawbridge/config/bindings/{name}")


def live_endpoints(consumer: Person, vpc: str) -> list[str]:
    found = consumer.client("ec2").describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["VpcEndpoints"]
    return [each["VpcEndpointId"] for each in found if each["State"].lower() not in {"deleting", "deleted"}]


def networks(consumer: Person, name: str) -> list[str]:
    pages = consumer.client("vpc-lattice").get_paginator("list_service_networks").paginate()
    return [each["arn"] for page in pages for each in page["items"] if each["name"] == f"net-{name}"]


def left_of(consumer: Person, name: str, vpc: str) -> dict[str, Any]:
    """Return all that there is of a binding: names, endpoints, networks."""
    return {
        "names": [each for each, _ in consumer.published() if f"/{name}/" in each],
        "endpoints": live_endpoints(consumer, vpc),
        "networks": networks(consumer, name),
    }


NOTHING: dict[str, Any] = {"names": [], "endpoints": [], "networks": []}


def is_taken_down(consumer: Person, share_arn: str, name: str, vpc: str) -> None:
    until(
        lambda: left_of(consumer, name, vpc) == NOTHING,
        lambda: f"{left_of(consumer, name, vpc)}; {row_of(consumer, share_arn)}",
    )


def stays_for(world: World, seconds: int, consumer: Person, name: str, vpc: str) -> None:
    """Let time pass and check that nothing of the binding went."""
    before = left_of(consumer, name, vpc)
    world.control("clock", {"advance": seconds})
    until(world.quiet, lambda: "quiet")
    assert left_of(consumer, name, vpc) == before != NOTHING


@pytest.mark.parametrize("mode", MODES)
def test_what_a_binding_called_for_goes_with_it_and_comes_back_with_it(
    world: World, provider: Person, consumer: Person, new_vpc: Callable[[], str], name: str, mode: str
) -> None:
    vpc = new_vpc()
    arn, share_arn = connected(provider, consumer, name, mode, vpc)

    unbind(consumer, name)

    is_taken_down(consumer, share_arn, name, vpc)
    row = settled(consumer, share_arn, "ACCEPTED")
    assert "no-binding-wants-it" in reasons(row) or "withdrawn" in reasons(row)
    assert row.get("published") is None
    # The name of a deleted parameter is taken for a while.
    world.control("clock", {"advance": 31})
    bind(provider, consumer, name, mode, vpc)
    settled(consumer, share_arn, "AVAILABLE")
    (dns_name,) = published(consumer, name).values()
    assert resolves(world, vpc, dns_name) == arn


@pytest.mark.parametrize("mode", MODES)
def test_a_binding_that_moves_to_another_vpc_takes_its_name_along_and_leaves_nothing_behind(
    world: World, provider: Person, consumer: Person, new_vpc: Callable[[], str], name: str, mode: str
) -> None:
    before, after = new_vpc(), new_vpc()
    arn, share_arn = connected(provider, consumer, name, mode, before)
    (earlier,) = published(consumer, name).values()

    bind(provider, consumer, name, mode, after)

    def moved() -> bool:
        there = published(consumer, name)
        return document(consumer, name, name).get("vpcId") == after and resolves(world, after, there[name]) == arn

    until(moved, lambda: f"{published(consumer, name)}; {row_of(consumer, share_arn)}")
    until(
        lambda: live_endpoints(consumer, before) == [] and resolves(world, before, earlier) is None,
        lambda: f"{live_endpoints(consumer, before)}; {row_of(consumer, share_arn)}",
    )
    row = settled(consumer, share_arn, "AVAILABLE")
    assert {each.rpartition("/")[2] for each in row["published"]["SS"]} == {"dns-name", "connection"}


def test_what_people_made_is_not_touched(
    provider: Person, consumer: Person, new_vpc: Callable[[], str], name: str
) -> None:
    vpc = new_vpc()
    arn, share_arn = connected(provider, consumer, name, "resource-endpoint", vpc)
    ec2, ssm = consumer.client("ec2"), consumer.client("ssm")
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    by_hand = ec2.create_vpc_endpoint(
        VpcEndpointType="Resource", VpcId=vpc, SubnetIds=[subnets[0]["SubnetId"]], ResourceConfigurationArn=arn
    )["VpcEndpoint"]["VpcEndpointId"]
    beside = f"/drawbridge/connections/{name}/{name}/password"
    ssm.put_parameter(Name=beside, Type="String", Value="x")

    unbind(consumer, name)

    theirs = {"names": [beside], "endpoints": [by_hand], "networks": []}
    until(lambda: left_of(consumer, name, vpc) == theirs, lambda: f"{left_of(consumer, name, vpc)}")
    settled(consumer, share_arn, "ACCEPTED")
    assert left_of(consumer, name, vpc) == theirs


def test_a_binding_that_matches_less_lets_go_of_just_that(
    provider: Person, consumer: Person, new_vpc: Callable[[], str], name: str
) -> None:
    vpc = new_vpc()
    arns = [providers.single(provider, f"{name}-{each}") for each in ("one", "two")]
    bind(provider, consumer, name, "resource-endpoint", vpc, resource=f"{name}-*")
    share_arn = providers.share(provider, name, arns[0], consumer.account_id)
    provider.client("ram").associate_resource_share(resourceShareArn=share_arn, resourceArns=[arns[1]])
    until(lambda: len(published(consumer, name)) == 2, lambda: f"{row_of(consumer, share_arn)}")
    stays = document(consumer, name, f"{name}-one")

    bind(provider, consumer, name, "resource-endpoint", vpc, resource=f"{name}-one")

    until(lambda: published(consumer, name).keys() == {f"{name}-one"}, lambda: f"{row_of(consumer, share_arn)}")
    until(lambda: len(live_endpoints(consumer, vpc)) == 1, lambda: f"{live_endpoints(consumer, vpc)}")
    assert document(consumer, name, f"{name}-one") == stays
    path = f"/drawbridge/connections/{name}/{name}-one/connection"
    assert len(consumer.client("ssm").get_parameter_history(Name=path)["Parameters"]) == 1


@pytest.mark.parametrize("mode", MODES)
def test_a_share_that_is_deleted_takes_all_down_once_aws_has_said_so_twice(
    world: World, provider: Person, consumer: Person, new_vpc: Callable[[], str], name: str, mode: str
) -> None:
    vpc = new_vpc()
    _, share_arn = connected(provider, consumer, name, mode, vpc)

    provider.client("ram").delete_resource_share(resourceShareArn=share_arn)

    stays_for(world, 9 * 60, consumer, name, vpc)
    is_taken_down(consumer, share_arn, name, vpc)
    row = settled(consumer, share_arn, "WITHDRAWN")
    assert statuses(row)[-2:] == ["WITHDRAWING", "WITHDRAWN"]
    assert row["attempt"]["N"] == "2", row["history"]
    assert row.get("published") is None


def test_what_is_shared_again_under_another_share_is_not_interrupted(
    world: World, provider: Person, consumer: Person, new_vpc: Callable[[], str], name: str
) -> None:
    vpc = new_vpc()
    arn, share_arn = connected(provider, consumer, name, "resource-endpoint", vpc)
    before = document(consumer, name, name)

    provider.client("ram").delete_resource_share(resourceShareArn=share_arn)
    again = providers.share(provider, f"{name}-again", arn, consumer.account_id)

    settled(consumer, again, "AVAILABLE")
    settled(consumer, share_arn, "WITHDRAWN")
    assert document(consumer, name, name) == before
    assert live_endpoints(consumer, vpc) == [before["endpointId"]]


def test_an_account_that_is_taken_off_a_share_and_put_back_is_connected_as_at_first(
    world: World, provider: Person, consumer: Person, new_vpc: Callable[[], str], name: str
) -> None:
    vpc = new_vpc()
    arn, share_arn = connected(provider, consumer, name, "resource-endpoint", vpc)
    ram, principals = provider.client("ram"), [consumer.account_id]

    ram.disassociate_resource_share(resourceShareArn=share_arn, principals=principals)

    is_taken_down(consumer, share_arn, name, vpc)
    settled(consumer, share_arn, "WITHDRAWN")
    ram.associate_resource_share(resourceShareArn=share_arn, principals=principals)
    row = settled(consumer, share_arn, "AVAILABLE")
    assert statuses(row).count("AVAILABLE") == 2
    (dns_name,) = published(consumer, name).values()
    assert resolves(world, vpc, dns_name) == arn


def test_a_resource_that_is_taken_out_of_a_share_goes_and_the_rest_is_not_even_rewritten(
    world: World, provider: Person, consumer: Person, new_vpc: Callable[[], str], name: str
) -> None:
    vpc = new_vpc()
    arns = [providers.single(provider, f"{name}-{each}") for each in ("one", "two")]
    bind(provider, consumer, name, "resource-endpoint", vpc, resource=f"{name}-*")
    share_arn = providers.share(provider, name, arns[0], consumer.account_id)
    provider.client("ram").associate_resource_share(resourceShareArn=share_arn, resourceArns=[arns[1]])
    until(lambda: len(published(consumer, name)) == 2, lambda: f"{row_of(consumer, share_arn)}")
    settled(consumer, share_arn, "AVAILABLE")

    provider.client("ram").disassociate_resource_share(resourceShareArn=share_arn, resourceArns=[arns[1]])

    stays_for(world, 9 * 60, consumer, name, vpc)
    until(lambda: published(consumer, name).keys() == {f"{name}-one"}, lambda: f"{row_of(consumer, share_arn)}")
    until(lambda: len(live_endpoints(consumer, vpc)) == 1, lambda: f"{live_endpoints(consumer, vpc)}")
    settled(consumer, share_arn, "AVAILABLE")
    path = f"/drawbridge/connections/{name}/{name}-one/connection"
    assert len(consumer.client("ssm").get_parameter_history(Name=path)["Parameters"]) == 1


def test_a_service_that_is_shared_no_longer_goes_with_its_alias(
    world: World, provider: Person, consumer: Person, new_vpc: Callable[[], str], name: str
) -> None:
    vpc, route53 = new_vpc(), consumer.client("route53")
    zone_of_vpc = {"VPCRegion": "us-east-1", "VPCId": vpc}
    made = route53.create_hosted_zone(Name="back.internal", CallerReference=name, VPC=zone_of_vpc)
    zone = made["HostedZone"]["Id"].rpartition("/")[2]
    consumer.write_binding(
        name,
        resource=name,
        share=f"{name}*",
        provider=provider.account_id,
        alias={"zone": zone, "name": f"{name}.back.internal"},
        **attach("service-network", "service", name, vpc),
    )
    share_arn = providers.share(provider, name, providers.service(provider, name), consumer.account_id)
    settled(consumer, share_arn, "AVAILABLE")

    def records() -> list[str]:
        found = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        return sorted(each["Type"] for each in found if each["Type"] not in {"NS", "SOA"})

    assert records() == ["A", "TXT"]

    provider.client("ram").delete_resource_share(resourceShareArn=share_arn)

    is_taken_down(consumer, share_arn, name, vpc)
    settled(consumer, share_arn, "WITHDRAWN")
    assert records() == []
