"""VPC endpoints to service networks and to groups of resources on the local AWS."""

from __future__ import annotations

import functools
import re
from typing import Any
from unittest import mock

import pytest

from local_aws.fault_injection.faults import CallFault, faults
from local_aws.services.ec2 import vpc_facts
from local_aws.services.quotas import lowered
from local_aws_tests.accounts import REGION, Person, hearing, person, refusal
from local_aws_tests.lattice_shares import (
    associate,
    child,
    disassociate,
    endpoint_associations,
    group,
    named_configuration,
    network,
    network_endpoint,
    resource_endpoint,
    shared,
    shared_configuration,
)
from local_aws_tests.sharing import first_vpc, pass_time, resource_configuration


def state(owner: Person, endpoint: dict[str, Any]) -> str:
    request = {"VpcEndpointIds": [endpoint["VpcEndpointId"]]}
    return str(owner.ec2.describe_vpc_endpoints(**request)["VpcEndpoints"][0]["State"])


def private_names(owner: Person, endpoint: dict[str, Any]) -> list[str]:
    return [
        row["PrivateDnsEntry"]["DnsName"] for row in endpoint_associations(owner, endpoint) if "PrivateDnsEntry" in row
    ]


def test_the_name_of_a_resource_behind_a_network_endpoint_is_shown_late_and_only_by_its_association() -> None:
    """Trap 12. Trap 9."""
    provider, consumer = person(), person()
    arn = shared_configuration(provider, consumer)
    made_in = network(consumer)
    made = associate(consumer, made_in["id"], arn)
    pass_time(10)

    endpoint = network_endpoint(consumer, made_in["arn"])
    pass_time(7)
    available, unnamed = state(consumer, endpoint), endpoint_associations(consumer, endpoint)
    pass_time(4)
    named = endpoint_associations(consumer, endpoint)[0]

    assert (endpoint["State"], endpoint["ServiceNetworkArn"], endpoint["IpAddressType"]) == (
        "Pending",
        made_in["arn"],
        "IPV4",
    )
    assert (available, "DnsEntry" in unnamed[0]) == ("Available", False)
    host = f"{endpoint['VpcEndpointId']}-{made['id']}.{arn.rpartition('/')[2]}"
    name = rf"{host}\.[0-9a-f]{{7}}\.vpc-lattice-rsc\.{REGION}\.on\.aws"
    assert re.fullmatch(name, named["DnsEntry"]["DnsName"])
    assert named["AssociatedResourceAccessibility"] == "Accessible"
    assert (named["ServiceNetworkArn"], named["ServiceNetworkName"]) == (made_in["arn"], "network")
    assert named["AssociatedResourceArn"] == arn
    request = {"VpcEndpointIds": [endpoint["VpcEndpointId"]]}
    assert consumer.ec2.describe_vpc_endpoints(**request)["VpcEndpoints"][0]["DnsEntries"] == []


def test_an_endpoint_follows_the_associations_of_its_network() -> None:
    """Trap 12."""
    owner = person()
    made_in = network(owner)
    endpoint = network_endpoint(owner, made_in["arn"])
    pass_time(10)

    at_first = endpoint_associations(owner, endpoint)
    first = associate(owner, made_in["id"], resource_configuration(owner, "first-db"))
    second = associate(owner, made_in["id"], resource_configuration(owner, "second-db"))
    pass_time(10)
    both = endpoint_associations(owner, endpoint)
    disassociate(owner, first)
    pass_time(5)

    assert at_first == []
    assert len({row["DnsEntry"]["DnsName"] for row in both}) == 2
    assert [second["id"] in row["DnsEntry"]["DnsName"] for row in endpoint_associations(owner, endpoint)] == [True]


def test_a_group_is_reached_child_by_child_through_a_network_and_by_itself() -> None:
    """Trap 12."""
    owner = person()
    parent = group(owner, "first-db", "second-db")
    made_in = network(owner)
    associate(owner, made_in["id"], parent["arn"])
    endpoints = network_endpoint(owner, made_in["arn"]), resource_endpoint(owner, parent["arn"])
    pass_time(15)

    rows = [endpoint_associations(owner, endpoint) for endpoint in endpoints]
    child(owner, parent, "third-db")
    pass_time(5)
    grown = [
        len(endpoint_associations(owner, endpoint, resource_configuration_group_arn=parent["arn"]))
        for endpoint in endpoints
    ]

    for endpoint_rows in rows:
        assert len({row["AssociatedResourceArn"] for row in endpoint_rows}) == 2
        assert len({row["DnsEntry"]["DnsName"] for row in endpoint_rows}) == 2
        assert {row["ResourceConfigurationGroupArn"] for row in endpoint_rows} == {parent["arn"]}
    assert grown == [3, 3]


def test_a_failed_child_is_listed_among_those_that_work() -> None:
    """Trap 16."""
    owner = person()
    parent = group(owner, "first-db")
    with faults.injected(CallFault("vpc-lattice:CreateResourceConfiguration", "fails-later", account=owner.account_id)):
        child(owner, parent, "second-db")
    pass_time(5)

    endpoint = resource_endpoint(owner, parent["arn"])
    pass_time(15)

    rows = endpoint_associations(owner, endpoint)
    assert sorted(row["AssociatedResourceAccessibility"] for row in rows) == ["Accessible", "Failed"]
    assert ["DnsEntry" in row for row in rows] == ["FailureReason" not in row for row in rows]
    assert len(endpoint_associations(owner, endpoint, associated_resource_accessibility="AVAILABLE")) == 1


def test_a_service_of_the_network_is_reached_under_a_name_of_the_endpoint() -> None:
    owner = person()
    made_in = network(owner)
    offered = owner.lattice.create_service(name="orders")
    made = owner.lattice.create_service_network_service_association(
        serviceNetworkIdentifier=made_in["id"], serviceIdentifier=offered["id"]
    )

    endpoint = network_endpoint(owner, made_in["arn"])
    pass_time(15)

    name = rf"{endpoint['VpcEndpointId']}-{made['id']}\.[0-9a-f]{{7}}\.vpc-lattice-svcs\.{REGION}\.on\.aws"
    assert re.fullmatch(name, endpoint_associations(owner, endpoint)[0]["DnsEntry"]["DnsName"])


def test_a_shared_network_takes_endpoints_which_its_owner_sees_and_which_stay_when_it_is_shared_no_more() -> None:
    """Trap 31."""
    owner, consumer = person(), person()
    made_in = network(owner, shareable=True)
    request = {"serviceNetworkIdentifier": made_in["arn"]}
    unseen = refusal(lambda: network_endpoint(consumer, made_in["arn"]))
    share_arn = shared(owner, made_in["arn"], consumer)

    with hearing() as events:
        endpoint = network_endpoint(consumer, made_in["arn"])
        network_endpoint(owner, made_in["arn"])
        pass_time(10)
        rows = owner.lattice.list_service_network_vpc_endpoint_associations(**request)["items"]
        own = consumer.lattice.list_service_network_vpc_endpoint_associations(**request)["items"]
        owner.ram.delete_resource_share(resourceShareArn=share_arn)
        pass_time(60)

    assert unseen == "InvalidServiceNetworkArn.NotFound"
    assert len(rows) == 2
    assert [(row["vpcEndpointId"], row["vpcEndpointOwnerId"], row["state"]) for row in own] == [
        (endpoint["VpcEndpointId"], consumer.account_id, "Available")
    ]
    assert state(consumer, endpoint) == "Available"
    assert refusal(lambda: network_endpoint(consumer, made_in["arn"])) == "InvalidServiceNetworkArn.NotFound"
    assert [each for each in events if each.source == "aws.vpc-lattice"] == []


def test_a_resource_endpoint_makes_no_event() -> None:
    """Trap 3."""
    provider, consumer = person(), person()
    arn = shared_configuration(provider, consumer)

    with hearing() as events:
        resource_endpoint(consumer, arn)
        pass_time(15)

    assert events == []
    assert len(provider.lattice.list_resource_endpoint_associations(resourceConfigurationIdentifier=arn)["items"]) == 1


def test_a_type_that_is_left_out_is_a_gateway() -> None:
    """Trap 11."""
    owner = person()
    vpc_id, _ = first_vpc(owner)
    forgotten = {"VpcId": vpc_id, "ServiceNetworkArn": network(owner)["arn"]}

    assert refusal(lambda: owner.ec2.create_vpc_endpoint(**forgotten)) == "InvalidServiceName"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"ServiceNetworkArn": ""}, "MissingParameter"),
        ({"ServiceNetworkArn": "network"}, "InvalidServiceNetworkArn.Malformed"),
        ({"ServiceName": "com.amazonaws.vpce.eu-west-1.vpce-svc-0"}, "InvalidParameter"),
        ({"DnsOptions": {"PrivateDnsPreference": "VERIFIED_AND_SELECTED"}}, "InvalidParameterValue"),
        ({"DnsOptions": {"PrivateDnsPreference": "SPECIFIED_DOMAINS_ONLY"}}, "InvalidParameterCombination"),
    ],
)
def test_invalid_network_endpoints_are_refused(wrong: dict[str, Any], code: str) -> None:
    owner = person()
    made_in = network(owner)

    assert refusal(lambda: network_endpoint(owner, made_in["arn"], **wrong)) == code


def test_a_group_needs_a_zone_of_its_gateway_too() -> None:
    """Trap 11."""
    owner = person()
    parent = group(owner, "first-db")
    _, subnet_ids = first_vpc(owner)

    assert refusal(lambda: resource_endpoint(owner, parent["arn"], SubnetIds=subnet_ids[1:2])) == "InvalidParameter"


@pytest.mark.parametrize("change", [{"IpAddressType": "dualstack"}, {"RemoveSubnetIds": ["subnet-1"]}])
def test_an_endpoints_address_type_and_subnets_can_not_be_changed(change: dict[str, Any]) -> None:
    """Trap 11."""
    owner = person()
    made = [
        network_endpoint(owner, network(owner)["arn"]),
        resource_endpoint(owner, resource_configuration(owner)),
    ]

    codes = [
        refusal(functools.partial(owner.ec2.modify_vpc_endpoint, VpcEndpointId=each["VpcEndpointId"], **change))
        for each in made
    ]

    assert codes == ["InvalidParameter", "InvalidParameter"]


@pytest.mark.parametrize(
    ("by_association", "by_endpoint", "named"),
    [(True, True, ["db.example.com"]), (True, False, []), (False, True, []), (False, False, [])],
)
def test_a_private_name_needs_the_association_and_the_endpoint(
    by_association: bool, by_endpoint: bool, named: list[str]
) -> None:
    """Trap 15."""
    provider, consumer = person(), person()
    arn = named_configuration(provider)
    shared(provider, arn, consumer)
    made_in = network(consumer)
    associate(consumer, made_in["id"], arn, privateDnsEnabled=by_association)

    endpoint = network_endpoint(consumer, made_in["arn"], PrivateDnsEnabled=by_endpoint)
    pass_time(15)

    assert private_names(consumer, endpoint) == named


@pytest.mark.parametrize(
    ("preference", "domains", "named"),
    [
        ("VERIFIED_DOMAINS_ONLY", [], False),
        ("ALL_DOMAINS", [], True),
        ("VERIFIED_DOMAINS_AND_SPECIFIED_DOMAINS", ["bank.example"], True),
        ("SPECIFIED_DOMAINS_ONLY", ["other.example"], False),
    ],
)
def test_a_name_that_nobody_verified_takes_a_preference_for_it(
    preference: str, domains: list[str], named: bool
) -> None:
    """Trap 17."""
    provider, consumer = person(), person()
    arn = named_configuration(provider, "bank.example", verified=False)
    shared(provider, arn, consumer)
    made_in = network(consumer)
    associate(consumer, made_in["id"], arn, privateDnsEnabled=True)
    options: dict[str, Any] = {"PrivateDnsPreference": preference}

    endpoint = network_endpoint(
        consumer,
        made_in["arn"],
        PrivateDnsEnabled=True,
        DnsOptions=options | ({"PrivateDnsSpecifiedDomains": domains} if domains else {}),
    )
    pass_time(15)

    assert private_names(consumer, endpoint) == (["db.bank.example"] if named else [])


def test_a_vpc_has_a_private_name_once_be_it_by_a_resource_or_a_network_endpoint() -> None:
    """Trap 15."""
    provider, consumer = person(), person()
    arn = named_configuration(provider)
    shared(provider, arn, consumer)
    made_in = network(consumer)
    associate(consumer, made_in["id"], arn, privateDnsEnabled=True)
    pass_time(5)
    first = network_endpoint(consumer, made_in["arn"], PrivateDnsEnabled=True)
    pass_time(10)

    second = refusal(lambda: resource_endpoint(consumer, arn, PrivateDnsEnabled=True))
    without = resource_endpoint(consumer, arn)
    consumer.ec2.delete_vpc_endpoints(VpcEndpointIds=[first["VpcEndpointId"]])
    deleting = refusal(lambda: resource_endpoint(consumer, arn, PrivateDnsEnabled=True))
    pass_time(10)
    again = resource_endpoint(consumer, arn, PrivateDnsEnabled=True)
    pass_time(15)

    assert (second, deleting) == ("InvalidParameter", "InvalidParameter")
    assert private_names(consumer, without) == []
    assert private_names(consumer, again) == ["db.example.com"]


def test_the_resources_own_vpc_gets_no_private_name() -> None:
    provider = person()
    arn = named_configuration(provider)

    endpoint = resource_endpoint(provider, arn, PrivateDnsEnabled=True)
    pass_time(15)

    assert private_names(provider, endpoint) == []


def test_a_failed_endpoint_shows_the_reason_and_has_no_associations() -> None:
    """Trap 9."""
    owner = person()
    made_in = network(owner)
    associate(owner, made_in["id"], resource_configuration(owner))

    with faults.injected(CallFault("ec2:CreateVpcEndpoint", "fails-later", account=owner.account_id)):
        endpoint = network_endpoint(owner, made_in["arn"])
    pass_time(15)

    request = {"VpcEndpointIds": [endpoint["VpcEndpointId"]]}
    described = owner.ec2.describe_vpc_endpoints(**request)["VpcEndpoints"][0]
    assert (described["State"], bool(described["FailureReason"]), bool(described["LastError"]["Message"])) == (
        "Failed",
        True,
        True,
    )
    assert endpoint_associations(owner, endpoint) == []


def test_more_endpoints_than_the_quotas_are_refused() -> None:
    """Trap 18."""
    owner = person()
    made_in, other = network(owner), network(owner, "other")
    network_endpoint(owner, made_in["arn"])

    with lowered(network_endpoints_per_vpc=1):
        per_vpc = refusal(lambda: network_endpoint(owner, other["arn"]))
    with lowered(network_endpoints_per_network=1):
        per_network = refusal(lambda: network_endpoint(owner, made_in["arn"]))

    assert (per_vpc, per_network) == ("VpcEndpointLimitExceeded", "VpcEndpointLimitExceeded")


def test_a_client_token_gives_the_same_network_endpoint() -> None:
    """Trap 19."""
    owner = person()
    made_in = network(owner)
    first = network_endpoint(owner, made_in["arn"], ClientToken="one")

    again = network_endpoint(owner, made_in["arn"], ClientToken="one")
    other = refusal(lambda: network_endpoint(owner, made_in["arn"], ClientToken="one", PrivateDnsEnabled=True))

    assert again["VpcEndpointId"] == first["VpcEndpointId"]
    assert other == "IdempotentParameterMismatch"


@pytest.mark.parametrize("kind", ["Resource", "ServiceNetwork"])
def test_some_zones_take_no_endpoint(kind: str) -> None:
    """Trap 11."""
    owner = person()
    arn = resource_configuration(owner) if kind == "Resource" else network(owner)["arn"]
    make = resource_endpoint if kind == "Resource" else network_endpoint

    with mock.patch.object(vpc_facts, "WITHOUT_LATTICE", frozenset({zone_id(owner)})):
        code = refusal(lambda: make(owner, arn))

    assert code == "InvalidParameter"


def zone_id(owner: Person) -> str:
    _, subnet_ids = first_vpc(owner)
    return str(owner.ec2.describe_subnets(SubnetIds=subnet_ids[:1])["Subnets"][0]["AvailabilityZoneId"])


def test_an_endpoint_to_a_network_takes_sixteen_addresses_of_a_subnet() -> None:
    owner = person()
    vpc_id = owner.ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    small = owner.ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.8.0.0/28")["Subnet"]["SubnetId"]
    made_in = network(owner)

    code = refusal(lambda: network_endpoint(owner, made_in["arn"], VpcId=vpc_id, SubnetIds=[small]))

    assert code == "InsufficientFreeAddressesInSubnet"


def test_the_provider_tags_its_view_of_a_resource_endpoint() -> None:
    owner = person()
    arn = resource_configuration(owner)
    resource_endpoint(owner, arn)
    seen = owner.lattice.list_resource_endpoint_associations(resourceConfigurationIdentifier=arn)["items"][0]

    owner.lattice.tag_resource(resourceArn=seen["arn"], tags={"team": "orders"})

    assert owner.lattice.list_tags_for_resource(resourceArn=seen["arn"])["tags"] == {"team": "orders"}
