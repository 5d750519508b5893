"""Budgets: how often a call is made, however many reserve, and whatever their clocks say."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.pacing.budget import BudgetState, Rate, Slots, micros, paused, reserved, reserved_if_idle, without_rate
from tests.builders import NOW

RATE = Rate(burst=3, per_second=0.5)
RATES = st.builds(Rate, burst=st.integers(1, 12), per_second=st.floats(0.01, 100))
ASKED = st.lists(
    st.tuples(st.floats(0, 30), st.integers(1, 6), st.floats(-1, 1), st.booleans()), min_size=1, max_size=25
)
"""Of each who reserves: seconds since the one before, calls, how far off the clock is, and whether only if idle."""


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def since(moments: Slots | datetime) -> list[float]:
    of_slots = moments.at if isinstance(moments, Slots) else (moments,)
    return [(each - NOW).total_seconds() for each in of_slots]


@given(RATES, ASKED, st.floats(0, 1))
def test_no_window_has_more_than_the_burst_and_what_the_rate_allows(
    rate: Rate, asked: list[tuple[float, int, float, bool]], skew: float
) -> None:
    state, moment, made = BudgetState(), NOW, list[datetime]()
    for wait, count, off, only_if_idle in asked:
        moment += seconds(wait)
        clock = moment + seconds(off * skew)
        if not only_if_idle:
            state, slots = reserved(state, rate, count, clock)
        elif isinstance(found := reserved_if_idle(state, rate, count, clock), datetime):
            continue
        else:
            state, slots = found
        # Whoever reserved makes its calls by its own clock.
        made += [each - seconds(off * skew) for each in slots.at]
    made.sort()
    for first, begin in enumerate(made):
        for last in range(first, len(made)):
            window = (made[last] - begin).total_seconds() + 2 * skew
            # Clocks count microseconds.
            assert last - first + 1 <= rate.burst + rate.per_second * (window + 1e-5)


@given(RATES, ASKED)
def test_no_slot_is_handed_out_twice(rate: Rate, asked: list[tuple[float, int, float, bool]]) -> None:
    state, moment, handed_out = BudgetState(), NOW, list[tuple[int, int]]()
    for wait, count, off, _ in asked:
        moment += seconds(wait + off)
        after, _ = reserved(state, rate, count, moment)
        assert after.due is not None
        handed_out.append((after.due - count * rate.interval, after.due))
        state = after

    assert all(end <= begin for (_, end), (begin, _) in pairwise(handed_out))


def test_a_burst_is_made_at_once_and_the_next_follow_at_the_rate() -> None:
    _, slots = reserved(BudgetState(), RATE, 5, NOW)

    assert since(slots) == [0, 0, 0, 2, 4]


def test_what_is_reserved_next_comes_after_what_is_reserved_already() -> None:
    state, _ = reserved(BudgetState(), RATE, 5, NOW)

    _, slots = reserved(state, RATE, 2, NOW + seconds(1))

    assert since(slots) == [6, 8]


def test_a_budget_that_rests_saves_up_no_more_than_its_burst() -> None:
    state, _ = reserved(BudgetState(), RATE, 1, NOW)
    later = NOW + timedelta(days=9)

    _, slots = reserved(state, RATE, 4, later)

    assert [each - later for each in slots.at] == [seconds(0)] * 3 + [seconds(2)]


def test_who_takes_only_what_nobody_wants_is_told_when_to_ask_again() -> None:
    state, _ = reserved(BudgetState(), RATE, 5, NOW)

    assert since(_found(reserved_if_idle(state, RATE, 1, NOW))) == [6]
    assert since(_found(reserved_if_idle(state, RATE, 1, NOW + seconds(6)))) == [6]


def _found(found: tuple[BudgetState, Slots] | datetime) -> Slots | datetime:
    return found if isinstance(found, datetime) else found[1]


def test_after_a_pause_calls_follow_at_the_rate_and_not_all_at_once() -> None:
    state = paused(BudgetState(), RATE, NOW, 7, "slow down")

    _, slots = reserved(state, RATE, 3, NOW)

    assert since(slots) == [7, 9, 11]


def test_a_pause_is_as_long_as_aws_says() -> None:
    assert paused(BudgetState(), RATE, NOW, 7, "slow down").paused_until == NOW + seconds(7)


def test_a_pause_of_unknown_length_is_a_calls_time_and_doubles_each_time_until_a_minute() -> None:
    state, moment, lengths = BudgetState(), NOW, list[float]()
    for _ in range(7):
        state = paused(state, RATE, moment, None, "slow down")
        lengths.append(state.paused_for)
        assert state.paused_until is not None
        moment = state.paused_until

    assert lengths == [2, 4, 8, 16, 32, 60, 60]


def test_a_pause_after_a_quiet_time_is_short_again() -> None:
    state = msgspec.structs.replace(BudgetState(), paused_until=NOW, paused_for=32.0)

    assert paused(state, RATE, NOW + seconds(40), None, "slow down").paused_for == 2
    assert paused(state, RATE, NOW + seconds(20), None, "slow down").paused_for == 60


def test_calls_that_are_throttled_together_make_one_pause() -> None:
    once = paused(BudgetState(), RATE, NOW, None, "slow down")

    assert paused(once, RATE, NOW + seconds(1), None, "slow down") == once


def test_a_shorter_pause_shortens_no_longer_one() -> None:
    state = paused(BudgetState(), RATE, NOW, 30, "slow down")

    assert paused(state, RATE, NOW, 3, "slow down") == state


def test_a_pause_takes_back_no_slot_that_is_reserved_already() -> None:
    state, _ = reserved(BudgetState(), RATE, 20, NOW)

    assert paused(state, RATE, NOW, 3, "slow down").due == state.due


def test_where_no_rate_is_known_only_a_pause_is_waited_for() -> None:
    state = paused(BudgetState(), None, NOW, None, "slow down")

    assert since(without_rate(BudgetState(), 2, NOW)) == [0, 0]
    assert since(without_rate(state, 2, NOW)) == [1, 1]
    assert since(without_rate(state, 1, NOW + seconds(9))) == [9]


@pytest.mark.parametrize("per_second", [0.27, 0.9, 2.7, 3, 7])
def test_the_time_of_a_call_is_never_rounded_down(per_second: float) -> None:
    assert Rate(1, per_second).interval * per_second >= 1_000_000


def test_a_moment_is_a_number_of_microseconds() -> None:
    assert micros(datetime.fromisoformat("1970-01-01T00:00:01.000002+00:00")) == 1_000_002
