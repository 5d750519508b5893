"""Subnets of endpoints on the local AWS, and EC2's filters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws_tests.accounts import REGION, Person, person, refusal
from local_aws_tests.lattice_shares import (
    associate,
    endpoint_associations,
    named_configuration,
    network,
    network_endpoint,
    resource_endpoint,
    shared,
)
from local_aws_tests.sharing import first_vpc, pass_time, resource_configuration

OUTPOST = "arn:aws:outposts:{}:{}:outpost/op-0123456789abcdef0"


def outcome(call: Callable[[], Any]) -> str:
    """Make a call; return the error's code, or "" if it succeeded."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def vpc(owner: Person, **tags: str) -> str:
    tagged = [{"ResourceType": "vpc", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]
    made = owner.ec2.create_vpc(
        CidrBlock="10.9.0.0/16", AmazonProvidedIpv6CidrBlock=True, TagSpecifications=tagged if tags else []
    )
    vpc_id = str(made["Vpc"]["VpcId"])
    owner.ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    return vpc_id


def subnet(owner: Person, vpc_id: str, number: int = 1, **params: Any) -> str:
    request = {"AvailabilityZone": f"{REGION}a"} | params
    if not params.get("Ipv6Native"):
        request["CidrBlock"] = f"10.9.{number}.0/24"
    return str(owner.ec2.create_subnet(VpcId=vpc_id, **request)["Subnet"]["SubnetId"])


PLACES: dict[str, dict[str, Any]] = {
    "in a Local Zone": {"AvailabilityZone": f"{REGION}-bos-1a"},
    "in a Wavelength Zone": {"AvailabilityZone": f"{REGION}-wl1-bos-wlz-1"},
    "on an Outpost": {"OutpostArn": OUTPOST.format(REGION, "1" * 12)},
    "with IPv6 only": {"Ipv6Native": True, "Ipv6CidrBlock": "2001:db8:1::/64"},
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ["Resource", "ServiceNetwork"])
def test_one_subnet_that_can_t_hold_it_fails_the_whole_endpoint(kind: str, place: str) -> None:
    owner = person()
    vpc_id = vpc(owner)
    good, bad = subnet(owner, vpc_id, AvailabilityZone=f"{REGION}b"), subnet(owner, vpc_id, 2, **PLACES[place])
    arn = resource_configuration(owner) if kind == "Resource" else network(owner)["arn"]
    make = resource_endpoint if kind == "Resource" else network_endpoint

    assert refusal(lambda: make(owner, arn, VpcId=vpc_id, SubnetIds=[good, bad])) == "InvalidParameter"


def test_a_subnets_location_is_described() -> None:
    owner = person()
    vpc_id = vpc(owner)
    local = subnet(owner, vpc_id, 1, **PLACES["in a Local Zone"])
    outpost = subnet(owner, vpc_id, 2, **PLACES["on an Outpost"])
    six = subnet(owner, vpc_id, 3, **PLACES["with IPv6 only"])

    subnets = {
        each["SubnetId"]: each for each in owner.ec2.describe_subnets(SubnetIds=[local, outpost, six])["Subnets"]
    }
    zones = owner.ec2.describe_availability_zones()["AvailabilityZones"]

    assert subnets[outpost]["OutpostArn"] == PLACES["on an Outpost"]["OutpostArn"]
    assert "OutpostArn" not in subnets[local]
    assert (subnets[six]["Ipv6Native"], subnets[local]["Ipv6Native"]) == (True, False)
    (zone_type,) = {each["ZoneType"] for each in zones if each["ZoneId"] == subnets[local]["AvailabilityZoneId"]}
    assert zone_type == "local-zone"
    _, default = first_vpc(owner)
    assert len(default) == sum(each["ZoneType"] == "availability-zone" for each in zones)


@pytest.mark.parametrize(
    ("address_type", "code"), [("ipv6", "InvalidParameter"), ("dualstack", "InvalidParameter"), ("ipv4", "")]
)
def test_the_subnets_have_to_have_addresses_of_the_type(address_type: str, code: str) -> None:
    owner = person()
    vpc_id, arn = vpc(owner), resource_configuration(owner)
    four = subnet(owner, vpc_id)

    assert (
        outcome(lambda: resource_endpoint(owner, arn, VpcId=vpc_id, SubnetIds=[four], IpAddressType=address_type))
        == code
    )


def test_an_endpoint_has_the_requested_address_type() -> None:
    owner = person()
    vpc_id, arn = vpc(owner), resource_configuration(owner)
    both = subnet(owner, vpc_id, Ipv6CidrBlock="2001:db8:2::/64")
    six = subnet(owner, vpc_id, 2, **PLACES["with IPv6 only"] | {"Ipv6CidrBlock": "2001:db8:3::/64"})

    types = [
        resource_endpoint(owner, arn, VpcId=vpc_id, SubnetIds=[subnet_id], IpAddressType=address_type)["IpAddressType"]
        for subnet_id, address_type in ((both, "dualstack"), (six, "ipv6"))
    ]

    assert types == ["DUALSTACK", "IPV6"]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("prod*", {"prod*", "prod-1", "prod[1]"}),
        (r"prod\*", {"prod*"}),
        ("prod??", {"prod-1"}),
        (r"prod[1]", {"prod[1]"}),
        (r"a\\b", {r"a\b"}),
        ("prod-1", {"prod-1"}),
    ],
)
def test_a_filter_has_wildcards_which_a_backslash_takes_as_they_are(value: str, found: set[str]) -> None:
    owner = person()
    for name in ("prod*", "prod-1", "prod[1]", r"a\b"):
        vpc(owner, Environment=name)

    listed = owner.ec2.describe_vpcs(Filters=[{"Name": "tag:Environment", "Values": [value]}])["Vpcs"]

    assert {tag["Value"] for each in listed for tag in each["Tags"]} == found


@pytest.mark.parametrize("operation", ["describe_vpcs", "describe_subnets", "describe_security_groups"])
def test_a_filter_takes_two_hundred_values(operation: str) -> None:
    owner = person()
    describe = getattr(owner.ec2, operation)
    values = [f"vpc-{number:017x}" for number in range(201)]

    assert outcome(lambda: describe(Filters=[{"Name": "vpc-id", "Values": values[:200]}])) == ""
    assert refusal(lambda: describe(Filters=[{"Name": "vpc-id", "Values": values}])) == "FilterLimitExceeded"
    endpoints = [{"Name": "vpc-id", "Values": values}]
    assert refusal(lambda: owner.ec2.describe_vpc_endpoints(Filters=endpoints)) == "FilterLimitExceeded"


def named(name: str) -> tuple[str, Person]:
    """Share a resource under an unverified name; return its ARN and the consumer."""
    provider, consumer = person(), person()
    arn = named_configuration(provider, name.partition(".")[2], verified=False)
    shared(provider, arn, consumer)
    return arn, consumer


def described(owner: Person, endpoint: dict[str, Any]) -> dict[str, Any]:
    request = {"VpcEndpointIds": [endpoint["VpcEndpointId"]]}
    return dict(owner.ec2.describe_vpc_endpoints(**request)["VpcEndpoints"][0])


def test_private_dns_of_an_endpoint_can_be_turned_on_widened_narrowed_and_off() -> None:
    arn, owner = named("db.bank.example")
    made_in = network(owner)
    associate(owner, made_in["id"], arn, privateDnsEnabled=True)
    vpc_id = vpc(owner)
    endpoint = network_endpoint(owner, made_in["arn"], VpcId=vpc_id, SubnetIds=[subnet(owner, vpc_id)])
    pass_time(15)

    def names(**params: Any) -> tuple[list[str], Any]:
        owner.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint["VpcEndpointId"], **params)
        rows = [
            row["PrivateDnsEntry"]["DnsName"]
            for row in endpoint_associations(owner, endpoint)
            if "PrivateDnsEntry" in row
        ]
        return rows, described(owner, endpoint)["DnsOptions"].get("PrivateDnsPreference")

    only = {"PrivateDnsPreference": "SPECIFIED_DOMAINS_ONLY", "PrivateDnsSpecifiedDomains": ["bank.example"]}
    assert names(PrivateDnsEnabled=True, DnsOptions={"PrivateDnsPreference": "ALL_DOMAINS"}) == (
        ["db.bank.example"],
        "ALL_DOMAINS",
    )
    assert names(DnsOptions={"PrivateDnsPreference": "VERIFIED_DOMAINS_ONLY"}) == ([], "VERIFIED_DOMAINS_ONLY")
    assert names(DnsOptions=only) == (["db.bank.example"], "SPECIFIED_DOMAINS_ONLY")
    assert names(PrivateDnsEnabled=False) == ([], "SPECIFIED_DOMAINS_ONLY")


@pytest.mark.parametrize("kind", ["Resource", "ServiceNetwork"])
def test_subnets_can_be_added_to_an_endpoint_to_a_network_only_and_never_taken(kind: str) -> None:
    owner = person()
    vpc_id = vpc(owner)
    one, other = subnet(owner, vpc_id), subnet(owner, vpc_id, 2, AvailabilityZone=f"{REGION}b")
    twin, local = subnet(owner, vpc_id, 3), subnet(owner, vpc_id, 4, **PLACES["in a Local Zone"])
    arn = resource_configuration(owner) if kind == "Resource" else network(owner)["arn"]
    make = resource_endpoint if kind == "Resource" else network_endpoint
    endpoint = make(owner, arn, VpcId=vpc_id, SubnetIds=[one])

    def modified(**params: Any) -> str:
        request = {"VpcEndpointId": endpoint["VpcEndpointId"]} | params
        return outcome(lambda: owner.ec2.modify_vpc_endpoint(**request))

    assert modified(RemoveSubnetIds=[one]) == "InvalidParameter"
    assert modified(IpAddressType="dualstack") == "InvalidParameter"
    if kind == "Resource":
        assert modified(AddSubnetIds=[other]) == "InvalidParameter"
    else:
        assert modified(AddSubnetIds=[local]) == "InvalidParameter"
        assert modified(AddSubnetIds=[twin]) == "DuplicateSubnetsInSameZone"
        assert modified(AddSubnetIds=[other]) == ""
        assert described(owner, endpoint)["SubnetIds"] == [one, other]


def test_private_dns_is_turned_on_only_in_a_vpc_that_resolves_names_and_for_a_name_that_is_free() -> None:
    arn, owner = named("db.bank.example")
    vpc_id = vpc(owner)
    placement = {"VpcId": vpc_id, "SubnetIds": [subnet(owner, vpc_id)]}
    every = {"PrivateDnsPreference": "ALL_DOMAINS"}
    holder = resource_endpoint(owner, arn, **placement)
    second = resource_endpoint(owner, arn, **placement)
    pass_time(15)

    def turned_on(endpoint: dict[str, Any]) -> str:
        request = {"VpcEndpointId": endpoint["VpcEndpointId"], "PrivateDnsEnabled": True, "DnsOptions": every}
        return outcome(lambda: owner.ec2.modify_vpc_endpoint(**request))

    assert turned_on(holder) == ""
    assert turned_on(holder) == ""
    assert turned_on(second) == "InvalidParameter"
    owner.ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})
    assert turned_on(second) == "InvalidParameter"
