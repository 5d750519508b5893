"""Pace: who calls what has a budget waits until its slot has come."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drawbridge.errors import ThrottledError
from drawbridge.pacing.budget import Rate
from drawbridge.pacing.pace import Pace
from tests.builders import NOW
from tests.fakes.budgets import InMemoryBudgets


class Watch:
    """A clock that sleeps move on."""

    def __init__(self) -> None:
        self.now = NOW
        self.slept: list[float] = []
        self.left = 40.0

    def pace(self) -> Pace:
        budgets = InMemoryBudgets(lambda: {"accept": Rate(2, 0.5)}, now=lambda: self.now)
        return Pace(budgets, lambda: self.now, self.sleep, lambda: self.left)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


def test_calls_wait_for_their_slots_once_the_burst_is_used_up() -> None:
    watch = Watch()
    pace = watch.pace()

    for _ in range(4):
        pace.wait("accept")

    assert watch.slept == [2.0, 2.0]


def test_nobody_waits_longer_than_the_function_has_time_and_no_slot_is_wasted() -> None:
    watch = Watch()
    pace = watch.pace()
    pace.throttled("accept", ThrottledError("slower", after=35))

    with pytest.raises(ThrottledError, match="accept") as raised:
        pace.wait("accept")

    assert (raised.value.after, watch.slept) == (35.0, [])
    watch.left = 60.0
    pace.wait("accept")
    assert watch.slept == [35.0]
