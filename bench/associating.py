"""What it takes to associate 1, 10 and 100 resources in 1 and 10 VPCs, in each mode, compared with the fewest calls.

``python -m bench.associating``, with ``MODE RESOURCES VPCS`` for one of them.
"""

import itertools
import json
import logging
import sys
from collections import Counter
from typing import Any

from bench.measure import Span, measured
from local_aws.testing.clock import fast_forward
from local_aws.testing.server import LocalAws
from local_aws.testing.throttles import limit_of
from local_stack.stack import deploy_stack
from scenarios.people import Person

REGION = "us-east-1"
HOUR = 3600.0

SIZES = ((1, 1), (10, 1), (100, 1), (1, 10), (10, 10), (100, 10))
MODES = ("resource-endpoint", "service-network", "service-network-endpoint")

PER_SHARE = 10
"""Resources of a share: a workflow makes only so many associations of one share."""

_VISIBLE = 3.0
"""Seconds after which what is shared is visible."""

_numbers = itertools.count(1)


def report_associating(url: str, *only: tuple[str, int, int]) -> None:
    """Associate resources, and print calls and time beside the least that AWS needs."""
    for mode, (resources, vpcs) in itertools.product(MODES, SIZES):
        if only and (mode, resources, vpcs) not in only:
            continue
        number = next(_numbers)
        consumer, provider = Person(url, f"46{number:010}", "consumer"), Person(url, f"47{number:010}", "provider")
        deploy_stack(consumer.account_id, parameters={"SlackChannel": "", "LookEvery": "rate(5 minutes)"})
        span = _associate(consumer, provider, mode, resources, vpcs)
        _print(span, mode, resources, vpcs)


def _associate(consumer: Person, provider: Person, mode: str, resources: int, vpcs: int) -> Span:
    permit = f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    consumer.write_policy("let-provider-in", permit)
    tagged = _make_vpcs(consumer, vpcs)
    network: dict[str, Any] = (
        {} if mode == "resource-endpoint" else {"serviceNetwork": {"name": "bench", "create": True}}
    )
    consumer.write_binding("all", resource="*", provider=provider.account_id, mode=mode, vpc=tagged, **network)
    offered = [provider.offer_database(f"db-{number:03}", port="5432") for number in range(resources)]
    fast_forward(2 * 60)
    expected = resources * vpcs

    def published() -> int:
        return sum(name.endswith("/dns-name") for name, _ in consumer.published())

    def rests() -> bool:
        rows = consumer.ledger()
        return all(row["settled"]["BOOL"] for row in rows) and published() == expected

    with measured([consumer]) as span:
        for start in range(0, resources, PER_SHARE):
            provider.client("ram").create_resource_share(
                name=f"share-{start}", resourceArns=offered[start : start + PER_SHARE], principals=[consumer.account_id]
            )
        # AWS sends no event of an invitation; without this the schedule finds it, up to five minutes later.
        fast_forward(_VISIBLE)
        hint = {"source": "drawbridge.command", "detail-type": "Sweep"}
        consumer.client("sqs").send_message(QueueUrl=consumer.output("HintsQueueUrl"), MessageBody=json.dumps(hint))
        fast_forward(12 * HOUR, until=rests, patience=HOUR)
    if published() != expected:
        raise RuntimeError(f"{published()} of {expected} names are published")
    return span


def _make_vpcs(consumer: Person, count: int) -> dict[str, Any]:
    """Make VPCs with a subnet each; return the ``vpc`` of a binding for them."""
    ec2 = consumer.client("ec2")
    for _ in range(count):
        vpc_id = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.9.0.0/24", AvailabilityZone="us-east-1a")
        ec2.create_tags(Resources=[vpc_id], Tags=[{"Key": "bench", "Value": "yes"}])
    return {"tag": {"bench": "yes"}}


def _fewest(mode: str, resources: int, vpcs: int) -> Counter[str]:
    """Return the fewest calls that AWS needs; none of them reads."""
    fewest = Counter({"ssm:PutParameter": 2 * resources * vpcs})
    match mode:
        case "resource-endpoint":
            fewest["ec2:CreateVpcEndpoint"] = resources * vpcs
        case "service-network":
            fewest["vpc-lattice:CreateServiceNetwork"] = 1
            fewest["vpc-lattice:CreateServiceNetworkResourceAssociation"] = resources
            fewest["vpc-lattice:CreateServiceNetworkVpcAssociation"] = vpcs
        case _:
            fewest["vpc-lattice:CreateServiceNetwork"] = 1
            fewest["vpc-lattice:CreateServiceNetworkResourceAssociation"] = resources
            fewest["ec2:CreateVpcEndpoint"] = vpcs
    return fewest


def _print(span: Span, mode: str, resources: int, vpcs: int) -> None:
    made: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for (_, operation), count in span.calls.items():
        made[operation] += count
    for (_, operation), count in span.throttled.items():
        refused[operation] += count
    fewest = _fewest(mode, resources, vpcs)
    soonest = max(_soonest(operation, count) for operation, count in fewest.items())
    print(f"\n{mode}: {resources} resource(s) into {vpcs} VPC(s), {resources * vpcs} names")
    print(
        f"   {span.seconds:.0f} s on the local clock; AWS lets the calls that have to be made pass in {soonest:.0f} s; "
        f"{made.total()} calls in all, {refused.total()} of them throttled; {span.executions} execution(s), "
        f"{span.transitions} state transitions"
    )
    print(f"   {'calls':>7}{'throttled':>11}{'at least':>10}")
    changing = {operation for operation in made if not _reads(operation)} & {*fewest, *_of_attachments(made)}
    for operation in sorted(changing):
        print(f"   {made[operation]:>7}{refused[operation] or '':>11}{fewest[operation]:>10}  {operation}")
    reading = {
        each: count for each, count in made.items() if _reads(each) and each.startswith(("ec2:", "vpc-lattice:"))
    }
    for operation, count in sorted(reading.items()):
        print(f"   {count:>7}{refused[operation] or '':>11}{'':>10}  {operation}")


def _of_attachments(made: Counter[str]) -> set[str]:
    return {each for each in made if each.startswith(("ec2:", "vpc-lattice:", "ssm:"))}


def _reads(operation: str) -> bool:
    return operation.partition(":")[2].startswith(("Get", "List", "Describe"))


def _soonest(operation: str, count: int) -> float:
    limit = limit_of(operation, REGION)
    return max(0.0, count - limit.size) / limit.refill if limit else 0.0


def main() -> None:
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    arguments = sys.argv[1:]
    only = [(mode, int(resources), int(vpcs)) for mode, resources, vpcs in zip(*[iter(arguments)] * 3, strict=True)]
    with LocalAws() as server:
        report_associating(server.url, *only)


if __name__ == "__main__":
    main()
