"""What attempts work on, kept in memory, as tests of what stands above the table want it."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from drawbridge.association import Plan, PlannedAssociation
from drawbridge.errors import UpstreamError
from drawbridge.record.attempt import Kept, fitted
from drawbridge.record.outcome import ItemResult
from drawbridge.request import WorkflowInput
from tests.builders import NOW


class KeptInMemory:
    """The items of any attempts."""

    def __init__(self) -> None:
        self.plans: dict[str, Plan] = {}
        self.decided: dict[tuple[str, int], PlannedAssociation] = {}
        self.results: dict[str, dict[int, ItemResult]] = defaultdict(dict)

    def keep_plan(self, request: WorkflowInput, plan: Plan, at: datetime = NOW) -> tuple[int, ...]:
        name = request.execution_name
        self.plans[name] = plan
        self.results.pop(name, None)
        for place, wanted in enumerate(plan.associations):
            self.decided[name, place] = PlannedAssociation(wanted=wanted, at=at)
        return tuple(range(len(plan.associations)))

    def planned(self, request: WorkflowInput, place: int) -> PlannedAssociation:
        return self.decided[request.execution_name, place]

    def keep_planned(self, request: WorkflowInput, place: int, planned: PlannedAssociation) -> None:
        self.decided[request.execution_name, place] = planned

    def keep_result(self, request: WorkflowInput, place: int, result: ItemResult) -> None:
        self.results[request.execution_name][place] = fitted(result)

    def kept(self, request: WorkflowInput) -> Kept:
        name = request.execution_name
        if name not in self.plans:
            raise UpstreamError(f"nothing is kept of {name}")
        return Kept(plan=self.plans[name], results=self.results[name])
