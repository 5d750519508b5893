"""The items of attempts, in memory; ``aws.attempts_table.AttemptsTable`` keeps them in DynamoDB."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from drawbridge.association import Plan, PlannedAssociation
from drawbridge.errors import UpstreamError
from drawbridge.record.attempt import KeptAttempt, fitted
from drawbridge.record.outcome import ItemResult
from drawbridge.request import ExecutionInput
from tests.builders import NOW


class InMemoryAttempts:
    """The items of any number of attempts."""

    def __init__(self) -> None:
        self.plans: dict[str, Plan] = {}
        self.decided: dict[tuple[str, int], PlannedAssociation] = {}
        self.results: dict[str, dict[int, ItemResult]] = defaultdict(dict)

    def keep_plan(self, execution: ExecutionInput, plan: Plan, at: datetime = NOW) -> tuple[int, ...]:
        name = execution.execution_name
        self.plans[name] = plan
        self.results.pop(name, None)
        for place, desired in enumerate(plan.associations):
            self.decided[name, place] = PlannedAssociation(desired=desired, at=at)
        return tuple(range(len(plan.associations)))

    def planned(self, execution: ExecutionInput, place: int) -> PlannedAssociation:
        return self.decided[execution.execution_name, place]

    def keep_planned(self, execution: ExecutionInput, place: int, planned: PlannedAssociation) -> None:
        self.decided[execution.execution_name, place] = planned

    def keep_result(self, execution: ExecutionInput, place: int, result: ItemResult) -> None:
        self.results[execution.execution_name][place] = fitted(result)

    def kept(self, execution: ExecutionInput) -> KeptAttempt:
        name = execution.execution_name
        if name not in self.plans:
            raise UpstreamError(f"nothing is kept of {name}")
        return KeptAttempt(plan=self.plans[name], results=self.results[name])
