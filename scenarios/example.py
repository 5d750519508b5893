"""What docs/bindings.md and docs/intake.md begin with, played in.

A share that was let in and a VPC where its database is to be had, and an endpoint service that nobody may find.
"""

import time

from local_aws.testing.ids import next_service_id, next_vpc_id
from scenarios.people import CONSUMER, PROVIDER, Person

VPC = "vpc-0123456789abcdef0"
"""The id that the documents write for a VPC of one's own: what they have people write can be copied."""

SERVICE = "vpce-svc-0123456789abcdef0"
"""As the documents write it, too."""

POLICY = f"""@reason("We know this provider.")
permit(principal == Account::"{PROVIDER}", action == Action::"accept", resource);
"""

_PATIENCE = 60


def play(url: str) -> None:
    """Have the provider share orders-db, and wait until it is let in. It works in the process that serves."""
    provider, consumer = Person(url, PROVIDER, "provider"), Person(url, CONSUMER, "consumer")
    _make_vpc(consumer)
    _make_service(provider)
    arn = provider.share_database("orders-db", port="5432", with_account=CONSUMER)
    # No event tells of the invitation, but the policy's has everything looked at.
    consumer.write_policy("let-provider-in", POLICY)
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        rows = consumer.ledger(arn)
        # At rest: until then a plan tells of the attempt.
        if rows and rows[0]["status"]["S"] == "ACCEPTED" and rows[0]["settled"]["BOOL"]:
            return
        time.sleep(0.25)
    raise TimeoutError(f"orders-db was not let in within {_PATIENCE} s: {consumer.ledger(arn)}")


def _make_vpc(consumer: Person) -> None:
    ec2 = consumer.client("ec2")
    # The account's default VPC comes with its first call, and has to have an id of its own.
    consumer.vpc()
    with next_vpc_id(VPC):
        ec2.create_vpc(CidrBlock="10.20.0.0/16")
    zones = [each["ZoneName"] for each in ec2.describe_availability_zones()["AvailabilityZones"]]
    for number, zone in enumerate(zones[:2]):
        ec2.create_subnet(VpcId=VPC, CidrBlock=f"10.20.{number}.0/24", AvailabilityZone=zone)


def _make_service(provider: Person) -> None:
    elb, subnets = provider.client("elbv2"), provider.subnets()[:2]
    made = elb.create_load_balancer(Name="orders", Type="network", Scheme="internal", Subnets=subnets)
    balancer = made["LoadBalancers"][0]["LoadBalancerArn"]
    group = elb.create_target_group(Name="orders", Protocol="TCP", Port=5432, VpcId=provider.vpc())
    forward = [{"Type": "forward", "TargetGroupArn": group["TargetGroups"][0]["TargetGroupArn"]}]
    elb.create_listener(LoadBalancerArn=balancer, Protocol="TCP", Port=5432, DefaultActions=forward)
    with next_service_id(SERVICE):
        provider.client("ec2").create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[balancer])
