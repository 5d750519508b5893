"""The door of ``give_turns``: messages of the queue in, whose turn it is out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from drawbridge.bootstrap.budgets import CurrentRates
from drawbridge.errors import AccessDeniedError
from drawbridge.pacing.defaults import CREATE_ENDPOINT, DEFAULTS, PUT_PARAMETER
from drawbridge.pacing.door import Ports
from drawbridge.pacing.turn import Turn
from functions.give_turns import app
from tests.builders import NOW, PROVIDER
from tests.fakes.budgets import InMemoryBudgets
from tests.fakes.configuration import InMemoryParameters
from tests.fakes.work_queue import InMemoryDeadLetters, InMemoryTasks, InMemoryWorkQueue, World
from tests.functions.invocations import CONTEXT


class Context:
    """The context that Lambda gives, with the time that is left."""

    def __getattr__(self, name: str) -> Any:
        return getattr(CONTEXT, name)

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> InMemoryTasks:
    world = World()
    tasks, queue = InMemoryTasks(world), InMemoryWorkQueue(world)
    budgets = InMemoryBudgets(lambda: DEFAULTS, now=lambda: world.now)

    def ports(time_left: Callable[[], float]) -> Ports:
        assert time_left() == 30
        return Ports(tasks, queue, lambda: InMemoryDeadLetters(world), lambda: world.now, time_left)

    monkeypatch.setattr(app, "ports", ports)
    monkeypatch.setattr(app, "budgets", lambda: budgets)
    monkeypatch.setattr(app, "now", lambda: world.now)
    monkeypatch.setattr(app, "sleep", world.later)
    return tasks


def record(number: int) -> dict[str, Any]:
    body = {"form": 1, "token": f"t{number}", "since": NOW.isoformat(), "account": PROVIDER}
    return {
        "messageId": f"m{number}",
        "receiptHandle": "r",
        "body": json.dumps(body | {"input": {"of": CREATE_ENDPOINT, "throttled": "", "after": None}}),
        "attributes": {"ApproximateReceiveCount": "1"},
    }


def test_whose_turn_it_is_is_told(tasks: InMemoryTasks) -> None:
    answer = app.lambda_handler({"Records": [record(number) for number in range(4)]}, Context())

    assert answer == {"batchItemFailures": []}
    at = [each.at for each in tasks.succeeded.values() if isinstance(each, Turn)]
    assert at[:3] == [NOW] * 3
    assert timedelta(seconds=3.7) < at[3] - NOW < timedelta(seconds=3.8)


def test_budgets_are_read_once_a_minute_and_those_read_last_are_in_force_if_they_can_not_be() -> None:
    now = NOW

    class Reading:
        texts: tuple[str, ...] = ("0.5",)
        reads = 0
        denied = False

        def below(self, path: str) -> Any:
            self.reads += 1
            if self.denied:
                raise AccessDeniedError("may not")
            return InMemoryParameters("budgets", {"ssm.PutParameter": self.texts}).below(path)

        def earlier(self, path: str, name: str, *, than: int) -> Any:
            return InMemoryParameters("budgets", {"ssm.PutParameter": self.texts}).earlier(path, name, than=than)

    def clock() -> datetime:
        return now

    reading = Reading()
    rates = CurrentRates(reading, now=clock)
    assert [rates()[PUT_PARAMETER].per_second, rates()[PUT_PARAMETER].per_second] == [1.5, 1.5]
    reading.texts = ("0.5", "0.1", "broken")
    now = NOW + timedelta(seconds=59)
    assert (rates()[PUT_PARAMETER].per_second, reading.reads) == (1.5, 1)
    now = NOW + timedelta(seconds=60)
    assert rates()[PUT_PARAMETER].per_second == pytest.approx(0.3)
    reading.denied = True
    now = NOW + timedelta(seconds=120)
    assert rates()[PUT_PARAMETER].per_second == pytest.approx(0.3)
    assert (rates()[CREATE_ENDPOINT], reading.reads) == (DEFAULTS[CREATE_ENDPOINT], 3)
