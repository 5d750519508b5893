"""Where an endpoint is, which names it brings into a VPC, and whose it is: as the binding says, and as it stays."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from demo.people import Person
from tests.system import providers
from tests.system.conftest import World, until
from tests.system.test_onboarding import row_of, settled
from tests.system.test_ways import MODES, attach, document

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def provider(world: World) -> Person:
    return world.person("510000000073")


@pytest.fixture(scope="module")
def consumer(deployed: Callable[..., Person], provider: Person) -> Person:
    person = deployed("520000000073")
    permit = f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    person.write_policy("let-provider-in", permit)
    return person


@pytest.fixture
def name() -> str:
    return f"place-{next(_numbers):02}"


def new_vpc(consumer: Person, **tags: str) -> str:
    """Make a VPC that resolves names, with a subnet in the first zone."""
    ec2 = consumer.aws("ec2")
    tagged = [{"ResourceType": "vpc", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]
    made = ec2.create_vpc(CidrBlock="10.6.0.0/16", TagSpecifications=tagged if tags else [])
    vpc_id = str(made["Vpc"]["VpcId"])
    ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    new_subnet(consumer, vpc_id, 0)
    return vpc_id


def new_subnet(consumer: Person, vpc_id: str, number: int, zone: str = "a") -> str:
    made = consumer.aws("ec2").create_subnet(
        VpcId=vpc_id, CidrBlock=f"10.6.{number}.0/24", AvailabilityZone=f"us-east-1{zone}"
    )
    return str(made["Subnet"]["SubnetId"])


def subnets_of(consumer: Person, vpc_id: str) -> list[str]:
    only = [{"Name": "vpc-id", "Values": [vpc_id]}]
    return [each["SubnetId"] for each in consumer.aws("ec2").describe_subnets(Filters=only)["Subnets"]]


def bind(consumer: Person, provider: Person, name: str, **attached: Any) -> None:
    consumer.write_binding(name, resource=name, provider=provider.account_id, share=f"{name}*", **attached)


def offer(consumer: Person, provider: Person, name: str) -> str:
    """Share a resource of that name; give the share's ARN."""
    return providers.share(provider, name, providers.single(provider, name), consumer.account_id)


def told(consumer: Person, share_arn: str, code: str) -> str:
    """Wait until the ledger tells a reason of that code; give its text."""

    def look() -> str | None:
        row = row_of(consumer, share_arn)
        found = [each["M"] for each in row["reasons"]["L"]] if row else []
        return next((each["text"]["S"] for each in found if each["code"]["S"] == code), None)

    text: str = until(look, lambda: f"{row_of(consumer, share_arn)}")
    return text


def endpoint_of(consumer: Person, name: str) -> dict[str, Any]:
    asked = {"VpcEndpointIds": [document(consumer, name, name)["endpointId"]]}
    return dict(consumer.aws("ec2").describe_vpc_endpoints(**asked)["VpcEndpoints"][0])


def preference(consumer: Person, name: str) -> str:
    """Give which of the provider's names the VPC takes over, in AWS's words; empty if none."""
    told = document(consumer, name, name)
    if told["endpointId"]:
        endpoint = endpoint_of(consumer, name)
        return str(endpoint["DnsOptions"]["PrivateDnsPreference"]) if endpoint["PrivateDnsEnabled"] else ""
    association = consumer.aws("vpc-lattice").get_service_network_vpc_association(
        serviceNetworkVpcAssociationIdentifier=told["vpcAssociationId"]
    )
    return str(association["dnsOptions"]["privateDnsPreference"]) if association["privateDnsEnabled"] else ""


def widen(consumer: Person, name: str) -> None:
    """Let any of the provider's names in, as somebody might by hand."""
    told = document(consumer, name, name)
    if told["endpointId"]:
        consumer.aws("ec2").modify_vpc_endpoint(
            VpcEndpointId=told["endpointId"], DnsOptions={"PrivateDnsPreference": "ALL_DOMAINS"}
        )
    else:
        consumer.aws("vpc-lattice").update_service_network_vpc_association(
            serviceNetworkVpcAssociationIdentifier=told["vpcAssociationId"],
            dnsOptions={"privateDnsPreference": "ALL_DOMAINS"},
        )


@pytest.mark.parametrize("mode", MODES)
def test_trap_17_private_dns_that_somebody_widened_is_narrowed_again_and_follows_the_binding_till_it_is_off(
    consumer: Person, provider: Person, name: str, mode: str
) -> None:
    by = attach(mode, "SINGLE", name, new_vpc(consumer))
    bind(consumer, provider, name, **by, privateDns="verified")
    settled(consumer, offer(consumer, provider, name), "AVAILABLE")
    before = document(consumer, name, name)
    assert preference(consumer, name) == "VERIFIED_DOMAINS_ONLY"

    widen(consumer, name)

    assert preference(consumer, name) == "ALL_DOMAINS"
    until(lambda: preference(consumer, name) == "VERIFIED_DOMAINS_ONLY", lambda: preference(consumer, name))
    bind(consumer, provider, name, **by, privateDns="off")
    until(lambda: preference(consumer, name) == "", lambda: preference(consumer, name))
    assert document(consumer, name, name)["dnsName"] == before["dnsName"]


def test_trap_15_private_dns_is_turned_on_for_an_endpoint_that_was_made_without(
    consumer: Person, provider: Person, name: str
) -> None:
    by = attach("resource-endpoint", "SINGLE", name, new_vpc(consumer))
    bind(consumer, provider, name, **by)
    settled(consumer, offer(consumer, provider, name), "AVAILABLE")
    made = document(consumer, name, name)["endpointId"]

    bind(consumer, provider, name, **by, privateDns="verified")

    until(lambda: preference(consumer, name) == "VERIFIED_DOMAINS_ONLY", lambda: preference(consumer, name))
    assert document(consumer, name, name)["endpointId"] == made


@pytest.mark.parametrize("mode", ["resource-endpoint", "service-network-endpoint"])
def test_a_subnet_that_a_binding_names_later_is_added_where_aws_adds_it_and_told_where_it_does_not(
    consumer: Person, provider: Person, name: str, mode: str
) -> None:
    vpc = new_vpc(consumer)
    (first,), second = subnets_of(consumer, vpc), new_subnet(consumer, vpc, 1, "b")
    by = attach(mode, "SINGLE", name, vpc)
    bind(consumer, provider, name, **by, subnets=[first])
    share_arn = offer(consumer, provider, name)
    settled(consumer, share_arn, "AVAILABLE")

    bind(consumer, provider, name, **by, subnets=[first, second])

    if mode == "resource-endpoint":
        told(consumer, share_arn, "subnets-fixed")
        assert endpoint_of(consumer, name)["SubnetIds"] == [first]
    else:
        until(
            lambda: endpoint_of(consumer, name)["SubnetIds"] == [first, second],
            lambda: f"{endpoint_of(consumer, name)}",
        )
