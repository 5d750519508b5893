"""The items of attempts, in memory; ``aws.attempts_table.AttemptsTable`` keeps them in DynamoDB."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec

from drawbridge.acceptance.kept_answer import KeptAnswer
from drawbridge.association import Plan, PlannedAssociation
from drawbridge.errors import UpstreamError
from drawbridge.record.attempt import KeptAttempt, fitted, fitted_removal
from drawbridge.record.outcome import ItemResult, Refused
from drawbridge.request import ExecutionInput
from drawbridge.status import Reason
from drawbridge.withdrawal import NOTHING, KeptWithdrawal, PlannedRemoval, RemovalResult, WithdrawalPlan
from tests.builders import NOW
from tests.fakes.interruptions import Interruptions


class InMemoryAttempts:
    """The items of any number of attempts, by their executions' names."""

    def __init__(self, interruptions: Interruptions | None = None) -> None:
        self._interruptions = interruptions or Interruptions()
        self.answers: dict[str, KeptAnswer] = {}
        self._plans: dict[str, Plan] = {}
        self._planned: dict[str, dict[int, PlannedAssociation]] = defaultdict(dict)
        self._results: dict[str, dict[int, ItemResult]] = defaultdict(dict)
        self._withdrawals: dict[str, WithdrawalPlan] = {}
        self._removals: dict[str, dict[int, PlannedRemoval]] = defaultdict(dict)
        self._removal_results: dict[str, dict[int, RemovalResult]] = defaultdict(dict)

    def keep_plan(self, execution: ExecutionInput, plan: Plan, at: datetime = NOW) -> tuple[int, ...]:
        name, places = execution.execution_name, tuple(range(len(plan.associations)))
        self._plans[name] = msgspec.structs.replace(plan, visible=())
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

    def keep_withdrawal(self, execution: ExecutionInput, plan: WithdrawalPlan, at: datetime = NOW) -> tuple[int, ...]:
        name = execution.execution_name
        self._withdrawals[name] = plan
        self._removals[name] = {
            place: PlannedRemoval(removal=removal, at=at) for place, removal in enumerate(plan.removals)
        }
        self._removal_results.pop(name, None)
        return tuple(range(len(plan.removals)))

    def planned_removal(self, execution: ExecutionInput, place: int) -> PlannedRemoval:
        planned = self._removals[execution.execution_name]
        if place not in planned:
            raise _lost(execution, f"removal {place}")
        return planned[place]

    def keep_planned_removal(self, execution: ExecutionInput, place: int, planned: PlannedRemoval) -> None:
        self._removals[execution.execution_name][place] = planned

    def keep_removal_result(self, execution: ExecutionInput, place: int, result: RemovalResult) -> None:
        self._removal_results[execution.execution_name][place] = fitted_removal(result)

    def kept_withdrawal(self, execution: ExecutionInput) -> KeptWithdrawal:
        name = execution.execution_name
        if name not in self._withdrawals:
            return KeptWithdrawal(plan=NOTHING)
        planned, results = self._removals[name], self._removal_results[name]
        places = range(len(self._withdrawals[name].removals))
        removals = tuple(planned[place].removal for place in places)
        return KeptWithdrawal(
            plan=msgspec.structs.replace(self._withdrawals[name], removals=removals),
            results={place: results[place] for place in places if place in results},
        )

    def keep_answers(self, answers: Sequence[tuple[ExecutionInput, KeptAnswer]]) -> None:
        for execution, answer in answers:
            self._interruptions.before_write()
            self.answers[execution.execution_name] = answer

    def forget_answers(self, executions: Sequence[ExecutionInput]) -> None:
        for each in executions:
            self._interruptions.before_write()
            self.answers.pop(each.execution_name, None)

    def kept_answers(self, executions: Sequence[ExecutionInput]) -> dict[str, KeptAnswer]:
        names = {each.execution_name for each in executions}
        return {name: answer for name, answer in self.answers.items() if name in names}

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
