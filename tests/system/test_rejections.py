"""Requesters that a policy rejects: AWS shows the rejection, and nothing of theirs is connected."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scenarios.people import Person
from tests.system.conftest import World
from tests.system.requests_in_ledger import settled
from tests.system.resource_endpoints import endpoints_for


@pytest.fixture(scope="module")
def rejected(world: World) -> Person:
    return world.person("530000000031")


@pytest.fixture(scope="module")
def host(deployed: Callable[..., Person], rejected: Person) -> Person:
    person = deployed("520000000031")
    them = f'principal == Account::"{rejected.account_id}"'
    person.write_policy(
        "turn-away",
        # Otherwise a person would be asked first.
        f'forbid({them}, action == Action::"askApprover", resource);\n'
        f'permit({them}, action == Action::"reject", resource);',
    )
    return person


def test_an_invitation_is_rejected(host: Person, rejected: Person) -> None:
    host.write_binding("unwanted", resource="unwanted", provider=rejected.account_id)

    share_arn = rejected.share_database("unwanted", port="5432", with_account=host.account_id)

    settled(host, share_arn, "REJECTED")
    listing = host.client("ram").get_paginator("get_resource_share_invitations").paginate(resourceShareArns=[share_arn])
    (invitation,) = [each for page in listing for each in page["resourceShareInvitations"]]
    assert invitation["status"] == "REJECTED"
    assert endpoints_for(host, "unwanted") == []


def test_a_connection_is_rejected(host: Person, rejected: Person) -> None:
    _, service_name = host.offer_service()

    endpoint_id = rejected.connect(service_name)

    settled(host, endpoint_id, "REJECTED")
    assert rejected.endpoint_state(endpoint_id) == "rejected"
    assert [name for name, _ in host.published() if endpoint_id in name] == []
