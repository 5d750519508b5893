"""What was let in, and nothing else: a share that grows, a policy that comes late, and what is live already."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from demo.people import Person
from local_aws.clock import clock
from tests.system.conftest import Policy, World, until
from tests.system.test_approvals import asked, buttons, click, messages, shown
from tests.system.test_onboarding import endpoints_for, reasons, row_of, settled, statuses

_names = itertools.count(1)
Json = dict[str, Any]


@pytest.fixture(scope="module")
def provider(deployed: Callable[..., Person]) -> Person:
    """Give who offers endpoint services, and who shares: with a stack of its own for the first."""
    return deployed("510000000081", SlackChannel="C0APPROVALS", ApprovalHours="10")


@pytest.fixture(scope="module")
def consumer(deployed: Callable[..., Person]) -> Person:
    return deployed("520000000081", SlackChannel="C0APPROVALS", ApprovalHours="10")


@pytest.fixture
def name(consumer: Person, provider: Person) -> str:
    """Give a name of a share that a binding wants all of."""
    name = f"grows-{next(_names)}"
    consumer.write_binding(name, resource="*", provider=provider.account_id, share=name)
    return name


@pytest.fixture(autouse=True)
def _nothing_fails(world: World) -> Iterator[None]:
    yield
    world.control("faults", {})


def shared(provider: Person, name: str, consumer: Person, *more: str) -> str:
    arns = [provider.offer_database(f"{name}-orders", port="5432"), *more]
    told = provider.aws("ram").create_resource_share(name=name, resourceArns=arns, principals=[consumer.account_id])
    return str(told["resourceShare"]["resourceShareArn"])


def grows(provider: Person, share_arn: str, arn: str) -> None:
    provider.aws("ram").associate_resource_share(resourceShareArn=share_arn, resourceArns=[arn])


def subnet(provider: Person) -> str:
    return f"arn:aws:ec2:us-east-1:{provider.account_id}:subnet/{provider.subnets()[0]}"


def published(consumer: Person, name: str) -> set[str]:
    path = f"/drawbridge/connections/{name}/"
    found = [each for each, _ in consumer.published() if each.startswith(path) and each.endswith("/dns-name")]
    return {each.removeprefix(path).removesuffix("/dns-name") for each in found}


def asked_again(world: World, subject: str, first: Json) -> Json:
    def look() -> Json | None:
        found = [each for each in messages(world, subject) if buttons(each) and each["ts"] != first["ts"]]
        return found[-1] if found else None

    message: Json = until(look, lambda: f"asked again: {messages(world, subject)}")
    return message


def denied(world: World, message: Json, why: str) -> None:
    click(world, message, "U0BOB", "deny")
    view = until(lambda: world.slack()["views"], lambda: "a form")[-1]
    values = {"reason": {"reason": why}}
    world.control("slack/submit", {"user": "U0BOB", "viewId": view["id"], "values": values})


def permit(person: Person, what: str = "accept") -> str:
    return f'permit(principal == Account::"{person.account_id}", action == Action::"{what}", resource);'


def forbid(person: Person, reason: str, what: str = "action") -> str:
    return f'@reason("{reason}") forbid(principal == Account::"{person.account_id}", {what}, resource);'


def texts(row: Json) -> str:
    return "; ".join(each["M"]["text"]["S"] for each in row["reasons"]["L"])


def no_longer_permitted(person: Person, subject: str) -> Json:
    def look() -> Json | None:
        row = row_of(person, subject)
        return row if row and row["no_longer_permitted"]["BOOL"] and row["settled"]["BOOL"] else None

    row: Json = until(look, lambda: f"{subject} is told as no longer permitted: {row_of(person, subject)}")
    return row


def reviews(world: World, subject: str) -> list[Json]:
    told = [each for each in world.control("events")["events"] if each.get("detail-type") == "Request Reviewed"]
    return [each for each in told if each["detail"]["subject"] == subject]


def test_a_share_that_grows_after_it_was_approved_is_associated_only_as_it_was_approved(
    world: World, provider: Person, consumer: Person, name: str
) -> None:
    share_arn = shared(provider, name, consumer)
    first = asked(world, share_arn)
    click(world, first, "U0ALICE")
    settled(consumer, share_arn, "AVAILABLE")
    (endpoint,) = endpoints_for(consumer, name)
    payroll = provider.offer_database(f"{name}-payroll", port="5432")
    grows(provider, share_arn, payroll)

    second = asked_again(world, share_arn, first)

    text = shown(world, second)
    assert f"New: vpc-lattice:resourceconfiguration: {payroll}" in text
    assert "U0ALICE" in text
    assert published(consumer, name) == {f"{name}-orders"}
    denied(world, second, "Nobody needs it.")
    row = settled(consumer, share_arn, "AVAILABLE")
    assert published(consumer, name) == {f"{name}-orders"}
    assert [each["VpcEndpointId"] for each in endpoints_for(consumer, name)] == [endpoint["VpcEndpointId"]]
    assert reasons(row) == ["published", "denied"]
    assert f"{name}-payroll: Denied by U0BOB: Nobody needs it." in texts(row)
    row = no_longer_permitted(consumer, share_arn)
    assert len(reviews(world, share_arn)) == 1
