"""The door of ``publish_dns``: tasks with connections that were made in, the names published for them out."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.association import DesiredAttachment, MadeAttachment, Plan
from drawbridge.bootstrap import publish_dns as wiring
from drawbridge.bootstrap.publish_dns import Publishing
from drawbridge.environment import Environment
from drawbridge.pacing.budget import Rate
from drawbridge.pacing.defaults import PUT_PARAMETER
from drawbridge.pacing.door import Outgoing
from drawbridge.pacing.door import Ports as DoorPorts
from drawbridge.pacing.pace import Pace, PaceBehindOthers
from drawbridge.publication import Publication
from drawbridge.publication.named import NamedResource
from drawbridge.publication.names import consumer_path, document_parameter, name_parameter
from drawbridge.publication.parameters import ObservedParameter
from drawbridge.publication.publish import Publisher
from drawbridge.record.answer_kept import RecordPorts
from drawbridge.record.history import GatheredHistory
from drawbridge.record.outcome import Published
from drawbridge.record.publish_tasks import PublishPorts
from drawbridge.request import EndpointConnectionRequest, ExecutionInput
from drawbridge.request.announced import WithdrawalCommand
from drawbridge.request.connections import ConnectionState, EndpointConnection
from drawbridge.status import Status
from functions.publish_dns import app
from tests.builders import (
    CONNECTION,
    CONSUMER,
    ENDPOINT_ID,
    NOW,
    RESOURCE_ARN,
    SERVICE_ID,
    SHARE,
    desired,
    execution_input,
    row,
)
from tests.fakes.alias_records import InMemoryAliasRecords
from tests.fakes.attempts import InMemoryAttempts
from tests.fakes.budgets import InMemoryBudgets
from tests.fakes.history import InMemoryHistory
from tests.fakes.interruptions import CrashError, Interruptions
from tests.fakes.ledger import InMemoryLedger
from tests.fakes.listed_connections import InMemoryListedConnections
from tests.fakes.named_resources import InMemoryNamedResources
from tests.fakes.parameter_store import InMemoryPublicationStore
from tests.fakes.status_bus import InMemoryStatusBus
from tests.fakes.work_queue import InMemoryDeadLetters, InMemoryTasks, InMemoryWorkQueue, World
from tests.functions.invocations import Json, invoke, step, with_field

ATTEMPT = execution_input()
ASSOCIATED = {"of": "association", "item": 0, "by": MadeAttachment(endpoint_id=ENDPOINT_ID)}
CONNECTED = {"of": "connection"}


def named(arn: str = RESOURCE_ARN, **changes: str) -> NamedResource:
    fields = {"association_id": "a", "resource_arn": arn, "dns_name": "db.example", "hosted_zone_id": "Z"}
    return NamedResource(**(fields | changes), accessible=True)


def connection(endpoint_id: str = ENDPOINT_ID, state: ConnectionState = ConnectionState.AVAILABLE) -> Any:
    return EndpointConnection(
        asked_at=NOW,
        service_id=SERVICE_ID,
        endpoint_id=endpoint_id,
        owner=CONSUMER,
        state=state,
        region="us-east-1",
        dns_names=((f"{endpoint_id}.example", "Z"),),
    )


class Ledger(InMemoryLedger):
    """One that tells no time to connect."""

    def entry_with(self, change: object) -> None:
        return None


class PacedStore(InMemoryPublicationStore):
    """One whose writes have a pace, and may be where the function is killed."""

    def __init__(self, interruptions: Interruptions) -> None:
        super().__init__()
        self.interruptions = interruptions
        self.pace: Pace | None = None
        self.written_at: list[tuple[float, str]] = []
        self.now: Callable[[], Any] = lambda: NOW
        self.poison: str | None = None
        """In the names of those whose writing kills the function, each time."""

    def overwrite(self, name: str, value: str, *, subject: str) -> None:
        assert self.pace is not None
        self.pace.wait(PUT_PARAMETER)
        self.interruptions.before_write()
        if self.poison is not None and self.poison in name:
            raise CrashError
        super().overwrite(name, value, subject=subject)
        self.written_at.append(((self.now() - NOW).total_seconds(), name.rpartition("/")[2]))


class Stage:
    """Both queues with their worker, Parameter Store, the ledger, and what AWS lists."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = World()
        self.interruptions = Interruptions()
        self.names, self.details = InMemoryWorkQueue(self.world), InMemoryWorkQueue(self.world)
        self.tasks, self.letters = InMemoryTasks(self.world), InMemoryDeadLetters(self.world)
        self.store = PacedStore(self.interruptions)
        self.store.now = lambda: self.world.now
        self.connections = InMemoryListedConnections(connection())
        self.resources = InMemoryNamedResources(named(), shared=False)
        self.attempts, self.ledger = InMemoryAttempts(self.interruptions), Ledger(self.interruptions)
        self.bus = InMemoryStatusBus(self.interruptions)
        self.rate = Rate(2, 2.7)
        self.budgets = InMemoryBudgets(lambda: {PUT_PARAMETER: self.rate}, now=lambda: self.world.now)
        self.ledger.kept[CONNECTION.request_id] = row(Status.ACCEPTED, request=CONNECTION, attempt=1, settled=False)
        self.planned(desired())
        environment = Environment({"DETAILS_QUEUE_URL": "https://sqs.example/111111111111/details"})
        monkeypatch.setattr(wiring, "environment", lambda: environment)
        monkeypatch.setattr(app, "names", lambda time_left: self._publishing(Pace, self.names, time_left))
        monkeypatch.setattr(
            app, "details", lambda time_left: self._publishing(PaceBehindOthers, self.details, time_left)
        )

    def _publishing(self, pace: type[Pace], queue: InMemoryWorkQueue, time_left: Callable[[], float]) -> Any:
        own = pace(self.budgets, lambda: self.world.now, self.world.later, time_left)
        self.store.pace = own
        publisher = Publisher(self.resources, self.resources, self.store, InMemoryAliasRecords(), prefix="bridge")
        ports = PublishPorts(
            connections=self.connections,
            store=self.store,
            publisher=publisher,
            attempts=self.attempts,
            commanded=self.ledger.commanded,
            records=RecordPorts(ledger=self.ledger, history=GatheredHistory(InMemoryHistory()), bus=self.bus),
            pace=own,
            prefix="bridge",
            now=lambda: self.world.now,
        )
        door = DoorPorts(
            callback=self.tasks,
            queue=queue,
            dead_letters=lambda: self.letters,
            now=lambda: self.world.now,
            time_left=time_left,
            next_queue=self.details if queue is self.names else None,
        )
        ledger: Any = self.ledger
        return Publishing(ports=ports, ledger=ledger, door=door)

    def planned(self, attachment: DesiredAttachment) -> None:
        plan = Plan(associations=(attachment,), refused=(), observed_fingerprint="", bindings_fingerprint="")
        self.attempts.keep_plan(ATTEMPT, plan)

    def put(self, token: str, execution: ExecutionInput | None = ATTEMPT, of: Json = ASSOCIATED, **more: Any) -> None:
        fields = {"execution": execution} if execution else {}
        body = step(form=1, token=token, since=NOW, input=of, **fields) | more
        self.names.put(Outgoing(json.dumps(body)))

    def work_off(self, queue: InMemoryWorkQueue) -> None:
        """Have the worker be invoked with what is there."""
        name = "names" if queue is self.names else "details"
        arn = f"arn:aws:sqs:us-east-1:111111111111:{name}"
        if records := [each | {"eventSourceARN": arn} for each in queue.received()]:
            queue.settle(records, invoke(app.lambda_handler, {"Records": records}))

    def work_off_all(self, *, seconds: int = 600) -> None:
        """Work off both queues until they are empty, or that time is over."""
        until = self.world.now + timedelta(seconds=seconds)
        while (self.names.messages or self.details.messages) and self.world.now < until:
            self.work_off(self.names)
            self.work_off(self.details)
            self.world.later(1)

    def publication(self) -> Publication:
        result = self.attempts.kept(ATTEMPT).results[0]
        assert isinstance(result, Published)
        return result.publication


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


def test_an_association_is_published_where_its_side_reads_it_and_kept_for_the_record(stage: Stage) -> None:
    stage.put("a")
    stage.work_off_all()

    path = "/bridge/connections/orders/orders-db"
    assert stage.store.there[f"{path}/dns-name"] == ObservedParameter(value="db.example", subject=RESOURCE_ARN)
    assert stage.publication().parameters == (f"{path}/dns-name", f"{path}/connection") == tuple(stage.store.there)
    assert (stage.tasks.succeeded, stage.bus.announced) == ({"a": {}}, [])


def test_a_connection_is_published_and_recorded(stage: Stage) -> None:
    stage.put("c", execution_input(CONNECTION), CONNECTED)
    stage.work_off_all()

    path = f"/bridge/consumers/{CONSUMER}/{ENDPOINT_ID}"
    assert stage.store.writes == [f"{path}/dns-name", f"{path}/connection"]
    assert stage.tasks.succeeded == {"c": {}}
    assert [each.status for each in stage.bus.announced] == [Status.AVAILABLE]
    assert stage.ledger.kept[CONNECTION.request_id].status is Status.AVAILABLE


def test_all_plain_names_are_written_before_any_json_and_none_sooner_than_the_budget_lets(stage: Stage) -> None:
    requests = [EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=f"vpce-{n:017x}") for n in range(12)]
    stage.connections.there = [connection(each.endpoint_id) for each in requests]
    for number, each in enumerate(requests):
        stage.ledger.kept[each.request_id] = row(Status.ACCEPTED, request=each, attempt=1, settled=False)
        stage.put(f"t{number}", execution_input(each), CONNECTED)

    stage.work_off(stage.names)
    stage.work_off(stage.names)
    stage.work_off_all()

    kinds = [kind for _, kind in stage.store.written_at]
    assert kinds == ["dns-name"] * 12 + ["connection"] * 12
    times = [at for at, _ in stage.store.written_at]
    assert all(later - first >= (2 - 2) + 0.37 for first, later in zip(times, times[2:], strict=False))
    assert len(stage.tasks.succeeded) == 12
    # Two names' and two details' listings.
    assert stage.connections.listings <= 6


def test_json_waits_while_names_are_written_by_others(stage: Stage) -> None:
    stage.put("c", execution_input(CONNECTION), CONNECTED)
    stage.work_off(stage.names)
    stage.rate = Rate(2, 0.01)
    stage.budgets.reserve(PUT_PARAMETER, 3)

    stage.work_off(stage.details)

    assert [kind for _, kind in stage.store.written_at] == ["dns-name"]
    assert (len(stage.details.messages), stage.tasks.succeeded, stage.tasks.failed) == (1, {}, {})


@pytest.mark.parametrize("state", [ConnectionState.PENDING, ConnectionState.PENDING_ACCEPTANCE])
def test_what_aws_is_not_done_with_comes_again_and_holds_nobody_up(stage: Stage, state: ConnectionState) -> None:
    stage.connections.there = [connection(state=state)]
    stage.put("c", execution_input(CONNECTION), CONNECTED)
    stage.put("a")

    stage.work_off_all(seconds=20)
    assert (stage.tasks.succeeded, stage.tasks.failed) == ({"a": {}}, {})
    stage.connections.there = [connection()]
    stage.work_off_all()

    assert stage.tasks.succeeded.keys() == {"a", "c"}


def test_what_is_over_by_now_fails_its_own_task_and_is_not_published(stage: Stage) -> None:
    stage.connections.there = [connection(state=ConnectionState.DELETED)]
    stage.put("c", execution_input(CONNECTION), CONNECTED)
    stage.put("a")

    stage.work_off_all()

    assert (stage.tasks.failed["c"][0], stage.tasks.succeeded) == ("RequestGoneError", {"a": {}})
    assert not any("consumers" in each for each in stage.store.there)


def test_whose_connection_ends_between_its_name_and_its_json_gets_no_json(stage: Stage) -> None:
    stage.put("c", execution_input(CONNECTION), CONNECTED)
    stage.work_off(stage.names)
    stage.connections.there = []

    stage.work_off_all()

    assert stage.tasks.failed["c"][0] == "RequestGoneError"
    assert [kind for _, kind in stage.store.written_at] == ["dns-name"]


@pytest.mark.parametrize("waited", [30, 90])
@pytest.mark.parametrize("stage_of", ["names", "details"])
def test_what_an_operator_had_withdrawn_while_it_waited_for_long_is_not_published(
    stage: Stage, waited: int, stage_of: str
) -> None:
    stage.put("c", execution_input(CONNECTION), CONNECTED)
    stage.put("a")
    if stage_of == "details":
        stage.work_off(stage.names)
    command = WithdrawalCommand(by="arn:aws:iam::111111111111:user/ann", at=NOW)
    stage.ledger.command_withdrawal(stage.ledger.kept[CONNECTION.request_id], command)
    stage.world.later(waited)

    stage.work_off_all()

    late = waited > 60
    assert ("c" in stage.tasks.failed) is late
    assert "a" in stage.tasks.succeeded
    assert not late or stage.tasks.failed["c"][0] == "DecisionOutdated"
    assert [kind for _, kind in stage.store.written_at if kind == "connection"] == ["connection"] * (2 - late)


def test_what_is_in_a_group_without_a_name_is_waited_for_and_then_reported(stage: Stage) -> None:
    child = f"{RESOURCE_ARN}c"
    stage.resources.found = [named(child, group_arn=RESOURCE_ARN, dns_name="")]
    stage.planned(desired(resource_type="GROUP"))
    stage.put("a")

    stage.work_off_all(seconds=60)
    assert not stage.tasks.succeeded
    stage.work_off_all()

    published = stage.publication()
    assert (published.dns_name, published.parameters, published.pending) == ("", (), (child,))
    assert stage.tasks.succeeded == {"a": {}}


BROKEN = [
    (ASSOCIATED, "input.of", "wish"),
    (ASSOCIATED, "input.item", ...),
    (ASSOCIATED, "execution.attempt", ...),
    (ASSOCIATED, "input.by", ...),
    (ASSOCIATED, "input.by.endpointId", None),
    (CONNECTED, "input.of", ...),
    (CONNECTED, "execution.request.serviceId", SERVICE_ID.upper()),
    (CONNECTED, "execution.request.endpointId", SERVICE_ID),
]


@pytest.mark.parametrize(("of", "path", "value"), BROKEN)
def test_a_broken_task_is_refused_by_its_field_and_stops_no_other(
    stage: Stage, of: Json, path: str, value: object
) -> None:
    execution = execution_input(CONNECTION) if of is CONNECTED else ATTEMPT
    written = step(form=1, token="broken", since=NOW, execution=execution, input=of)
    stage.names.put(Outgoing(json.dumps(with_field(written, path, value))))
    stage.put("a")

    stage.work_off_all()

    above, _, name = path.rpartition(".")
    error, words = stage.tasks.failed["broken"]
    assert error == "InvalidInputError"
    assert (f"missing required field `{name}`" if value is ... else f"`$.{path}`") in words
    assert [body for body, _ in stage.letters.letters] == [json.dumps(with_field(written, path, value))]
    assert (above, stage.tasks.succeeded) == (above, {"a": {}})


@pytest.mark.parametrize(
    ("execution", "of", "words"),
    [
        (None, CONNECTED, "it is of no execution"),
        (execution_input(SHARE), CONNECTED, "of is 'connection'"),
    ],
)
def test_a_task_that_fits_no_request_fails_alone(
    stage: Stage, execution: ExecutionInput | None, of: Json, words: str
) -> None:
    stage.put("odd", execution, of)
    stage.put("c", execution_input(CONNECTION), CONNECTED)

    stage.work_off_all()

    assert words in stage.tasks.failed["odd"][1]
    assert stage.tasks.succeeded == {"c": {}}


def _played_out(stage: Stage) -> None:
    stage.put("c", execution_input(CONNECTION), CONNECTED)
    stage.put("a")
    while stage.names.messages or stage.details.messages:
        try:
            stage.work_off(stage.names)
            stage.work_off(stage.details)
        except CrashError:
            stage.world.kill_after = None
            stage.interruptions.writes_until_crash = 1_000
        stage.world.later(30)


def _is_whole(stage: Stage) -> bool:
    paths = ["/bridge/connections/orders/orders-db", consumer_path("bridge", CONSUMER, ENDPOINT_ID)]
    both = {name for each in paths for name in (name_parameter(each), document_parameter(each))}
    return (
        stage.store.there.keys() == both
        and stage.tasks.succeeded == {"a": {}, "c": {}}
        and not stage.tasks.failed
        and stage.ledger.kept[CONNECTION.request_id].status is Status.AVAILABLE
        and {each.id for each in stage.bus.announced} == {stage.bus.announced[0].id}
        and isinstance(stage.publication(), Publication)
    )


def test_wherever_the_worker_is_killed_what_waits_is_published_once_and_for_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = Stage(monkeypatch)
    _played_out(whole)
    assert _is_whole(whole)
    calls = len(whole.world.calls)
    writes = 1_000 - whole.interruptions.writes_until_crash
    assert (calls >= 3, writes >= 6) == (True, True)

    for call in range(1, calls + 1):
        for before in (True, False):
            stage = Stage(monkeypatch)
            stage.world.kill_after = -call if before else call
            _played_out(stage)
            assert _is_whole(stage), (call, before, stage.world.calls)
    for write in range(writes):
        stage = Stage(monkeypatch)
        stage.interruptions.writes_until_crash = write
        _played_out(stage)
        assert _is_whole(stage), write


@pytest.mark.parametrize("kind", ["dns-name", "connection"])
def test_one_whose_parameter_kills_the_worker_each_time_stops_no_other_and_fails_at_last(
    stage: Stage, kind: str
) -> None:
    requests = [EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=f"vpce-{n:017x}") for n in range(6)]
    stage.connections.there = [connection(each.endpoint_id) for each in requests]
    stage.store.poison = f"{requests[2].endpoint_id}/{kind}"
    for number, each in enumerate(requests):
        stage.ledger.kept[each.request_id] = row(Status.ACCEPTED, request=each, attempt=1, settled=False)
        stage.put(f"t{number}", execution_input(each), CONNECTED)

    for _ in range(200):
        for queue in (stage.names, stage.details):
            with suppress(CrashError):
                stage.work_off(queue)
        stage.world.later(30)

    assert stage.tasks.succeeded.keys() == {f"t{number}" for number in range(6) if number != 2}
    assert {token: error for token, (error, _) in stage.tasks.failed.items()} == {"t2": "UpstreamError"}
    assert not stage.names.messages
    assert not stage.details.messages


def test_what_somebody_sends_without_an_execution_s_account_is_read_all_the_same(stage: Stage) -> None:
    stage.put("c", execution_input(CONNECTION), CONNECTED, account=None, deadline=None)

    stage.work_off_all()

    assert stage.tasks.succeeded == {"c": {}}


def test_a_message_of_an_earlier_form_has_its_task_sent_anew(stage: Stage) -> None:
    stage.put("old", form=0)

    stage.work_off_all()

    assert stage.tasks.failed["old"][0] == "UpstreamError"
    assert msgspec.json.encode(stage.store.writes) == b"[]"
