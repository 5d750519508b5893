"""What was let in, and nothing else: a share that grows, a policy that comes late, and what is live already."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local_aws.testing.clock import clock, fast_forward
from scenarios.people import Person
from tests.system.conftest import Policy, World, until
from tests.system.questions import asked, buttons, click, messages, shown
from tests.system.requests_in_ledger import reasons, row_of, settled, statuses
from tests.system.resource_endpoints import endpoints_for

_names = itertools.count(1)
Json = dict[str, Any]


@pytest.fixture(scope="module")
def provider(deployed: Callable[..., Person]) -> Person:
    """Return who offers endpoint services, and who shares: with a stack of its own for the first."""
    return deployed("510000000281", SlackChannel="C0APPROVALS", ApprovalHours="10")


@pytest.fixture(scope="module")
def consumer(deployed: Callable[..., Person]) -> Person:
    return deployed("520000000281", SlackChannel="C0APPROVALS", ApprovalHours="10")


@pytest.fixture
def name(consumer: Person, provider: Person) -> str:
    """Return the name of a share that a binding matches as a whole."""
    name = f"grows-{next(_names)}"
    consumer.write_binding(name, resource="*", provider=provider.account_id, share=name)
    return name


@pytest.fixture(autouse=True)
def _nothing_fails(world: World) -> Iterator[None]:
    yield
    world.control("faults", {})


def shared(provider: Person, name: str, consumer: Person, *more: str) -> str:
    arns = [provider.offer_database(f"{name}-orders", port="5432"), *more]
    made = provider.client("ram").create_resource_share(name=name, resourceArns=arns, principals=[consumer.account_id])
    return str(made["resourceShare"]["resourceShareArn"])


def grows(provider: Person, share_arn: str, arn: str) -> None:
    provider.client("ram").associate_resource_share(resourceShareArn=share_arn, resourceArns=[arn])


def subnet(provider: Person) -> str:
    return f"arn:aws:ec2:us-east-1:{provider.account_id}:subnet/{provider.subnets()[0]}"


def new_vpc(consumer: Person) -> str:
    """Make a VPC with a subnet."""
    ec2 = consumer.client("ec2")
    vpc_id = str(ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"])
    ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.8.0.0/24", AvailabilityZone="us-east-1a")
    return vpc_id


def published(consumer: Person, name: str) -> set[str]:
    path = f"/drawbridge/connections/{name}/"
    found = [each for each, _ in consumer.published() if each.startswith(path) and each.endswith("/dns-name")]
    return {each.removeprefix(path).removesuffix("/dns-name") for each in found}


def asked_again(world: World, subject: str, first: Json) -> Json:
    def check() -> Json | None:
        found = [each for each in messages(world, subject) if buttons(each) and each["ts"] != first["ts"]]
        return found[-1] if found else None

    message: Json = until(check, lambda: f"asked again: {messages(world, subject)}")
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
    def check() -> Json | None:
        row = row_of(person, subject)
        return row if row and row["no_longer_permitted"]["BOOL"] and row["settled"]["BOOL"] else None

    row: Json = until(check, lambda: f"{subject} is recorded as no longer permitted: {row_of(person, subject)}")
    return row


def reviews(world: World, subject: str) -> list[Json]:
    events = [each for each in world.control("events")["events"] if each.get("detail-type") == "Request Reviewed"]
    return [each for each in events if each["detail"]["subject"] == subject]


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
    assert f"• vpc-lattice:resourceconfiguration: {payroll}" in text
    assert "U0ALICE" in text
    ended = shown(world, first)
    assert "<@U0ALICE>" in ended
    assert "asked again" not in ended
    assert published(consumer, name) == {f"{name}-orders"}
    denied(world, second, "Nobody needs it.")
    row = settled(consumer, share_arn, "AVAILABLE")
    assert published(consumer, name) == {f"{name}-orders"}
    assert [each["VpcEndpointId"] for each in endpoints_for(consumer, name)] == [endpoint["VpcEndpointId"]]
    assert reasons(row) == ["published", "denied"]
    denial = f"{name}-payroll, by binding {name}: Denied by U0BOB: Nobody needs it; what was let in before stays."
    assert denial in texts(row)
    row = no_longer_permitted(consumer, share_arn)
    assert len(reviews(world, share_arn)) == 1


def test_a_share_that_grows_between_approval_and_acceptance_is_asked_about_again(
    world: World, provider: Person, consumer: Person, name: str
) -> None:
    share_arn = shared(provider, name, consumer)
    payroll = provider.offer_database(f"{name}-payroll", port="5432")
    first = asked(world, share_arn)
    # Nothing is accepted until the share has grown, however long that takes here.
    throttled = {"operation": "ram:AcceptResourceShareInvitation", "fault": "throttle"}
    world.control("faults", {"seed": 1, "calls": [throttled]})
    click(world, first, "U0ALICE")
    # The SDK's own tries are over: what it tried again would be accepted as it was seen before.
    until(lambda: _struck(world) >= 4, lambda: "Accept is throttled")
    grows(provider, share_arn, payroll)
    world.control("faults", {})

    second = asked_again(world, share_arn, first)

    assert payroll in shown(world, second)
    assert "Asked again" in shown(world, second)
    assert published(consumer, name) == set()
    click(world, second, "U0ALICE")
    settled(consumer, share_arn, "AVAILABLE")
    assert published(consumer, name) == {f"{name}-orders", f"{name}-payroll"}


def _struck(world: World) -> int:
    return sum(each["struck"] for each in world.control("faults")["calls"])


def test_a_binding_that_comes_after_the_share_was_let_in_associates_nothing_that_a_person_denied(
    world: World, provider: Person, consumer: Person, name: str, policy: Policy
) -> None:
    policy(consumer, f"let-in-{name}", permit(provider))
    share_arn = provider.share_database(f"{name}-orders", port="5432", with_account=consumer.account_id)
    settled(consumer, share_arn, "ACCEPTED")
    # From now on a person is asked.
    policy(consumer, f"let-in-{name}", f'@id("{name}") permit(principal == Account::"000000000000", action, resource);')
    consumer.write_binding(name, resource=f"{name}-*", provider=provider.account_id)

    denied(world, asked(world, share_arn), "Not into that VPC.")

    row = settled(consumer, share_arn, "ACCEPTED")
    assert reasons(row) == ["denied"]
    assert published(consumer, name) == set()
    assert endpoints_for(consumer, name) == []


def test_a_binding_that_moves_associates_nothing_elsewhere_that_a_person_denied(
    world: World, provider: Person, consumer: Person, name: str, policy: Policy
) -> None:
    policy(consumer, f"let-in-{name}", permit(provider))
    share_arn = shared(provider, name, consumer)
    settled(consumer, share_arn, "AVAILABLE")
    # From now on a person is asked.
    policy(consumer, f"let-in-{name}", f'@id("{name}") permit(principal == Account::"000000000000", action, resource);')
    elsewhere = new_vpc(consumer)
    consumer.write_binding(name, resource="*", provider=provider.account_id, share=name, vpc=elsewhere)

    denied(world, asked(world, share_arn), "Not into that VPC.")

    row = settled(consumer, share_arn, "ACCEPTED")
    # No binding wants it where it was.
    assert reasons(row) == ["withdrawn", "denied"]
    assert f"in {elsewhere}: Denied by U0BOB: Not into that VPC; what was let in before stays." in texts(row)
    until(lambda: endpoints_for(consumer, name) == [], lambda: f"{endpoints_for(consumer, name)}")
    assert published(consumer, name) == set()


def test_what_comes_into_a_share_that_policy_permits_as_it_is_then_is_associated_too(
    provider: Person, consumer: Person, name: str, policy: Policy
) -> None:
    policy(consumer, f"let-in-{name}", permit(provider))
    share_arn = shared(provider, name, consumer)
    settled(consumer, share_arn, "AVAILABLE")

    grows(provider, share_arn, provider.offer_database(f"{name}-payroll", port="5432"))

    both = {f"{name}-orders", f"{name}-payroll"}
    until(lambda: published(consumer, name) == both, lambda: f"both: {row_of(consumer, share_arn)}")
    assert set(statuses(settled(consumer, share_arn, "AVAILABLE"))) == {
        "PENDING",
        "ACCEPTED",
        "ASSOCIATING",
        "AVAILABLE",
    }


def test_a_subnet_that_comes_into_a_share_of_lattice_only_is_noticed_and_reported(
    world: World, provider: Person, consumer: Person, name: str, policy: Policy
) -> None:
    policy(consumer, f"let-in-{name}", permit(provider))
    only = "when { context has onlyLattice && !context.onlyLattice };"
    for number, what in enumerate(("accept", "askApprover")):
        text = (
            f'@reason("Lattice only.") forbid(principal, action == Action::"{what}", resource is ResourceShare) {only}'
        )
        policy(consumer, f"lattice-only-{number}-{name}", text)
    share_arn = shared(provider, name, consumer)
    settled(consumer, share_arn, "AVAILABLE")
    (endpoint,) = endpoints_for(consumer, name)

    grows(provider, share_arn, subnet(provider))

    row = no_longer_permitted(consumer, share_arn)
    assert row["status"]["S"] == "AVAILABLE"
    assert "Lattice only." in str(row["review"])
    assert [each["detail"]["permitted"] for each in reviews(world, share_arn)] == [False]
    assert published(consumer, name) == {f"{name}-orders"}
    assert [each["VpcEndpointId"] for each in endpoints_for(consumer, name)] == [endpoint["VpcEndpointId"]]

    provider.client("ram").disassociate_resource_share(resourceShareArn=share_arn, resourceArns=[subnet(provider)])

    def permitted() -> bool:
        row = row_of(consumer, share_arn)
        return bool(row and row["settled"]["BOOL"] and not row["no_longer_permitted"]["BOOL"])

    until(permitted, lambda: f"permitted again: {row_of(consumer, share_arn)}")


@pytest.mark.parametrize("kind", ["share", "connection"])
def test_a_forbid_that_is_written_while_accept_is_throttled_wins(
    world: World, provider: Person, consumer: Person, name: str, policy: Policy, kind: str
) -> None:
    requester, decider = (provider, consumer) if kind == "share" else (consumer, provider)
    policy(decider, f"let-in-{name}", permit(requester))
    throttled = [
        {"operation": operation, "fault": "throttle"}
        for operation in ("ram:AcceptResourceShareInvitation", "ec2:AcceptVpcEndpointConnections")
    ]
    world.control("faults", {"seed": 1, "calls": throttled})
    subject = shared(provider, name, consumer) if kind == "share" else consumer.connect(provider.offer_service()[1])
    until(lambda: _struck(world) >= 4, lambda: "Accept is throttled")
    policy(decider, f"never-{name}", forbid(requester, "Churned."))
    clock.advance(61)
    # A try that began while the decision was fresh repeats its call in real time: it ends before AWS takes one again.
    fast_forward(0)
    world.control("faults", {})

    row = settled(decider, subject, "HELD")

    assert "Churned." in texts(row)
    assert "ACCEPTED" not in statuses(row)
    if kind == "connection":
        assert consumer.endpoint_state(subject) == "pendingAcceptance"
    else:
        listing = consumer.client("ram").get_paginator("get_resource_share_invitations")
        pages = listing.paginate(resourceShareArns=[subject])
        invited = [each["status"] for page in pages for each in page["resourceShareInvitations"]]
        assert invited == ["PENDING"]


def by_hand(provider: Person, consumer: Person) -> tuple[str, str]:
    """Have a connection accepted by a person, on a service that is not managed yet."""
    service_id, service_name = provider.offer_service(managed=False)
    endpoint_id = consumer.connect(service_name)
    ec2 = provider.client("ec2")

    def accepted() -> bool:
        ec2.accept_vpc_endpoint_connections(ServiceId=service_id, VpcEndpointIds=[endpoint_id])
        return consumer.endpoint_state(endpoint_id) == "available"

    until(accepted, lambda: f"{endpoint_id} is available")
    return service_id, endpoint_id


def managed(provider: Person, service_id: str) -> None:
    provider.client("ec2").create_tags(Resources=[service_id], Tags=[{"Key": "drawbridge:managed", "Value": "true"}])


def test_a_connection_accepted_by_hand_stays_on_a_service_that_becomes_managed_under_a_policy_that_rejects(
    world: World, provider: Person, consumer: Person, name: str, policy: Policy
) -> None:
    policy(provider, f"turn-away-{name}", forbid(consumer, "Not them.", 'action == Action::"askApprover"'))
    policy(provider, f"reject-{name}", permit(consumer, "reject"))
    service_id, endpoint_id = by_hand(provider, consumer)

    managed(provider, service_id)

    row = no_longer_permitted(provider, endpoint_id)
    assert (row["status"]["S"], consumer.endpoint_state(endpoint_id)) == ("AVAILABLE", "available")
    assert [each["detail"]["permitted"] for each in reviews(world, endpoint_id)] == [False]
    assert provider.parameter(f"/drawbridge/consumers/{consumer.account_id}/{endpoint_id}/dns-name")


def test_the_question_says_that_a_connection_is_live_and_a_denial_does_not_cut_it(
    world: World, provider: Person, consumer: Person
) -> None:
    service_id, endpoint_id = by_hand(provider, consumer)
    managed(provider, service_id)
    message = asked(world, endpoint_id)

    denied(world, message, "Who are they?")

    assert "The connection is open" in shown(world, message)
    assert "nothing is cut" in shown(world, message)
    row = no_longer_permitted(provider, endpoint_id)
    assert (row["status"]["S"], consumer.endpoint_state(endpoint_id)) == ("AVAILABLE", "available")
    assert "Who are they?" in str(row["review"])
    until(lambda: "Kept as it was" in shown(world, message), lambda: shown(world, message))
    assert provider.parameter(f"/drawbridge/consumers/{consumer.account_id}/{endpoint_id}/dns-name")


def test_an_attempt_that_failed_on_publication_and_is_decided_again_under_a_reject_keeps_its_connection(
    world: World, provider: Person, consumer: Person, name: str, policy: Policy
) -> None:
    policy(provider, f"let-in-{name}", permit(consumer))
    broken = {"operation": "ssm:PutParameter", "fault": "error", "account": provider.account_id, "role": "drawbridge-*"}
    world.control("faults", {"seed": 1, "calls": [broken]})
    endpoint_id = consumer.connect(provider.offer_service()[1])
    settled(provider, endpoint_id, "FAILED")
    world.control("faults", {})

    policy(
        provider, f"stop-{name}", forbid(consumer, "No more.", 'action in [Action::"accept", Action::"askApprover"]')
    )
    policy(provider, f"reject-{name}", permit(consumer, "reject"))

    row = no_longer_permitted(provider, endpoint_id)
    assert (row["status"]["S"], consumer.endpoint_state(endpoint_id)) == ("AVAILABLE", "available")
    assert "No more." in str(row["review"])


def test_no_function_was_denied_anything(world: World, provider: Person, consumer: Person) -> None:
    assert world.denied(provider, consumer) == []
