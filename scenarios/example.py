"""What docs/bindings.md begins with, played in: a share that was let in, and a VPC where its database is to be had."""

import time

from local_aws.testing.ids import next_vpc_id
from scenarios.people import CONSUMER, PROVIDER, Person

VPC = "vpc-0123456789abcdef0"
"""The id that the documents write for a VPC of one's own: what they have people write can be copied."""

POLICY = f"""@reason("We know this provider.")
permit(principal == Account::"{PROVIDER}", action == Action::"accept", resource);
"""

_PATIENCE = 60


def play(url: str) -> None:
    """Have the provider share orders-db, and wait until it is let in. It works in the process that serves."""
    provider, consumer = Person(url, PROVIDER, "provider"), Person(url, CONSUMER, "consumer")
    _make_vpc(consumer)
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
