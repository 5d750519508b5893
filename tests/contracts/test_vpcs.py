"""EC2's VPCs and subnets, as the adapter promises to choose them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.association import Mode
from drawbridge.association.subnets import Subnet, Vpc, unfit
from drawbridge.association.subnets import chosen_subnets as chosen_of
from drawbridge.aws.vpcs import Vpcs, exactly
from drawbridge.errors import AccessDeniedError, ThrottledError, UpstreamError
from local_aws.testing.matching import filter_fits
from tests.contracts.accounts import REGION, Account, answering, refusing


def vpc(account: Account, block: int = 1, **tags: str) -> str:
    desired = [{"ResourceType": "vpc", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]
    created = account.ec2.create_vpc(CidrBlock=f"10.{block}.0.0/16", TagSpecifications=desired if tags else [])
    return str(created["Vpc"]["VpcId"])


def subnet(account: Account, vpc_id: str, zone: str, number: int, block: int = 1) -> str:
    created = account.ec2.create_subnet(
        VpcId=vpc_id, CidrBlock=f"10.{block}.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
    )
    return str(created["Subnet"]["SubnetId"])


ZONE_IDS = ("use1-az1", "usw1-az2", "apne1-az3", "apne2-az2", "euc1-az2", "euw1-az4", "cac1-az3")
ZONES = {"AvailabilityZones": [{"ZoneId": each, "ZoneType": "availability-zone"} for each in ZONE_IDS]}


def chosen_in(found: Vpc | None, mode: Mode = Mode.RESOURCE_ENDPOINT, address_type: str = "") -> tuple[str, ...]:
    assert found is not None
    return chosen_of(found.subnets, mode, address_type)


def test_a_vpc_has_one_subnet_of_each_zone_and_each_time_the_same(account: Account) -> None:
    vpc_id = vpc(account)
    of_b = [subnet(account, vpc_id, "b", number) for number in range(3)]
    of_a = [subnet(account, vpc_id, "a", number) for number in range(3, 6)]

    chosen_twice = [chosen_in(Vpcs(account.ec2).vpc(vpc_id)) for _ in range(2)]

    assert chosen_twice == [(min(of_a), min(of_b))] * 2


def test_a_vpc_without_subnets_has_none(account: Account) -> None:
    vpc_id = vpc(account)

    assert Vpcs(account.ec2).vpc(vpc_id) == Vpc(vpc_id=vpc_id)


def test_a_vpc_that_is_not_there_is_none(account: Account) -> None:
    assert Vpcs(account.ec2).vpc("vpc-00000000000000000") is None


def test_vpcs_are_found_by_all_of_their_tags_in_the_order_of_their_ids(account: Account) -> None:
    network = Vpcs(account.ec2)
    both = sorted(vpc(account, block, Environment="prod", Team="db") for block in range(1, 4))
    vpc(account, 4, Environment="prod")
    vpc(account, 5, Environment="test", Team="db")
    vpc(account, 6, environment="prod", Team="db")

    found = network.tagged({"Environment": "prod", "Team": "db"})

    assert [each.vpc_id for each in found] == both
    assert network.tagged({"Environment": "none"}) == []


def test_each_vpc_gets_its_own_subnets(account: Account) -> None:
    first, second = vpc(account, 1, Environment="prod"), vpc(account, 2, Environment="prod")
    subnets = {first: subnet(account, first, "a", 1, 1), second: subnet(account, second, "a", 1, 2)}

    found = Vpcs(account.ec2).tagged({"Environment": "prod"})

    assert {each.vpc_id: chosen_in(each) for each in found} == {key: (value,) for key, value in subnets.items()}


def listed(subnet_id: str, zone: str, *, zone_id: str = "use1-az1", addresses: int = 200) -> dict[str, Any]:
    """Return a subnet as EC2 lists it."""
    return {
        "SubnetId": subnet_id,
        "VpcId": "vpc-1",
        "AvailabilityZone": zone,
        "AvailabilityZoneId": zone_id,
        "AvailableIpAddressCount": addresses,
    }


def chosen(account: Account, *subnets: dict[str, Any]) -> tuple[str, ...]:
    """Return those of the subnets that are chosen."""
    with answering(account.ec2, "describe_vpcs", {"Vpcs": [{"VpcId": "vpc-1"}]}) as stub:
        stub.add_response("describe_subnets", {"Subnets": list(subnets)})
        stub.add_response("describe_availability_zones", ZONES)
        return chosen_in(Vpcs(account.ec2).vpc("vpc-1"))


def test_a_zone_that_takes_no_resource_endpoint_is_left_out(account: Account) -> None:
    vpc_id = vpc(account)
    zones = account.ec2.describe_availability_zones()["AvailabilityZones"]
    (unsupported,) = (each["ZoneName"] for each in zones if each["ZoneId"] == "use1-az3")
    subnet(account, vpc_id, unsupported.removeprefix(REGION), 1)
    supported = subnet(account, vpc_id, "a", 2)

    assert chosen_in(Vpcs(account.ec2).vpc(vpc_id)) == (supported,)


@pytest.mark.parametrize("zone_id", ["usw1-az2", "apne1-az3", "apne2-az2", "euc1-az2", "euw1-az4", "cac1-az3"])
def test_a_zone_is_named_by_its_id_as_names_differ_from_account_to_account(account: Account, zone_id: str) -> None:
    subnets = chosen(account, listed("subnet-1", "x-1a", zone_id=zone_id), listed("subnet-2", "x-1b"))

    assert subnets == ("subnet-2",)


def test_of_a_zone_s_subnets_a_full_one_is_never_chosen(account: Account) -> None:
    subnets = chosen(
        account,
        listed("subnet-1", "x-1a", addresses=0),
        listed("subnet-2", "x-1a", addresses=1),
        listed("subnet-3", "x-1b", addresses=0),
    )

    assert subnets == ("subnet-2",)


def test_a_vpc_whose_subnets_are_all_full_has_none(account: Account) -> None:
    assert chosen(account, listed("subnet-1", "x-1a", addresses=0)) == ()


def test_trap_8_vpcs_and_subnets_come_in_pages(account: Account) -> None:
    subnets = [listed(f"subnet-{zone}", zone) for zone in "ab"]

    with answering(
        account.ec2, "describe_vpcs", {"Vpcs": [], "NextToken": "on"}, {"Vpcs": [{"VpcId": "vpc-1"}]}
    ) as stub:
        stub.add_response("describe_subnets", {"Subnets": subnets[:1], "NextToken": "on"})
        stub.add_response("describe_subnets", {"Subnets": subnets[1:]})
        stub.add_response("describe_availability_zones", ZONES)
        found = chosen_in(Vpcs(account.ec2).vpc("vpc-1"))

    assert found == ("subnet-a", "subnet-b")


def test_the_vpc_of_a_security_group_and_of_a_subnet_is_reported(account: Account) -> None:
    first, second = vpc(account, 1), vpc(account, 2)
    group = account.ec2.create_security_group(GroupName="db", Description="db", VpcId=first)["GroupId"]
    network = Vpcs(account.ec2)

    assert network.vpc_of_group(group) == first
    found = network.subnet(subnet(account, second, "a", 1, 2))
    assert found is not None
    assert (found.vpc_id, found.zone, found.zone_type) == (second, f"{REGION}a", "availability-zone")


def test_a_group_or_subnet_that_is_not_there_has_no_vpc(account: Account) -> None:
    network = Vpcs(account.ec2)

    assert network.vpc_of_group("sg-00000000000000000") is None
    assert network.subnet("subnet-00000000000000000") is None


def test_trap_8_groups_and_subnets_come_in_pages(account: Account) -> None:
    group = {"GroupId": "sg-1", "VpcId": "vpc-1"}
    with answering(
        account.ec2,
        "describe_security_groups",
        {"SecurityGroups": [], "NextToken": "on"},
        {"SecurityGroups": [group]},
    ):
        assert Vpcs(account.ec2).vpc_of_group("sg-1") == "vpc-1"
    with answering(
        account.ec2, "describe_subnets", {"Subnets": [], "NextToken": "on"}, {"Subnets": [listed("subnet-1", "a")]}
    ) as stub:
        stub.add_response("describe_availability_zones", ZONES)
        found = Vpcs(account.ec2).subnet("subnet-1")
    assert found is not None
    assert found.vpc_id == "vpc-1"


@pytest.mark.parametrize(("support", "names"), [(True, True), (True, False), (False, False)])
def test_trap_15_a_vpc_has_dns_where_it_has_support_and_host_names(
    account: Account, support: bool, names: bool
) -> None:
    vpc_id = vpc(account)
    account.ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": names})
    account.ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsSupport={"Value": support})

    assert Vpcs(account.ec2).has_dns(vpc_id) is (support and names)


def test_what_was_asked_once_is_kept_for_one_run(account: Account) -> None:
    vpc_id = vpc(account)
    network = Vpcs(account.ec2)
    before = network.has_dns(vpc_id)
    account.ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": not before})

    assert network.has_dns(vpc_id) is before
    assert Vpcs(account.ec2).has_dns(vpc_id) is (not before)


PLACES: dict[str, dict[str, Any]] = {
    "local-zone": {"AvailabilityZone": f"{REGION}-bos-1a", "CidrBlock": "10.1.7.0/24"},
    "wavelength-zone": {"AvailabilityZone": f"{REGION}-wl1-bos-wlz-1", "CidrBlock": "10.1.7.0/24"},
    "Outpost": {"OutpostArn": f"arn:aws:outposts:{REGION}:{'1' * 12}:outpost/op-0", "CidrBlock": "10.1.7.0/24"},
    "type ipv6": {"Ipv6Native": True, "Ipv6CidrBlock": "2001:db8:7::/64"},
}


@pytest.mark.parametrize("mode", [Mode.RESOURCE_ENDPOINT, Mode.SERVICE_NETWORK_ENDPOINT])
@pytest.mark.parametrize("place", PLACES)
def test_what_can_t_hold_an_endpoint_is_never_chosen_and_says_why(account: Account, place: str, mode: Mode) -> None:
    vpc_id = vpc(account)
    good = subnet(account, vpc_id, "b", 1)
    asked = {"AvailabilityZone": f"{REGION}a"} | PLACES[place]
    bad = str(account.ec2.create_subnet(VpcId=vpc_id, **asked)["Subnet"]["SubnetId"])
    network = Vpcs(account.ec2)

    assert chosen_in(network.vpc(vpc_id), mode) == (good,)
    found = network.subnet(bad)
    assert found is not None
    assert place in unfit(found, mode, "")
    assert bad in unfit(found, mode, "")


def test_the_type_of_addresses_chooses_the_subnets(account: Account) -> None:
    vpc_id = vpc(account)
    four = subnet(account, vpc_id, "a", 1)
    desired: list[dict[str, Any]] = [
        {"CidrBlock": "10.1.2.0/24", "AvailabilityZone": f"{REGION}b"},
        {"Ipv6Native": True, "AvailabilityZone": f"{REGION}d"},
    ]
    made = [
        account.ec2.create_subnet(VpcId=vpc_id, Ipv6CidrBlock=f"2001:db8:{number}::/64", **asked)["Subnet"]["SubnetId"]
        for number, asked in enumerate(desired)
    ]
    both, six = made
    found = Vpcs(account.ec2).vpc(vpc_id)

    assert chosen_in(found, address_type="ipv4") == (four, both)
    assert chosen_in(found, address_type="dualstack") == (both,)
    assert chosen_in(found, address_type="ipv6") == (six,)


def test_a_zone_that_aws_does_not_list_is_not_known_to_hold_anything(account: Account) -> None:
    assert chosen(account, listed("subnet-1", "x-1z", zone_id="use1-bos9-az9")) == ()


@pytest.mark.parametrize(("free", "fits"), [(15, False), (16, True)])
def test_an_endpoint_to_a_network_takes_sixteen_addresses(free: int, fits: bool) -> None:
    there = Subnet(id="subnet-1", vpc_id="vpc-1", zone="a", free=free)

    assert chosen_of([there], Mode.SERVICE_NETWORK_ENDPOINT, "") == (("subnet-1",) if fits else ())
    assert chosen_of([there], Mode.RESOURCE_ENDPOINT, "") == ("subnet-1",)


@pytest.mark.parametrize("meant", ["prod*", "prod?", "*", r"prod\\1", r"\*", "prod[1]"])
def test_what_is_a_wildcard_to_ec2_is_just_a_character_of_a_tag(account: Account, meant: str) -> None:
    there = {value: vpc(account, Environment=value) for value in ("prod*", "prod?", "prod1", "*", r"prod\\1", r"\*")}
    there |= {"prod[1]": vpc(account, Environment="prod[1]"), "prod-1": vpc(account, Environment="prod-1")}

    assert [each.vpc_id for each in Vpcs(account.ec2).tagged({"Environment": meant})] == [there[meant]]


def test_what_ec2_lists_without_the_tag_is_left_out_whatever_its_filter_makes_of_it(account: Account) -> None:
    listed_ones = [
        {"VpcId": "vpc-1", "Tags": [{"Key": "Environment", "Value": "production"}]},
        {"VpcId": "vpc-2", "Tags": [{"Key": "Environment", "Value": "prod"}, {"Key": "Team", "Value": "db"}]},
        {"VpcId": "vpc-3"},
    ]
    with answering(account.ec2, "describe_vpcs", {"Vpcs": listed_ones}) as stub:
        stub.add_response("describe_subnets", {"Subnets": []})
        found = Vpcs(account.ec2).tagged({"Environment": "prod"})

    assert found == [Vpc(vpc_id="vpc-2")]


@given(st.text())
def test_a_filter_s_value_is_read_by_ec2_as_the_text_that_it_was_made_of(text: str) -> None:
    assert filter_fits(exactly(text), text)
    assert not filter_fits(exactly(text), f"{text}x")


def test_the_subnets_of_more_vpcs_than_a_filter_takes_are_asked_for_in_parts(account: Account) -> None:
    ids = [f"vpc-{number:03}" for number in range(201)]
    tags = [{"Key": "Environment", "Value": "prod"}]
    with answering(account.ec2, "describe_vpcs", {"Vpcs": [{"VpcId": each, "Tags": tags} for each in ids]}) as stub:
        for some in (ids[:200], ids[200:]):
            filters = [{"Name": "vpc-id", "Values": some}, {"Name": "state", "Values": ["available"]}]
            stub.add_response("describe_subnets", {"Subnets": []}, {"Filters": filters})
        found = Vpcs(account.ec2).tagged({"Environment": "prod"})

    assert [each.vpc_id for each in found] == ids


def test_a_vpc_s_tags_are_asked_for_by_its_id(account: Account) -> None:
    tagged, plain = vpc(account, Environment="prod", Team="orders"), vpc(account, 2)

    vpcs = Vpcs(account.ec2)

    assert vpcs.tags_of(tagged) == {"Environment": "prod", "Team": "orders"}
    assert vpcs.tags_of(plain) == {}
    assert vpcs.tags_of("vpc-0000000000000dead") is None


def test_a_vpc_is_gone_only_if_ec2_says_so(account: Account) -> None:
    vpc_id = vpc(account)

    with answering(account.ec2, "describe_vpcs", {"Vpcs": []}), pytest.raises(UpstreamError, match=vpc_id):
        Vpcs(account.ec2).tags_of(vpc_id)
    for code, error in (("UnauthorizedOperation", AccessDeniedError), ("RequestLimitExceeded", ThrottledError)):
        with refusing(account.ec2, "describe_vpcs", code), pytest.raises(error):
            Vpcs(account.ec2).tags_of(vpc_id)


def test_a_vpc_s_tags_are_asked_for_once_in_one_run_and_what_failed_again(account: Account) -> None:
    vpc_id = vpc(account, Environment="prod")
    vpcs = Vpcs(account.ec2)
    with refusing(account.ec2, "describe_vpcs", "RequestLimitExceeded"), pytest.raises(ThrottledError):
        vpcs.tags_of(vpc_id)
    before = vpcs.tags_of(vpc_id)

    account.ec2.delete_vpc(VpcId=vpc_id)

    assert vpcs.tags_of(vpc_id) == before == {"Environment": "prod"}
    assert Vpcs(account.ec2).tags_of(vpc_id) is None
