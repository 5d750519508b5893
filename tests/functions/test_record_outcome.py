"""The door of ``record_outcome``: the progress of a request in, the row and the event out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.association import Plan
from drawbridge.bounds import size_of
from drawbridge.decision import Hold
from drawbridge.errors import ThrottledError, UpstreamError
from drawbridge.publication import Publication
from drawbridge.record import OutcomeBasis
from drawbridge.record.entry import Entry, HistoryEntry
from drawbridge.record.outcome import Decided, Published
from drawbridge.status import Reason, Status
from drawbridge.withdrawal import Cause, EarlierAttachments, WithdrawalPlan, Withdrawn
from drawbridge.withdrawal.plan import MOST_AT_ONCE
from functions.record_outcome import app
from tests.aws_limits import EVENT_BYTES
from tests.builders import desired, execution_input, row
from tests.fakes.attempts import InMemoryAttempts
from tests.fakes.ledger import InMemoryLedger
from tests.fakes.status_bus import InMemoryStatusBus
from tests.functions.invocations import invoke, refuses, step
from tests.unit.largest import LARGEST_SNAPSHOT, LONGEST_NAME, longest_removal
from tests.workflow.played import removals

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
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have metrics be of a stack, as the template does."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "drawbridge")


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


def test_an_outcome_is_written_and_announced(
    ledger: InMemoryLedger, bus: InMemoryStatusBus, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = invoke(app.lambda_handler, STEP)

    assert answer == {"status": "HELD", "settled": True}
    ((change, outcome),) = ledger.written
    assert (change.status, change.attempt, outcome.settled) == (Status.HELD, 3, True)
    assert outcome.basis == OutcomeBasis(decision_fingerprint="digest")
    assert [each.status for each in bus.announced] == [Status.HELD]
    assert "_aws" not in capsys.readouterr().out


def test_only_what_is_connected_has_a_time_to_connect(
    ledger: InMemoryLedger, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.entries[INPUT.request_id] = connected((Status.PENDING, 0), (Status.AVAILABLE, 9))

    assert invoke(app.lambda_handler, STEP)["status"] == "HELD"
    assert metrics(capsys.readouterr().out) == []


def test_an_attempt_that_was_overtaken_goes_on_to_its_end_in_silence(
    ledger: InMemoryLedger, bus: InMemoryStatusBus
) -> None:
    ledger.kept[INPUT.request_id] = row(Status.PENDING, request=INPUT.request, attempt=4, settled=False)

    assert invoke(app.lambda_handler, STEP) == {"status": "HELD", "settled": True}
    assert bus.announced == []


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
        ({"step": "plan"}, "ASSOCIATING"),
    ],
)
def test_every_kind_of_progress_is_read(attempts: InMemoryAttempts, progress: dict[str, Any], status: str) -> None:
    attempts.keep_plan(INPUT, msgspec.structs.replace(PLAN, associations=(desired(),)))
    attempts.keep_result(INPUT, 0, Published(Publication(dns_name="db.example", parameters=("/a",))))

    assert invoke(app.lambda_handler, STEP | {"progress": progress})["status"] == status


@pytest.mark.parametrize("step_", ["plan", "end"])
def test_of_a_share_of_which_nothing_is_desired_nothing_is_available(attempts: InMemoryAttempts, step_: str) -> None:
    attempts.keep_plan(INPUT, PLAN)

    assert invoke(app.lambda_handler, STEP | {"progress": {"step": step_}})["status"] == "ACCEPTED"


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


def test_a_plan_that_is_not_kept_any_longer_is_no_end(ledger: InMemoryLedger) -> None:
    with pytest.raises(UpstreamError):
        invoke(app.lambda_handler, STEP | {"progress": {"step": "end"}})
    assert ledger.written == []


def test_what_a_plan_was_made_from_is_handed_to_the_ledger(ledger: InMemoryLedger, attempts: InMemoryAttempts) -> None:
    attempts.keep_plan(INPUT, PLAN)

    invoke(app.lambda_handler, STEP | {"progress": {"step": "plan"}})

    ((_, outcome),) = ledger.written
    assert outcome.basis == OutcomeBasis(observed_fingerprint="state", bindings_fingerprint="bindings", contents=None)


FIRST, SECOND = removals("vpce-1", "vpce-2").removals
ERROR = {"Error": "ConflictError", "Cause": '{"errorMessage": "it has associations"}'}


def report(**progress: Any) -> Any:
    return invoke(app.lambda_handler, STEP | {"progress": progress})


@pytest.mark.parametrize(
    ("progress", "status"),
    [
        ({"step": "withdrawal-plan"}, "WITHDRAWING"),
        ({"step": "withdrawal-end"}, "WITHDRAWN"),
        ({"step": "listed-again", "because": {"code": "listed-again", "text": "AWS lists it again"}}, "ACCEPTED"),
        ({"step": "withdrawal-failure", "error": {"Error": "AccessDeniedError", "Cause": "{}"}}, "WITHDRAWING"),
        ({"step": "withdrawal-failure", "error": {"Error": "States.Timeout"}}, "WITHDRAWING"),
    ],
)
def test_every_kind_of_progress_of_a_withdrawal_is_read(progress: dict[str, Any], status: str) -> None:
    settled = progress["step"] != "withdrawal-plan"

    assert report(**progress) == {"status": status, "settled": settled}


@pytest.mark.parametrize("end", ["end", "withdrawal-end"])
def test_what_became_of_one_removal_is_kept_and_is_no_status(
    ledger: InMemoryLedger, attempts: InMemoryAttempts, end: str
) -> None:
    attempts.keep_plan(INPUT, PLAN)
    attempts.keep_withdrawal(INPUT, removals("vpce-1", "vpce-2"))
    attempts.keep_removal_result(INPUT, 1, Withdrawn(what=str(SECOND), parameters=("/a/dns-name",)))

    assert (report(step="removal-failure", item=0, error=ERROR), ledger.written) == ({}, [])
    report(step=end)

    ((change, outcome),) = ledger.written
    assert outcome.status is (Status.FAILED if end == "end" else Status.WITHDRAWING)
    assert outcome.taken_back == ("/a/dns-name",)
    assert change.reasons[0]["code"] == "not-withdrawn"
    assert change.reasons[0]["text"] == f"{FIRST}: ConflictError: it has associations"


def test_a_removal_of_which_nothing_is_kept_is_a_failure(ledger: InMemoryLedger, attempts: InMemoryAttempts) -> None:
    attempts.keep_withdrawal(INPUT, removals("vpce-1"))

    report(step="withdrawal-end")

    ((change, outcome),) = ledger.written
    assert outcome.status is Status.WITHDRAWING
    assert change.reasons[0]["text"].startswith(f"{FIRST}: no-outcome: ")


def test_what_is_taken_down_beside_what_is_made_is_told_with_the_plan(
    ledger: InMemoryLedger, attempts: InMemoryAttempts
) -> None:
    attempts.keep_plan(INPUT, PLAN)
    attempts.keep_withdrawal(INPUT, removals("vpce-1"))

    assert report(step="plan") == {"status": "ASSOCIATING", "settled": False}

    ((change, _),) = ledger.written
    assert [(each["code"], each["source"]) for each in change.reasons] == [("withdrawing", Cause.BINDING)]


def test_the_row_of_a_request_that_ends_forgets_what_was_made(
    ledger: InMemoryLedger, bus: InMemoryStatusBus, attempts: InMemoryAttempts
) -> None:
    there = msgspec.structs.replace(
        ledger.kept[INPUT.request_id], status=Status.WITHDRAWING, attachments=(LARGEST_SNAPSHOT,)
    )
    ledger.kept[INPUT.request_id] = there
    ledger.published[INPUT.request_id] = {"/a/dns-name", "/a/connection"}
    attempts.keep_withdrawal(INPUT, removals("vpce-1"))
    attempts.keep_removal_result(INPUT, 0, Withdrawn(what=str(FIRST), parameters=("/a/dns-name", "/a/connection")))

    report(step="withdrawal-end")

    connected = ledger.connected(INPUT.request_id)
    assert (connected.attachments, connected.published) == ((), ())
    assert [each.status for each in bus.announced] == [Status.WITHDRAWN]


@pytest.mark.parametrize("step_", ["plan", "withdrawal-plan", "withdrawal-end", "end"])
def test_the_largest_withdrawal_fits_into_a_row_and_an_event(
    ledger: InMemoryLedger, attempts: InMemoryAttempts, step_: str
) -> None:
    largest = tuple(longest_removal(number) for number in range(MOST_AT_ONCE))
    attempts.keep_plan(INPUT, PLAN)
    attempts.keep_withdrawal(
        INPUT, WithdrawalPlan(removals=largest, earlier=EarlierAttachments(staying=(LARGEST_SNAPSHOT,) * 150))
    )
    for place, removal in enumerate(largest):
        names = tuple(f"{LONGEST_NAME}-{place}-{number}" for number in range(200))
        attempts.keep_removal_result(INPUT, place, Withdrawn(what=str(removal), parameters=names))

    report(step=step_)

    ((change, outcome),) = ledger.written
    assert size_of(change) + size_of(outcome.taken_back) < EVENT_BYTES
    assert size_of(outcome.attachments) < EVENT_BYTES
    assert len(outcome.reasons) >= MOST_AT_ONCE


@pytest.mark.parametrize(
    ("progress", "path", "value"),
    [
        ({"step": "removal-failure", "item": 0, "error": ERROR}, "progress.item", ...),
        ({"step": "removal-failure", "item": 0, "error": ERROR}, "progress.item", "0"),
        ({"step": "removal-failure", "item": 0, "error": ERROR}, "progress.error", None),
        ({"step": "listed-again", "because": {"code": "a", "text": "b"}}, "progress.because", ...),
        ({"step": "withdrawal-failure", "error": ERROR}, "progress.error.Error", ...),
    ],
)
def test_a_broken_step_of_a_withdrawal_is_refused_by_its_field(
    progress: dict[str, Any], path: str, value: object
) -> None:
    refuses(app.lambda_handler, STEP | {"progress": progress}, path, value)


BEGAN = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PUBLISHED = {"step": "publication", "publication": {"dnsName": "db.example", "parameters": ["/a"]}}


def connected(*reached: tuple[Status, int]) -> Entry:
    """Return what people read of the row of a request that reached these statuses after so many seconds."""
    history = tuple(
        HistoryEntry(status=status, attempt=3, at=(BEGAN + timedelta(seconds=after)).isoformat())
        for status, after in reached
    )
    return Entry(
        request=INPUT.request,
        request_id=INPUT.request_id,
        kind="endpoint-connection",
        subject="subject",
        account_id="222222222222",
        status=Status.AVAILABLE,
        attempt=3,
        settled=True,
        updated_at=BEGAN.isoformat(),
        history=history,
    )


def metrics(printed: str) -> list[tuple[str, str, list[float]]]:
    """Return the metrics that were printed, each with its kind and values."""
    return [
        (metric["Name"], document["kind"], document[metric["Name"]])
        for document in map(json.loads, printed.splitlines())
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", ())
        for metric in directive["Metrics"]
        if set(directive["Dimensions"][0]) == {"kind", "service"} and metric["Unit"] == "Seconds"
    ]


def test_how_long_the_first_connection_took_is_counted_by_kind_without_what_people_took(
    ledger: InMemoryLedger, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [(Status.PENDING, 0), (Status.WAITING_FOR_APPROVAL, 2), (Status.ACCEPTED, 602), (Status.AVAILABLE, 612)]
    ledger.entries[INPUT.request_id] = connected(*asked)

    report(**PUBLISHED)

    assert metrics(capsys.readouterr().out) == [
        ("TimeToConnect", "resource-share", [12.0]),
        ("TimeToConnectWithPeople", "resource-share", [612.0]),
    ]


def test_of_what_nobody_was_asked_about_there_is_one_time(
    ledger: InMemoryLedger, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.entries[INPUT.request_id] = connected((Status.PENDING, 0), (Status.ACCEPTED, 3), (Status.AVAILABLE, 9))

    report(**PUBLISHED)

    assert metrics(capsys.readouterr().out) == [("TimeToConnect", "resource-share", [9.0])]


def test_an_attempt_whose_time_can_t_be_told_does_not_fail(
    ledger: InMemoryLedger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(request_id: str) -> None:
        raise ThrottledError("read: slowly")

    monkeypatch.setattr(ledger, "entry_with", refuse)

    assert report(**PUBLISHED) == {"status": "AVAILABLE", "settled": True}
    assert metrics(capsys.readouterr().out) == []
