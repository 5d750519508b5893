"""Deciding on many requests: a world that answers one by one and many in a call, and both functions above it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from drawbridge.acceptance.answer_all import AnswerPorts
from drawbridge.acceptance.answer_all import Outcome as Answered
from drawbridge.approval.decide_all import BatchPorts, RequestToDecide, Result, decide_all
from drawbridge.approval.decide_request import DecisionPorts
from drawbridge.configuration import InForce
from drawbridge.decision import Delayed
from drawbridge.decision.facts import Consumer, EvaluationTime, OrganizationPlace
from drawbridge.decision.gather import Gatherer
from drawbridge.decision.let_in import LetIn
from drawbridge.decision.policies import Policy, parse_policy
from drawbridge.decision.recorded import RecordedRequest
from drawbridge.errors import GoneError, ThrottledError
from drawbridge.record.answer_kept import RecordPorts, answer_kept
from drawbridge.record.history import GatheredHistory
from drawbridge.request import (
    EndpointConnectionRequest,
    ExecutionInput,
    is_attachment,
)
from drawbridge.request.connections import ConnectionState, EndpointConnection, ManagedService
from drawbridge.status import Status
from tests.builders import CONSUMER, NOW, SERVICE_ID, execution_input, row
from tests.fakes.acceptance import InMemoryConnections
from tests.fakes.attempts import InMemoryAttempts
from tests.fakes.history import InMemoryHistory
from tests.fakes.interruptions import Interruptions
from tests.fakes.ledger import InMemoryLedger
from tests.fakes.question_slots import InMemoryQuestionSlots
from tests.fakes.request_details import InMemoryShareDetails
from tests.fakes.status_bus import InMemoryStatusBus

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


EVERYBODY = in_force('@id("all") permit (principal, action == Action::"accept", resource);')
NOBODY = in_force('@id("none") permit (principal, action == Action::"reject", resource);')


class Interrupted(InMemoryConnections):
    """Connections whose function may be killed before it answers."""

    def __init__(self, interruptions: Interruptions) -> None:
        super().__init__({})
        self._interruptions = interruptions

    def answer(self, service_id: str, endpoint_ids: list[str], *, accept: bool) -> dict[str, str]:
        self._interruptions.before_write()
        return super().answer(service_id, endpoint_ids, accept=accept)


class Flow:
    """Both functions, the tables, and the connections of a world. EC2 lists the same to both."""

    def __init__(self, number: int = 3) -> None:
        self.interruptions = Interruptions()
        self.world = World()
        self.world.policies = EVERYBODY
        self.answering = Interrupted(self.interruptions)
        self.attempts = InMemoryAttempts(self.interruptions)
        self.ledger = InMemoryLedger(self.interruptions)
        self.bus = InMemoryStatusBus(self.interruptions)
        self.now = NOW
        self.requests = [asking(each) for each in range(number)]
        self.executions = [execution_input(each) for each in self.requests]
        self.invoked: list[tuple[int, bool]] = []
        """How many each invocation of the other function was for, and whether it might answer."""
        for each in self.requests:
            self.answering.there[each] = ASKS
            self.ledger.kept[each.request_id] = row(Status.PENDING, request=each, attempt=1, settled=False)

    def answer(self, executions: Sequence[ExecutionInput], *, may_answer: bool) -> list[Answered]:
        self.invoked.append((len(executions), may_answer))
        answers = AnswerPorts(
            connections=self.answering,
            commanded=self.ledger.commanded,
            consumers=self.world.consumers,
            now=lambda: self.now,
            may_answer=may_answer,
        )
        records = RecordPorts(ledger=self.ledger, history=GatheredHistory(InMemoryHistory()), bus=self.bus)
        return answer_kept(executions, self.attempts, answers, records)

    def decide(self, *asked: RequestToDecide) -> list[Result]:
        self.world.there = [listed(each, state) for each, state in self.answering.there.items()]
        batch = BatchPorts(
            ports=ports(self.world),
            reads=Reads(self.world),
            ledger=self.ledger,
            attempts=self.attempts,
            answers=self,
        )
        return decide_all(
            asked or [RequestToDecide(each) for each in self.executions], batch, lambda: EvaluationTime(self.now, "UTC")
        )

    @property
    def statuses(self) -> list[Status]:
        return [self.ledger.kept[each.request_id].status for each in self.requests]
