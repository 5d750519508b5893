"""The screen of ``drawbridge status``: readable at any width, with no line cut and no name broken."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from drawbridge.discovery.sweep_record import Mentioned, SweepRecord
from drawbridge.status import Reason, Status
from drawbridge_cli.request_status import request_status
from drawbridge_cli.scheduled_sweeps import ScheduledSweeps
from drawbridge_cli.status_screen import by_urgency, rest_line, status_lines, sweeps_line
from drawbridge_cli.urgency import Urgency
from tests.builders import NOW, REPOSITORY
from tests.lives import EXPIRING_WITHIN, LIVES, entry, share

SHOWN = REPOSITORY / "tests" / "unit" / "status"
STATUSES = {
    kind: [request_status(row, NOW, expiring_within=EXPIRING_WITHIN) for row in life.values()]
    for kind, life in LIVES.items()
}
ALL = [each for life in STATUSES.values() for each in life]


def shown(kind: str, width: int | None) -> str:
    return "".join(f"{text}\n" for text, _ in status_lines(STATUSES[kind], width, NOW))


@pytest.mark.parametrize("width", [60, 120])
@pytest.mark.parametrize("kind", LIVES)
def test_each_state_of_life_is_shown_as_in_its_file(kind: str, width: int) -> None:
    assert shown(kind, width) == (SHOWN / f"{kind}-{width}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [1, 20, 60, 80, 120, None])
def test_at_any_width_no_word_is_lost_or_broken(width: int | None) -> None:
    def words(text: str) -> list[str]:
        return [word for word in text.split() if word != "\\"]

    for kind in LIVES:
        assert words(shown(kind, width)) == words(shown(kind, None))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_line_is_no_wider_than_the_screen_unless_one_word_is(width: int) -> None:
    for text, _ in status_lines(ALL, width, NOW):
        assert len(text) <= width or " " not in text.strip().removesuffix(" \\")


@pytest.mark.parametrize("width", [20, 60, 120, None])
def test_a_shell_reads_each_command_as_one_line(width: int | None) -> None:
    text = "".join(f"{line}\n" for line, _ in status_lines(ALL, width, NOW))
    joined = re.sub(r" \\\n *", " ", text)

    needing = [each for each in ALL if each.urgency.needs_somebody]
    assert needing
    assert [each for each in needing if f"\n      {each.next}\n" not in re.sub(r"\n +", "\n      ", joined)] == []


def test_the_most_urgent_comes_first_and_of_those_what_ends_first() -> None:
    ordered = by_urgency(ALL)

    places = [[*Urgency].index(each.urgency) for each in ordered]
    assert places == sorted(places)
    failed = [each.until for each in ordered if each.urgency is Urgency.FAILED and each.until]
    assert len(failed) > 2
    assert failed == sorted(failed)


def test_one_line_tells_of_the_rest_and_that_what_is_over_was_not_read() -> None:
    rest = {Urgency.CONNECTED: 412, Urgency.UNDER_WAY: 3, Urgency.ACCEPTED_ONLY: 2}
    over = "(what is over is not counted: --all)"

    assert rest_line(rest) == f"412 connected, 3 under way, 2 accepted that no binding wants {over}"
    assert rest_line({}) == f"nothing else is alive {over}"
    assert rest_line({}, " of these") == f"nothing else of these is alive {over}"


@given(st.text(), st.text(), st.text())
def test_what_others_write_makes_no_line_of_its_own(account: str, text: str, source: str) -> None:
    row = entry(share(1), Status.HELD, Reason("no-vpc", text, source), account_id=account)
    status = request_status(row, NOW, expiring_within=EXPIRING_WITHIN)

    assert all("\n" not in line for line, _ in status_lines([status], 60, NOW))


def test_the_document_tells_of_every_urgency_in_the_order_of_the_screen() -> None:
    table = (REPOSITORY / "docs" / "status.md").read_text(encoding="utf-8").partition("| `urgency` |")[2]
    rows = re.findall(r"^\| ((?:`[a-z-]+`(?:, )?)+) \|", table, re.MULTILINE)

    assert re.findall(r"[a-z-]+", " ".join(rows)) == [*Urgency]


SWEPT = SweepRecord(
    began_at=NOW - timedelta(minutes=4), ended_at=NOW - timedelta(minutes=3), scheduled=True, observed=1
)


@pytest.mark.parametrize(
    ("last", "line", "mark"),
    [
        (SWEPT, "the last sweep, 3 min ago, observed 1 request and started no attempts", "aside"),
        (
            replace(SWEPT, failures=Mentioned(1, ("list shares: no",))),
            "the last sweep, 3 min ago, could not observe or reconcile all: drawbridge doctor says what",
            "doubtful",
        ),
        (
            replace(SWEPT, observed=None),
            "the last sweep, 3 min ago, could not observe or reconcile all: drawbridge doctor says what",
            "doubtful",
        ),
        (
            replace(SWEPT, ended_at=NOW - timedelta(minutes=21)),
            (
                "the schedule has had no sweep made since 2026-11-21 11:39 UTC, 21 min ago: what is here may be as "
                "old, and drawbridge doctor says why"
            ),
            "bad",
        ),
    ],
)
def test_the_last_sweep_is_told_with_what_came_of_it(last: SweepRecord, line: str, mark: str) -> None:
    sweeps = ScheduledSweeps(last=last, every=timedelta(minutes=5), since=NOW - timedelta(days=9))

    assert sweeps_line(sweeps, NOW) == (line, mark)


def test_of_a_stack_that_never_swept_it_is_told_how_bad_that_is() -> None:
    def line(minutes: float) -> tuple[str, str]:
        since = NOW - timedelta(minutes=minutes)
        return sweeps_line(ScheduledSweeps(last=None, every=timedelta(minutes=5), since=since), NOW)

    assert line(20) == ("the schedule has not had one sweep made yet", "aside")
    assert line(20.1) == ("the schedule has not had one sweep made: drawbridge doctor says why", "bad")
