"""Whatever becomes of an execution or of a plan meanwhile: no status is left behind, no permission outlives itself."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from local_aws.testing.workflows import time_out
from scenarios.people import Person
from tests.system.conftest import Policy, World, until
from tests.system.requests_in_ledger import reasons, row_of, settled, statuses
from tests.system.resource_endpoints import assert_published_right, endpoints_for

_numbers = itertools.count(1)
THROTTLED = {"operation": "ec2:CreateVpcEndpoint", "fault": "throttle"}
EVENTS: dict[str, dict[str, Any]] = {"with events": {}, "by the schedule alone": {"drop": 1.0}}


@pytest.fixture(scope="module")
def provider(world: World) -> Person:
    return world.person("510000000091")


@pytest.fixture(scope="module")
def consumer(deployed: Callable[..., Person], provider: Person) -> Person:
    person = deployed("520000000091", LookEvery="rate(1 minute)")
    permit = f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    person.write_policy("let-in", permit)
    return person


@pytest.fixture
def put_off(request: pytest.FixtureRequest, world: World) -> Iterator[Callable[[], None]]:
    """Have no endpoint made, with events and without; yield how it is ended."""
    events = EVENTS[request.param]
    world.control("faults", {"seed": 1, "events": events, "calls": [THROTTLED]})
    yield lambda: world.control("faults", {"seed": 1, "events": events})
    world.control("faults", {})


def associating(provider: Person, consumer: Person, name: str) -> str:
    """Share a database that a binding matches, and wait until it is being associated; return the share's ARN."""
    consumer.write_binding(name, resource=name, provider=provider.account_id, share=name)
    share_arn = provider.share_database(name, port="5432", with_account=consumer.account_id)

    def under_way() -> bool:
        row = row_of(consumer, share_arn)
        return row is not None and row["status"]["S"] == "ASSOCIATING"

    until(under_way, lambda: f"{share_arn} is being associated; it is {row_of(consumer, share_arn)}")
    return share_arn


def execution_of(consumer: Person, share_arn: str) -> str:
    """Return the ARN of the execution of the present attempt."""
    row = row_of(consumer, share_arn)
    assert row is not None
    name = f"{row['request_id']['S']}-{row['attempt']['N']}"
    sfn = consumer.client("stepfunctions")
    (machine,) = (
        each["stateMachineArn"]
        for each in sfn.list_state_machines()["stateMachines"]
        if "onboarding" in each["name"].lower()
    )
    return f"{machine.replace(':stateMachine:', ':execution:')}:{name}"


def stopped(consumer: Person, execution: str) -> None:
    consumer.client("stepfunctions").stop_execution(executionArn=execution, cause="it hung")


def timed_out(consumer: Person, execution: str) -> None:
    # Nine days, in each of which the stack would sweep a thousand times.
    time_out(execution)


@pytest.mark.parametrize(
    ("put_off", "end", "code", "within"),
    [
        ("with events", stopped, "execution-aborted", 60),
        ("by the schedule alone", stopped, "execution-aborted", 240),
        ("by the schedule alone", timed_out, "execution-timed-out", 240),
    ],
    indirect=["put_off"],
)
def test_an_execution_that_ended_while_associating_is_a_failure_and_another_attempt_makes_it_good(
    provider: Person,
    consumer: Person,
    put_off: Callable[[], None],
    end: Callable[[Person, str], None],
    code: str,
    within: int,
) -> None:
    name = f"ended-{next(_numbers)}"
    share_arn = associating(provider, consumer, name)

    end(consumer, execution_of(consumer, share_arn))

    row = settled(consumer, share_arn, "FAILED")
    assert (reasons(row), row["attempt"]["N"], row["failures"]["N"]) == ([code], "1", "1")
    *_, begun, failed = (datetime.fromisoformat(entry["M"]["at"]["S"]) for entry in row["history"]["L"])
    # No sweep asks for an execution that recorded something within the last minute, unless an event names it.
    assert (failed - begun).total_seconds() < within
    put_off()
    row = settled(consumer, share_arn, "AVAILABLE")
    assert row["attempt"]["N"] == "2"
    assert statuses(row)[:4] == ["PENDING", "ACCEPTED", "ASSOCIATING", "FAILED"]
    assert_published_right(consumer, name)


@pytest.mark.parametrize("put_off", ["by the schedule alone"], indirect=True)
def test_a_forbid_that_is_written_while_aws_puts_an_endpoint_off_wins(
    world: World, provider: Person, consumer: Person, put_off: Callable[[], None], policy: Policy
) -> None:
    name = f"forbidden-{next(_numbers)}"
    share_arn = associating(provider, consumer, name)

    forbid = f'forbid(principal, action == Action::"associate", resource) when {{ resource.name == "{name}" }};'
    policy(consumer, name, f'@reason("closed") {forbid}')
    world.control("clock", {"advance": 61})

    row = settled(consumer, share_arn, "HELD")
    # Another attempt may have come to the same since: the policies are others than when the first one began.
    assert reasons(row) == ["association-not-permitted"]
    assert "FAILED" not in statuses(row)
    put_off()
    until(world.quiet, lambda: "the local AWS comes to rest")
    assert endpoints_for(consumer, name) == []
