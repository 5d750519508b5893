"""``drawbridge sweep``: a sweep now, and what came of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from drawbridge.aws.sweep_record_items import SweepRecordItems
from drawbridge.discovery.sweep_record import Mentioned, SweepRecord
from drawbridge.hint import SweepScope
from drawbridge.hint.parse import parse_hint
from drawbridge.intake.offering.quotas import PRINCIPALS_OF_SHARE, Limits
from drawbridge_cli import screen, sweep
from tests.builders import SHARE_ARN
from tests.cli.operators import SWEEP_COMMANDED, Drawbridge, Operator, denied
from tests.fakes.offers import StatedQuotas

AT = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)
QUIET = SweepRecord(began_at=AT, ended_at=AT + timedelta(seconds=2.25), shares=True, observed=12)

Sweeps = Callable[..., list[SweepScope]]


@pytest.fixture
def sweeps(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> Sweeps:
    """Have the stack sweep, to some result, while the command waits for the second time; it is told what to sweep."""
    operator.hints()
    records = SweepRecordItems(operator.table("ApprovalsTableName"))

    def has_it_sweep(record: SweepRecord) -> list[SweepScope]:
        taken: list[SweepScope] = []
        pauses: list[float] = []

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 2:
                (body,) = operator.hints()
                taken.append(parse_hint(body))
                records.keep(record, taken[0].commands)

        monkeypatch.setattr(sweep, "pause", pause)
        return taken

    return has_it_sweep


def test_a_sweep_that_found_nothing_needs_nobody(at_work: Drawbridge, sweeps: Sweeps) -> None:
    taken = sweeps(QUIET)

    ended = at_work("sweep")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "drawbridge in us-east-1 swept at 2026-11-21 13:05:00 UTC, in 2.2 s",
        "it observed 12 requests, started no attempts",
    ]
    assert taken == [replace(SWEEP_COMMANDED, commands=taken[0].commands)]


def test_orphans_are_looked_for_if_asked_and_attempts_are_named(at_work: Drawbridge, sweeps: Sweeps) -> None:
    taken = sweeps(replace(QUIET, orphans=True, observed=1, started=Mentioned(3, ("share-a-1", "share-b-2"))))

    ended = at_work("sweep", "--orphans")

    assert ended.code == 0
    assert ended.out.splitlines()[1:] == [
        "it observed 1 request, started 3 attempts, and looked for orphans",
        "  share-a-1",
        "  share-b-2",
        "  and 1 more, in the log of discover_requests",
    ]
    assert taken[0].orphans


@pytest.mark.parametrize(
    ("field", "what", "what_to_do"),
    [
        (
            "failures",
            "not observed or not reconciled",
            "it is tried again by itself; if it stays, mend what AWS says",
        ),
        ("broken", "unreadable", "correct the parameter, or mend or delete the row"),
        (
            "offers_refused",
            "offers that AWS refuses",
            "mend what AWS says; what was refused is tried again after an hour, then two, and so on up to a day",
        ),
        ("offers_held_back", "offers held back, as too much would go at once", "as each says"),
        (
            "withdrawals_capped",
            "held back, as too much would go at once",
            "look at them, then let them go: drawbridge withdraw --confirm",
        ),
        ("expiring", "expiring, and nobody has let them in", "drawbridge policy explain REQUEST"),
        (
            "no_longer_permitted",
            "no longer permitted",
            "permit them again, or let them go: drawbridge policy explain REQUEST",
        ),
        (
            "reviews_open",
            "not reviewed under the policies in force",
            "the next sweep tries again; the reason is beside each",
        ),
        (
            "existence_unknown",
            "not listed, and not known to be gone",
            "they stay; AWS, asked by their ids, has to say that they are there or gone",
        ),
    ],
)
def test_what_needs_somebody_is_said_with_what_to_do_and_the_exit_code(
    at_work: Drawbridge, sweeps: Sweeps, field: str, what: str, what_to_do: str
) -> None:
    sweeps(replace(QUIET, **{field: Mentioned(1, ("list shares: \x1b[2Jno",))}))

    ended = at_work("sweep")

    assert (ended.code, ended.err) == (1, "")
    assert ended.out.splitlines()[2:] == [f"{what}: 1", "  list shares: ⟨U+001B⟩[2Jno", f"  to do: {what_to_do}"]


@pytest.mark.parametrize(
    ("field", "what"), [("offered", "offered"), ("taken_back", "taken back"), ("not_offered", "not offered")]
)
def test_what_became_of_offers_is_told_and_needs_nobody(
    at_work: Drawbridge, sweeps: Sweeps, field: str, what: str
) -> None:
    sweeps(replace(QUIET, **{field: Mentioned(2, ("vpce-svc-1 to \x1b[2J",))}))

    ended = at_work("sweep")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[2:] == [
        f"{what}: 2",
        "  vpce-svc-1 to ⟨U+001B⟩[2J",
        "  and 1 more, in the log of discover_requests",
    ]


def test_a_quota_that_is_reached_needs_somebody_and_one_that_is_near_does_not(
    at_work: Drawbridge, sweeps: Sweeps
) -> None:
    limits = Limits(StatedQuotas())
    near, reached = (limits.usage(PRINCIPALS_OF_SHARE, SHARE_ARN, used) for used in (4_000, 5_000))
    sweeps(replace(QUIET, quotas=(near,)))
    told = at_work("sweep")
    sweeps(replace(QUIET, quotas=(reached,)))
    ended = at_work("sweep")

    assert (told.code, ended.code) == (0, 1)
    assert told.out.splitlines()[2] == "A quota of AWS is near (1)"
    assert ended.out.splitlines()[2:] == [
        "quotas of AWS that are reached: 1",
        f"  {reached}; {reached.to_do}",
        "  to do: it is beside each",
    ]


def test_a_sweep_that_broke_off_says_so(at_work: Drawbridge, sweeps: Sweeps) -> None:
    sweeps(replace(QUIET, observed=None, failures=Mentioned(1, ("read the ledger: no",))))

    ended = at_work("sweep")

    assert ended.code == 1
    assert ended.out.splitlines()[1] == "it broke off before anything was observed"


def test_for_programs_there_is_one_document(at_work: Drawbridge, sweeps: Sweeps) -> None:
    sweeps(replace(QUIET, broken=Mentioned(1, ("policy a: line 1",))))

    ended = at_work("sweep", "--json")

    assert ended.code == 1
    document: dict[str, Any] = ended.json
    assert (document["stack"], document["region"]) == ("drawbridge", "us-east-1")
    assert document["sweep"]["observed"] == 12
    assert document["sweep"]["broken"] == {"count": 1, "first": ["policy a: line 1"]}


@pytest.mark.parametrize(("options", "sweep_in_json"), [((), False), (("--json",), True)])
def test_a_sweep_that_does_not_come_is_unknown(
    at_work: Drawbridge,
    operator: Operator,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    *,
    sweep_in_json: bool,
) -> None:
    operator.hints()
    pauses: list[float] = []
    monkeypatch.setattr(sweep, "pause", pauses.append)

    ended = at_work("sweep", "--wait", "7", *options)

    assert ended.code == 1
    assert sum(pauses) == 7
    assert ended.err.strip() == (
        "drawbridge in us-east-1 has not swept within 7 s; it may yet. drawbridge doctor says whether it can"
    )
    assert (json.loads(ended.out)["sweep"] is None) if sweep_in_json else ended.out == ""


def test_who_watches_sees_how_long_it_has_waited(
    at_work: Drawbridge, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(screen, "_can_be_steered", lambda stream: stream is sys.stderr)

    watched, in_json = at_work("sweep", "--wait", "2"), at_work("sweep", "--wait", "2", "--json")

    shown = [f"\r\x1b[Kdrawbridge in us-east-1 sweeps: {waited} of at most 2 s" for waited in (0, 1)]
    assert watched.err.startswith("".join(shown) + "\r\x1b[K")
    assert "\r" not in in_json.err
    operator.hints()


def test_nobody_has_to_wait(at_work: Drawbridge, operator: Operator) -> None:
    operator.hints()

    ended = at_work("sweep", "--no-wait")

    assert (ended.code, ended.out) == (0, "drawbridge in us-east-1 was asked to sweep\n")
    assert len(operator.hints()) == 1


def test_whoever_may_send_no_hint_is_told_so(at_work: Drawbridge, operator: Operator) -> None:
    with denied("sqs:SendMessage", operator.account_id):
        ended = at_work("sweep")

    assert ended.code == 3
    assert ended.err.startswith("AWS: send a hint: AccessDenied")


@pytest.mark.parametrize("seconds", ["0", "901", "soon"])
def test_the_wait_is_bounded(at_work: Drawbridge, seconds: str) -> None:
    assert at_work("sweep", "--wait", seconds).code == 2
