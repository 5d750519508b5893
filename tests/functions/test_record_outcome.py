"""The door of ``record_outcome``: the progress of a request in, the row and the event out."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from drawbridge.association import Plan
from drawbridge.decision import Hold
from drawbridge.errors import UpstreamError
from drawbridge.publication import Publication
from drawbridge.record import OutcomeBasis
from drawbridge.record.outcome import Decided, Published
from drawbridge.status import Reason, Status
from functions.record_outcome import app
from tests.builders import desired, execution_input, row
from tests.fakes.attempts import InMemoryAttempts
from tests.fakes.ledger import InMemoryLedger
from tests.fakes.status_bus import InMemoryStatusBus
from tests.functions.invocations import invoke, refuses, step

INPUT = execution_input(attempt=3)
STEP = step(request=INPUT, progress=Decided(Hold((Reason("policy", "because"),)), "digest"))

WHY = Reason("no-vpc", "none fits", source="users")
PLAN = Plan(associations=(), refused=(), observed_fingerprint="state", bindings_fingerprint="bindings")


@pytest.fixture(autouse=True)
def ledger(monkeypatch: pytest.MonkeyPatch) -> InMemoryLedger:
    """Return the ledger, in which the attempt is under way."""
    ledger = InMemoryLedger()
    ledger.kept[INPUT.request_id] = row(Status.PENDING, request=INPUT.request, attempt=INPUT.attempt, settled=False)
    monkeypatch.setattr(app, "ledger", lambda: ledger)
    return ledger


@pytest.fixture(autouse=True)
def bus(monkeypatch: pytest.MonkeyPatch) -> InMemoryStatusBus:
    bus = InMemoryStatusBus()
    monkeypatch.setattr(app, "bus", lambda: bus)
    return bus


@pytest.fixture(autouse=True)
def attempts(monkeypatch: pytest.MonkeyPatch) -> InMemoryAttempts:
    attempts = InMemoryAttempts()
    monkeypatch.setattr(app, "attempts", lambda: attempts)
    return attempts


def test_an_outcome_is_written_announced_and_counted(
    ledger: InMemoryLedger, bus: InMemoryStatusBus, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = invoke(app.lambda_handler, STEP)

    assert answer == {"status": "HELD", "settled": True}
    ((change, outcome),) = ledger.written
    assert (change.status, change.attempt, outcome.settled) == (Status.HELD, 3, True)
    assert outcome.basis == OutcomeBasis(decision_fingerprint="digest")
    assert [each.status for each in bus.announced] == [Status.HELD]
    assert '"RequestsHeld":[1.0]' in capsys.readouterr().out


def test_an_attempt_that_was_overtaken_goes_on_to_its_end_in_silence(
    ledger: InMemoryLedger, bus: InMemoryStatusBus
) -> None:
    ledger.kept[INPUT.request_id] = row(Status.PENDING, request=INPUT.request, attempt=4, settled=False)

    assert invoke(app.lambda_handler, STEP) == {"status": "HELD", "settled": True}
    assert bus.announced == []


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


def test_an_end_with_something_refused_is_incomplete(ledger: InMemoryLedger, attempts: InMemoryAttempts) -> None:
    attempts.keep_plan(INPUT, msgspec.structs.replace(PLAN, associations=(desired(),), refused=(WHY,)))
    publication = Publication(dns_name="db.example", parameters=("/a/dns-name",))
    attempts.keep_result(INPUT, 0, Published(publication))

    invoke(app.lambda_handler, STEP | {"progress": {"step": "end"}})

    ((change, outcome),) = ledger.written
    assert change.reasons[-1] == msgspec.to_builtins(WHY)
    assert (outcome.published, outcome.incomplete) == (("/a/dns-name",), True)


# Powertools wants metrics of every invocation.
@pytest.mark.filterwarnings("ignore:No application metrics to publish")
def test_what_became_of_one_association_is_kept_and_is_no_status(
    ledger: InMemoryLedger, attempts: InMemoryAttempts
) -> None:
    error = {"Error": "ConflictError", "Cause": '{"errorMessage": "not ours"}'}
    attempts.keep_plan(INPUT, msgspec.structs.replace(PLAN, associations=(desired(),)))

    answer = invoke(app.lambda_handler, STEP | {"progress": {"step": "association-failure", "item": 0, "error": error}})
    assert (answer, ledger.written) == ({}, [])
    invoke(app.lambda_handler, STEP | {"progress": {"step": "end"}})

    ((change, outcome),) = ledger.written
    assert outcome.status is Status.FAILED
    assert change.reasons == ({"code": "ConflictError", "text": "not ours", "source": desired().name},)


def test_an_association_of_which_nothing_is_kept_is_a_failure(
    ledger: InMemoryLedger, attempts: InMemoryAttempts
) -> None:
    attempts.keep_plan(INPUT, msgspec.structs.replace(PLAN, associations=(desired(),)))

    invoke(app.lambda_handler, STEP | {"progress": {"step": "end"}})

    ((change, outcome),) = ledger.written
    assert (outcome.status, change.reasons[0]["code"]) == (Status.FAILED, "no-outcome")


@pytest.mark.filterwarnings("ignore:No application metrics to publish")
def test_a_plan_that_is_not_kept_any_longer_is_no_end(ledger: InMemoryLedger) -> None:
    with pytest.raises(UpstreamError):
        invoke(app.lambda_handler, STEP | {"progress": {"step": "end"}})
    assert ledger.written == []


def test_what_a_plan_was_made_from_is_handed_to_the_ledger(ledger: InMemoryLedger, attempts: InMemoryAttempts) -> None:
    attempts.keep_plan(INPUT, PLAN)

    invoke(app.lambda_handler, STEP | {"progress": {"step": "plan"}})

    ((_, outcome),) = ledger.written
    assert outcome.basis == OutcomeBasis(observed_fingerprint="state", bindings_fingerprint="bindings", contents=None)
