"""Who is registered is offered services and shares, and who is not any longer is not: by rows and the schedule."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local_aws.testing.clock import fast_forward
from local_aws.testing.faults import CallFault, faults
from local_aws.testing.settings import changed
from scenarios.people import Person
from tests.system.conftest import World, until
from tests.system.requests_in_ledger import settled

_consumers = itertools.count(530000000211)
_BALANCER = "arn:aws:elasticloadbalancing:us-east-1:{}:loadbalancer/net/orders/0123456789abcdef"
ROLE = "*DiscoverRequests*"
SWEEP = 300.0
"""The schedule has one made as often."""


@pytest.fixture(scope="module")
def home(deployed: Callable[..., Person]) -> Person:
    return deployed("540000000211")


@pytest.fixture
def consumer(world: World) -> Person:
    return world.person(str(next(_consumers)))


def root(person: Person) -> str:
    return f"arn:aws:iam::{person.account_id}:root"


def service(home: Person, **tags: str) -> tuple[str, str]:
    """Offer a service that nobody is allowed to find; return its id and name."""
    written = [{"Key": f"drawbridge:{key}", "Value": value} for key, value in tags.items()]
    made = home.client("ec2").create_vpc_endpoint_service_configuration(
        AcceptanceRequired=True,
        NetworkLoadBalancerArns=[_BALANCER.format(home.account_id)],
        TagSpecifications=[{"ResourceType": "vpc-endpoint-service", "Tags": written}] if written else [],
    )["ServiceConfiguration"]
    return str(made["ServiceId"]), str(made["ServiceName"])


def share(home: Person, tier: str) -> str:
    made = home.client("ram").create_resource_share(
        name=f"for-{tier}", tags=[{"key": "drawbridge:offer", "value": tier}], allowExternalPrincipals=True
    )
    return str(made["resourceShare"]["resourceShareArn"])


def register(home: Person, consumer: Person, **fields: Any) -> None:
    home.resource("dynamodb").Table(home.output("ConsumersTableName")).put_item(
        Item={"account_id": consumer.account_id, **fields}
    )


def forget(home: Person, consumer: Person) -> None:
    table = home.resource("dynamodb").Table(home.output("ConsumersTableName"))
    table.delete_item(Key={"account_id": consumer.account_id})


def allowed(home: Person, service_id: str) -> dict[str, str | None]:
    """Return whom the service allows, with whose the permission is by its tag."""
    pages = home.client("ec2").get_paginator("describe_vpc_endpoint_service_permissions").paginate(ServiceId=service_id)
    found = [each for page in pages for each in page["AllowedPrincipals"]]
    tags = ({tag["Key"]: tag["Value"] for tag in each.get("Tags", [])} for each in found)
    return {each["Principal"]: of.get("drawbridge:owner") for each, of in zip(found, tags, strict=True)}


def in_share(home: Person, arn: str) -> dict[str, str]:
    """Return how far each account is that was put into the share, by its newest association."""
    pages = (
        home.client("ram")
        .get_paginator("get_resource_share_associations")
        .paginate(associationType="PRINCIPAL", resourceShareArns=[arn])
    )
    found = [each for page in pages for each in page["resourceShareAssociations"]]
    return {each["associatedEntity"]: each["status"] for each in sorted(found, key=lambda each: each["creationTime"])}


def records(home: Person, target: str) -> dict[str, bool]:
    """Return what is on record as offered, and whether it was seen there."""
    items = home.resource("dynamodb").Table(home.output("OffersTableName")).scan()["Items"]
    return {each["principal"]: each["confirmed"] for each in items if each["target"] == target}


def invitations(consumer: Person, arn: str) -> list[dict[str, Any]]:
    pages = consumer.client("ram").get_paginator("get_resource_share_invitations").paginate()
    found = [each for page in pages for each in page["resourceShareInvitations"]]
    return [each for each in found if each["resourceShareArn"] == arn]


def invited(consumer: Person, arn: str) -> dict[str, Any]:
    """Wait for the invitation that can be answered."""

    def pending() -> list[dict[str, Any]]:
        return [each for each in invitations(consumer, arn) if each["status"] == "PENDING"]

    return dict(until(pending, lambda: f"an invitation to {arn}")[0])


def comes_to(look: Callable[[], object], wanted: object) -> None:
    until(lambda: look() == wanted, lambda: f"{look()} is to be {wanted}")


def test_whoever_is_registered_finds_the_service_connects_and_finds_it_no_more_once_it_is_not(
    home: Person, consumer: Person, world: World
) -> None:
    service_id, service_name = service(home, managed="true")
    other = world.person(str(next(_consumers)))
    home.client("ec2").modify_vpc_endpoint_service_permissions(ServiceId=service_id, AddAllowedPrincipals=[root(other)])

    register(home, consumer, services=[service_id])
    comes_to(lambda: allowed(home, service_id), {root(other): None, root(consumer): "drawbridge"})
    endpoint_id = consumer.connect(service_name)
    settled(home, endpoint_id, "AVAILABLE")
    forget(home, consumer)

    comes_to(lambda: allowed(home, service_id), {root(other): None})
    assert records(home, service_id) == {}
    assert consumer.endpoint_state(endpoint_id).lower() == "available"


def test_a_service_that_is_managed_later_or_of_a_tier_later_is_offered_then(home: Person, consumer: Person) -> None:
    register(home, consumer, tier="copper")
    service_id, _ = service(home, tier="copper")
    other_id, _ = service(home, managed="true")
    fast_forward(2 * SWEEP)
    before = allowed(home, service_id), allowed(home, other_id)

    for of, key, value in ((service_id, "managed", "true"), (other_id, "tier", "copper")):
        home.client("ec2").create_tags(Resources=[of], Tags=[{"Key": f"drawbridge:{key}", "Value": value}])

    assert before == ({}, {})
    for each in (service_id, other_id):
        comes_to(lambda each=each: allowed(home, each), {root(consumer): "drawbridge"})  # type: ignore[misc]


def test_who_is_suspended_finds_no_service_and_stays_in_its_shares(home: Person, consumer: Person) -> None:
    service_id, _ = service(home, managed="true", tier="zinc")
    share_arn = share(home, "zinc")
    register(home, consumer, tier="zinc")
    comes_to(lambda: allowed(home, service_id), {root(consumer): "drawbridge"})
    comes_to(lambda: in_share(home, share_arn), {consumer.account_id: "ASSOCIATING"})
    accept(consumer, share_arn)
    comes_to(lambda: in_share(home, share_arn), {consumer.account_id: "ASSOCIATED"})

    register(home, consumer, tier="zinc", suspended_at=datetime.now(UTC).isoformat())

    comes_to(lambda: allowed(home, service_id), {})
    assert in_share(home, share_arn) == {consumer.account_id: "ASSOCIATED"}


def accept(consumer: Person, arn: str) -> None:
    invitation = invited(consumer, arn)
    consumer.client("ram").accept_resource_share_invitation(
        resourceShareInvitationArn=invitation["resourceShareInvitationArn"]
    )


def test_who_changes_tiers_changes_shares_and_those_of_others_stay(
    home: Person, consumer: Person, world: World
) -> None:
    tin, lead = share(home, "tin"), share(home, "lead")
    other = world.person(str(next(_consumers)))
    home.client("ram").associate_resource_share(resourceShareArn=tin, principals=[other.account_id])
    register(home, consumer, tier="tin")
    comes_to(lambda: in_share(home, tin).get(consumer.account_id), "ASSOCIATING")
    accept(consumer, tin)

    register(home, consumer, tier="lead")
    comes_to(lambda: in_share(home, lead), {consumer.account_id: "ASSOCIATING"})
    while_invited = in_share(home, tin)[consumer.account_id]
    accept(consumer, lead)

    comes_to(lambda: in_share(home, tin).get(consumer.account_id), "DISASSOCIATED")
    assert while_invited == "ASSOCIATED"
    assert in_share(home, tin)[other.account_id] == "ASSOCIATING"


def test_who_rejects_the_invitation_to_a_share_is_not_asked_again_for_twelve_hours(
    home: Person, consumer: Person
) -> None:
    share_arn = share(home, "iron")
    register(home, consumer, tier="iron")
    comes_to(lambda: in_share(home, share_arn), {consumer.account_id: "ASSOCIATING"})
    invitation = invited(consumer, share_arn)

    consumer.client("ram").reject_resource_share_invitation(
        resourceShareInvitationArn=invitation["resourceShareInvitationArn"]
    )
    fast_forward(3 * SWEEP)
    by_then = len(invitations(consumer, share_arn))
    put_in_earlier(home, share_arn, consumer, timedelta(hours=11))
    comes_to(lambda: len(invitations(consumer, share_arn)), 2)

    assert by_then == 1
    assert records(home, share_arn) == {consumer.account_id: True}


def put_in_earlier(home: Person, share_arn: str, consumer: Person, by: timedelta) -> None:
    """Have it on record that an account was put into a share earlier: half a day has a hundred and fifty sweeps."""
    table = home.resource("dynamodb").Table(home.output("OffersTableName"))
    key = {"target": share_arn, "principal": consumer.account_id}
    item = table.get_item(Key=key)["Item"]
    table.put_item(Item=item | {"offered_at": (datetime.fromisoformat(item["offered_at"]) - by).isoformat()})


def associated(home: Person, arn: str) -> dict[str, set[str]]:
    """Return which accounts have endpoints, and service networks, associated with a resource configuration."""
    lattice = home.client("vpc-lattice")
    of = {"resourceConfigurationIdentifier": arn}
    endpoints = lattice.list_resource_endpoint_associations(**of)["items"]
    networks = lattice.list_service_network_resource_associations(**of)["items"]
    return {
        "endpoints": {each["vpcEndpointOwner"] for each in endpoints},
        "networks": {each["createdBy"] for each in networks},
    }


def associate(consumer: Person, arn: str) -> None:
    """Associate what is shared with an endpoint, and with a service network."""
    ec2, lattice = consumer.client("ec2"), consumer.client("vpc-lattice")
    ec2.create_vpc_endpoint(
        VpcEndpointType="Resource",
        VpcId=consumer.vpc(),
        SubnetIds=consumer.subnets()[:1],
        ResourceConfigurationArn=arn,
    )
    network = lattice.create_service_network(name="orders", sharingConfig={"enabled": False})
    lattice.create_service_network_resource_association(
        serviceNetworkIdentifier=network["id"], resourceConfigurationIdentifier=arn
    )


def offer_record(home: Person, share_arn: str, consumer: Person) -> dict[str, Any]:
    table = home.resource("dynamodb").Table(home.output("OffersTableName"))
    return dict(table.get_item(Key={"target": share_arn, "principal": consumer.account_id})["Item"])


def come_due(home: Person, share_arn: str, consumer: Person) -> None:
    """Have it on record that what an account has associated is due: the period has two thousand sweeps."""
    table = home.resource("dynamodb").Table(home.output("OffersTableName"))
    item = offer_record(home, share_arn, consumer)
    table.put_item(Item=item | {"leaving": item["leaving"] | {"withdraw_after": item["offered_at"]}})


def test_what_a_consumer_has_associated_goes_with_its_removal_and_after_a_period_if_only_its_entry_went(
    home: Person, consumer: Person, world: World
) -> None:
    arn = home.offer_database("orders", port="5432")
    share_arn = share(home, "silver")
    home.client("ram").associate_resource_share(resourceShareArn=share_arn, resourceArns=[arn])
    by_hand, other = (world.person(str(next(_consumers))) for _ in range(2))
    made = home.client("ram").create_resource_share(name="more", resourceArns=[arn], principals=[other.account_id])
    accept(other, made["resourceShare"]["resourceShareArn"])
    for each in (consumer, by_hand, other):
        register(home, each, tier="silver")
    for each in (consumer, by_hand, other):
        accept(each, share_arn)
    fast_forward(60)
    for each in (consumer, by_hand, other):
        associate(each, arn)
    everybody = {each.account_id for each in (consumer, by_hand, other)}
    comes_to(lambda: associated(home, arn), {"endpoints": everybody, "networks": everybody})

    forget(home, by_hand)
    for each in (consumer, other):
        home.tell("Consumer Removed", account_id=each.account_id)

    left = everybody - {consumer.account_id}
    comes_to(lambda: associated(home, arn), {"endpoints": left, "networks": left})
    comes_to(lambda: {*records(home, share_arn)}, {by_hand.account_id})
    assert associated(home, arn) == {"endpoints": left, "networks": left}
    come_due(home, share_arn, by_hand)
    comes_to(lambda: associated(home, arn), {kind: {other.account_id} for kind in ("endpoints", "networks")})
    comes_to(lambda: records(home, share_arn), {})


def test_whom_a_forbid_keeps_out_of_a_share_is_announced_and_leaves_it_in_time_or_at_once_if_that_is_urgent(
    home: Person, consumer: Person
) -> None:
    arn = home.offer_database("widgets", port="5432")
    share_arn = share(home, "bronze")
    home.client("ram").associate_resource_share(resourceShareArn=share_arn, resourceArns=[arn])
    register(home, consumer, tier="bronze")
    accept(consumer, share_arn)
    fast_forward(60)
    associate(consumer, arn)
    nobody = {"endpoints": set[str](), "networks": set[str]()}

    forbid = f'forbid(principal == Account::"{consumer.account_id}", action == Action::"offer", resource);'
    home.write_policy("bronze", forbid)
    until(lambda: "leaving" in offer_record(home, share_arn, consumer), lambda: "that it leaves is announced")
    announced = in_share(home, share_arn), associated(home, arn)
    home.write_policy("bronze-urgent", f'@urgent("true")\n{forbid}')

    comes_to(lambda: in_share(home, share_arn), {consumer.account_id: "DISASSOCIATED"})
    comes_to(lambda: associated(home, arn), nobody)
    assert announced == ({consumer.account_id: "ASSOCIATED"}, {name: {consumer.account_id} for name in nobody})
    names = [f"/drawbridge/config/policies/{each}" for each in ("bronze", "bronze-urgent")]
    home.client("ssm").delete_parameters(Names=names)
    comes_to(lambda: in_share(home, share_arn), {consumer.account_id: "ASSOCIATING"})


def test_wherever_the_sweep_is_killed_the_next_one_comes_to_the_same(home: Person, consumer: Person) -> None:
    service_id, _ = service(home, managed="true", tier="nickel")
    share_arn = share(home, "nickel")
    kills = [
        CallFault(operation, "kill-after", times=1, account=home.account_id, role=ROLE)
        for operation in (
            "dynamodb:TransactWriteItems",
            "ec2:ModifyVpcEndpointServicePermissions",
            "ec2:CreateTags",
            "ram:AssociateResourceShare",
        )
    ]

    with faults.injected(*kills) as injected:
        register(home, consumer, tier="nickel")
        comes_to(lambda: records(home, share_arn), {consumer.account_id: True})
        comes_to(lambda: allowed(home, service_id), {root(consumer): "drawbridge"})
        # It is tagged a moment before that is on record.
        comes_to(lambda: records(home, service_id), {root(consumer): True})

    assert [injected.struck(each) for each in kills] == [1] * len(kills)
    assert in_share(home, share_arn) == {consumer.account_id: "ASSOCIATING"}
    assert len(invitations(consumer, share_arn)) == 1
    forget(home, consumer)
    comes_to(lambda: (allowed(home, service_id), records(home, service_id), records(home, share_arn)), ({}, {}, {}))


def quotas_told(home: Person) -> list[tuple[str, int, int, str]]:
    """Return the quotas that the schedule's last sweep found near."""
    table = home.resource("dynamodb").Table(home.output("ApprovalsTableName"))
    item = table.get_item(Key={"request_id": "sweep/scheduled"}).get("Item")
    told = json.loads(item["sweep"]).get("quotas", []) if item else []
    return [(each["of"], each["called_for"], each["limit"], each["source"]) for each in told]


def test_a_quota_is_told_before_it_is_reached_as_the_account_has_it(home: Person, consumer: Person) -> None:
    share_arn = share(home, "tin")
    with changed(quotas={"principals_per_share": 1}):
        register(home, consumer, tier="tin")
        comes_to(lambda: [*in_share(home, share_arn)], [consumer.account_id])
        comes_to(
            lambda: [each for each in quotas_told(home) if each[0] == share_arn],
            [(share_arn, 1, 1, "ram L-275DAC00 in Service Quotas")],
        )
    forget(home, consumer)
    comes_to(lambda: records(home, share_arn), {})


def test_no_function_was_denied_anything(world: World, home: Person) -> None:
    assert world.denied(home) == []
