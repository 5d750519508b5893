"""Budgets, as ``Budgets`` promises to hand them out."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from drawbridge.aws.budgets_table import BudgetsTable
from drawbridge.errors import AccessDeniedError, ThrottledError
from drawbridge.pacing.budget import BudgetState, Rate, Slots
from tests.builders import NOW
from tests.contracts.accounts import refusing
from tests.contracts.conftest import NewAccount
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.budgets import InMemoryBudgets

RATE = Rate(burst=3, per_second=0.5)


@dataclass
class Clock:
    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def later(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Kept:
    """The budgets of one table, an operation that has a budget in it, and the clock of all who reserve."""

    budgets: InMemoryBudgets | BudgetsTable
    operation: str
    clock: Clock = field(default_factory=Clock)

    def since(self, found: Slots | datetime) -> list[float]:
        of_slots = found.at if isinstance(found, Slots) else (found,)
        return [(each - NOW).total_seconds() for each in of_slots]


@pytest.fixture(scope="module")
def table(new_account: NewAccount) -> Any:
    return new_account().table("AttemptsTable")


def in_memory() -> Kept:
    clock = Clock()
    return Kept(InMemoryBudgets(lambda: {"op": RATE}, now=clock), "op", clock)


def on_aws(table: Any) -> Kept:
    clock, operation = Clock(), uuid.uuid4().hex
    return Kept(BudgetsTable(table, lambda: {operation: RATE}, now=clock), operation, clock)


@pytest.fixture(params=IMPLEMENTATIONS)
def kept(request: pytest.FixtureRequest, table: Any) -> Kept:
    return either(request, in_memory, lambda: on_aws(table))


def test_a_burst_is_handed_out_at_once_and_the_rest_at_the_rate(kept: Kept) -> None:
    reserve = kept.budgets.reserve

    assert kept.since(reserve(kept.operation, 4)) == [0, 0, 0, 2]
    assert kept.since(reserve(kept.operation, 2)) == [4, 6]
    kept.clock.later(1)
    assert kept.since(reserve(kept.operation, 1)) == [8]
    kept.clock.later(1000)
    assert kept.since(reserve(kept.operation, 4)) == [1001, 1001, 1001, 1003]


def test_what_rests_for_less_than_its_burst_has_less_at_once(kept: Kept) -> None:
    kept.budgets.reserve(kept.operation, 4)
    kept.clock.later(6)

    assert kept.since(kept.budgets.reserve(kept.operation, 3)) == [6, 6, 8]


def test_each_operation_has_a_budget_of_its_own(kept: Kept) -> None:
    kept.budgets.reserve(kept.operation, 100)

    assert kept.budgets.state("another") == BudgetState()


def test_who_takes_only_what_nobody_wants_waits_for_the_others(kept: Kept) -> None:
    reserve = kept.budgets.reserve_if_idle
    assert kept.since(reserve(kept.operation, 5)) == [0, 0, 0, 2, 4]

    assert kept.since(reserve(kept.operation, 1)) == [6]
    kept.clock.later(7)
    assert kept.since(reserve(kept.operation, 1)) == [7]


def test_a_pause_is_everybodys_and_no_burst_follows_it(kept: Kept) -> None:
    kept.budgets.pause(kept.operation, 7, "slow down")

    assert kept.since(kept.budgets.reserve(kept.operation, 2)) == [7, 9]
    assert kept.budgets.states()[kept.operation] == kept.budgets.state(kept.operation)
    state = kept.budgets.state(kept.operation)
    assert (state.paused_until, state.paused_by) == (NOW + timedelta(seconds=7), "slow down")


def test_pauses_of_unknown_length_double(kept: Kept) -> None:
    kept.budgets.pause(kept.operation, None, "slow down")
    kept.budgets.pause(kept.operation, None, "slow down")
    kept.clock.later(2)
    kept.budgets.pause(kept.operation, None, "slow down")

    assert kept.since(kept.budgets.reserve(kept.operation, 1)) == [6]


def test_what_has_no_rate_waits_for_pauses_alone(kept: Kept) -> None:
    other = uuid.uuid4().hex
    assert kept.since(kept.budgets.reserve(other, 2)) == [0, 0]

    kept.budgets.pause(other, 5, "slow down")

    assert kept.since(kept.budgets.reserve(other, 2)) == [5, 5]
    assert kept.since(kept.budgets.reserve_if_idle(other, 1)) == [5]


@pytest.mark.parametrize("how", ["reserve", "reserve_if_idle"])
def test_who_reserve_at_the_same_time_get_no_slot_twice(kept: Kept, how: str) -> None:
    def reserved(_: int) -> Slots | datetime:
        reserve: Callable[[str, int], Slots | datetime] = getattr(kept.budgets, how)
        return reserve(kept.operation, 2)

    with ThreadPoolExecutor(4) as writers:
        found = [each for each in writers.map(reserved, range(8)) if isinstance(each, Slots)]

    moments = sorted(moment for each in found for moment in kept.since(each))
    expected = [0.0, 0.0, 0.0, *(2.0 * number for number in range(1, 20))]
    assert moments == expected[: len(moments)]
    assert len(moments) == (16 if how == "reserve" else 4)


def test_a_budget_that_was_used_of_late_is_reserved_by_one_call(table: Any) -> None:
    kept = on_aws(table)
    kept.budgets.reserve(kept.operation, 4)
    calls: list[str] = []
    table.meta.client.meta.events.register(
        "before-call.dynamodb", lambda model, **_: calls.append(model.name), unique_id="calls"
    )
    kept.budgets.reserve(kept.operation, 4)
    table.meta.client.meta.events.unregister("before-call.dynamodb", unique_id="calls")

    assert calls == ["UpdateItem"]


@pytest.mark.parametrize(
    ("code", "error"),
    [("AccessDeniedException", AccessDeniedError), ("ProvisionedThroughputExceededException", ThrottledError)],
)
def test_what_dynamodb_refuses_is_told(table: Any, code: str, error: type[Exception]) -> None:
    kept = on_aws(table)
    with refusing(table.meta.client, "update_item", code), pytest.raises(error, match="the budget of"):
        kept.budgets.reserve(kept.operation, 1)
