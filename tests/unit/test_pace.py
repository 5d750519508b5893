"""The pace of an invocation: calls wait for their slots, and what nobody waits for goes behind the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from drawbridge.errors import SlotNotDueError, ThrottledError
from drawbridge.pacing.budget import Rate
from drawbridge.pacing.defaults import PUT_PARAMETER
from drawbridge.pacing.door import MARGIN
from drawbridge.pacing.pace import AT_ONCE, Pace, PaceBehindOthers
from tests.builders import NOW
from tests.fakes.budgets import InMemoryBudgets


@dataclass
class Scene:
    """A budget of two calls at once and one a second, and an invocation that has a minute."""

    now: datetime = NOW
    slept: list[float] = field(default_factory=list)
    seconds: float = 60.0

    def __post_init__(self) -> None:
        self.budgets = InMemoryBudgets(lambda: {PUT_PARAMETER: Rate(2, 1)}, now=lambda: self.now)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def time_left(self) -> float:
        return self.seconds - (self.now - NOW).total_seconds()

    def pace(self, kind: type[Pace] = Pace) -> Pace:
        return kind(self.budgets, lambda: self.now, self.sleep, self.time_left)


@pytest.mark.parametrize("reserved", [0, 3, 5])
def test_calls_are_made_at_their_slots_whether_these_are_reserved_together_or_not(reserved: int) -> None:
    scene = Scene()
    pace = scene.pace()

    pace.reserve(PUT_PARAMETER, reserved)
    made = []
    for _ in range(5):
        pace.wait(PUT_PARAMETER)
        made.append((scene.now - NOW).total_seconds())

    assert made == [0, 0, 1, 2, 3]


def test_a_slot_that_is_due_too_late_is_said_with_when_to_come_again() -> None:
    scene = Scene(seconds=MARGIN + 2)
    pace = scene.pace()
    for _ in range(4):
        pace.wait(PUT_PARAMETER)

    with pytest.raises(SlotNotDueError, match=PUT_PARAMETER) as wait:
        pace.wait(PUT_PARAMETER)
    with pytest.raises(SlotNotDueError):
        pace.reserve(PUT_PARAMETER, 1)

    assert (wait.value.after, sum(scene.slept)) == (1, 2)


def test_of_slots_that_were_reserved_those_that_come_too_late_are_not_waited_for() -> None:
    scene = Scene(seconds=MARGIN + 2)
    pace = scene.pace()
    pace.reserve(PUT_PARAMETER, 10)
    for _ in range(4):
        pace.wait(PUT_PARAMETER)

    with pytest.raises(SlotNotDueError):
        pace.wait(PUT_PARAMETER)


def test_after_a_throttle_slots_that_were_reserved_are_worth_nothing() -> None:
    scene = Scene()
    pace = scene.pace()
    pace.reserve(PUT_PARAMETER, 3)
    pace.wait(PUT_PARAMETER)

    pace.throttled(PUT_PARAMETER, ThrottledError("slower", after=20))
    pace.wait(PUT_PARAMETER)

    assert (scene.now - NOW).total_seconds() >= 20


def test_who_is_behind_others_calls_once_they_are_done() -> None:
    scene = Scene()
    scene.budgets.reserve(PUT_PARAMETER, 12)

    scene.pace(PaceBehindOthers).wait(PUT_PARAMETER)

    assert 11 <= (scene.now - NOW).total_seconds() <= 21


def test_who_is_behind_others_comes_back_later_while_they_go_on() -> None:
    scene = Scene()
    scene.budgets.reserve(PUT_PARAMETER, 3)

    def sleep(seconds: float) -> None:
        scene.sleep(seconds)
        # Others want to, all the time.
        scene.budgets.reserve(PUT_PARAMETER, int(seconds) + 3)

    pace = PaceBehindOthers(scene.budgets, lambda: scene.now, sleep, scene.time_left)
    with pytest.raises(SlotNotDueError) as later:
        pace.reserve(PUT_PARAMETER, 5)

    assert (later.value.after or 0) >= 10
    assert len(scene.slept) < 10


def test_who_is_behind_others_takes_no_slot_that_others_could_have() -> None:
    scene = Scene()
    scene.budgets.reserve(PUT_PARAMETER, 3)
    before = scene.budgets.state(PUT_PARAMETER)
    scene.seconds = MARGIN

    with pytest.raises(SlotNotDueError):
        scene.pace(PaceBehindOthers).wait(PUT_PARAMETER)

    assert scene.budgets.state(PUT_PARAMETER) == before


def test_without_a_budget_nothing_waits() -> None:
    AT_ONCE.reserve(PUT_PARAMETER, 3)
    AT_ONCE.wait(PUT_PARAMETER)
    AT_ONCE.throttled(PUT_PARAMETER, ThrottledError("slower"))
