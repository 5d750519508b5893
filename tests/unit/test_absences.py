"""What is gone of what is connected, as data: marks, what is due, and the cap."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.discovery.absences import (
    Answers,
    RowAbsences,
    Unlisted,
    absences_of,
    confirmed,
    is_capped,
    is_newly_due,
    is_still_open,
    may_go,
    reasons_of,
    still_marked,
    to_ask,
    unlisted_of,
    watched_of,
)
from drawbridge.discovery.existence import Watched
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.request.absence import Absence, Existence
from drawbridge.status import Status
from tests.builders import CONNECTION, ENDPOINT_ID, NOW, RESOURCE_ARN, SERVICE_ARN, SHARE, SHARE_ARN, row
from tests.unit.discovering import LET_IN, snapshot

WAIT = timedelta(minutes=10)


def mark(of: str = SHARE_ARN, minutes: float = 10, **changes: Any) -> Absence:
    """Return a mark that was made so long ago."""
    return Absence(of=of, since=NOW - timedelta(minutes=minutes), **changes)


def attached(*arns: str, **changes: Any) -> LedgerRow:
    fields: dict[str, Any] = {
        "request": SHARE,
        "let_in": LET_IN,
        "attachments": tuple(snapshot(arn) for arn in arns),
    } | changes
    return row(fields.pop("status", Status.AVAILABLE), **fields)


SUBJECT = Watched(of=SHARE_ARN, request=SHARE)
RESOURCE = Watched(of=RESOURCE_ARN)


@pytest.mark.parametrize(
    ("status", "changes", "connected"),
    [
        *((status, {"let_in": LET_IN}, True) for status in (Status.AVAILABLE, Status.WITHDRAWING, Status.FAILED)),
        *((status, {"let_in": LET_IN}, False) for status in (Status.HELD, Status.ACCEPTED, Status.PENDING)),
        *((status, {"let_in": None}, False) for status in Status),
        (Status.HELD, {"let_in": LET_IN, "attachments": (snapshot(RESOURCE_ARN),)}, True),
        (Status.HELD, {"let_in": LET_IN, "attachments": ()}, False),
        (Status.WITHDRAWN, {"let_in": None, "attachments": (snapshot(RESOURCE_ARN),)}, False),
        # Of an earlier version.
        (Status.AVAILABLE, {}, True),
        (Status.FAILED, {}, False),
        (Status.FAILED, {"attachments": (snapshot(RESOURCE_ARN),)}, True),
        (Status.HELD, {}, False),
    ],
)
def test_connected_is_what_was_let_in_and_is_there_or_has_something_attached(
    status: Status, changes: dict[str, Any], connected: bool
) -> None:
    assert row(status, **changes).is_connected is connected


def test_of_what_is_connected_its_subject_and_each_attached_resource_is_watched() -> None:
    assert watched_of(attached(SERVICE_ARN, RESOURCE_ARN, RESOURCE_ARN)) == (
        SUBJECT,
        RESOURCE,
        Watched(of=SERVICE_ARN),
    )
    assert watched_of(row(Status.AVAILABLE)) == (Watched(of=ENDPOINT_ID, request=CONNECTION),)
    assert watched_of(attached(let_in=None)) == ()


def look(
    before: LedgerRow, answers: Mapping[Watched, Existence], *, listed: tuple[str, ...] = (), now: datetime = NOW
) -> RowAbsences:
    return absences_of(unlisted_of(before, listed), answers, now, WAIT)


@pytest.mark.parametrize(
    ("answer", "marks"),
    [(Existence.GONE, (mark(minutes=0),)), (Existence.PRESENT, ()), (Existence.UNKNOWN, ()), (None, ())],
)
def test_what_is_not_listed_is_marked_only_if_aws_says_that_it_is_gone(
    answer: Existence | None, marks: tuple[Absence, ...]
) -> None:
    found = look(attached(), {SUBJECT: answer} if answer else {})

    assert (found.marks, found.due) == (marks, ())


@pytest.mark.parametrize(
    ("minutes", "answer", "stays", "due"),
    [
        (9.9, Existence.GONE, True, False),
        (10, Existence.GONE, True, True),
        (10, Existence.UNKNOWN, True, False),
        (10, Existence.PRESENT, False, False),
        (10, None, True, False),
        (600, Existence.GONE, True, True),
    ],
)
def test_a_mark_is_due_if_aws_says_again_long_enough_after_that_it_is_gone(
    minutes: float, answer: Existence | None, stays: bool, due: bool
) -> None:
    kept = (mark(minutes=minutes),)

    found = look(attached(absent=kept), {SUBJECT: answer} if answer else {})

    assert (found.marks, found.due) == (kept if stays else (), kept if due else ())


def test_what_is_listed_again_or_is_not_watched_any_longer_loses_its_mark() -> None:
    marked = attached(RESOURCE_ARN, absent=(mark(), mark(RESOURCE_ARN), mark(SERVICE_ARN)))

    assert look(marked, {}, listed=(SHARE_ARN,)).marks == (mark(RESOURCE_ARN),)
    assert look(msgspec.structs.replace(marked, let_in=None), {}).marks == ()


def test_what_is_listed_while_an_attempt_runs_loses_its_mark_and_nothing_else_does() -> None:
    marks = (mark(confirmed=True), mark(RESOURCE_ARN, confirmed=True), mark(SERVICE_ARN))

    assert still_marked(row(Status.PENDING, settled=False, absent=marks), {RESOURCE_ARN}) == (marks[0], marks[2])


def test_the_oldest_marks_are_asked_for_first_then_what_has_none_then_what_is_held_back() -> None:
    def lacking(number: int, **changes: Any) -> Unlisted:
        arn = f"{RESOURCE_ARN[:-1]}{number}"
        ago = changes.pop("ago", None)
        absent = () if ago is None else (mark(arn, ago, confirmed=changes.pop("confirmed", False)),)
        return unlisted_of(attached(arn, absent=absent, **changes), (SHARE_ARN,))

    unlisted = [
        lacking(1, ago=9),
        lacking(2),
        lacking(3, ago=30, withdrawal_capped=True),
        lacking(4, ago=11),
        lacking(5, ago=20),
        lacking(6, ago=15, withdrawal_capped=True, confirmed=True),
        lacking(5, ago=12),
    ]

    assert [each.of[-1] for each in to_ask(unlisted, NOW, WAIT)] == ["5", "6", "4", "2", "3"]


@pytest.mark.parametrize(
    ("due", "connected", "cap", "capped"),
    [
        (10, 10, 10, False),
        (11, 11, 10, True),
        (11, 43, 10, True),
        (11, 44, 10, False),
        (2, 2, 1, True),
        (1, 1, 1, False),
        (0, 0, 1, False),
        (251, 1000, 10, True),
        (250, 1000, 10, False),
    ],
)
def test_more_than_the_cap_and_more_than_a_quarter_of_all_is_too_many(
    due: int, connected: int, cap: int, capped: bool
) -> None:
    assert is_capped(due, connected, cap) is capped


def test_what_there_was_no_room_to_ask_for_counts_as_if_it_were_due() -> None:
    def is_open(*absent: Absence, answers: Answers | None = None) -> bool:
        return is_still_open(unlisted_of(attached(absent=absent), ()), answers or {}, NOW, WAIT)

    assert is_open()
    assert is_open(mark())
    assert not is_open(mark(minutes=9))
    assert not is_open(mark(confirmed=True))
    assert not is_open(answers={SUBJECT: Existence.UNKNOWN})


def test_what_was_confirmed_before_is_not_newly_due() -> None:
    assert is_newly_due(RowAbsences(row=attached(), marks=(), due=(mark(), mark(RESOURCE_ARN, confirmed=True))))
    assert not is_newly_due(RowAbsences(row=attached(), marks=(), due=(mark(confirmed=True),)))
    assert not is_newly_due(RowAbsences(row=attached(), marks=(mark(),)))


OF_RESOURCE = (mark(RESOURCE_ARN),)
TRIED = (mark(RESOURCE_ARN, confirmed=True),)
LISTED = (SHARE_ARN,)


@pytest.mark.parametrize(
    ("going", "listed", "changes", "minutes", "goes"),
    [
        ((), LISTED, {}, 0, False),
        (OF_RESOURCE, LISTED, {}, 0, True),
        # Without its subject nothing of it is planned.
        (OF_RESOURCE, (), {}, 0, False),
        ((mark(),), (), {}, 0, True),
        ((mark(),), (), {"status": Status.FAILED, "failures": 9}, 0, True),
        # It was tried, and is there still.
        (TRIED, LISTED, {}, 359, False),
        (TRIED, LISTED, {}, 360, True),
        (TRIED, LISTED, {"status": Status.FAILED, "failures": 3}, 3, False),
        (TRIED, LISTED, {"status": Status.FAILED, "failures": 3}, 4, True),
        ((mark(confirmed=True),), (), {"status": Status.WITHDRAWING, "failures": 2}, 1, False),
        ((mark(confirmed=True),), (), {"status": Status.WITHDRAWING, "failures": 2}, 2, True),
        # An operator let it go.
        (TRIED, LISTED, {"withdrawal_capped": True}, 0, True),
    ],
)
def test_what_is_due_goes_at_once_and_again_after_the_waits_of_a_failure(
    going: tuple[Absence, ...], listed: tuple[str, ...], changes: dict[str, Any], minutes: int, goes: bool
) -> None:
    one = unlisted_of(attached(RESOURCE_ARN, absent=going, **changes), listed)

    assert may_go(one, going, NOW + timedelta(minutes=minutes)) is goes


def test_the_marks_that_are_acted_on_are_confirmed_and_say_why() -> None:
    found = RowAbsences(row=attached(), marks=(mark(), mark(RESOURCE_ARN)), due=(mark(),))

    marks = confirmed(found, found.due)

    assert marks == (mark(confirmed=True), mark(RESOURCE_ARN))
    (reason,) = reasons_of(marks)
    assert (reason.code, reason.text) == (
        "gone",
        f"AWS says since 2026-11-21 11:50 UTC that {SHARE_ARN} is gone.",
    )


def test_the_marks_of_a_row_are_bounded_and_those_that_are_there_keep_their_place() -> None:
    arns = [f"{RESOURCE_ARN}-{number:04}" for number in range(500)]
    kept = (mark(arns[499]),)

    found = look(attached(*arns, absent=kept), {Watched(of=arn): Existence.GONE for arn in arns})

    assert kept[0] in found.marks
    assert 100 < len(found.marks) < 300


signs = st.sampled_from(["", "listed", *Existence])
looks = st.lists(st.tuples(st.integers(0, 12), signs), min_size=1, max_size=25)


@given(looks)
def test_a_thing_is_due_only_if_two_answers_long_enough_apart_say_that_it_is_gone_and_nothing_between_says_otherwise(
    steps: list[tuple[int, str]],
) -> None:
    """Each step is some minutes later: AWS lists it, or is asked and answers; an empty one is an answer that failed."""
    before, now = attached(), NOW
    gone_since: list[datetime] = []
    """When AWS was heard to say that it is gone, since there was a sign of it."""
    for minutes, sign in steps:
        now += timedelta(minutes=minutes)
        one = unlisted_of(before, (SHARE_ARN,) if sign == "listed" else ())
        answers = {each: Existence(sign) for each in to_ask([one], now, WAIT) if sign}
        if sign == "listed" or Existence.PRESENT in answers.values():
            gone_since.clear()
        is_gone = Existence.GONE in answers.values()
        expected = is_gone and bool(gone_since) and now - gone_since[0] >= WAIT
        gone_since += [now] if is_gone else []

        found = absences_of(one, answers, now, WAIT)

        assert bool(found.due) is expected
        before = msgspec.structs.replace(before, absent=found.marks)
