"""The items of attempts, in memory; ``aws.attempts_table.AttemptsTable`` keeps them in DynamoDB."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import msgspec

from drawbridge.association import Plan, PlannedAssociation
from drawbridge.errors import UpstreamError
from drawbridge.record.attempt import KeptAttempt, fitted
from drawbridge.record.outcome import ItemResult, Refused
from drawbridge.request import ExecutionInput
from drawbridge.status import Reason
from tests.builders import NOW


class InMemoryAttempts:
    """The items of any number of attempts, by their executions' names."""

    def __init__(self) -> None:
        self._plans: dict[str, Plan] = {}
        self._planned: dict[str, dict[int, PlannedAssociation]] = defaultdict(dict)
        self._results: dict[str, dict[int, ItemResult]] = defaultdict(dict)

    def keep_plan(self, execution: ExecutionInput, plan: Plan, at: datetime = NOW) -> tuple[int, ...]:
        name, places = execution.execution_name, tuple(range(len(plan.associations)))
        self._plans[name] = plan
        self._planned[name] = {place: PlannedAssociation(desired=plan.associations[place], at=at) for place in places}
        self._results.pop(name, None)
        return places

    def planned(self, execution: ExecutionInput, place: int) -> PlannedAssociation:
        planned = self._planned[execution.execution_name]
        if place not in planned:
            raise _lost(execution, f"association {place}")
        return planned[place]

    def keep_planned(self, execution: ExecutionInput, place: int, planned: PlannedAssociation) -> None:
        self._planned[execution.execution_name][place] = planned

    def keep_result(self, execution: ExecutionInput, place: int, result: ItemResult) -> None:
        self._results[execution.execution_name][place] = fitted(result)

    def keep_refused(self, execution: ExecutionInput, place: int, reason: Reason) -> None:
        self.keep_result(execution, place, Refused(reason))

    def kept(self, execution: ExecutionInput) -> KeptAttempt:
        name = execution.execution_name
        if name not in self._plans:
            raise _lost(execution, "the plan")
        planned, results = self._planned[name], self._results[name]
        places = range(len(self._plans[name].associations))
        associations = tuple(planned[place].desired for place in places)
        return KeptAttempt(
            plan=msgspec.structs.replace(self._plans[name], associations=associations),
            results={place: results[place] for place in places if place in results},
        )


def _lost(execution: ExecutionInput, what: str) -> UpstreamError:
    return UpstreamError(f"{what} of {execution.execution_name} is not kept, or not any longer")
