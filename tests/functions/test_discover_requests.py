"""The door of ``discover_requests``: hints in, one sweep."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.association.in_force import bindings_in_force
from drawbridge.configuration import Broken
from drawbridge.discovery.expiring import Expiring
from drawbridge.discovery.followed_counts import FollowedCounts, OldestPending
from drawbridge.discovery.sweep_record import Mentioned, SweepRecord
from drawbridge.environment import MissingVariableError
from drawbridge.errors import AccessDeniedError, DrawbridgeError, InvalidInputError, ThrottledError, UpstreamError
from drawbridge.hint import EVERYTHING, ORPHANS, HintSource, SweepScope
from functions.discover_requests import app
from tests.builders import NOW, told
from tests.fakes.configuration import InMemoryParameters
from tests.functions.discovering import SCOPES, World, batch, failed, hint, message_id
from tests.functions.invocations import invoke


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(app, "configuration", world.configuring)
    monkeypatch.setattr(app, "sweeper", world.sweeper)
    monkeypatch.setattr(app, "dead_letters", world.dead_letters)
    monkeypatch.setattr(app, "sweep_records", world.sweep_records)
    monkeypatch.setattr(app, "look_every", lambda: timedelta(minutes=5))
    return world


def metrics(printed: str) -> dict[str, Any]:
    """Read the metrics that were printed in CloudWatch's embedded format."""
    found: dict[str, Any] = {}
    for line in printed.splitlines():
        document = json.loads(line) if line.startswith("{") else {}
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", ()):
            assert directive["Namespace"] == "Drawbridge"
            found |= {metric["Name"]: document[metric["Name"]] for metric in directive["Metrics"]}
    return found


def logged(caplog: pytest.LogCaptureFixture, message: str) -> list[tuple[str, str]]:
    """Return the error and the reason of each log entry of this message."""
    records = [vars(record) for record in caplog.records if record.getMessage() == message]
    return [(record["error"], record["reason"]) for record in records]


@pytest.mark.parametrize(("name", "scope"), SCOPES.items())
def test_every_sample_opens_the_door(world: World, name: str, scope: SweepScope) -> None:
    answer = invoke(app.lambda_handler, batch(hint(name)))

    assert answer == failed()
    assert world.scopes == [scope]
    assert world.dead == []


def test_a_broken_hint_is_kept_aside_with_its_reason_and_stops_no_other(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    unknown = json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": {}})

    answer = invoke(
        app.lambda_handler,
        batch("{", hint("ram-resource-sharing-state-change"), unknown, hint("endpoint-connection-notification")),
    )

    assert answer == failed()
    assert world.scopes == [SCOPES["ram-resource-sharing-state-change"] | SCOPES["endpoint-connection-notification"]]
    assert [body for body, _ in world.dead] == ["{", unknown]
    reasons = [reason for _, reason in world.dead]
    assert all(reason.startswith("hint: ") for reason in reasons)
    assert "'aws.s3'" in reasons[1]
    # Metrics of one name are emitted together.
    assert metrics(capsys.readouterr().out)["HintsBroken"] == [1.0, 1.0]


def test_many_hints_make_one_sweep(world: World) -> None:
    bodies = [hint(name) for name in SCOPES] * 100

    invoke(app.lambda_handler, batch(*bodies))

    sources = set(HintSource) - {HintSource.COMMAND, HintSource.SIGN_UP, HintSource.PROOF}
    assert world.scopes == [EVERYTHING | told(ORPHANS, *sources)]
    assert world.read == 1


def test_where_no_hint_can_be_read_there_is_no_sweep(world: World) -> None:
    answer = invoke(app.lambda_handler, batch("", "[]", "null", '{"source": 1}'))

    assert answer == failed()
    assert (world.scopes, world.read) == ([], 0)
    assert len(world.dead) == 4


def test_of_broken_hints_the_one_that_could_not_be_kept_comes_again(world: World) -> None:
    world.raises = {"send {": AccessDeniedError("send: no")}

    answer = invoke(app.lambda_handler, batch("[]", hint("schedule"), "{", "null"))

    assert answer == failed(2)
    assert [body for body, _ in world.dead] == ["[]", "null"]
    assert world.scopes == [SCOPES["schedule"]]


def test_the_hints_of_a_sweep_that_failed_in_part_come_again(
    world: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    world.failures = (UpstreamError("list shares: no"), ThrottledError("start x: slowly"))

    answer = invoke(app.lambda_handler, batch(hint("schedule"), "{", hint("parameter-store-change")))

    assert answer == failed(0, 2)
    assert [body for body, _ in world.dead] == ["{"]
    counted = metrics(capsys.readouterr().out)
    assert (counted["SweepsFailed"], counted["RequestsStarted"]) == ([1.0], [1.0])
    assert logged(caplog, "sweep failed") == [
        ("UpstreamError", "list shares: no"),
        ("ThrottledError", "start x: slowly"),
    ]


@pytest.mark.parametrize("where", ["configuring", "sweeper", "sweep"])
@pytest.mark.parametrize(
    "error", [ThrottledError("slowly"), InvalidInputError("b: broken"), MissingVariableError("LEDGER_TABLE is not set")]
)
def test_the_hints_of_a_sweep_that_failed_as_a_whole_come_again(
    world: World,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    where: str,
    error: DrawbridgeError,
) -> None:
    world.raises = {where: error}

    answer = invoke(app.lambda_handler, batch(hint("schedule"), hint("schedule")))

    assert answer == failed(0, 1)
    assert metrics(capsys.readouterr().out) == {"SweepsFailed": [1.0]}
    assert logged(caplog, "sweep failed") == [(type(error).__name__, str(error))]


def test_a_sweep_that_breaks_by_a_fault_of_ours_is_counted_as_failed_too(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(app, "sweeper", broken)

    with pytest.raises(KeyError):
        invoke(app.lambda_handler, batch(hint("schedule")))

    assert metrics(capsys.readouterr().out) == {"SweepsFailed": [1.0]}
    ((record, _),) = world.records
    assert record.failures == Mentioned(1, ("sweep: KeyError: 'x'",))


def test_a_sweep_and_a_hint_may_fail_at_once(world: World) -> None:
    world.raises = {"send {": UpstreamError("send: no"), "sweep": ThrottledError("slowly")}

    answer = invoke(app.lambda_handler, batch(hint("schedule"), "{", "[]"))

    assert sorted(each["itemIdentifier"] for each in answer["batchItemFailures"]) == [message_id(0), message_id(1)]


def test_what_nobody_foresaw_is_raised_and_the_whole_batch_comes_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(configuration: object, now: object, on_broken: object) -> World:
        raise RuntimeError("bug")

    monkeypatch.setattr(app, "sweeper", stumble)

    with pytest.raises(RuntimeError, match="bug"):
        invoke(app.lambda_handler, batch(hint("schedule")))


def test_a_broken_configuration_is_counted_and_stops_no_sweep(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.broken = (("policy", Broken("a", "line 1", 3)), ("binding", Broken("b", "line 2", None)))

    invoke(app.lambda_handler, batch(hint("schedule")))

    assert world.scopes == [SCOPES["schedule"]]
    assert metrics(capsys.readouterr().out) == {
        "ConfigurationBroken": [2.0],
        "RequestsStarted": [1.0],
    }


def test_whatever_is_written_in_a_binding_is_recorded_and_stops_no_sweep(world: World) -> None:
    half = '{"match": {"\\ud800": 1}, "attach": {"mode": "resource-endpoint", "vpc": "vpc-12345678"}}'
    bindings = bindings_in_force(InMemoryParameters("bindings", {"mine": [half]}))
    world.broken = tuple(("binding", each) for each in bindings.broken)

    assert invoke(app.lambda_handler, batch(hint("schedule"))) == failed()

    ((record, _),) = world.records
    (told_of,) = record.broken.first
    assert told_of.startswith("binding mine: binding mine, line 1: Object contains unknown field `\\ud800`")
    assert "half of a character" in told_of


def test_what_does_not_happen_costs_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.started = ()

    invoke(app.lambda_handler, batch(hint("schedule")))

    assert metrics(capsys.readouterr().out) == {}


FOLLOWED = FollowedCounts(
    held=frozenset({"a", "b"}),
    failed=frozenset({"c"}),
    waiting_for_approval=frozenset({"d", "e", "f"}),
    withdrawals_failed=frozenset({"g"}),
    no_longer_permitted=frozenset({"h", "i"}),
    orphans=frozenset({"g"}),
    oldest_pending=OldestPending("j", timedelta(minutes=90)),
)


def test_of_many_in_trouble_the_log_names_the_first_fifty_and_the_metric_counts_all(
    world: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    held = [f"share-{number:02}" for number in range(60)]
    world.followed = FollowedCounts(held=frozenset(held))

    invoke(app.lambda_handler, batch(hint("schedule")))

    assert metrics(capsys.readouterr().out)["RequestsHeld"] == [60.0]
    (named,) = (vars(record) for record in caplog.records if record.getMessage() == "followed")
    assert named["held"] == held[:50]


@pytest.mark.parametrize("by", ["schedule", "parameter-store-change", "schedule-orphans"])
def test_a_sweep_over_everything_tells_how_all_requests_stand(
    world: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, by: str
) -> None:
    world.followed, world.drifted, world.started = FOLLOWED, ("k",), ()
    world.no_longer_permitted = ("i", "l")

    invoke(app.lambda_handler, batch(hint(by)))

    assert metrics(capsys.readouterr().out) == {
        "RequestsHeld": [2.0],
        "RequestsFailed": [1.0],
        "RequestsWaitingForApproval": [3.0],
        "WithdrawalsFailed": [1.0],
        "NoLongerPermitted": [3.0],
        "ConnectionsDrifted": [1.0],
        "Orphans": [1.0],
        "OldestPendingAge": [5400.0],
    }
    (named,) = (vars(record) for record in caplog.records if record.getMessage() == "followed")
    assert (named["held"], named["oldest_pending"]) == (["a", "b"], "j")


def test_a_sweep_over_a_part_does_not_tell_how_the_whole_stands(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.followed, world.started = FOLLOWED, ()

    invoke(app.lambda_handler, batch(hint("ram-resource-sharing-state-change")))

    assert metrics(capsys.readouterr().out) == {}


@pytest.mark.parametrize(
    ("hints", "missed"),
    [
        (["schedule"], [1.0]),
        (["schedule", "schedule-orphans"], [1.0]),
        (["ram-resource-sharing-state-change"], None),
        (["schedule", "endpoint-connection-notification"], None),
    ],
)
def test_what_the_schedule_found_and_no_event_told_is_counted_and_named(
    world: World, capsys: pytest.CaptureFixture[str], hints: list[str], missed: list[float] | None
) -> None:
    world.started = ("share-a-1", "share-b-2")
    world.first_attempts = ("share-a-1",)

    invoke(app.lambda_handler, batch(*map(hint, hints)))

    counted = metrics(capsys.readouterr().out)
    assert (counted["RequestsStarted"], counted.get("RequestsMissedByEvents")) == ([2.0], missed)


def test_reviews_that_come_to_nothing_are_counted_and_named(
    world: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    world.reviews_open = ("share-b: no room",)

    invoke(app.lambda_handler, batch(hint("schedule")))

    assert metrics(capsys.readouterr().out)["ReviewsOpen"] == [1.0]
    assert ("share-b: no room",) in [getattr(each, "requests", None) for each in caplog.records]


def test_what_is_gone_and_capped_and_what_nobody_knows_of_is_counted_and_named(
    world: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    world.withdrawals_capped, world.existence_unknown = ("share-b", "share-c"), ("vpce-1",)

    invoke(app.lambda_handler, batch(hint("schedule")))

    counted = metrics(capsys.readouterr().out)
    assert (counted["WithdrawalsCapped"], counted["ExistenceUnknown"]) == ([2.0], [1.0])
    assert ("share-b", "share-c") in [getattr(each, "requests", None) for each in caplog.records]
    assert ("vpce-1",) in [getattr(each, "ids", None) for each in caplog.records]


@pytest.mark.parametrize(
    ("expiring", "count", "named"),
    [
        ((Expiring("share-b", NOW), Expiring("share-c", NOW)), [2.0], True),
        ((), None, False),
        (None, None, False),
    ],
)
def test_what_expires_soon_is_counted_and_named_unless_it_is_not_known(
    world: World,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    expiring: tuple[Expiring, ...] | None,
    count: list[float] | None,
    named: bool,
) -> None:
    world.expiring = expiring

    invoke(app.lambda_handler, batch(hint("schedule")))

    assert metrics(capsys.readouterr().out).get("RequestsExpiring") == count
    told = [getattr(each, "requests", None) for each in caplog.records if each.getMessage() == "expiring"]
    expected = [f"share-{letter} until 2026-11-21T12:00:00+00:00" for letter in "bc"]
    assert told == ([expected] if named else [])


def test_connections_that_are_no_longer_permitted_are_counted_and_named(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.no_longer_permitted = ("share-b", "share-c")

    invoke(app.lambda_handler, batch(hint("schedule")))

    output = capsys.readouterr()
    assert metrics(output.out)["NoLongerPermitted"] == [2.0]


COMMAND = json.dumps({"source": "drawbridge.command", "detail-type": "Sweep", "detail": {"command": "c-1"}})


def test_each_sweep_leaves_a_record_for_the_commands_that_wait_for_it(world: World) -> None:
    world.broken = (("policy", Broken("a", "line 1", 3)),)
    world.unreadable = (InvalidInputError("share-b: no row"),)
    world.failures = (UpstreamError("list shares: no"),)
    world.expiring = (Expiring("share-c", NOW),)
    world.withdrawals_capped = ("share-d",)
    world.offered, world.taken_back, world.not_offered = ("a to b",), ("c from d",), ("e is not offered to f: no",)
    world.offers_refused = (InvalidInputError("not all can be offered g: EC2 says no"),)
    world.offers_held_back = (InvalidInputError("2 of 3 would go"),)

    invoke(app.lambda_handler, batch(hint("schedule"), COMMAND))

    ((record, commands),) = world.records
    assert commands == {"c-1"}
    assert record.began_at <= record.ended_at
    assert record == SweepRecord(
        began_at=record.began_at,
        ended_at=record.ended_at,
        shares=True,
        connections=True,
        notifications=True,
        offers=True,
        scheduled=True,
        observed=2,
        started=Mentioned(1, ("share-a-1",)),
        failures=Mentioned(1, ("list shares: no",)),
        broken=Mentioned(2, ("policy a: line 1", "share-b: no row")),
        expiring=Mentioned(1, (f"share-c until {NOW.isoformat()}",)),
        withdrawals_capped=Mentioned(1, ("share-d",)),
        offered=Mentioned(1, ("a to b",)),
        taken_back=Mentioned(1, ("c from d",)),
        not_offered=Mentioned(1, ("e is not offered to f: no",)),
        offers_refused=Mentioned(1, ("not all can be offered g: EC2 says no",)),
        offers_held_back=Mentioned(1, ("2 of 3 would go",)),
    )


def test_what_aws_refuses_of_offers_is_logged_as_that_and_counted_for_the_alarm(
    world: World, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    world.unreadable = (InvalidInputError("share-b: no row"),)
    world.offers_refused = (InvalidInputError("not all can be offered g: EC2 says no"),)
    world.offers_held_back = (InvalidInputError("2 of 3 would go"),)

    invoke(app.lambda_handler, batch(hint("schedule")))

    logged = [(each.message, vars(each)["reason"]) for each in caplog.records if "reason" in vars(each)]
    assert sorted(logged) == [
        ("offers held back", "2 of 3 would go"),
        ("offers refused", "not all can be offered g: EC2 says no"),
        ("row broken", "share-b: no row"),
    ]
    assert metrics(capsys.readouterr().out)["RowsBroken"] == [3.0]


def test_what_is_offered_taken_back_and_not_offered_is_logged_the_first_of_many_by_name(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.offered = tuple(f"a to {number}" for number in range(60))
    world.not_offered = ("e is not offered to f: no",)

    invoke(app.lambda_handler, batch(hint("schedule")))

    shown = {each.message: (each.number_of_offers, each.offers) for each in caplog.records if "offered" in each.message}  # type: ignore[attr-defined]
    assert shown == {"offered": (60, world.offered[:50]), "not offered": (1, world.not_offered)}


def test_a_sweep_that_broke_off_leaves_a_record_that_says_why(world: World) -> None:
    world.raises = {"sweep": ThrottledError("slowly")}

    invoke(app.lambda_handler, batch(COMMAND))

    ((record, commands),) = world.records
    assert (record.observed, record.failures, commands) == (None, Mentioned(1, ("slowly",)), frozenset({"c-1"}))
    assert not record.scheduled


@pytest.mark.parametrize("error", [ThrottledError("slowly"), ValueError("slowly")])
def test_a_sweep_whose_record_can_t_be_kept_is_as_good_and_not_repeated(
    error: Exception, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.raises = {"keep": error}

    assert invoke(app.lambda_handler, batch(hint("schedule"))) == failed()
    assert logged(caplog, "sweep not recorded") == [(type(error).__name__, "slowly")]


def test_what_is_wrong_with_keeping_the_record_hides_no_fault_of_the_sweep(world: World) -> None:
    world.raises = {"sweep": ZeroDivisionError("by zero"), "keep": ValueError("slowly")}

    with pytest.raises(ZeroDivisionError):
        invoke(app.lambda_handler, batch(hint("schedule")))


@pytest.mark.parametrize(
    ("hints", "minutes", "is_counted"),
    [
        ([COMMAND], 61, True),
        ([COMMAND], 59, False),
        ([COMMAND], 40 * 24 * 60, True),
        ([hint("schedule")], 61, False),
        ([hint("schedule"), COMMAND], 61, False),
        ([COMMAND], None, False),
    ],
    ids=["silent", "in time", "silent for long", "the schedule's", "the schedule's too", "never"],
)
def test_a_sweep_that_something_else_asked_for_counts_that_the_schedule_is_silent(
    world: World, capsys: pytest.CaptureFixture[str], hints: list[str], minutes: float | None, *, is_counted: bool
) -> None:
    if minutes is not None:
        at = datetime.now(UTC) - timedelta(minutes=minutes)
        world.scheduled = SweepRecord(began_at=at, ended_at=at, scheduled=True)

    assert invoke(app.lambda_handler, batch(*hints)) == failed()
    assert metrics(capsys.readouterr().out).get("SweepsWithoutSchedule") == ([1.0] if is_counted else None)


def test_a_schedule_that_has_a_sweep_made_each_hour_is_not_silent_after_one(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "look_every", lambda: timedelta(hours=1))
    at = datetime.now(UTC) - timedelta(minutes=125)
    world.scheduled = SweepRecord(began_at=at, ended_at=at, scheduled=True)

    invoke(app.lambda_handler, batch(COMMAND))

    assert "SweepsWithoutSchedule" not in metrics(capsys.readouterr().out)


def test_a_schedule_of_which_nothing_can_be_read_is_not_taken_for_silent(
    world: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    world.raises = {"last scheduled": InvalidInputError("sweep/scheduled can't be read")}

    assert invoke(app.lambda_handler, batch(COMMAND)) == failed()
    assert logged(caplog, "schedule not known") == [("InvalidInputError", "sweep/scheduled can't be read")]
    assert "SweepsWithoutSchedule" not in metrics(capsys.readouterr().out)


def test_of_a_long_list_the_record_has_the_beginning_and_the_number(world: World) -> None:
    world.no_longer_permitted = tuple(f"share-{number}" + "é" * 2_000 for number in range(1_000))

    invoke(app.lambda_handler, batch(hint("schedule")))

    ((record, _),) = world.records
    assert record.no_longer_permitted.count == 1_000
    assert [each[:7] for each in record.no_longer_permitted.first] == ["share-0", "share-1", "share-2"]
    assert len(msgspec.json.encode(record)) < 10_000
