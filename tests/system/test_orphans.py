"""Orphans: what is ours and belongs to no request is found, and goes once AWS has confirmed that nobody shares it."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from local_aws.testing.clock import fast_forward
from local_aws.testing.deployment import DeploymentError
from local_stack.stack import deploy_stack
from scenarios.people import Person
from tests.system.attachments import attach
from tests.system.conftest import World, until
from tests.system.model.pace import sweeping_seldom
from tests.system.questions import asked, click, request
from tests.system.recovering import endpoints, shared, versions
from tests.system.requests_in_ledger import row_of, settled, statuses
from tests.system.resource_endpoints import endpoints_for

SIX_HOURS = 6 * 3600.0
"""So often are orphans looked for."""

_names = itertools.count(1)
_strangers = itertools.count(530000000311)


@pytest.fixture(scope="module")
def provider(deployed: Callable[..., Person]) -> Person:
    return deployed("510000000311", SlackChannel="C0APPROVALS", ApprovalHours="10", LookEvery="rate(10 minutes)")


@pytest.fixture(scope="module")
def consumer(deployed: Callable[..., Person]) -> Person:
    return deployed("520000000311", SlackChannel="C0APPROVALS", ApprovalHours="10", LookEvery="rate(10 minutes)")


@pytest.fixture
def name() -> str:
    return f"orphaned-{next(_names)}"


def connect(world: World, provider: Person, consumer: Person, name: str, mode: str = "resource-endpoint") -> str:
    """Connect what a share holds by a binding of its name; return the share's ARN."""
    vpc = consumer.vpc()
    consumer.write_binding(
        name, resource="*", provider=provider.account_id, share=name, **attach(mode, "SINGLE", name, vpc)
    )
    share_arn = shared(provider, name, consumer)
    click(world, asked(world, share_arn), "U0ALICE")
    settled(consumer, share_arn, "AVAILABLE")
    return share_arn


def look_for_orphans(person: Person, subject: str) -> None:
    """Have orphans looked for now, as the schedule does it, until one is found."""
    person.hint("schedule-orphans")
    until(lambda: row_of(person, subject), lambda: f"{subject} is found: {person.ledger()}")


def test_another_stack_of_the_same_prefix_is_refused_so_that_what_carries_its_tag_is_one_stack_s(
    consumer: Person,
) -> None:
    with pytest.raises(DeploymentError, match="already exists"):
        deploy_stack(consumer.account_id, name="second", parameters={"SlackChannel": ""})


def test_what_nobody_shares_any_longer_is_found_and_taken_down_after_two_looks(
    provider: Person, consumer: Person, name: str, world: World
) -> None:
    share_arn = connect(world, provider, consumer, name)
    arn = endpoints_for(consumer, name)[0]["ResourceConfigurationArn"]
    by_hand = f"/drawbridge/connections/{name}/by-hand"
    consumer.client("ssm").put_parameter(Name=by_hand, Type="String", Value="mine")

    consumer.lose_ledger()
    provider.client("ram").delete_resource_share(resourceShareArn=share_arn)

    with sweeping_seldom([provider, consumer], minutes=120):
        assert fast_forward(SIX_HOURS, until=lambda: row_of(consumer, arn) is not None)
    row = settled(consumer, arn, "WITHDRAWN")
    assert row["kind"]["S"] == "orphan"
    assert statuses(row)[1:] == ["WITHDRAWING", "WITHDRAWING", "WITHDRAWN"]
    assert endpoints(consumer, name) == []
    assert [*versions(consumer, f"/drawbridge/connections/{name}")] == [by_hand]


def test_a_network_of_ours_goes_with_what_is_in_it(provider: Person, consumer: Person, name: str, world: World) -> None:
    share_arn = connect(world, provider, consumer, name, mode="service-network")
    lattice = consumer.client("vpc-lattice")
    (network,) = (each["arn"] for each in lattice.list_service_networks()["items"] if each["name"] == f"net-{name}")
    (arn,) = (each["resourceConfigurationArn"] for each in _resources_in(consumer, network))

    consumer.lose_ledger()
    provider.client("ram").delete_resource_share(resourceShareArn=share_arn)

    look_for_orphans(consumer, arn)
    settled(consumer, arn, "WITHDRAWN")
    assert network not in {each["arn"] for each in lattice.list_service_networks()["items"]}
    assert versions(consumer, f"/drawbridge/connections/{name}") == {}


def _resources_in(person: Person, network: str) -> list[dict[str, str]]:
    lattice = person.client("vpc-lattice")
    return list(lattice.list_service_network_resource_associations(serviceNetworkIdentifier=network)["items"])


def test_names_of_an_endpoint_that_is_gone_are_an_orphan_s_too(world: World, provider: Person) -> None:
    stranger = world.person(str(next(_strangers)))
    endpoint_id = request(provider, stranger)
    click(world, asked(world, endpoint_id), "U0ALICE")
    settled(provider, endpoint_id, "AVAILABLE")
    path = f"/drawbridge/consumers/{stranger.account_id}/{endpoint_id}"
    assert versions(provider, path)

    provider.lose_ledger()
    stranger.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])

    look_for_orphans(provider, endpoint_id)
    settled(provider, endpoint_id, "WITHDRAWN")
    assert versions(provider, path) == {}


def test_an_orphan_that_is_shared_again_is_that_share_s(
    provider: Person, consumer: Person, name: str, world: World
) -> None:
    share_arn = connect(world, provider, consumer, name)
    (endpoint,) = endpoints(consumer, name)
    arn = endpoints_for(consumer, name)[0]["ResourceConfigurationArn"]
    consumer.lose_ledger()
    provider.client("ram").delete_resource_share(resourceShareArn=share_arn)
    # An hour would be enough to confirm that it is gone.
    look_for_orphans(consumer, arn)

    again = provider.client("ram").create_resource_share(
        name=name, resourceArns=[arn], principals=[consumer.account_id]
    )["resourceShare"]["resourceShareArn"]
    click(world, asked(world, again), "U0ALICE")

    settled(consumer, again, "AVAILABLE")
    settled(consumer, arn, "WITHDRAWN")
    assert endpoints(consumer, name) == [endpoint]
