"""What a stack that nobody has set up yet makes of what comes: docs/deploy.md says the same in its table."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from local_aws.testing.organizations import arrange
from scenarios.people import Person
from tests.system.conftest import World
from tests.system.requests_in_ledger import reasons, settled

PROVIDER = "510000000077"


@pytest.fixture(scope="module")
def fresh(deployed: Callable[..., Person]) -> Person:
    """Return somebody whose account has the stack, with no parameter given, in an organization with the provider."""
    person = deployed("520000000077", OrganizationsRoleName="")
    arrange("590000000077", {PROVIDER: "workloads/prod", person.account_id: "workloads/test"}, ram_sharing=True)
    return person


def test_a_share_of_our_own_organization_is_held(fresh: Person, world: World) -> None:
    fresh.write_binding("orders", resource="*", provider=PROVIDER)

    share_arn = world.person(PROVIDER).share_database("orders-db", port="5432", with_account=fresh.account_id)

    row = settled(fresh, share_arn, "HELD")
    assert reasons(row)[0] == "approval-not-configured"


def test_an_endpoint_of_an_account_that_is_not_registered_is_held(fresh: Person, world: World) -> None:
    _, service_name = fresh.offer_service()

    endpoint_id = world.person("530000000077").connect(service_name)

    assert reasons(settled(fresh, endpoint_id, "HELD"))[0] == "approval-not-configured"


def test_an_endpoint_of_a_registered_consumer_is_connected(fresh: Person, world: World) -> None:
    service_id, service_name = fresh.offer_service()
    fresh.register_consumer("540000000077", service_id)

    endpoint_id = world.person("540000000077").connect(service_name)

    settled(fresh, endpoint_id, "AVAILABLE")
