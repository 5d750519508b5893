"""Budgets, in memory; ``aws.budgets_table.BudgetsTable`` keeps them in DynamoDB."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime

from drawbridge.pacing.budget import (
    BudgetState,
    Rate,
    Slots,
    paused,
    reserved,
    reserved_if_idle,
    without_rate,
    without_rate_if_idle,
)


class InMemoryBudgets:
    """The budgets of one table."""

    def __init__(self, rates: Callable[[], Mapping[str, Rate]], *, now: Callable[[], datetime]) -> None:
        self._rates = rates
        self._now = now
        self._states: dict[str, BudgetState] = {}
        self._lock = threading.Lock()

    def reserve(self, operation: str, count: int) -> Slots:
        with self._lock:
            rate = self._rates().get(operation)
            if rate is None:
                return without_rate(self.state(operation), count, self._now())
            self._states[operation], of_calls = reserved(self.state(operation), rate, count, self._now())
            return of_calls

    def reserve_if_idle(self, operation: str, count: int, *, within: float = 0.0) -> Slots | datetime:
        with self._lock:
            rate = self._rates().get(operation)
            if rate is None:
                return without_rate_if_idle(self.state(operation), count, self._now(), within)
            chosen = reserved_if_idle(self.state(operation), rate, count, self._now(), within)
            if isinstance(chosen, datetime):
                return chosen
            self._states[operation], of_calls = chosen
            return of_calls

    def pause(self, operation: str, seconds: float | None, why: str) -> None:
        with self._lock:
            rate = self._rates().get(operation)
            self._states[operation] = paused(self.state(operation), rate, self._now(), seconds, why)

    def state(self, operation: str) -> BudgetState:
        return self._states.get(operation, BudgetState())

    def states(self) -> dict[str, BudgetState]:
        return dict(self._states)
