"""Where an endpoint is, which names it brings into a VPC, and whose it is: as the binding says, now and later."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from scenarios.people import Person
from tests.system import providers
from tests.system.attachments import MODES, attach, document
from tests.system.conftest import World, until
from tests.system.requests_in_ledger import row_of, settled

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def provider(world: World) -> Person:
    return world.person("510000000273")


@pytest.fixture(scope="module")
def consumer(deployed: Callable[..., Person], provider: Person) -> Person:
    person = deployed("520000000273")
    permit = f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    person.write_policy("let-provider-in", permit)
    return person


@pytest.fixture
def name() -> str:
    return f"place-{next(_numbers):02}"


def new_vpc(consumer: Person, **tags: str) -> str:
    """Make a VPC that resolves names, with a subnet in the first zone."""
    ec2 = consumer.client("ec2")
    tagged = [{"ResourceType": "vpc", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]
    made = ec2.create_vpc(CidrBlock="10.6.0.0/16", TagSpecifications=tagged if tags else [])
    vpc_id = str(made["Vpc"]["VpcId"])
    ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    new_subnet(consumer, vpc_id, 0)
    return vpc_id


def new_subnet(consumer: Person, vpc_id: str, number: int, zone: str = "a") -> str:
    made = consumer.client("ec2").create_subnet(
        VpcId=vpc_id, CidrBlock=f"10.6.{number}.0/24", AvailabilityZone=f"us-east-1{zone}"
    )
    return str(made["Subnet"]["SubnetId"])


def subnets_of(consumer: Person, vpc_id: str) -> list[str]:
    only = [{"Name": "vpc-id", "Values": [vpc_id]}]
    return [each["SubnetId"] for each in consumer.client("ec2").describe_subnets(Filters=only)["Subnets"]]


def bind(consumer: Person, provider: Person, name: str, *, resource: str = "", **attached: Any) -> None:
    consumer.write_binding(
        name, resource=resource or name, provider=provider.account_id, share=f"{resource or name}*", **attached
    )


def offer(consumer: Person, provider: Person, name: str) -> str:
    """Share a resource of that name; return the share's ARN."""
    return providers.share(provider, name, providers.single(provider, name), consumer.account_id)


def reason_text(consumer: Person, share_arn: str, code: str) -> str:
    """Wait until the ledger has a reason of that code; return its text."""

    def check() -> str | None:
        row = row_of(consumer, share_arn)
        found = [each["M"] for each in row["reasons"]["L"]] if row else []
        return next((each["text"]["S"] for each in found if each["code"]["S"] == code), None)

    text: str = until(check, lambda: f"{row_of(consumer, share_arn)}")
    return text


def endpoint_of(consumer: Person, name: str) -> dict[str, Any]:
    asked = {"VpcEndpointIds": [document(consumer, name, name)["endpointId"]]}
    return dict(consumer.client("ec2").describe_vpc_endpoints(**asked)["VpcEndpoints"][0])


def preference(consumer: Person, name: str) -> str:
    """Return which of the provider's names the VPC takes over, in AWS's words; empty if none."""
    written = document(consumer, name, name)
    if written["endpointId"]:
        endpoint = endpoint_of(consumer, name)
        return str(endpoint["DnsOptions"]["PrivateDnsPreference"]) if endpoint["PrivateDnsEnabled"] else ""
    association = consumer.client("vpc-lattice").get_service_network_vpc_association(
        serviceNetworkVpcAssociationIdentifier=written["vpcAssociationId"]
    )
    return str(association["dnsOptions"]["privateDnsPreference"]) if association["privateDnsEnabled"] else ""


def widen(consumer: Person, name: str) -> None:
    """Let any of the provider's names in, as somebody might by hand."""
    written = document(consumer, name, name)
    if written["endpointId"]:
        consumer.client("ec2").modify_vpc_endpoint(
            VpcEndpointId=written["endpointId"], DnsOptions={"PrivateDnsPreference": "ALL_DOMAINS"}
        )
    else:
        consumer.client("vpc-lattice").update_service_network_vpc_association(
            serviceNetworkVpcAssociationIdentifier=written["vpcAssociationId"],
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
def test_a_subnet_that_a_binding_names_later_is_added_where_aws_adds_it_and_reported_where_it_does_not(
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
        reason_text(consumer, share_arn, "subnets-fixed")
        assert endpoint_of(consumer, name)["SubnetIds"] == [first]
    else:
        until(
            lambda: endpoint_of(consumer, name)["SubnetIds"] == [first, second],
            lambda: f"{endpoint_of(consumer, name)}",
        )


def test_subnets_that_can_t_hold_an_endpoint_are_left_out_and_reported_by_name_where_a_binding_names_them(
    consumer: Person, provider: Person, name: str
) -> None:
    vpc = new_vpc(consumer)
    (good,), local = subnets_of(consumer, vpc), new_subnet(consumer, vpc, 1, "-bos-1a")
    by = attach("resource-endpoint", "SINGLE", name, vpc)
    bind(consumer, provider, name, **by)
    bind(consumer, provider, f"{name}-named", resource=name, **by, subnets=[good, local])

    share_arn = offer(consumer, provider, name)

    settled(consumer, share_arn, "AVAILABLE")
    assert endpoint_of(consumer, name)["SubnetIds"] == [good]
    assert f"{local} is in us-east-1-bos-1a, a local-zone" in reason_text(consumer, share_arn, "subnet-unsuitable")


def test_an_endpoint_has_the_type_of_addresses_that_its_binding_asks_for(
    consumer: Person, provider: Person, name: str
) -> None:
    vpc = new_vpc(consumer)
    ec2 = consumer.client("ec2")
    both = ec2.create_subnet(
        VpcId=vpc, CidrBlock="10.6.9.0/24", Ipv6CidrBlock="2001:db8:9::/64", AvailabilityZone="us-east-1b"
    )["Subnet"]["SubnetId"]
    by = attach("resource-endpoint", "SINGLE", name, vpc)
    bind(consumer, provider, name, **by, ipAddressType="dualstack")
    share_arn = offer(consumer, provider, name)

    settled(consumer, share_arn, "AVAILABLE")

    made = endpoint_of(consumer, name)
    assert (made["IpAddressType"], made["SubnetIds"]) == ("DUALSTACK", [both])
    bind(consumer, provider, name, **by, ipAddressType="ipv4")
    assert "addresses of type dualstack, which never changes" in reason_text(consumer, share_arn, "address-type-fixed")


def test_a_tag_with_a_wildcard_in_it_connects_the_vpcs_that_have_it_and_no_others(
    consumer: Person, provider: Person, name: str
) -> None:
    meant, other = new_vpc(consumer, Environment=f"{name}-*"), new_vpc(consumer, Environment=f"{name}-prod")
    bind(consumer, provider, name, mode="resource-endpoint", vpc={"tag": {"Environment": f"{name}-*"}})

    settled(consumer, offer(consumer, provider, name), "AVAILABLE")

    tagged = [{"Name": "tag:drawbridge:binding", "Values": [name]}]
    made = consumer.client("ec2").describe_vpc_endpoints(Filters=tagged)["VpcEndpoints"]
    assert [each["VpcId"] for each in made] == [meant]
    assert other != meant


def to_resource(consumer: Person, vpc_id: str) -> list[str]:
    """Return the endpoints that are in a VPC, whoever made them."""
    only = [{"Name": "vpc-id", "Values": [vpc_id]}]
    return [
        each["VpcEndpointId"] for each in consumer.client("ec2").describe_vpc_endpoints(Filters=only)["VpcEndpoints"]
    ]


def test_an_endpoint_whose_tags_somebody_took_is_reported_and_stays_the_only_one(
    consumer: Person, provider: Person, name: str
) -> None:
    vpc = new_vpc(consumer)
    bind(consumer, provider, name, **attach("resource-endpoint", "SINGLE", name, vpc))
    share_arn = offer(consumer, provider, name)
    settled(consumer, share_arn, "AVAILABLE")
    before = document(consumer, name, name)
    ours = endpoint_of(consumer, name)

    consumer.client("ec2").delete_tags(
        Resources=[before["endpointId"]], Tags=[{"Key": tag["Key"]} for tag in ours["Tags"]]
    )

    assert before["endpointId"] in reason_text(consumer, share_arn, "ownership-lost")
    assert to_resource(consumer, vpc) == [before["endpointId"]]
    assert document(consumer, name, name) == before
    # Reported again at the next attempt: the ledger keeps the recorded endpoint.
    attempt = int(settled(consumer, share_arn, "HELD")["attempt"]["N"])
    bind(consumer, provider, name, **attach("resource-endpoint", "SINGLE", name, vpc), privateDns="verified")
    until(lambda: int(settled(consumer, share_arn, "HELD")["attempt"]["N"]) > attempt, lambda: f"{share_arn} {attempt}")
    assert to_resource(consumer, vpc) == [before["endpointId"]]
    # Somebody tags it again: it is ours again.
    consumer.client("ec2").create_tags(Resources=[before["endpointId"]], Tags=ours["Tags"])
    bind(consumer, provider, name, **attach("resource-endpoint", "SINGLE", name, vpc))
    settled(consumer, share_arn, "AVAILABLE")
    assert to_resource(consumer, vpc) == [before["endpointId"]]


def test_an_endpoint_that_somebody_made_to_the_same_resource_is_left_alone_and_ours_is_made_beside_it(
    consumer: Person, provider: Person, name: str
) -> None:
    vpc = new_vpc(consumer)
    arn = providers.single(provider, name)
    share_arn = providers.share(provider, name, arn, consumer.account_id)
    settled(consumer, share_arn, "ACCEPTED")
    theirs = consumer.client("ec2").create_vpc_endpoint(
        VpcEndpointType="Resource", VpcId=vpc, SubnetIds=subnets_of(consumer, vpc), ResourceConfigurationArn=arn
    )["VpcEndpoint"]["VpcEndpointId"]

    bind(consumer, provider, name, **attach("resource-endpoint", "SINGLE", name, vpc))

    settled(consumer, share_arn, "AVAILABLE")
    assert {*to_resource(consumer, vpc)} == {theirs, document(consumer, name, name)["endpointId"]}
    assert document(consumer, name, name)["endpointId"] != theirs
