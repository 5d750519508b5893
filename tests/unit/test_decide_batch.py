"""Deciding on many requests: what each comes to alone, by facts that are read together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from drawbridge.approval.decide_batch import at_one_time, ports_of_batch
from drawbridge.approval.decide_request import DecisionPorts, RequestDecision, decide_request
from drawbridge.configuration import InForce
from drawbridge.decision import Accept, Delayed, Hold
from drawbridge.decision.facts import Consumer, EvaluationTime, OrganizationPlace
from drawbridge.decision.gather import Gatherer
from drawbridge.decision.let_in import LetIn
from drawbridge.decision.policies import Policy, parse_policy
from drawbridge.decision.recorded import RecordedRequest
from drawbridge.errors import DrawbridgeError, GoneError, ThrottledError
from drawbridge.request import (
    EndpointConnectionRequest,
    ExecutionInput,
    Request,
    is_attachment,
)
from drawbridge.request.connections import ConnectionState, EndpointConnection, ManagedService
from drawbridge.request.shares import InvitationStatus
from drawbridge.status import Reason
from tests.builders import CONSUMER, NOW, PROVIDER, SERVICE_ID, SHARE, STRANGER, execution_input, invitation
from tests.fakes.question_slots import InMemoryQuestionSlots
from tests.fakes.request_details import InMemoryShareDetails

OTHER_SERVICE = "vpce-svc-0123456789abcdef1"
ASKS = ConnectionState.PENDING_ACCEPTANCE


class World:
    """AWS, the registry and the ledger, which answer one by one, and many in a call."""

    def __init__(self) -> None:
        self.services: dict[str, ManagedService] = {
            each: ManagedService(service_id=each, tags={}, name=each, acceptance_required=True)
            for each in (SERVICE_ID, OTHER_SERVICE)
        }
        self.there: list[EndpointConnection] = []
        self.entries: dict[str, Consumer] = {}
        self.rows: dict[str, RecordedRequest] = {}
        self.shares = InMemoryShareDetails()
        self.policies = IN_FORCE
        self.broken: set[str] = set()
        self.calls: Counter[str] = Counter()

    def _call(self, name: str) -> None:
        self.calls[name] += 1
        if name in self.broken:
            raise ThrottledError(f"{name}: slower")

    # One by one.

    def managed_service(self, service_id: str) -> ManagedService | None:
        return self.managed_services([service_id]).get(service_id)

    def connection(self, service_id: str, endpoint_id: str) -> EndpointConnection:
        for each in self.listed([endpoint_id]):
            if each.service_id == service_id:
                return each
        raise GoneError(f"no connection of {endpoint_id} to {service_id} is listed")

    def of_owner(self, account_id: str) -> list[EndpointConnection]:
        return self.of_owners([account_id])

    def attachments_of(self, account_id: str) -> list[EndpointConnection]:
        return [each for each in self.connections() if is_attachment(each.endpoint_id) and each.owner == account_id]

    def consumer(self, account_id: str) -> Consumer | None:
        return self.consumers([account_id]).get(account_id)

    def place_of(self, account_id: str) -> OrganizationPlace:
        self._call("organization")
        return OrganizationPlace(name=f"name of {account_id}")

    def let_in(self, request_id: str) -> LetIn | None:
        return self._row(request_id).let_in

    def delayed(self, request_id: str) -> Delayed | None:
        return self._row(request_id).delayed

    def is_commanded(self, request_id: str) -> bool:
        return self._row(request_id).commanded

    def deadline(self, request_id: str) -> datetime | None:
        return self._row(request_id).deadline

    def _row(self, request_id: str) -> RecordedRequest:
        return self.recorded([request_id]).get(request_id, RecordedRequest())

    # Many in a call.

    def managed_services(self, service_ids: Collection[str]) -> Mapping[str, ManagedService]:
        self._call("services")
        return {each: self.services[each] for each in service_ids if each in self.services}

    def listed(self, endpoint_ids: Collection[str]) -> list[EndpointConnection]:
        self._call("listed")
        return [each for each in self.there if each.endpoint_id in endpoint_ids]

    def of_owners(self, account_ids: Collection[str]) -> list[EndpointConnection]:
        self._call("owners")
        return [each for each in self.there if each.owner in account_ids and not is_attachment(each.endpoint_id)]

    def connections(self) -> list[EndpointConnection]:
        self._call("all")
        return self.there

    def consumers(self, account_ids: Collection[str]) -> Mapping[str, Consumer]:
        self._call("registry")
        return {each: self.entries[each] for each in account_ids if each in self.entries}

    def recorded(self, request_ids: Collection[str]) -> Mapping[str, RecordedRequest]:
        self._call("ledger")
        return {each: self.rows[each] for each in request_ids if each in self.rows}

    def in_force(self) -> InForce[Policy]:
        self._call("policies")
        return self.policies


class Reads:
    """``BatchReads`` of a world."""

    def __init__(self, world: World) -> None:
        self.connections = world
        self.shares = world.shares
        self.organization = world
        self.consumers = world.consumers


def ports(world: World) -> DecisionPorts:
    slots = InMemoryQuestionSlots()
    return DecisionPorts(
        gatherer=Gatherer(world.shares, world, world, world),
        ledger=world,
        connected_earlier=lambda request_id, facts: frozenset(),
        policies=world.in_force,
        bindings=tuple,
        question_slots=lambda: slots,
        approvers=lambda: None,
        members=lambda approvers: frozenset(),
        prefix="drawbridge",
        asks_in_slack=True,
        approval_wait=timedelta(hours=1),
        open_questions=2,
    )


def in_force(text: str) -> InForce[Policy]:
    return InForce[Policy]((parse_policy("ours", text),), (("ours", 1),), ())


IN_FORCE = in_force(
    """
    @id("few") permit (principal, action == Action::"accept", resource is EndpointService)
    when { context has connections && context.connections < 2 };
    """
)
ASKING = in_force('@id("ask") permit (principal, action == Action::"askApprover", resource);')
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


def asking(number: int, service_id: str = SERVICE_ID, *, kind: str = "vpce") -> EndpointConnectionRequest:
    return EndpointConnectionRequest(service_id=service_id, endpoint_id=f"{kind}-{number:017x}")


def listed(
    request: EndpointConnectionRequest, state: ConnectionState = ASKS, *, owner: str = CONSUMER, age: int = 0
) -> Any:
    return EndpointConnection(
        service_id=request.service_id,
        endpoint_id=request.endpoint_id,
        owner=owner,
        state=state,
        region="us-east-1",
        asked_at=NOW - timedelta(minutes=age),
    )


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
