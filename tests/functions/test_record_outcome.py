"""The door of ``record_outcome``: the progress of a request in, the row and the event out."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from drawbridge.association import Plan
from drawbridge.decision import Hold
from drawbridge.errors import UpstreamError
from drawbridge.publication import Publication
from drawbridge.record import Outcome, OutcomeBasis
from drawbridge.record.outcome import Decided, Published
from drawbridge.record.record import StatusChange
from drawbridge.status import Reason, Status
from functions.record_outcome import app
from tests.builders import desired, execution_input
from tests.fakes.attempts import InMemoryAttempts
from tests.functions.invocations import invoke, refuses, step

INPUT = execution_input(attempt=3)
STEP = step(request=INPUT, progress=Decided(Hold((Reason("policy", "because"),)), "digest"))

WHY = Reason("no-vpc", "none fits", source="users")
PLAN = Plan(associations=(), refused=(), observed_fingerprint="state", bindings_fingerprint="bindings")


class World:
    """The ledger and the bus."""

    def __init__(self) -> None:
        self.superseded = False
        self.written: list[tuple[StatusChange, Outcome]] = []
        self.announced: list[Status] = []

    def change_status(self, change: StatusChange, outcome: Outcome) -> StatusChange | None:
        self.written.append((change, outcome))
        return None if self.superseded else change

    def announce(self, change: StatusChange) -> None:
        self.announced.append(change.status)


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(app, "ledger", lambda: world)
    monkeypatch.setattr(app, "bus", lambda: world)
    return world


@pytest.fixture(autouse=True)
def attempts(monkeypatch: pytest.MonkeyPatch) -> InMemoryAttempts:
    attempts = InMemoryAttempts()
    monkeypatch.setattr(app, "attempts", lambda: attempts)
    return attempts


def test_an_outcome_is_written_announced_and_counted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    answer = invoke(app.lambda_handler, STEP)

    assert answer == {"status": "HELD", "settled": True}
    ((change, outcome),) = world.written
    assert (change.status, change.attempt, outcome.settled) == (Status.HELD, 3, True)
    assert outcome.basis == OutcomeBasis(decision_fingerprint="digest")
    assert world.announced == [Status.HELD]
    assert '"RequestsHeld":[1.0]' in capsys.readouterr().out


def test_an_attempt_that_was_overtaken_goes_on_to_its_end_in_silence(world: World) -> None:
    world.superseded = True

    assert invoke(app.lambda_handler, STEP) == {"status": "HELD", "settled": True}
    assert world.announced == []


# Powertools wants metrics of an invocation that failed, too.
@pytest.mark.filterwarnings("ignore:No application metrics to publish")
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("request", ...),
        ("request.request.shareArn", 1),
        ("request.attempt", -1),
        ("progress", ...),
        ("progress.step", "rest"),
        ("progress.decision", ...),
        ("progress.decision.outcome", "perhaps"),
        ("progress.decision.because", None),
        ("progress.permitted", ...),
        ("progress.permitted", 1),
    ],
)
def test_a_broken_step_is_refused_by_its_field(path: str, value: object) -> None:
    refuses(app.lambda_handler, STEP, path, value)


@pytest.mark.parametrize(
    ("progress", "status"),
    [
        ({"step": "failure", "error": {"Error": "NotReadyError", "Cause": "{}"}}, "FAILED"),
        ({"step": "failure", "error": {"Error": "RequestGoneError"}}, "WITHDRAWN"),
        ({"step": "publication", "publication": {"dnsName": "db.example", "parameters": ["/a"]}}, "AVAILABLE"),
        ({"step": "end"}, "AVAILABLE"),
        ({"step": "plan"}, "ACCEPTED"),
    ],
)
def test_every_kind_of_progress_is_read(attempts: InMemoryAttempts, progress: dict[str, Any], status: str) -> None:
    attempts.keep_plan(INPUT, PLAN)

    assert invoke(app.lambda_handler, STEP | {"progress": progress})["status"] == status


@pytest.mark.parametrize(("changes", "status"), [({"broken": (WHY,)}, "ACCEPTED"), ({"refused": (WHY,)}, "HELD")])
def test_a_plan_is_read_with_why_something_is_not_in_it(
    attempts: InMemoryAttempts, changes: dict[str, Any], status: str
) -> None:
    attempts.keep_plan(INPUT, msgspec.structs.replace(PLAN, **changes))

    assert invoke(app.lambda_handler, STEP | {"progress": {"step": "plan"}})["status"] == status


def test_an_end_with_something_refused_is_incomplete(world: World, attempts: InMemoryAttempts) -> None:
    attempts.keep_plan(INPUT, msgspec.structs.replace(PLAN, associations=(desired(),), refused=(WHY,)))
    publication = Publication(dns_name="db.example", parameters=("/a/dns-name",))
    attempts.keep_result(INPUT, 0, Published(publication))

    invoke(app.lambda_handler, STEP | {"progress": {"step": "end"}})

    ((change, outcome),) = world.written
    assert change.reasons[-1] == msgspec.to_builtins(WHY)
    assert (outcome.published, outcome.incomplete) == (("/a/dns-name",), True)


# Powertools wants metrics of every invocation.
@pytest.mark.filterwarnings("ignore:No application metrics to publish")
def test_what_became_of_one_association_is_kept_and_is_no_status(world: World, attempts: InMemoryAttempts) -> None:
    error = {"Error": "ConflictError", "Cause": '{"errorMessage": "not ours"}'}
    attempts.keep_plan(INPUT, msgspec.structs.replace(PLAN, associations=(desired(),)))

    answer = invoke(app.lambda_handler, STEP | {"progress": {"step": "association-failure", "item": 0, "error": error}})
    assert (answer, world.written) == ({}, [])
    invoke(app.lambda_handler, STEP | {"progress": {"step": "end"}})

    ((change, outcome),) = world.written
    assert outcome.status is Status.FAILED
    assert change.reasons == ({"code": "ConflictError", "text": "not ours", "source": desired().name},)


def test_an_association_of_which_nothing_is_kept_is_a_failure(world: World, attempts: InMemoryAttempts) -> None:
    attempts.keep_plan(INPUT, msgspec.structs.replace(PLAN, associations=(desired(),)))

    invoke(app.lambda_handler, STEP | {"progress": {"step": "end"}})

    ((change, outcome),) = world.written
    assert (outcome.status, change.reasons[0]["code"]) == (Status.FAILED, "no-outcome")


@pytest.mark.filterwarnings("ignore:No application metrics to publish")
def test_a_plan_that_is_not_kept_any_longer_is_no_end(world: World) -> None:
    with pytest.raises(UpstreamError):
        invoke(app.lambda_handler, STEP | {"progress": {"step": "end"}})
    assert world.written == []


def test_what_a_plan_was_made_from_is_handed_to_the_ledger(world: World, attempts: InMemoryAttempts) -> None:
    attempts.keep_plan(INPUT, PLAN)

    invoke(app.lambda_handler, STEP | {"progress": {"step": "plan"}})

    ((_, outcome),) = world.written
    assert outcome.basis == OutcomeBasis(observed_fingerprint="state", bindings_fingerprint="bindings", contents=None)
