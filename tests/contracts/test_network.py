"""EC2's VPCs and subnets, as the adapter promises to choose them."""

from __future__ import annotations

from typing import Any

from drawbridge.association.plan import Vpc
from drawbridge.aws.network import Network
from tests.contracts.accounts import REGION, Account, answering


def vpc(account: Account, block: int = 1, **tags: str) -> str:
    wanted = [{"ResourceType": "vpc", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]
    created = account.ec2.create_vpc(CidrBlock=f"10.{block}.0.0/16", TagSpecifications=wanted if tags else [])
    return str(created["Vpc"]["VpcId"])


def subnet(account: Account, vpc_id: str, zone: str, number: int, block: int = 1) -> str:
    created = account.ec2.create_subnet(
        VpcId=vpc_id, CidrBlock=f"10.{block}.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
    )
    return str(created["Subnet"]["SubnetId"])


def test_a_vpc_has_one_subnet_of_each_zone_and_at_every_look_the_same(account: Account) -> None:
    vpc_id = vpc(account)
    of_b = [subnet(account, vpc_id, "b", number) for number in range(3)]
    of_a = [subnet(account, vpc_id, "a", number) for number in range(3, 6)]

    looks = [Network(account.ec2).vpc(vpc_id) for _ in range(2)]

    assert looks == [Vpc(vpc_id=vpc_id, subnet_ids=(min(of_a), min(of_b)))] * 2


def test_a_vpc_without_subnets_has_none(account: Account) -> None:
    vpc_id = vpc(account)

    assert Network(account.ec2).vpc(vpc_id) == Vpc(vpc_id=vpc_id, subnet_ids=())


def test_a_vpc_that_is_not_there_is_none(account: Account) -> None:
    assert Network(account.ec2).vpc("vpc-00000000000000000") is None


def test_vpcs_are_found_by_all_of_their_tags_in_the_order_of_their_ids(account: Account) -> None:
    network = Network(account.ec2)
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

    found = Network(account.ec2).tagged({"Environment": "prod"})

    assert {each.vpc_id: each.subnet_ids for each in found} == {key: (value,) for key, value in subnets.items()}


def test_trap_8_vpcs_and_subnets_come_in_pages(account: Account) -> None:
    told: list[dict[str, Any]] = [
        {"SubnetId": f"subnet-{zone}", "VpcId": "vpc-1", "AvailabilityZone": zone} for zone in "ab"
    ]

    with answering(
        account.ec2, "describe_vpcs", {"Vpcs": [], "NextToken": "on"}, {"Vpcs": [{"VpcId": "vpc-1"}]}
    ) as stub:
        stub.add_response("describe_subnets", {"Subnets": told[:1], "NextToken": "on"})
        stub.add_response("describe_subnets", {"Subnets": told[1:]})
        found = Network(account.ec2).vpc("vpc-1")

    assert found == Vpc(vpc_id="vpc-1", subnet_ids=("subnet-a", "subnet-b"))
