"""Deadlines at work: an invitation that expires is told before, says what is to be done, and comes again."""

from collections.abc import Callable, Iterator

import pytest

from local_aws.testing.clock import fast_forward
from scenarios.people import Person
from tests.system.conftest import World, until
from tests.system.logs import counted, logged
from tests.system.model.pace import sweeping_seldom
from tests.system.questions import asked, shown, waiting
from tests.system.requests_in_ledger import reasons, row_of, settled, statuses
from tests.system.resource_endpoints import assert_published_right
from tests.system.withdrawing import HOUR

LOOK_EVERY = 15
"""Minutes between two sweeps of the schedule."""
BETWEEN_SWEEPS = (LOOK_EVERY + 1) * 60
"""A little more than that, in seconds."""


@pytest.fixture
def consumer(deployed: Callable[..., Person]) -> Iterator[Person]:
    person = deployed("520000000641", LookEvery=f"rate({LOOK_EVERY} minutes)", ExpiringHours="2")
    yield person
    # It would sweep through the hours of the next test too.
    person.stop_sweeping()


@pytest.fixture(scope="module")
def asking(deployed: Callable[..., Person]) -> Person:
    return deployed(
        "520000000642",
        LookEvery=f"rate({LOOK_EVERY} minutes)",
        SlackChannel="C0APPROVALS",
        ApprovalHours="24",
        ExpiringHours="2",
    )


@pytest.fixture
def provider(world: World) -> Person:
    return world.person("530000000641")


def share_again(provider: Person, share_arn: str, consumer: Person) -> None:
    """Do what the reason says: the account is not in the share any more, so it is only added."""
    provider.client("ram").associate_resource_share(resourceShareArn=share_arn, principals=[consumer.account_id])


def deadline_of(person: Person, share_arn: str) -> str:
    row = row_of(person, share_arn)
    return row["deadline"]["S"] if row and "deadline" in row else ""


def is_told(person: Person) -> bool:
    """Return whether sweeps tell of one thing that expires soon: nothing is told by no value at all."""
    told = counted(person, "discover_requests", "RequestsExpiring", seconds=BETWEEN_SWEEPS)
    assert set(told) <= {1.0}
    return bool(told)


def test_what_nobody_lets_in_is_told_before_it_expires_and_goes_on_with_the_next_invitation(
    world: World, provider: Person, consumer: Person
) -> None:
    consumer.write_binding("late", resource="late", provider=provider.account_id)
    share_arn = provider.share_database("late", port="5432", with_account=consumer.account_id)
    held = settled(consumer, share_arn, "HELD")
    deadline = held["deadline"]["S"]

    with sweeping_seldom([consumer], minutes=120):
        fast_forward(9 * HOUR)
    assert not is_told(consumer)
    until(lambda: is_told(consumer), lambda: "it is told that the invitation expires", patience=2 * HOUR)
    assert deadline_of(consumer, share_arn) == deadline
    (line,) = logged(consumer, "discover_requests", "expiring")[-1]["requests"]
    assert line == f"{held['request_id']['S']} until {deadline}"

    fast_forward(2 * HOUR)
    expired = settled(consumer, share_arn, "EXPIRED")
    assert reasons(expired) == ["deadline-passed"]
    at = deadline[:16].replace("T", " ")
    text = expired["reasons"]["L"][0]["M"]["text"]["S"]
    assert f"expired at {at} UTC; ask account {provider.account_id} to share again" in text
    assert deadline_of(consumer, share_arn) == ""
    until(lambda: not is_told(consumer), lambda: "nothing expires any more")

    share_again(provider, share_arn, consumer)
    again = settled(consumer, share_arn, "HELD")
    assert again["request_id"] == held["request_id"]
    assert int(again["attempt"]["N"]) > int(expired["attempt"]["N"])
    assert again["deadline"]["S"] > deadline
    consumer.write_policy(
        "let-in", f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    )

    available = settled(consumer, share_arn, "AVAILABLE")
    assert [each for each in statuses(available) if each in {"EXPIRED", "AVAILABLE"}] == ["EXPIRED", "AVAILABLE"]
    assert "deadline" not in available
    (own,) = counted(consumer, "record_outcome", "TimeToConnect", seconds=24 * HOUR)
    (whole,) = counted(consumer, "record_outcome", "TimeToConnectWithPeople", seconds=24 * HOUR)
    assert own < HOUR < 11 * HOUR < whole
    assert_published_right(consumer, "late")
    assert world.denied(consumer) == []


def test_a_question_that_nobody_answers_ends_with_the_invitation_and_is_asked_anew_with_the_next_one(
    world: World, provider: Person, asking: Person
) -> None:
    share_arn = provider.share_database("asked", port="5432", with_account=asking.account_id)
    first = asked(world, share_arn)
    deadline = waiting(asking, share_arn)["deadline"]["S"]

    with sweeping_seldom([asking], minutes=120):
        fast_forward(9 * HOUR)
    until(lambda: is_told(asking), lambda: "it is told", patience=3 * HOUR)
    assert deadline_of(asking, share_arn) == deadline
    assert waiting(asking, share_arn)

    fast_forward(2 * HOUR)
    assert reasons(settled(asking, share_arn, "EXPIRED")) == ["deadline-passed"]
    until(lambda: "xpired" in shown(world, first), lambda: shown(world, first))

    share_again(provider, share_arn, asking)

    row = waiting(asking, share_arn)
    assert row["deadline"]["S"] > deadline
    assert statuses(row).count("WAITING_FOR_APPROVAL") == 2
    assert asked(world, share_arn)["ts"] != first["ts"]
    assert world.denied(asking) == []
