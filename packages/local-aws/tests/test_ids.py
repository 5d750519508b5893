"""Ids that somebody has chosen."""

from __future__ import annotations

from local_aws.testing.accounts import Accounts
from local_aws.testing.ids import next_service_id, next_vpc_id

CHOSEN = "vpc-0123456789abcdef0"


def test_a_vpc_gets_the_id_that_was_chosen_and_the_next_one_another(local_aws_accounts: Accounts) -> None:
    person = local_aws_accounts.new_person()
    default, ec2 = person.vpc(), person.client("ec2")

    with next_vpc_id(CHOSEN):
        chosen = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    next_one = ec2.create_vpc(CidrBlock="10.30.0.0/16")["Vpc"]["VpcId"]

    assert chosen == CHOSEN
    assert {each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"]} == {default, CHOSEN, next_one}
    assert len({default, CHOSEN, next_one}) == 3


def test_an_endpoint_service_gets_the_id_that_was_chosen_and_the_next_one_another(local_aws_accounts: Accounts) -> None:
    person = local_aws_accounts.new_person()
    balancer = f"arn:aws:elasticloadbalancing:us-east-1:{person.account_id}:loadbalancer/net/orders/0123456789abcdef"

    def offer() -> str:
        made = person.client("ec2").create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[balancer])
        return str(made["ServiceConfiguration"]["ServiceId"])

    with next_service_id("vpce-svc-0123456789abcdef0"):
        chosen = offer()

    assert chosen == "vpce-svc-0123456789abcdef0"
    assert offer() != chosen
