"""What a sweep compares: whatever a plan rests on changes after everything has settled, and comes right by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from local_aws.testing.faults import CallFault, faults
from local_aws.testing.incidents import trouble_shared_resource
from scenarios.people import Person
from tests.system import providers
from tests.system.conftest import World, until
from tests.system.requests_in_ledger import reasons, row_of, settled
from tests.system.resource_endpoints import endpoints_for


@pytest.fixture(scope="module")
def provider(world: World) -> Person:
    return world.person("510000000121")


@pytest.fixture(scope="module")
def consumer(deployed: Callable[..., Person], provider: Person) -> Person:
    person = deployed("520000000121")
    permit = f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    person.write_policy("let-provider-in", permit)
    return person


def bind(person: Person, provider: Person, name: str, **attach: Any) -> None:
    person.write_binding(name, resource=name, provider=provider.account_id, share=name, **attach)


def shared(provider: Person, consumer: Person, name: str) -> str:
    return providers.share(provider, name, providers.single(provider, name), consumer.account_id)


def new_vpc(person: Person, *, zones: str = "a", **tags: str) -> str:
    ec2 = person.client("ec2")
    vpc_id = str(ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])
    for number, zone in enumerate(zones):
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")
    tag(person, vpc_id, **tags)
    return vpc_id


def tag(person: Person, vpc_id: str, **tags: str) -> None:
    if tags:
        written = [{"Key": key, "Value": value} for key, value in tags.items()]
        person.client("ec2").create_tags(Resources=[vpc_id], Tags=written)


MOST_ATTEMPTS = 4
"""Of one share of these tests: no change is a reason for more than one attempt, or two if a sweep sees half of it."""


def attempt_of(person: Person, share_arn: str) -> int:
    return int((row_of(person, share_arn) or {"attempt": {"N": "0"}})["attempt"]["N"])


def comes_to(person: Person, share_arn: str, status: str, *, attempt: int) -> dict[str, Any]:
    """Wait until the attempt, or a later one, has come to the status; return the row."""

    def there() -> dict[str, Any] | None:
        row = row_of(person, share_arn)
        right = row and row["status"]["S"] == status and row["settled"]["BOOL"] and int(row["attempt"]["N"]) >= attempt
        return row if right else None

    found: dict[str, Any] = until(there, lambda: f"{share_arn} comes to {status}: {row_of(person, share_arn)}")
    return found


def test_a_vpc_that_gets_the_tag_later_is_connected_and_what_rests_is_left_alone(
    world: World, provider: Person, consumer: Person
) -> None:
    first = new_vpc(consumer, Team="first")
    bind(consumer, provider, "tagged", mode="resource-endpoint", vpc={"tag": {"Team": "first"}})
    bind(consumer, provider, "beside", mode="resource-endpoint", vpc=consumer.vpc())
    share_arn, other = (shared(provider, consumer, name) for name in ("tagged", "beside"))
    settled(consumer, share_arn, "AVAILABLE")
    settled(consumer, other, "AVAILABLE")

    second = new_vpc(consumer)
    until(world.quiet, lambda: "the local AWS comes to rest")
    assert (attempt_of(consumer, share_arn), attempt_of(consumer, other)) == (1, 1)
    tag(consumer, second, Team="first")

    comes_to(consumer, share_arn, "AVAILABLE", attempt=2)
    for vpc_id in (first, second):
        assert consumer.parameter(f"/drawbridge/connections/tagged/tagged/{vpc_id}/dns-name")
    until(world.quiet, lambda: "the local AWS comes to rest")
    assert (attempt_of(consumer, share_arn), attempt_of(consumer, other)) == (2, 1)


def test_what_was_held_for_want_of_something_goes_on_once_it_is_there(provider: Person, consumer: Person) -> None:
    ec2 = consumer.client("ec2")
    empty, full, by_network = new_vpc(consumer, zones=""), new_vpc(consumer), new_vpc(consumer)
    by_hand = endpoint_by_hand(provider, consumer, full)
    consumer.client("ssm").put_parameter(
        Name="/drawbridge/config/quotas/resource-endpoints-per-vpc", Type="String", Value="1"
    )
    hindered: dict[str, dict[str, Any]] = {
        "no-vpc": {"mode": "resource-endpoint", "vpc": {"tag": {"Team": "of-tomorrow"}}},
        "no-subnet": {"mode": "resource-endpoint", "vpc": empty},
        "quota-reached": {"mode": "resource-endpoint", "vpc": full},
        "no-service-network": {"mode": "service-network", "vpc": by_network, "serviceNetwork": {"name": "tomorrow"}},
    }
    for code, attach in hindered.items():
        bind(consumer, provider, code, **attach)
    arns = {code: shared(provider, consumer, code) for code in hindered}
    for code, share_arn in arns.items():
        assert code in reasons(settled(consumer, share_arn, "HELD"))

    new_vpc(consumer, Team="of-tomorrow")
    ec2.create_subnet(VpcId=empty, CidrBlock="10.9.7.0/24", AvailabilityZone="us-east-1a")
    ec2.delete_vpc_endpoints(VpcEndpointIds=[by_hand])
    consumer.client("vpc-lattice").create_service_network(name="tomorrow", sharingConfig={"enabled": False})

    for share_arn in arns.values():
        comes_to(consumer, share_arn, "AVAILABLE", attempt=2)
    consumer.client("ssm").delete_parameter(Name="/drawbridge/config/quotas/resource-endpoints-per-vpc")


def endpoint_by_hand(provider: Person, consumer: Person, vpc_id: str) -> str:
    """Make an endpoint as people do, to something that no binding matches."""
    arn = providers.single(provider, "by-hand")
    share_arn = providers.share(provider, "by-hand", arn, consumer.account_id)
    settled(consumer, share_arn, "ACCEPTED")
    ec2 = consumer.client("ec2")
    in_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
    made = ec2.create_vpc_endpoint(
        VpcEndpointType="Resource",
        VpcId=vpc_id,
        SubnetIds=[each["SubnetId"] for each in ec2.describe_subnets(Filters=in_vpc)["Subnets"]],
        ResourceConfigurationArn=arn,
    )
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def test_what_goes_after_it_was_connected_is_reported(provider: Person, consumer: Person) -> None:
    ec2, route53 = consumer.client("ec2"), consumer.client("route53")
    vpc_id = new_vpc(consumer, zones="ab")
    group = ec2.create_security_group(GroupName="going", Description="going", VpcId=vpc_id)["GroupId"]
    made = route53.create_hosted_zone(
        Name="going.example", CallerReference="going", VPC={"VPCRegion": "us-east-1", "VPCId": vpc_id}
    )
    zone = made["HostedZone"]["Id"].rpartition("/")[2]
    network = {"name": "going", "create": True}
    bind(
        consumer,
        provider,
        "of-group",
        mode="service-network",
        vpc=vpc_id,
        securityGroups=[group],
        serviceNetwork=network,
    )
    alias = {"zone": zone, "name": "db.going.example"}
    bind(consumer, provider, "of-zone", mode="resource-endpoint", vpc=vpc_id, alias=alias)
    of_group, of_zone = (shared(provider, consumer, name) for name in ("of-group", "of-zone"))
    settled(consumer, of_group, "AVAILABLE")
    settled(consumer, of_zone, "AVAILABLE")

    ec2.delete_security_group(GroupId=group)
    records = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    ours = [{"Action": "DELETE", "ResourceRecordSet": each} for each in records if each["Type"] not in {"NS", "SOA"}]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": ours})
    route53.delete_hosted_zone(Id=zone)

    assert "no-security-group" in reasons(comes_to(consumer, of_group, "HELD", attempt=2))
    assert "no-hosted-zone" in reasons(comes_to(consumer, of_zone, "HELD", attempt=2))


def test_a_resource_that_gets_other_ports_is_published_as_it_is_now(provider: Person, consumer: Person) -> None:
    bind(consumer, provider, "reported", mode="resource-endpoint", vpc=consumer.vpc())
    share_arn = shared(provider, consumer, "reported")
    settled(consumer, share_arn, "AVAILABLE")
    name = "/drawbridge/connections/reported/reported/connection"
    written = json.loads(consumer.parameter(name) or "{}")
    assert written["portRanges"] == ["5432"]

    provider.client("vpc-lattice").update_resource_configuration(
        resourceConfigurationIdentifier=written["resourceConfigurationArn"], portRanges=["5433"]
    )

    comes_to(consumer, share_arn, "AVAILABLE", attempt=2)
    assert json.loads(consumer.parameter(name) or "{}")["portRanges"] == ["5433"]
    assert len(endpoints_for(consumer, "reported")) == 1


def test_what_aws_will_not_describe_is_reported_keeps_nothing_else_back_and_comes_once_it_can_be_used(
    provider: Person, consumer: Person
) -> None:
    names = ("seen", "unavailable", "failed", "limited")
    good, unavailable, limited = (providers.single(provider, name) for name in ("seen", "unavailable", "limited"))
    fails = CallFault("vpc-lattice:CreateResourceConfiguration", "fails-later", account=provider.account_id)
    with faults.injected(fails):
        failed = providers.failed_single(provider, "failed")
    arns = [good, unavailable, failed, limited]
    for name in names:
        consumer.write_binding(
            name, resource=name, provider=provider.account_id, mode="resource-endpoint", vpc=consumer.vpc()
        )
    made = provider.client("ram").create_resource_share(
        name="some", resourceArns=arns, principals=[consumer.account_id]
    )
    share_arn = str(made["resourceShare"]["resourceShareArn"])
    trouble_shared_resource(unavailable, "UNAVAILABLE", "out of order")
    trouble_shared_resource(limited, "LIMIT_EXCEEDED")

    row = comes_to(consumer, share_arn, "AVAILABLE", attempt=1)

    reported = [each["M"] for each in row["reasons"]["L"] if each["M"]["code"]["S"].startswith("resource-")]
    assert {each["code"]["S"] for each in reported} == {"resource-unavailable"}
    texts = {each["text"]["S"].partition(": ")[0]: each["text"]["S"] for each in reported}
    assert texts.keys() == {unavailable, failed, limited}
    assert "UNAVAILABLE: out of order" in texts[unavailable]
    assert "CREATE_FAILED" in texts[failed]
    assert consumer.parameter("/drawbridge/connections/seen/seen/dns-name")

    trouble_shared_resource(unavailable, "")

    comes_to(consumer, share_arn, "AVAILABLE", attempt=int(row["attempt"]["N"]) + 1)
    assert consumer.parameter("/drawbridge/connections/unavailable/unavailable/dns-name")


def test_what_is_denied_is_waited_for_some_minutes_and_then_reported(
    world: World, provider: Person, consumer: Person
) -> None:
    bind(consumer, provider, "hidden", mode="resource-endpoint", vpc=consumer.vpc())
    fault = {
        "operation": "vpc-lattice:GetResourceConfiguration",
        "fault": "error",
        "code": "AccessDeniedException",
        "account": consumer.account_id,
    }
    world.control("faults", {"calls": [fault]})

    share_arn = shared(provider, consumer, "hidden")
    row = settled(consumer, share_arn, "HELD")

    world.control("faults", {})
    assert reasons(row) == ["resource-not-visible"]
    assert "AccessDeniedException" in row["reasons"]["L"][0]["M"]["text"]["S"]
    began, ended = (datetime.fromisoformat(row[each]["S"]) for each in ("first_seen_at", "updated_at"))
    assert timedelta(minutes=1) < ended - began < timedelta(minutes=10)


def test_a_binding_that_is_rewritten_has_the_earlier_endpoint_taken_down_and_the_row_says_so(
    world: World, provider: Person, consumer: Person
) -> None:
    first, second = new_vpc(consumer), new_vpc(consumer)
    bind(consumer, provider, "moving", mode="resource-endpoint", vpc=first)
    share_arn = shared(provider, consumer, "moving")
    settled(consumer, share_arn, "AVAILABLE")
    (old,) = endpoints_for(consumer, "moving")

    bind(consumer, provider, "moving", mode="resource-endpoint", vpc=second)

    row = comes_to(consumer, share_arn, "AVAILABLE", attempt=2)
    assert reasons(row) == ["published", "withdrawn"]
    assert old["VpcEndpointId"] in row["reasons"]["L"][1]["M"]["text"]["S"]
    there = [each for each in endpoints_for(consumer, "moving") if each["State"].lower() == "available"]
    assert [each["VpcId"] for each in there] == [second]
    until(world.quiet, lambda: "the local AWS comes to rest")
    assert attempt_of(consumer, share_arn) == int(row["attempt"]["N"])


def test_a_sweep_makes_as_many_calls_however_many_shares_rest(world: World, consumer: Person) -> None:
    until(world.quiet, lambda: "the local AWS comes to rest")
    operations = (
        "ec2:DescribeVpcs",
        "ec2:DescribeSubnets",
        "ec2:DescribeSecurityGroups",
        "vpc-lattice:ListResourceConfigurations",
        "vpc-lattice:ListServiceNetworks",
        "route53:ListHostedZones",
    )

    def counted() -> dict[str, int]:
        return {
            each: calls_of_sweeps(world, consumer, each) for each in (*operations, "ram:GetResourceShareInvitations")
        }

    def attempts() -> dict[str, str]:
        # What failed is tried again, by its own waits.
        rows = [row for row in consumer.ledger() if row["status"]["S"] != "FAILED"]
        return {row["subject"]["S"]: row["attempt"]["N"] for row in rows}

    before, settled_by_then = counted(), attempts()
    made = until(
        lambda: (
            (now := counted())["ram:GetResourceShareInvitations"] > before["ram:GetResourceShareInvitations"] and now
        ),
        lambda: "another sweep",
    )

    assert len(settled_by_then) >= 5
    assert attempts() == settled_by_then
    assert all(int(attempt) <= MOST_ATTEMPTS for attempt in settled_by_then.values()), settled_by_then
    pages = made["ram:GetResourceShareInvitations"] - before["ram:GetResourceShareInvitations"]
    # A listing may begin with an empty page.
    assert all(made[each] - before[each] <= 2 * pages for each in operations)


def calls_of_sweeps(world: World, person: Person, operation: str) -> int:
    """Return how often the sweeping function has made a call."""
    return sum(
        each["count"]
        for each in world.control("calls")["calls"]
        if (each["account"], each["operation"]) == (person.account_id, operation)
        and "DiscoverRequests" in (each["role"] or "")
    )
