"""Approval under attack: approvers who leave, events that somebody made up, names and numbers meant to harm."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local_aws.testing.clock import clock
from local_aws.testing.faults import CallFault, faults
from scenarios.people import Person
from tests.system.conftest import Policy, World, until
from tests.system.questions import asked, buttons, click, messages, private, request, shown, waiting
from tests.system.requests_in_ledger import row_of, settled

_strangers = itertools.count(530000000161)
Json = dict[str, Any]


@pytest.fixture(scope="module")
def provider(deployed: Callable[..., Person]) -> Person:
    return deployed("510000000161", SlackChannel="C0APPROVALS", ApprovalHours="10")


@pytest.fixture
def stranger(world: World) -> Person:
    return world.person(str(next(_strangers)))


@pytest.fixture
def approvers(provider: Person) -> Iterator[Callable[..., None]]:
    """Yield who may approve; when the test is through, it is as it was."""
    name = "/drawbridge/config/approvers"
    before = provider.parameter(name)
    ssm = provider.client("ssm")

    def write(*users: str) -> None:
        document = {"teamId": "T0LOCAL0001", "userIds": list(users)}
        ssm.put_parameter(Name=name, Value=json.dumps(document), Overwrite=True)

    yield write
    ssm.put_parameter(Name=name, Value=before, Overwrite=True)


def asked_again(world: World, about: str, first: Json) -> Json:
    def check() -> Json | None:
        found = [each for each in messages(world, about) if buttons(each) and each["ts"] != first["ts"]]
        return found[-1] if found else None

    message: Json = until(check, lambda: f"asked again: {messages(world, about)}")
    return message


def test_who_is_taken_off_the_list_between_two_clicks_is_not_one_of_the_two(
    world: World, provider: Person, stranger: Person, policy: Policy, approvers: Callable[..., None]
) -> None:
    them = f'principal == Account::"{stranger.account_id}"'
    policy(provider, "two", f'@approval("two-person") permit({them}, action == Action::"askApprover", resource);')
    endpoint_id = request(provider, stranger)
    message = asked(world, endpoint_id)
    click(world, message, "U0ALICE")
    approvers("U0BOB", "U0CAROL")

    click(world, message, "U0BOB")

    until(lambda: "No longer counts" in shown(world, message), lambda: shown(world, message))
    until(lambda: [each for each in private(world, "U0BOB") if "does not count any more" in each], lambda: "Bob hears")
    assert waiting(provider, endpoint_id)["settled"]["BOOL"] is False
    click(world, message, "U0CAROL")
    row = settled(provider, endpoint_id, "AVAILABLE")
    assert any("U0BOB and U0CAROL" in each["M"]["text"]["S"] for each in row["decided_by"]["L"])


def test_a_recorded_approval_that_reaches_the_workflow_late_counts_only_if_whoever_gave_it_still_may(
    world: World, provider: Person, stranger: Person, approvers: Callable[..., None]
) -> None:
    endpoint_id = request(provider, stranger)
    message = asked(world, endpoint_id)
    waiting(provider, endpoint_id)
    killed = CallFault(
        "states:SendTaskSuccess", "kill-before", times=1, account=provider.account_id, role="*ReceiveApproval*"
    )
    with faults.injected(killed) as force:
        click(world, message, "U0ALICE")
        assert force.struck(killed)
    approvers("U0BOB")

    second = asked_again(world, endpoint_id, message)

    assert "approval of U0ALICE does not count any more" in json.dumps(second["blocks"])
    assert stranger.endpoint_state(endpoint_id) == "pendingAcceptance"
    click(world, second, "U0BOB")
    row = settled(provider, endpoint_id, "AVAILABLE")
    assert {each["M"]["source"]["S"] for each in row["decided_by"]["L"] if each["M"]["code"]["S"] == "approved"} == {
        "U0BOB"
    }


def test_nothing_that_people_see_rests_on_what_somebody_put_on_the_bus(
    world: World, provider: Person, stranger: Person
) -> None:
    endpoint_id = request(provider, stranger)
    message = asked(world, endpoint_id)
    row = waiting(provider, endpoint_id)
    accepted = world.calls(provider.account_id, "ec2:AcceptVpcEndpointConnections")
    said = private(world, "U0MALLORY")
    request_id = row["request_id"]["S"]
    end: Json = {
        "id": "x",
        "requestId": request_id,
        "kind": "endpoint-connection",
        "subject": endpoint_id,
        "accountId": stranger.account_id,
        "status": "REJECTED",
        "attempt": 99,
        "reasons": [{"code": "policy", "text": "There is nothing to do."}],
        "published": ["/drawbridge/config/policies/x"],
    }
    notice = {"request_id": request_id, "user": "U0MALLORY", "words": "Send me your key.", "channel": "C0APPROVALS"}
    forged = [
        *(("Request Status Changed", end | {"status": each}) for each in ("REJECTED", "AVAILABLE", "HELD")),
        ("Request Status Changed", end | {"attempt": -1, "reasons": "x", "accountId": 7}),
        ("Request Status Changed", end | {"requestId": "connection-of-nobody"}),
        ("Request Status Changed", {"status": "HELD", "notice": notice}),
        ("Request Reviewed", end | {"permitted": True}),
        (
            "Endpoint Connection Notification",
            {"serviceId": "vpce-svc-0", "endpointId": endpoint_id, "state": "Accept", "notice": notice},
        ),
    ]

    for detail_type, detail in forged:
        entry = {"EventBusName": "drawbridge", "Source": "drawbridge", "DetailType": detail_type}
        answer = provider.client("events").put_events(Entries=[entry | {"Detail": json.dumps(detail)}])
        assert answer["FailedEntryCount"] == 0
    until(world.quiet, lambda: "everything that was put on the bus is handled")

    assert "nothing to do" not in shown(world, message)
    assert '"actions"' in shown(world, message)
    assert private(world, "U0MALLORY") == said
    assert row_of(provider, endpoint_id) == row
    assert world.calls(provider.account_id, "ec2:AcceptVpcEndpointConnections") == accepted
    click(world, message, "U0ALICE")
    settled(provider, endpoint_id, "AVAILABLE")
    until(lambda: "onnected" in shown(world, message), lambda: shown(world, message))


def test_of_one_stranger_s_many_requests_a_few_are_asked_about_and_the_others_when_one_is_closed(
    world: World, provider: Person, stranger: Person
) -> None:
    _, service_name = provider.offer_service()
    endpoints = [stranger.connect(service_name) for _ in range(7)]

    def statuses() -> list[str]:
        rows = [row_of(provider, each) for each in endpoints]
        return sorted(row["status"]["S"] if row else "" for row in rows)

    asked_about = ["HELD"] * 2 + ["WAITING_FOR_APPROVAL"] * 5
    until(lambda: statuses() == asked_about, lambda: f"five are asked about: {statuses()}")
    until(world.quiet, lambda: "nothing is in flight")
    open_ = [each for each in endpoints if any(buttons(message) for message in messages(world, each))]
    assert len(open_) == 5
    (held, *_) = [row_of(provider, each) for each in endpoints if each not in open_]
    assert held is not None
    assert "5 questions of account" in held["reasons"]["L"][0]["M"]["text"]["S"]

    click(world, asked(world, open_[0]), "U0ALICE")
    settled(provider, open_[0], "AVAILABLE")

    then = ["AVAILABLE", "HELD", *["WAITING_FOR_APPROVAL"] * 5]
    until(lambda: statuses() == then, lambda: f"another one is asked about: {statuses()}")
    for each in endpoints:
        stranger.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[each])


def test_while_many_wait_a_sweep_makes_as_many_calls_as_while_few_do(
    world: World, provider: Person, stranger: Person
) -> None:
    _, service_name = provider.offer_service()
    endpoints = [stranger.connect(service_name) for _ in range(4)]
    for each in endpoints:
        waiting(provider, each)
    # Until they are no longer new and were started again to be sure, and what other tests took away is withdrawn.
    clock.advance(25 * 60)
    until(world.quiet, lambda: "nothing is in flight")
    before = {name: world.calls(provider.account_id, name) for name in _OF_A_LOOK}

    for _ in range(3):
        clock.advance(5 * 60)
        until(world.quiet, lambda: "the sweep is over")

    made = {name: world.calls(provider.account_id, name) - before[name] for name in _OF_A_LOOK}
    sweeps = made["ram:GetResourceShareInvitations"]
    assert sweeps >= 3
    # Registry, ledger and questions, each at once; nothing is announced or started again.
    assert made == {
        "ram:GetResourceShareInvitations": sweeps,
        "dynamodb:BatchGetItem": 3 * sweeps,
        "states:StartExecution": 0,
        "events:PutEvents": 0,
    }


_OF_A_LOOK = (
    "ram:GetResourceShareInvitations",
    "dynamodb:BatchGetItem",
    "states:StartExecution",
    "events:PutEvents",
)
