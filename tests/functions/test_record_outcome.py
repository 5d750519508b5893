"""The door of ``record_outcome``: how far a request has come in, the row and the event out."""

from __future__ import annotations

from typing import Any

import pytest

from drawbridge.decision import Hold
from drawbridge.record import Basis, Outcome
from drawbridge.record.outcome import Decided
from drawbridge.record.record import StatusChange
from drawbridge.status import Reason, Status
from functions.record_outcome import app
from tests.builders import workflow_input
from tests.functions.invocations import invoke, refuses, step

STEP = step(request=workflow_input(attempt=3), progress=Decided(Hold((Reason("policy", "because"),)), "digest"))

WHY = {"code": "no-vpc", "text": "none fits", "source": "users"}
PLAN: dict[str, Any] = {"associations": [], "refused": [], "state": "state", "wanted": "bindings"}


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


def test_an_outcome_is_written_announced_and_counted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    answer = invoke(app.lambda_handler, STEP)

    assert answer == {"status": "HELD", "settled": True}
    ((change, outcome),) = world.written
    assert (change.status, change.attempt, outcome.settled) == (Status.HELD, 3, True)
    assert outcome.basis == Basis(permitted="digest")
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
        ({"step": "failure", "error": {"Error": "GoneError"}}, "WITHDRAWN"),
        ({"step": "end", "refused": [], "results": []}, "AVAILABLE"),
        ({"step": "plan", "plan": PLAN}, "ACCEPTED"),
        ({"step": "plan", "plan": PLAN | {"broken": [WHY]}}, "ACCEPTED"),
        ({"step": "plan", "plan": PLAN | {"refused": [WHY]}}, "HELD"),
    ],
)
def test_every_kind_of_progress_is_read(progress: dict[str, Any], status: str) -> None:
    assert invoke(app.lambda_handler, STEP | {"progress": progress})["status"] == status


def test_an_end_with_something_refused_is_incomplete(world: World) -> None:
    invoke(app.lambda_handler, STEP | {"progress": {"step": "end", "refused": [WHY], "results": []}})

    ((change, outcome),) = world.written
    assert change.reasons == (WHY,)
    assert outcome.incomplete


def test_what_a_plan_was_made_from_is_handed_to_the_ledger(world: World) -> None:
    invoke(app.lambda_handler, STEP | {"progress": {"step": "plan", "plan": PLAN}})

    ((_, outcome),) = world.written
    assert outcome.basis == Basis(seen="state", wanted="bindings", contents="null")
