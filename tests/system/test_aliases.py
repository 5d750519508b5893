"""A name of our own, in a private hosted zone, leads where the published one does: made, kept up, and taken back."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from scenarios.people import Person
from tests.system import providers
from tests.system.attachments import document, published, resolves
from tests.system.conftest import World, until
from tests.system.requests_in_ledger import row_of, settled

_numbers = itertools.count(1)
DOMAIN = "data.internal.example"


@pytest.fixture(scope="module")
def provider(world: World) -> Person:
    return world.person("510000000073")


@pytest.fixture(scope="module")
def consumer(deployed: Callable[..., Person], provider: Person) -> Person:
    person = deployed("520000000073")
    permit = f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    person.write_policy("let-provider-in", permit)
    return person


@pytest.fixture(scope="module")
def zone(consumer: Person) -> str:
    vpc = consumer.vpc()
    consumer.client("ec2").modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    made = consumer.client("route53").create_hosted_zone(
        Name=DOMAIN, CallerReference="once", VPC={"VPCRegion": "us-east-1", "VPCId": vpc}
    )
    return str(made["HostedZone"]["Id"].rpartition("/")[2])


@pytest.fixture
def name() -> str:
    return f"alias-{next(_numbers):02}"


def records(consumer: Person, zone: str) -> dict[str, str]:
    found = consumer.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return {each["Name"].rstrip("."): each["Type"] for each in found if each["Type"] not in {"NS", "SOA"}}


def bind(consumer: Person, provider: Person, name: str, zone: str, alias: str, **attach: Any) -> None:
    consumer.write_binding(
        name,
        resource=name,
        provider=provider.account_id,
        share=f"{name}*",
        alias={"zone": zone, "name": f"{alias}.{DOMAIN}"},
        **attach,
    )


def leads(world: World, consumer: Person, alias: str, binding: str, resource: str) -> Callable[[], bool]:
    def check() -> bool:
        arn = document(consumer, binding, resource).get("resourceConfigurationArn")
        return arn is not None and resolves(world, consumer.vpc(), f"{alias}.{DOMAIN}") == arn

    return check


def test_an_alias_leads_where_the_published_name_does_and_follows_it(
    world: World, consumer: Person, provider: Person, zone: str, name: str
) -> None:
    bind(consumer, provider, name, zone, "{resource}")
    share_arn = providers.share(provider, name, providers.single(provider, name), consumer.account_id)
    settled(consumer, share_arn, "AVAILABLE")
    assert leads(world, consumer, name, name, name)()
    assert records(consumer, zone) == {f"{name}.{DOMAIN}": "A", f"_drawbridge.{name}.{DOMAIN}": "TXT"}
    written = document(consumer, name, name)
    assert written["alias"] == {"zoneId": zone, "name": f"{name}.{DOMAIN}"}

    consumer.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[written["endpointId"]])

    until(lambda: document(consumer, name, name)["dnsName"] != written["dnsName"], lambda: "another name")
    until(leads(world, consumer, name, name, name), lambda: "the alias follows")


def test_an_alias_that_the_binding_calls_otherwise_is_moved(
    world: World, consumer: Person, provider: Person, zone: str, name: str
) -> None:
    bind(consumer, provider, name, zone, f"{name}-before")
    share_arn = providers.share(provider, name, providers.single(provider, name), consumer.account_id)
    settled(consumer, share_arn, "AVAILABLE")

    bind(consumer, provider, name, zone, f"{name}-after")

    until(leads(world, consumer, f"{name}-after", name, name), lambda: "the new alias")
    until(lambda: f"{name}-before.{DOMAIN}" not in records(consumer, zone), lambda: f"{records(consumer, zone)}")


def test_a_record_that_is_not_ours_is_left_alone_and_reported(
    consumer: Person, provider: Person, zone: str, name: str
) -> None:
    mine = {
        "Name": f"{name}.{DOMAIN}",
        "Type": "A",
        "TTL": 60,
        "ResourceRecords": [{"Value": "10.0.0.1"}],
    }
    consumer.client("route53").change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": mine}]}
    )
    bind(consumer, provider, name, zone, "{resource}")

    share_arn = providers.share(provider, name, providers.single(provider, name), consumer.account_id)

    row = settled(consumer, share_arn, "FAILED")
    assert "not Drawbridge's" in row["reasons"]["L"][0]["M"]["text"]["S"]
    assert f"_drawbridge.{name}.{DOMAIN}" not in records(consumer, zone)


def test_what_goes_from_a_group_takes_its_alias_along(
    world: World, consumer: Person, provider: Person, zone: str, name: str
) -> None:
    arn = providers.group(provider, name, f"{name}-one", f"{name}-two")
    bind(consumer, provider, name, zone, "{resource}")
    share_arn = providers.share(provider, name, arn, consumer.account_id)
    settled(consumer, share_arn, "AVAILABLE")
    until(lambda: len(published(consumer, name)) == 2, lambda: f"{row_of(consumer, share_arn)}")
    assert leads(world, consumer, f"{name}-one", name, f"{name}-one")()

    lattice = provider.client("vpc-lattice")
    found = lattice.list_resource_configurations(resourceConfigurationGroupIdentifier=arn)["items"]
    (one,) = (each["id"] for each in found if each["name"] == f"{name}-one")
    lattice.delete_resource_configuration(resourceConfigurationIdentifier=one)

    until(lambda: f"{name}-one.{DOMAIN}" not in records(consumer, zone), lambda: f"{records(consumer, zone)}")
    assert f"{name}-two.{DOMAIN}" in records(consumer, zone)


def vpc_of_its_own(world: World, consumer: Person, cidr: str) -> tuple[str, str]:
    """Make another VPC with a subnet."""
    ec2 = consumer.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc_id, CidrBlock=cidr, AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    return str(vpc_id), str(subnet)


def codes(row: Any) -> list[str]:
    return [each["M"]["code"]["S"] for each in row["reasons"]["L"]]


def put(consumer: Person, zone: str, action: str, record: dict[str, Any]) -> None:
    consumer.client("route53").change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    )


def record_of(consumer: Person, zone: str, alias: str) -> dict[str, Any]:
    found = consumer.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return next((each for each in found if each["Name"] == f"{alias}.{DOMAIN}." and each["Type"] == "A"), {})


def test_of_two_bindings_with_one_alias_the_second_is_refused_and_takes_nothing(
    world: World, consumer: Person, provider: Person, zone: str, name: str
) -> None:
    bind(consumer, provider, name, zone, "{resource}")
    share_arn = providers.share(provider, name, providers.single(provider, name), consumer.account_id)
    settled(consumer, share_arn, "AVAILABLE")
    before = record_of(consumer, zone, name)
    vpc_id, subnet = vpc_of_its_own(world, consumer, "10.71.0.0/24")
    second = {"mode": "resource-endpoint", "vpc": vpc_id, "subnets": [subnet]}

    def write_second(alias: str) -> None:
        consumer.client("ssm").put_parameter(
            Name=f"/drawbridge/config/bindings/{name}-second",
            Type="String",
            Overwrite=True,
            Value=json.dumps(
                {
                    "match": {"provider": provider.account_id, "share": f"{name}*", "resource": name},
                    "attach": second | {"alias": {"zone": zone, "name": f"{alias}.{DOMAIN}"}},
                }
            ),
        )

    write_second("{resource}")

    until(lambda: "alias-taken" in codes(row_of(consumer, share_arn)), lambda: f"{row_of(consumer, share_arn)}")
    assert record_of(consumer, zone, name) == before
    write_second("{resource}-second")
    until(lambda: record_of(consumer, zone, f"{name}-second"), lambda: "a name of its own")
    write_second("{resource}-renamed")
    until(lambda: not record_of(consumer, zone, f"{name}-second"), lambda: "renamed")
    assert record_of(consumer, zone, name) == before
    assert leads(world, consumer, name, name, name)()


def test_a_record_that_somebody_deleted_or_changed_heals(
    world: World, consumer: Person, provider: Person, zone: str, name: str
) -> None:
    bind(consumer, provider, name, zone, "{resource}")
    share_arn = providers.share(provider, name, providers.single(provider, name), consumer.account_id)
    settled(consumer, share_arn, "AVAILABLE")
    made = record_of(consumer, zone, name)

    put(consumer, zone, "DELETE", made)
    until(lambda: record_of(consumer, zone, name) == made, lambda: "made anew")
    until(lambda: (row_of(consumer, share_arn) or {})["drift"]["S"] == "", lambda: "noted as healed")
    put(consumer, zone, "DELETE", made)
    until(lambda: record_of(consumer, zone, name) == made, lambda: "made anew once more")

    by_hand = {"Name": made["Name"], "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.0.0.1"}]}
    put(consumer, zone, "UPSERT", by_hand)
    until(lambda: record_of(consumer, zone, name) == made, lambda: "pointed back")


def test_a_provider_chooses_neither_a_well_known_name_nor_one_in_a_public_zone(
    consumer: Person, provider: Person, zone: str, name: str
) -> None:
    made = consumer.client("route53").create_hosted_zone(Name=f"{name}.example", CallerReference=name)
    public = str(made["HostedZone"]["Id"].rpartition("/")[2])
    consumer.write_binding(
        f"{name}-proxy",
        resource="wpad",
        provider=provider.account_id,
        share=f"{name}*",
        alias={"zone": zone, "name": f"{{resource}}.{DOMAIN}"},
    )
    consumer.write_binding(
        f"{name}-public",
        resource=name,
        provider=provider.account_id,
        share=f"{name}*",
        alias={"zone": public, "name": f"{{resource}}.{name}.example"},
    )
    arns = [providers.single(provider, each) for each in ("wpad", name)]
    share = provider.client("ram").create_resource_share(
        name=name, resourceArns=arns, principals=[consumer.account_id], allowExternalPrincipals=True
    )["resourceShare"]

    def refused() -> bool:
        row = row_of(consumer, share["resourceShareArn"])
        return bool(row) and sorted(codes(row)) == ["alias-public", "alias-reserved"]

    until(refused, lambda: f"{row_of(consumer, share['resourceShareArn'])}")
    assert f"wpad.{DOMAIN}" not in records(consumer, zone)
    assert records(consumer, public) == {}
