"""Whose turn it is: the worker of the queue of turns, and what becomes of a turn."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from drawbridge.pacing.defaults import CREATE_ENDPOINT, DEFAULTS, LATTICE
from drawbridge.pacing.door import Outgoing, Ports, work_through
from drawbridge.pacing.give_turns import give_turns
from drawbridge.pacing.turn import HOLDS, AwaitTurn, GivenTurn, Turn
from tests.builders import NOW
from tests.fakes.budgets import InMemoryBudgets
from tests.fakes.work_queue import InMemoryDeadLetters, InMemoryTasks, InMemoryWorkQueue, World


@dataclass
class Scene:
    world: World = field(default_factory=World)
    time_left: float = 60.0

    def __post_init__(self) -> None:
        self.queue = InMemoryWorkQueue(self.world)
        self.tasks = InMemoryTasks(self.world)
        self.budgets = InMemoryBudgets(lambda: DEFAULTS, now=self.now)

    def now(self) -> datetime:
        return self.world.now

    def wait_for(self, token: str, of: str = CREATE_ENDPOINT, **fields: Any) -> None:
        message = {"form": 1, "token": token, "since": NOW.isoformat(), "input": {"of": of} | fields}
        self.queue.put(Outgoing(json.dumps(message)))

    def give(self, most: int = 1) -> None:
        """Have the worker be invoked with a batch."""
        records = self.queue.received(most)
        ports = Ports(self.tasks, self.queue, lambda: InMemoryDeadLetters(self.world), self.now, lambda: self.time_left)

        def work(tasks: Any) -> Any:
            return give_turns(tasks, self.budgets, self.now, self.world.later, ports.time_left)

        self.queue.settle(records, work_through({"Records": records}, AwaitTurn, work, ports))

    @property
    def given(self) -> list[float]:
        turns = [each for each in self.tasks.succeeded.values() if isinstance(each, Turn)]
        return [(each.at - NOW).total_seconds() for each in turns]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_turns_come_as_often_as_the_budget_allows_and_are_told_when_they_have_come(scene: Scene) -> None:
    for number in range(5):
        scene.wait_for(f"{number}")
    for _ in range(5):
        scene.give()

    assert scene.given[:3] == [0, 0, 0]
    assert scene.given[3:] == pytest.approx([1 / 0.27, 2 / 0.27], abs=1e-4)
    assert scene.now() == NOW + timedelta(seconds=scene.given[-1])


def test_what_has_no_rate_has_its_turn_at_once(scene: Scene) -> None:
    for number in range(9):
        scene.wait_for(f"{number}", LATTICE)
    scene.give(10)

    assert scene.given == [0] * 9


def test_a_throttle_is_waited_out_by_all_and_counts_once(scene: Scene) -> None:
    scene.wait_for("throttled", LATTICE, throttled="slow down", after=7)
    scene.wait_for("other", LATTICE)
    scene.give(10)

    assert scene.given == [7, 7]


def test_a_pause_that_is_longer_than_the_function_may_run_is_waited_out_in_the_queue(scene: Scene) -> None:
    scene.wait_for("throttled", throttled="slow down", after=100)
    scene.give()
    assert not scene.tasks.succeeded
    (kept,) = scene.queue.messages.values()
    assert kept.message.delay == 100

    scene.world.later(100)
    scene.give()

    # Neither is it paused anew, nor has it lost a slot by that.
    assert scene.given == [100]
    assert scene.budgets.state(CREATE_ENDPOINT).paused_for == 100


def test_no_slot_is_reserved_that_there_is_no_time_for(scene: Scene) -> None:
    scene.budgets.reserve(CREATE_ENDPOINT, 9)
    scene.wait_for("a")
    due = scene.budgets.state(CREATE_ENDPOINT).due
    scene.time_left = 13.0
    scene.give()

    assert (scene.given, scene.budgets.state(CREATE_ENDPOINT).due) == ([], due)
    (kept,) = scene.queue.messages.values()
    assert kept.message.delay == math.ceil(7 / 0.27)


def test_a_turn_is_waited_for_however_long_others_come_first(scene: Scene) -> None:
    scene.wait_for("a")
    for _ in range(40):
        scene.budgets.reserve(CREATE_ENDPOINT, 100)
        scene.give()
        scene.world.later(900)

    assert not scene.tasks.failed
    assert len(scene.queue.messages) == 1


def test_a_turn_at_what_there_is_not_fails(scene: Scene) -> None:
    scene.wait_for("a", "ec2:RunInstances")
    scene.give()

    error, words = scene.tasks.failed["a"]
    assert error == "InvalidInputError"
    assert CREATE_ENDPOINT in words


def test_a_turn_is_good_for_one_call_of_its_class_within_a_minute() -> None:
    now = NOW
    turn = GivenTurn(Turn(CREATE_ENDPOINT, NOW), lambda: now)

    assert (turn.has(CREATE_ENDPOINT), turn.has(LATTICE)) == (True, False)
    turn.use(LATTICE)
    assert turn.has(CREATE_ENDPOINT)
    now = NOW + HOLDS - timedelta(seconds=1)
    assert turn.has(CREATE_ENDPOINT)
    now = NOW + HOLDS
    assert not turn.has(CREATE_ENDPOINT)
    now = NOW
    turn.use(CREATE_ENDPOINT)
    assert not turn.has(CREATE_ENDPOINT)
    assert not GivenTurn(None, lambda: now).has(CREATE_ENDPOINT)
