"""Record: what a row, its history and an event say of reasons is safe to read, and bounded by bytes."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from drawbridge.record import Outcome
from drawbridge.record.record import reasons_for_history, reasons_for_status, status_change
from drawbridge.status import Reason, Status
from tests.builders import execution_input

ANY = st.text(st.characters(exclude_categories=()) | st.sampled_from("😀\u202e\n "), max_size=60)
REASONS = st.lists(st.builds(Reason, ANY, ANY, ANY), max_size=12)


def flood(reasons: list[Reason], times: int) -> tuple[Reason, ...]:
    return tuple(
        Reason(each.code * times, each.text * times, source=each.source * times) for each in reasons for _ in range(5)
    )


@settings(max_examples=25)
@given(REASONS, st.integers(1, 40))
def test_reasons_are_bounded_by_bytes_and_say_how_many_are_left_out(reasons: list[Reason], times: int) -> None:
    many = flood(reasons, times)

    for shown, most in ((reasons_for_status(many), 16_200), (reasons_for_history(many), 3_200)):
        assert len(msgspec.json.encode(shown)) <= most
        left_out = [int(each.text.split()[1]) for each in shown if each.code == "more" and each.text.startswith("and ")]
        assert len(shown) - len(left_out) + sum(left_out) == len(many)


@given(REASONS)
def test_what_is_recorded_is_printable(reasons: list[Reason]) -> None:
    change = status_change(execution_input(), Outcome(status=Status.HELD, reasons=tuple(reasons), settled=True))

    assert all(text.isprintable() for each in change.reasons for text in each.values())


def test_one_reason_that_is_long_is_shown_in_part() -> None:
    (shown,) = reasons_for_history((Reason("policy", "x" * 5000, source="p"),))

    assert len(shown.text) == 300
    assert shown.text.endswith(" more⟩")
