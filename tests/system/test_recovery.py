"""A ledger that is lost: what is connected is taken over as it is, and nobody is asked about it again."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from local_aws.testing.clock import fast_forward
from scenarios.people import Person
from tests.system import providers
from tests.system.attachments import attach
from tests.system.conftest import Policy, World, until
from tests.system.questions import asked, buttons, click, messages, request, shown
from tests.system.recovering import endpoints, shared, versions
from tests.system.requests_in_ledger import reasons, row_of, settled

_names = itertools.count(1)
_strangers = itertools.count(530000000291)
Json = dict[str, Any]

SOME_SWEEPS = 1800.0


@pytest.fixture(scope="module")
def provider(deployed: Callable[..., Person]) -> Person:
    return deployed("510000000291", SlackChannel="C0APPROVALS", ApprovalHours="10", LookEvery="rate(5 minutes)")


@pytest.fixture(scope="module")
def consumer(deployed: Callable[..., Person]) -> Person:
    return deployed("520000000291", SlackChannel="C0APPROVALS", ApprovalHours="10", LookEvery="rate(5 minutes)")


@pytest.fixture
def name(consumer: Person, provider: Person) -> str:
    """Return the name of a share that a binding matches as a whole."""
    name = f"kept-{next(_names)}"
    consumer.write_binding(name, resource="*", provider=provider.account_id, share=name)
    return name


def open_questions(world: World, about: str) -> list[Json]:
    return [each for each in messages(world, about) if buttons(each)]


def recovered(person: Person, subject: str) -> Json:
    row = settled(person, subject, "AVAILABLE")
    assert "recovered" in {each["M"]["code"]["S"] for each in row["decided_by"]["L"]}
    return row


def test_what_is_connected_of_a_share_is_taken_over_as_it_is_and_nobody_is_asked(
    world: World, provider: Person, consumer: Person, name: str
) -> None:
    share_arn = shared(provider, name, consumer)
    click(world, asked(world, share_arn), "U0ALICE")
    attempts = int(settled(consumer, share_arn, "AVAILABLE")["attempt"]["N"])
    (endpoint,) = endpoints(consumer, name)
    written = versions(consumer, f"/drawbridge/connections/{name}")
    asked_before = len(messages(world, share_arn))

    consumer.lose_ledger()

    row = recovered(consumer, share_arn)
    fast_forward(SOME_SWEEPS)
    assert int(row["attempt"]["N"]) == attempts + 1
    assert endpoints(consumer, name) == [endpoint]
    assert written
    assert versions(consumer, f"/drawbridge/connections/{name}") == written
    assert len(messages(world, share_arn)) == asked_before
    # It is a row as any other by now: what was made for it is known, and is taken down with it.
    assert "ways" in row
    provider.client("ram").delete_resource_share(resourceShareArn=share_arn)
    settled(consumer, share_arn, "WITHDRAWN")
    assert (endpoints(consumer, name), versions(consumer, f"/drawbridge/connections/{name}")) == ([], {})


def test_what_is_connected_by_a_service_network_is_taken_over_as_it_is_too(
    world: World, provider: Person, consumer: Person
) -> None:
    name = f"central-{next(_names)}"
    own = attach("service-network", "SINGLE", name, consumer.vpc())
    consumer.write_binding(name, resource="*", provider=provider.account_id, share=name, **own)
    share_arn = shared(provider, name, consumer, providers.service(provider, f"{name}-api"))
    click(world, asked(world, share_arn), "U0ALICE")
    settled(consumer, share_arn, "AVAILABLE")
    written = versions(consumer, f"/drawbridge/connections/{name}")
    asked_before = len(messages(world, share_arn))

    consumer.lose_ledger()

    recovered(consumer, share_arn)
    assert len(written) == 4
    assert versions(consumer, f"/drawbridge/connections/{name}") == written
    assert len(messages(world, share_arn)) == asked_before
    provider.client("ram").delete_resource_share(resourceShareArn=share_arn)
    settled(consumer, share_arn, "WITHDRAWN")
    assert versions(consumer, f"/drawbridge/connections/{name}") == {}


def test_a_connection_is_taken_over_as_it_is_and_nobody_is_asked(world: World, provider: Person) -> None:
    stranger = world.person(str(next(_strangers)))
    endpoint_id = request(provider, stranger)
    click(world, asked(world, endpoint_id), "U0ALICE")
    settled(provider, endpoint_id, "AVAILABLE")
    path = f"/drawbridge/consumers/{stranger.account_id}/{endpoint_id}"
    written = versions(provider, path)

    provider.lose_ledger()

    recovered(provider, endpoint_id)
    fast_forward(SOME_SWEEPS)
    assert stranger.endpoint_state(endpoint_id) == "available"
    assert written
    assert versions(provider, path) == written
    assert open_questions(world, endpoint_id) == []


def test_what_came_into_a_share_since_is_asked_about_and_what_was_connected_stays(
    world: World, provider: Person, consumer: Person, name: str
) -> None:
    share_arn = shared(provider, name, consumer)
    click(world, asked(world, share_arn), "U0ALICE")
    settled(consumer, share_arn, "AVAILABLE")
    (endpoint,) = endpoints(consumer, name)
    payroll = provider.offer_database(f"{name}-payroll", port="5432")
    provider.client("ram").associate_resource_share(resourceShareArn=share_arn, resourceArns=[payroll])

    consumer.lose_ledger()

    question = asked(world, share_arn)
    assert f"• vpc-lattice:resourceconfiguration: {payroll}" in shown(world, question)
    assert "before this ledger began" in shown(world, question)
    assert endpoints(consumer, name) == [endpoint]
    click(world, question, "U0ALICE")
    settled(consumer, share_arn, "AVAILABLE")


def test_a_share_of_which_nothing_is_connected_is_asked_about_as_any_other(
    world: World, provider: Person, consumer: Person
) -> None:
    share_arn = shared(provider, f"unbound-{next(_names)}", consumer)
    first = asked(world, share_arn)
    click(world, first, "U0ALICE")
    settled(consumer, share_arn, "ACCEPTED")

    consumer.lose_ledger()

    def again() -> list[Json]:
        return [each for each in open_questions(world, share_arn) if each["ts"] != first["ts"]]

    (question,) = until(again, lambda: f"asked: {row_of(consumer, share_arn)}")
    click(world, question, "U0ALICE")
    assert "approved" in {
        each["M"]["code"]["S"] for each in settled(consumer, share_arn, "ACCEPTED")["decided_by"]["L"]
    }


def test_what_policies_forbid_by_then_is_kept_until_that_was_announced(
    world: World, provider: Person, consumer: Person, name: str, policy: Policy
) -> None:
    share_arn = shared(provider, name, consumer)
    click(world, asked(world, share_arn), "U0ALICE")
    settled(consumer, share_arn, "AVAILABLE")
    policy(consumer, "none-of-it", f'forbid(principal == Account::"{provider.account_id}", action, resource);')

    consumer.lose_ledger()

    def announced() -> Json | None:
        row = row_of(consumer, share_arn)
        return row if row and row["settled"]["BOOL"] and "withdraw_after" in row else None

    row: Json = until(announced, lambda: f"announced: {row_of(consumer, share_arn)}")
    assert row["status"]["S"] == "AVAILABLE"
    assert "kept" in reasons(row) or row["kept"]["L"]
    assert endpoints(consumer, name) != []
