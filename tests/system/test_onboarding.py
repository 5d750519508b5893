"""The main job, from a share or a connection request to a DNS name, each with its events and without any."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local_aws.testing.clock import fast_forward
from local_aws.testing.organizations import arrange
from scenarios.people import Person
from tests.system.conftest import World, until
from tests.system.requests_in_ledger import reasons, settled, statuses
from tests.system.resource_endpoints import assert_published_right, endpoints_for

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def provider(deployed: Callable[[str], Person]) -> Person:
    return deployed("510000000001")


@pytest.fixture(scope="module")
def consumer(deployed: Callable[[str], Person], provider: Person) -> Person:
    person = deployed("520000000001")
    permit = f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    person.write_policy("let-provider-in", permit)
    return person


@pytest.fixture
def name() -> str:
    """A name that no other test uses: the accounts are shared."""
    return f"orders-{next(_numbers)}"


@pytest.fixture
def organization(provider: Person, consumer: Person) -> Iterator[None]:
    arrange(
        "590000000001",
        {provider.account_id: "workloads/prod", consumer.account_id: "workloads/test"},
        ram_sharing=True,
    )
    yield
    arrange("590000000001", {}, ram_sharing=False)


def test_an_invitation_that_policy_lets_in_ends_in_a_name(
    world: World, provider: Person, consumer: Person, name: str, events: str
) -> None:
    accepted_before = world.calls(consumer.account_id, "ram:AcceptResourceShareInvitation")
    consumer.write_binding(name, resource=name, provider=provider.account_id)

    share_arn = provider.share_database(name, port="5432", with_account=consumer.account_id)

    row = settled(consumer, share_arn, "AVAILABLE")
    assert statuses(row)[:4] == ["PENDING", "ACCEPTED", "ASSOCIATING", "AVAILABLE"]
    assert row["account_id"]["S"] == provider.account_id
    assert_published_right(consumer, name)
    assert world.calls(consumer.account_id, "ram:AcceptResourceShareInvitation") == accepted_before + 1


def test_a_share_inside_the_organization_needs_no_invitation(
    world: World, provider: Person, consumer: Person, organization: None, name: str, events: str
) -> None:
    consumer.client("ssm").delete_parameter(Name="/drawbridge/config/policies/let-provider-in")
    accepted_before = world.calls(consumer.account_id, "ram:AcceptResourceShareInvitation")
    consumer.write_binding(name, resource=name, provider=provider.account_id)

    share_arn = provider.share_database(name, port="5432", with_account=consumer.account_id)

    row = settled(consumer, share_arn, "AVAILABLE")
    accepted = next(entry["M"] for entry in row["history"]["L"] if entry["M"]["status"]["S"] == "ACCEPTED")
    assert [reason["M"]["source"]["S"] for reason in accepted["reasons"]["L"]] == ["own-organization"]
    assert_published_right(consumer, name)
    assert world.calls(consumer.account_id, "ram:AcceptResourceShareInvitation") == accepted_before
    fast_forward(60)  # a parameter's name is taken for a while after it went
    permit = f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    consumer.write_policy("let-provider-in", permit)


def test_a_registered_consumers_endpoint_is_accepted_and_its_name_published(
    world: World, provider: Person, consumer: Person, events: str
) -> None:
    accepted_before = world.calls(provider.account_id, "ec2:AcceptVpcEndpointConnections")
    service_id, service_name = provider.offer_service()
    provider.register_consumer(consumer.account_id, service_id)

    endpoint_id = consumer.connect(service_name)

    row = settled(provider, endpoint_id, "AVAILABLE")
    assert statuses(row) == ["PENDING", "ACCEPTED", "AVAILABLE"]
    assert consumer.endpoint_state(endpoint_id) == "available"
    names = consumer.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"][0]["DnsEntries"]
    path = f"/drawbridge/consumers/{consumer.account_id}/{endpoint_id}"
    assert provider.parameter(f"{path}/dns-name") == names[0]["DnsName"]
    assert json.loads(provider.parameter(f"{path}/connection") or "")["consumer"] == consumer.account_id
    assert world.calls(provider.account_id, "ec2:AcceptVpcEndpointConnections") == accepted_before + 1


def test_an_endpoint_that_no_policy_lets_in_is_held_and_the_ledger_says_why(
    world: World, provider: Person, name: str, events: str
) -> None:
    accepted_before = world.calls(provider.account_id, "ec2:AcceptVpcEndpointConnections")
    stranger = world.person("530000000001")
    _, service_name = provider.offer_service()

    endpoint_id = stranger.connect(service_name)

    row = settled(provider, endpoint_id, "HELD")
    assert row["account_id"]["S"] == stranger.account_id
    assert reasons(row) == ["approval-not-configured", "policy"]
    assert stranger.endpoint_state(endpoint_id) == "pendingAcceptance"
    assert world.calls(provider.account_id, "ec2:AcceptVpcEndpointConnections") == accepted_before


def test_an_invitation_that_no_policy_lets_in_is_held_and_nothing_is_accepted(
    world: World, consumer: Person, name: str, events: str
) -> None:
    accepted_before = world.calls(consumer.account_id, "ram:AcceptResourceShareInvitation")
    stranger = world.person("530000000002")
    consumer.write_binding(name, resource=name, provider=stranger.account_id)

    share_arn = stranger.share_database(name, port="5432", with_account=consumer.account_id)

    settled(consumer, share_arn, "HELD")
    assert world.calls(consumer.account_id, "ram:AcceptResourceShareInvitation") == accepted_before
    assert endpoints_for(consumer, name) == []


def test_every_managed_service_gets_its_connection_notification_once(
    world: World, provider: Person, events: str
) -> None:
    service_id, _ = provider.offer_service()

    def notifications() -> list[dict[str, Any]]:
        of_service = [{"Name": "service-id", "Values": [service_id]}]
        ec2 = provider.client("ec2")
        return list(ec2.describe_vpc_endpoint_connection_notifications(Filters=of_service)["ConnectionNotificationSet"])

    until(notifications, lambda: f"{service_id} has a connection notification")
    sweeps = world.calls(provider.account_id, "ec2:DescribeVpcEndpointConnectionNotifications")
    until(
        lambda: world.calls(provider.account_id, "ec2:DescribeVpcEndpointConnectionNotifications") >= sweeps + 2,
        lambda: "two more sweeps",
    )

    assert len(notifications()) == 1


def test_no_function_was_denied_anything(world: World, provider: Person, consumer: Person) -> None:
    assert world.denied(provider, consumer) == []
