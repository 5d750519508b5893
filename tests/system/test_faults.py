"""Calls that fail, and answers that are lost: the same end, and nothing twice."""

from collections.abc import Callable

import pytest

from scenarios.people import Person
from tests.system.conftest import World, until
from tests.system.requests_in_ledger import settled, statuses
from tests.system.resource_endpoints import assert_published_right, endpoints_for


@pytest.fixture(scope="module")
def provider(deployed: Callable[[str], Person]) -> Person:
    return deployed("510000000004")


@pytest.fixture(scope="module")
def consumer(deployed: Callable[[str], Person], provider: Person) -> Person:
    person = deployed("520000000004")
    permit = f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    person.write_policy("let-in", permit)
    return person


@pytest.mark.parametrize(
    "operation",
    [
        "ram:AcceptResourceShareInvitation",
        "ec2:CreateVpcEndpoint",
        "ssm:PutParameter",
        "dynamodb:UpdateItem",
        "states:StartExecution",
        "events:PutEvents",
    ],
)
@pytest.mark.parametrize("fault", ["lost-answer", "throttle"])
def test_a_share_comes_to_the_same_end_whatever_call_fails(
    world: World, provider: Person, consumer: Person, operation: str, fault: str
) -> None:
    name = f"{operation.partition(':')[2].lower()[:20]}-{fault}"
    consumer.write_binding(name, resource=name, provider=provider.account_id, share=name)
    # Four times, so that the SDK's own retries don't hide it.
    world.control("faults", {"seed": 1, "calls": [{"operation": operation, "fault": fault, "times": 4}]})

    share_arn = provider.share_database(name, port="5432", with_account=consumer.account_id)

    row = settled(consumer, share_arn, "AVAILABLE")
    world.control("faults", {})
    assert [status for status in statuses(row) if status == "AVAILABLE"] == ["AVAILABLE"]
    assert_published_right(consumer, name)
    assert len(endpoints_for(consumer, name)) == 1


@pytest.mark.parametrize("fault", ["lost-answer", "throttle"])
def test_a_connection_comes_to_the_same_end_though_accepting_fails(
    world: World, provider: Person, consumer: Person, fault: str
) -> None:
    service_id, service_name = provider.offer_service()
    provider.register_consumer(consumer.account_id, service_id)
    faults = [{"operation": "ec2:AcceptVpcEndpointConnections", "fault": fault, "times": 4}]
    world.control("faults", {"seed": 1, "calls": faults})

    endpoint_id = consumer.connect(service_name)

    row = settled(provider, endpoint_id, "AVAILABLE")
    world.control("faults", {})
    assert statuses(row) == ["PENDING", "ACCEPTED", "AVAILABLE"]
    assert provider.parameter(f"/drawbridge/consumers/{consumer.account_id}/{endpoint_id}/dns-name")


def test_what_has_settled_is_left_alone(world: World, consumer: Person) -> None:
    calls = ("ssm:PutParameter", "ec2:CreateVpcEndpoint", "states:StartExecution", "dynamodb:UpdateItem")
    until(world.quiet, lambda: "the local AWS comes to rest")
    before = {call: world.calls(consumer.account_id, call) for call in calls}
    sweeps = world.calls(consumer.account_id, "ram:GetResourceShareInvitations")

    until(
        lambda: world.calls(consumer.account_id, "ram:GetResourceShareInvitations") >= sweeps + 3,
        lambda: "three more sweeps",
    )

    assert {call: world.calls(consumer.account_id, call) for call in calls} == before
