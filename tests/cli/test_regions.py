"""``--all-regions``: the stacks of all Regions as if they were one, and what could not be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.discovery.sweep_record import Mentioned, SweepRecord
from drawbridge.errors import AccessDeniedError, DrawbridgeError
from drawbridge.status import Status
from drawbridge_cli import regions
from drawbridge_cli.command_lines import command, told_with
from drawbridge_cli.regions import asked_of_each, enabled_regions, look_for_stacks
from drawbridge_cli.scheduled_sweeps import ScheduledSweeps
from drawbridge_cli.stack import NoStackError, Stack
from local_aws.testing.faults import CallFault, faults
from tests.cli.connected import connection, enter, enter_connected, ledger_of
from tests.cli.operators import Drawbridge, Operator, denied

HELD, CONNECTED = connection(1), connection(2)
AT = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)
QUIET = SweepRecord(began_at=AT, ended_at=AT + timedelta(seconds=2), shares=True, observed=12)
DENIED = AccessDeniedError("find the stack drawbridge: AccessDenied: no")


@pytest.fixture
def ledger(operator: Operator) -> Iterator[LedgerTable]:
    with ledger_of(operator) as ledger:
        enter_connected(ledger, CONNECTED)
        yield ledger


class Elsewhere(Stack):
    """The one stack that the account has, as if it were in another Region, too."""

    @property
    def region(self) -> str:
        return "eu-central-1"

    @property
    def options(self) -> tuple[str, ...]:
        return ("--region", "eu-central-1")


Found = Callable[..., None]


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Found:
    """Have the stack be in two Regions, not in a third, and others not answer."""

    def find(*not_asked: tuple[str, DrawbridgeError], also: bool = True, here: bool = True) -> None:
        def looked(stack: Stack, names: Any, show: Any = None) -> regions.StacksByRegion:
            one = stack.in_region("us-east-1")
            other = Elsewhere(stack.name, region="us-east-1", profile=None)
            stacks = ((other,) if also else ()) + ((one,) if here else ())
            return regions.StacksByRegion(stacks, ("af-south-1",), not_asked)

        monkeypatch.setattr(regions, "look_for_stacks", looked)

    return find


def test_the_status_of_all_regions_is_one_by_urgency_with_the_region_of_each(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, found: Found
) -> None:
    enter(ledger, HELD, Status.HELD)
    found()

    ended, in_json = at_work("status", "--all-regions"), at_work("status", "--all-regions", "--json")

    assert (ended.code, ended.err) == (1, "")
    lines = ended.out.splitlines()
    assert lines[0] == f"drawbridge in eu-central-1, us-east-1, account {operator.account_id}: 2 need somebody"
    assert [line.rpartition(", ")[2] for line in lines if "of account" in line] == ["in eu-central-1", "in us-east-1"]
    assert f"      drawbridge --region eu-central-1 why {HELD.request_id}" in lines
    assert f"      drawbridge --region us-east-1 why {HELD.request_id}" in lines
    assert lines[-4].startswith("2 connected")
    assert lines[-3:-1] == [
        f"{region}: the schedule has not had one sweep made yet" for region in ("eu-central-1", "us-east-1")
    ]
    assert lines[-1] == "no stack drawbridge in af-south-1"
    document = in_json.json
    assert [each["region"] for each in document["requests"]] == ["eu-central-1", "us-east-1"]
    assert (document["rest"], document["regions"]) == ({"connected": 2}, ["eu-central-1", "us-east-1"])
    assert {region: each["is_late"] for region, each in document["last_sweeps"].items()} == {
        "eu-central-1": False,
        "us-east-1": False,
    }
    assert (document["without_stack"], document["not_asked"]) == (["af-south-1"], [])


def test_where_no_sweep_is_made_the_advice_reaches_the_stack_of_that_region(
    at_work: Drawbridge, ledger: LedgerTable, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = ScheduledSweeps(last=None, every=timedelta(minutes=5), since=datetime.now(UTC) - timedelta(hours=1))
    monkeypatch.setattr(Stack, "scheduled_sweeps", lambda _: late)
    found()

    ended = at_work("--region", "us-east-1", "status", "--all-regions")

    assert ended.code == 1
    assert [line for line in ended.out.splitlines() if "the schedule" in line] == [
        f"{region}: the schedule has not had one sweep made: drawbridge --region {region} doctor says why"
        for region in ("eu-central-1", "us-east-1")
    ]


def test_a_region_that_could_not_be_asked_makes_the_answer_incomplete(
    at_work: Drawbridge, ledger: LedgerTable, found: Found
) -> None:
    found(("eu-west-1", DENIED))

    ended, in_json = at_work("status", "--all-regions"), at_work("status", "--all-regions", "--json")

    assert (ended.code, in_json.code) == (3, 3)
    assert ended.err == f"AWS: eu-west-1 could not be asked: {DENIED}\n"
    assert in_json.json["not_asked"] == [{"region": "eu-west-1", "error": str(DENIED)}]


def test_what_needs_somebody_counts_more_than_what_could_not_be_asked(
    at_work: Drawbridge, ledger: LedgerTable, found: Found
) -> None:
    enter(ledger, HELD, Status.HELD)
    found(("eu-west-1", DENIED))

    assert at_work("status", "--all-regions").code == 1


def test_where_no_region_could_be_asked_nothing_is_said_to_be_well(
    at_work: Drawbridge, ledger: LedgerTable, found: Found
) -> None:
    found(("eu-west-1", DENIED), also=False, here=False)

    ended = at_work("status", "--all-regions")

    assert ended.code == 3
    assert "no Region that could be asked" in ended.out


def test_a_ledger_that_can_not_be_read_is_a_region_that_could_not_be_asked(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, found: Found
) -> None:
    found(also=False)

    with faults.injected(
        CallFault("dynamodb:Query", "error", code="AccessDeniedException", account=operator.account_id)
    ):
        ended = at_work("status", "--all-regions", "--json")

    assert (ended.code, ended.json["regions"]) == (3, [])
    ((told),) = ended.json["not_asked"]
    assert told["region"] == "us-east-1"
    assert "AccessDeniedException" in told["error"]


def test_one_region_is_watched_at_a_time(at_work: Drawbridge) -> None:
    ended = at_work("status", "--all-regions", "--watch")

    assert (ended.code, ended.err) == (
        2,
        "--watch: one Region is watched at a time; leave out --all-regions or --watch\n",
    )


@pytest.mark.parametrize("named", ["status", "sweep", "doctor"])
def test_where_no_region_has_the_stack_that_is_said(at_work: Drawbridge, named: str) -> None:
    ended = at_work("--stack", "elsewhere", named, "--all-regions", "--json")

    assert ended.code == 2
    assert ended.json["error"]["message"].startswith("--stack: there is no stack 'elsewhere' in af-south-1, ")


def swept(operator: Operator, monkeypatch: pytest.MonkeyPatch, record: SweepRecord) -> list[str]:
    """Have the stack sweep at once, to some result; return the commands that it was asked by."""
    asked: list[str] = []

    def ask(self: Stack, command: str = "", *, orphans: bool = False) -> None:
        asked.append(self.region)
        self.sweep_records.keep(record, frozenset({command}))

    monkeypatch.setattr(Stack, "ask_to_sweep", ask)
    return asked


def test_all_regions_sweep_and_each_says_what_came_of_it(
    at_work: Drawbridge, operator: Operator, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = swept(operator, monkeypatch, QUIET)
    found()

    ended, in_json = at_work("sweep", "--all-regions"), at_work("sweep", "--all-regions", "--json")

    assert (ended.code, ended.err) == (0, "")
    assert [line for line in ended.out.splitlines() if "swept at" in line] == [
        "drawbridge in eu-central-1 swept at 2026-11-21 13:05:00 UTC, in 2.0 s",
        "drawbridge in us-east-1 swept at 2026-11-21 13:05:00 UTC, in 2.0 s",
    ]
    assert sorted(asked) == sorted(["eu-central-1", "us-east-1"] * 2)
    assert [(each["region"], each["sweep"]["observed"]) for each in in_json.json["regions"]] == [
        ("eu-central-1", 12),
        ("us-east-1", 12),
    ]
    assert (in_json.json["without_stack"], in_json.json["not_asked"]) == (["af-south-1"], [])


def test_what_a_sweep_somewhere_finds_is_told_with_that_region(
    at_work: Drawbridge, operator: Operator, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble = SweepRecord(began_at=AT, ended_at=AT, shares=True, observed=1, withdrawals_capped=Mentioned(1, ("x",)))
    swept(operator, monkeypatch, trouble)
    found(("eu-west-1", DENIED))

    ended = at_work("sweep", "--all-regions")

    assert ended.code == 1
    assert "drawbridge --region eu-central-1 withdraw --confirm" in ended.out
    assert "drawbridge --region us-east-1 withdraw --confirm" in ended.out


def test_a_region_that_could_not_be_asked_to_sweep_is_told_and_the_others_sweep(
    at_work: Drawbridge, operator: Operator, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept(operator, monkeypatch, QUIET)
    found(("eu-west-1", DENIED))

    ended = at_work("sweep", "--all-regions")

    assert ended.code == 3
    assert ended.err == f"AWS: eu-west-1 could not be asked: {DENIED}\n"
    assert ended.out.count("swept at") == 2


class Unreadable:
    """Records of sweeps of which none can be read."""

    def keep(self, *_: object) -> None:
        pass

    def of_command(self, _: str) -> SweepRecord | None:
        raise DENIED


def test_a_record_that_can_not_be_read_makes_its_region_one_that_could_not_be_asked(
    at_work: Drawbridge, operator: Operator, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept(operator, monkeypatch, QUIET)
    found()
    monkeypatch.setattr(Elsewhere, "sweep_records", Unreadable())

    ended, in_json = at_work("sweep", "--all-regions"), at_work("sweep", "--all-regions", "--json")

    assert (ended.code, ended.err) == (3, f"AWS: eu-central-1 could not be asked: {DENIED}\n")
    assert [line for line in ended.out.splitlines() if "swept at" in line] == [
        "drawbridge in us-east-1 swept at 2026-11-21 13:05:00 UTC, in 2.0 s"
    ]
    assert in_json.code == 3
    assert [each["region"] for each in in_json.json["regions"]] == ["us-east-1"]
    assert in_json.json["not_asked"] == [{"region": "eu-central-1", "error": str(DENIED)}]


def test_the_record_of_the_only_stack_that_can_not_be_read_is_an_error_and_says_that_it_sweeps(
    at_work: Drawbridge, operator: Operator
) -> None:
    with denied("dynamodb:GetItem", operator.account_id):
        ended = at_work("sweep")
    operator.hints()

    assert ended.code == 3
    first, second = ended.err.splitlines()
    assert first == "drawbridge in us-east-1 was asked to sweep, and will"
    assert second.startswith("AWS: ")


def test_regions_that_do_not_sweep_in_time_are_named(at_work: Drawbridge, operator: Operator, found: Found) -> None:
    found()

    ended = at_work("sweep", "--all-regions", "--wait", "1")
    operator.hints()

    assert ended.code == 1
    late = "has not swept within 1 s; it may yet."
    assert ended.err.splitlines() == [
        f"drawbridge in {region} {late} drawbridge --region {region} doctor says whether it can"
        for region in ("eu-central-1", "us-east-1")
    ]


def test_who_stops_waiting_is_told_which_regions_sweep_regardless(
    at_work: Drawbridge, operator: Operator, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("drawbridge_cli.sweep.pause", press)
    found(also=False)

    ended = at_work("sweep", "--all-regions")
    operator.hints()

    assert (ended.code, ended.err) == (130, "drawbridge in us-east-1 was asked to sweep, and will\ninterrupted\n")


def test_all_regions_have_one_session_and_clients_of_their_own(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in operator.environment.items():
        monkeypatch.setenv(name, value)
    made: list[str] = []
    session = boto3.Session

    def counted(**settings: Any) -> Any:
        made.append(settings["region_name"])
        return session(**settings)

    monkeypatch.setattr(boto3, "Session", counted)
    stack = Stack("drawbridge", region=None, profile=None)

    looked = look_for_stacks(stack, ["us-east-1", "eu-west-1", "eu-north-1"])

    assert made == [None]
    assert ([each.region for each in looked.stacks], looked.without) == (["us-east-1"], ("eu-west-1", "eu-north-1"))
    there = looked.stacks[0]
    assert (stack.in_region("eu-west-1").client("sqs").meta.region_name, there.place.region) == (
        "eu-west-1",
        "us-east-1",
    )
    with pytest.raises(NoStackError, match=r"in eu-west-1$"):
        stack.in_region("eu-west-1").find_itself()


def test_what_is_asked_side_by_side_knows_the_options_of_the_caller() -> None:
    stacks = tuple(Stack("drawbridge", region=region, profile=None) for region in ("us-east-1", "eu-west-1"))

    def advise(_: Stack) -> str:
        return str(command("doctor"))

    shown: list[str] = []
    with told_with(("--profile", "ours")):
        answered, _ = asked_of_each(regions.StacksByRegion(stacks, (), ()), advise, shown.append)

    assert [advised for _, advised in answered] == ["drawbridge --profile ours doctor"] * 2
    assert shown == ["drawbridge: 1 of 2 Regions", "drawbridge: 2 of 2 Regions"]


def test_regions_that_the_account_has_not_opted_in_to_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = {
        "Regions": [
            {"RegionName": "us-east-1", "OptInStatus": "opt-in-not-required"},
            {"RegionName": "af-south-1", "OptInStatus": "not-opted-in"},
            {"RegionName": "ap-east-1", "OptInStatus": "opted-in"},
        ]
    }
    monkeypatch.setattr(Stack, "client", lambda *_: SimpleNamespace(describe_regions=lambda: listed))

    assert enabled_regions(Stack("drawbridge", region="us-east-1", profile=None)) == ["ap-east-1", "us-east-1"]
