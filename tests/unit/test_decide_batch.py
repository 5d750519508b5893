"""Deciding on many requests: what each comes to alone, by facts that are read together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from drawbridge.approval.decide_batch import at_one_time, ports_of_batch
from drawbridge.approval.decide_request import DecisionPorts, RequestDecision, decide_request
from drawbridge.decision import Accept, Hold
from drawbridge.decision.facts import Consumer, EvaluationTime
from drawbridge.decision.let_in import LetIn
from drawbridge.decision.recorded import RecordedRequest
from drawbridge.errors import DrawbridgeError
from drawbridge.request import (
    ExecutionInput,
    Request,
)
from drawbridge.request.connections import ConnectionState
from drawbridge.request.shares import InvitationStatus
from drawbridge.status import Reason
from tests.builders import CONSUMER, NOW, PROVIDER, SERVICE_ID, SHARE, STRANGER, execution_input, invitation
from tests.unit.deciding import (
    ASKING,
    ASKS,
    IN_FORCE,
    OTHER_SERVICE,
    Reads,
    World,
    asking,
    in_force,
    listed,
    ports,
)

DELAYING = in_force('@id("later") @delay("1h") permit (principal, action == Action::"accept", resource);')

Outcome = RequestDecision | str


def clock() -> EvaluationTime:
    return EvaluationTime(NOW, "UTC")


def outcome(execution: ExecutionInput, ports: DecisionPorts, now: Callable[[], EvaluationTime]) -> Outcome:
    try:
        return decide_request(execution, None, ports, now)
    except DrawbridgeError as error:
        return f"{type(error).__name__}: {error}"


def together(requests: list[Request], world: World) -> list[Outcome]:
    executions = [execution_input(each) for each in requests]
    shared = ports_of_batch(executions, ports(world), Reads(world), world)
    now = at_one_time(clock)
    return [outcome(each, shared, now) for each in executions]


def alone(requests: list[Request], world: World) -> list[Outcome]:
    each_alone = ports(world)
    return [outcome(execution_input(each), each_alone, clock) for each in requests]


DRAWN = st.fixed_dictionaries(
    {
        "connections": st.lists(
            st.tuples(
                st.sampled_from([SERVICE_ID, OTHER_SERVICE, "vpce-svc-0123456789abcdef9"]),
                st.sampled_from(["vpce", "vpce", "tgw-attach"]),
                st.sampled_from([None, ASKS, *ConnectionState]),
                st.sampled_from([CONSUMER, PROVIDER, STRANGER, ""]),
                st.booleans(),
                st.booleans(),
            ),
            max_size=6,
        ),
        "share": st.sampled_from([None, *InvitationStatus]),
        "entries": st.dictionaries(
            st.sampled_from([CONSUMER, PROVIDER]),
            st.sampled_from([Consumer(services=frozenset({"*"})), Consumer(suspended_at=NOW)]),
        ),
        "policies": st.sampled_from([IN_FORCE, ASKING, DELAYING]),
        "broken": st.sets(
            st.sampled_from(["services", "listed", "owners", "all", "registry", "organization", "ledger", "policies"]),
            max_size=1,
        ),
    }
)


def world_of(drawn: Mapping[str, Any]) -> tuple[list[Request], World]:
    world = World()
    requests: list[Request] = []
    for number, (service_id, kind, state, owner, commanded, recorded) in enumerate(drawn["connections"]):
        request = asking(number, service_id, kind=kind)
        requests.append(request)
        if state is not None:
            world.there.append(listed(request, state, owner=owner, age=number))
        if recorded:
            let_in = LetIn(at=NOW, because=(Reason("policy", "earlier"),))
            world.rows[request.request_id] = RecordedRequest(let_in=let_in, commanded=commanded)
    if drawn["share"] is not None:
        world.shares.invitation = invitation(drawn["share"])
        requests.append(SHARE)
    world.entries = drawn["entries"]
    world.policies, world.broken = drawn["policies"], drawn["broken"]
    return requests, world


@given(drawn=DRAWN)
def test_many_are_decided_as_each_alone_is_whatever_can_not_be_read(drawn: Mapping[str, Any]) -> None:
    requests, world = world_of(drawn)

    assert together(requests, world) == alone(requests, world)


def test_what_many_have_in_common_is_read_once() -> None:
    world = World()
    requests: list[Request] = [asking(number) for number in range(40)]
    owners = [f"{number % 8:012d}" for number in range(40)]
    world.there = [listed(asking(number), owner=owner) for number, owner in enumerate(owners)]

    decided = together(requests, world)

    assert all(isinstance(each, RequestDecision) for each in decided)
    assert world.calls == {
        "policies": 1, "services": 1, "listed": 1, "owners": 1, "registry": 1, "ledger": 1, "organization": 8
    }  # fmt: skip


def test_shares_are_decided_without_any_listing_of_connections() -> None:
    world = World()
    world.shares.invitation = invitation(InvitationStatus.PENDING)

    (decided,) = together([SHARE], world)

    assert isinstance(decided, RequestDecision)
    assert not world.calls.keys() & {"services", "listed", "owners", "all"}


def test_a_share_is_decided_although_connections_can_not_be_listed() -> None:
    world = World()
    world.shares.invitation = invitation(InvitationStatus.PENDING)
    world.broken = {"listed"}

    connection, share = together([asking(1), SHARE], world)

    assert connection == "ThrottledError: listed: slower"
    assert isinstance(share, RequestDecision)
    assert isinstance(share.decision, Accept | Hold)
