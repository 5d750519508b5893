"""What attempts work on: DynamoDB, for each attempt the plan, its decision record, and two items an association."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, field

from drawbridge.acceptance.kept_answer import KeptAnswer
from drawbridge.association import Plan, PlannedAssociation
from drawbridge.association.attachment_document import AttachmentDocument, attachment_of, document_of
from drawbridge.aws.errors import translated
from drawbridge.aws.table_reads import items_by_keys, queried
from drawbridge.decision.decision_record import AssociationDecisionRecord
from drawbridge.errors import UpstreamError
from drawbridge.parsing import UnreadableError, read_json
from drawbridge.record.attempt import KeptAttempt, fitted, fitted_removal
from drawbridge.record.outcome import ItemResult, Refused
from drawbridge.request import ExecutionInput
from drawbridge.status import Reason
from drawbridge.withdrawal import NOTHING, KeptWithdrawal, PlannedRemoval, RemovalResult, WithdrawalPlan

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_KEPT_FOR = timedelta(days=30)
"""Longer than an execution runs, and than it can be redriven afterwards."""

_PLAN = "plan"
_DECISION_RECORD = "grounds"
_ANSWER = "answer"
_ASSOCIATION = "association/"
_RESULT = "result/"
_WITHDRAWAL = "withdrawal"
_REMOVAL = f"{_WITHDRAWAL}/removal/"
_REMOVAL_RESULT = f"{_WITHDRAWAL}/result/"


class _Head(Struct, frozen=True):
    """A plan without its associations and its decision record, which have items of their own."""

    plan: Plan
    associations: int


class _WithdrawalHead(Struct, frozen=True):
    """A withdrawal plan without its removals, which have items of their own."""

    plan: WithdrawalPlan
    removals: int


class _Planned(Struct, frozen=True):
    """An association that was decided on, as it is kept."""

    desired: AttachmentDocument = field(name="wanted")
    at: datetime


class AttemptsTable:
    """The items. They are named by their place in the plan, so that a step that is run again writes the same ones."""

    def __init__(self, table: Table, *, now: Callable[[], datetime]) -> None:
        self._table = table
        self._now = now

    def keep_plan(self, execution: ExecutionInput, plan: Plan, at: datetime) -> tuple[int, ...]:
        """Keep a plan that was made as of ``at``; return the places of its associations.

        Whatever was kept of the attempt before goes. The plan's own item is written last: there is no plan while a part
        of it is missing.
        """
        head = _Head(
            msgspec.structs.replace(plan, associations=(), decision_record=None, visible=()), len(plan.associations)
        )
        parts: dict[str, object] = {_DECISION_RECORD: plan.decision_record} | {
            _association(place): _Planned(document_of(desired), at) for place, desired in enumerate(plan.associations)
        }
        before = {name: text for name, text in self._items(execution).items() if not name.startswith(_WITHDRAWAL)}
        with translated(f"keep the plan of {execution.execution_name}", missing=UpstreamError):
            with self._table.batch_writer() as batch:
                # The old plan's own item first: from here on there is none.
                for name in sorted(before.keys() - parts.keys(), key=lambda name: (name != _PLAN, name)):
                    batch.delete_item(Key=_key(execution, name))
                for name, part in parts.items():
                    batch.put_item(Item=self._item(execution, name, part))
            self._table.put_item(Item=self._item(execution, _PLAN, head))
        return tuple(range(len(plan.associations)))

    def planned(self, execution: ExecutionInput, place: int) -> PlannedAssociation:
        """Return one association as it was decided on last.

        Raises:
            UpstreamError: it is not kept, or not any longer.
        """
        name = _association(place)
        with translated(f"read {name} of {execution.execution_name}", missing=UpstreamError):
            item = self._table.get_item(Key=_key(execution, name), ConsistentRead=True).get("Item")
        if item is None:
            raise _lost(execution, name)
        planned = msgspec.json.decode(str(item["json"]), type=_Planned)
        return PlannedAssociation(desired=attachment_of(planned.desired), at=planned.at)

    def keep_planned(self, execution: ExecutionInput, place: int, planned: PlannedAssociation) -> None:
        """Keep one association as it was decided again."""
        self._put(execution, _association(place), _Planned(document_of(planned.desired), planned.at))

    def keep_result(self, execution: ExecutionInput, place: int, result: ItemResult) -> None:
        """Keep what came of one association, as much of it as there is room for."""
        self._put(execution, f"{_RESULT}{place}", fitted(result))

    def keep_refused(self, execution: ExecutionInput, place: int, reason: Reason) -> None:
        """Keep that one association is not made, and why."""
        self.keep_result(execution, place, Refused(reason))

    def kept(self, execution: ExecutionInput) -> KeptAttempt:
        """Return all that is kept of an attempt.

        Raises:
            UpstreamError: nothing is kept of it, or not any longer.
        """
        items = self._items(execution)
        names = (_PLAN, _DECISION_RECORD)
        if not items.keys() >= {*names}:
            raise _lost(execution, _PLAN)
        head = msgspec.json.decode(items[_PLAN], type=_Head)
        places = range(head.associations)
        missing = [place for place in places if _association(place) not in items]
        if missing:
            raise _lost(execution, _association(missing[0]))
        decode = msgspec.json.Decoder(_Planned).decode
        plan = msgspec.structs.replace(
            head.plan,
            associations=tuple(attachment_of(decode(items[_association(place)]).desired) for place in places),
            decision_record=msgspec.json.decode(items[_DECISION_RECORD], type=AssociationDecisionRecord | None),
        )
        results = msgspec.json.Decoder(ItemResult)
        return KeptAttempt(
            plan=plan,
            results={
                place: results.decode(items[f"{_RESULT}{place}"]) for place in places if f"{_RESULT}{place}" in items
            },
        )

    def keep_withdrawal(self, execution: ExecutionInput, plan: WithdrawalPlan, at: datetime) -> tuple[int, ...]:
        """Keep a withdrawal plan that was made as of ``at``; return the places of its removals.

        Whatever was kept of an earlier one goes. Its own item is written last: without all parts there is no plan.
        """
        parts = {
            f"{_REMOVAL}{place}": PlannedRemoval(removal=removal, at=at) for place, removal in enumerate(plan.removals)
        }
        head = _WithdrawalHead(msgspec.structs.replace(plan, removals=()), len(plan.removals))
        before = [name for name in self._items(execution) if name.startswith(_WITHDRAWAL)]
        with translated(f"keep the withdrawal plan of {execution.execution_name}", missing=UpstreamError):
            if before or parts:
                with self._table.batch_writer() as batch:
                    for name in sorted({*before} - parts.keys(), key=lambda name: (name != _WITHDRAWAL, name)):
                        batch.delete_item(Key=_key(execution, name))
                    for name, part in parts.items():
                        batch.put_item(Item=self._item(execution, name, part))
            self._table.put_item(Item=self._item(execution, _WITHDRAWAL, head))
        return tuple(range(len(plan.removals)))

    def planned_removal(self, execution: ExecutionInput, place: int) -> PlannedRemoval:
        """Return one removal as it was decided on last.

        Raises:
            UpstreamError: it is not kept, or not any longer.
        """
        name = f"{_REMOVAL}{place}"
        with translated(f"read {name} of {execution.execution_name}", missing=UpstreamError):
            item = self._table.get_item(Key=_key(execution, name), ConsistentRead=True).get("Item")
        if item is None:
            raise _lost(execution, name)
        return msgspec.json.decode(str(item["json"]), type=PlannedRemoval)

    def keep_planned_removal(self, execution: ExecutionInput, place: int, planned: PlannedRemoval) -> None:
        """Keep one removal as it was decided again."""
        self._put(execution, f"{_REMOVAL}{place}", planned)

    def keep_removal_result(self, execution: ExecutionInput, place: int, result: RemovalResult) -> None:
        """Keep what came of one removal, as much of it as there is room for."""
        self._put(execution, f"{_REMOVAL_RESULT}{place}", fitted_removal(result))

    def kept_withdrawal(self, execution: ExecutionInput) -> KeptWithdrawal:
        """Return the withdrawal plan of an attempt, and what came of it so far; an empty one if there is none."""
        items = self._items(execution)
        if _WITHDRAWAL not in items:
            return KeptWithdrawal(plan=NOTHING)
        head = msgspec.json.decode(items[_WITHDRAWAL], type=_WithdrawalHead)
        places = range(head.removals)
        missing = next((place for place in places if f"{_REMOVAL}{place}" not in items), None)
        if missing is not None:
            raise _lost(execution, f"{_REMOVAL}{missing}")
        planned, results = msgspec.json.Decoder(PlannedRemoval), msgspec.json.Decoder(RemovalResult)
        removals = tuple(planned.decode(items[f"{_REMOVAL}{place}"]).removal for place in places)
        of_place = {place: items.get(f"{_REMOVAL_RESULT}{place}") for place in places}
        return KeptWithdrawal(
            plan=msgspec.structs.replace(head.plan, removals=removals),
            results={place: results.decode(text) for place, text in of_place.items() if text is not None},
        )

    def keep_answers(self, answers: Sequence[tuple[ExecutionInput, KeptAnswer]]) -> None:
        """Keep how connections are to be answered, 25 in a call, each instead of what is kept of its attempt."""
        with translated(f"keep {len(answers)} answers", missing=UpstreamError), self._table.batch_writer() as batch:
            for execution, answer in answers:
                batch.put_item(Item=self._item(execution, _ANSWER, answer))

    def kept_answers(self, executions: Sequence[ExecutionInput]) -> dict[str, KeptAnswer]:
        """Return the answers that are kept, by the names of the attempts, a hundred in a call.

        One that another version kept otherwise is left out: it is decided anew.
        """
        names = sorted({each.execution_name for each in executions})
        keys = [{"attempt": name, "item": _ANSWER} for name in names]
        with translated(f"read the answers of {len(names)} attempts", missing=UpstreamError):
            found = [*items_by_keys(self._table, keys, ("attempt", "json"))]
        return {str(item["attempt"]): answer for item in found if (answer := _read_answer(item)) is not None}

    def forget_answers(self, executions: Sequence[ExecutionInput]) -> None:
        """Have no answers kept of these attempts any more."""
        with translated("forget answers", missing=UpstreamError), self._table.batch_writer() as batch:
            for execution in executions:
                batch.delete_item(Key=_key(execution, _ANSWER))

    def _items(self, execution: ExecutionInput) -> dict[str, str]:
        """Read what is kept, in JSON, by the names of the items."""
        with translated(f"read what is kept of {execution.execution_name}", missing=UpstreamError):
            found = queried(
                self._table,
                KeyConditionExpression="attempt = :attempt",
                ExpressionAttributeValues={":attempt": execution.execution_name},
                ConsistentRead=True,
            )
            return {str(item["item"]): str(item["json"]) for item in found}

    def _put(self, execution: ExecutionInput, name: str, part: object) -> None:
        with translated(f"write {name} of {execution.execution_name}", missing=UpstreamError):
            self._table.put_item(Item=self._item(execution, name, part))

    def _item(self, execution: ExecutionInput, name: str, part: object) -> dict[str, Any]:
        return _key(execution, name) | {
            "json": msgspec.json.encode(part).decode(),
            "expires_at": int((self._now() + _KEPT_FOR).timestamp()),
        }


def _read_answer(item: Mapping[str, Any]) -> KeptAnswer | None:
    try:
        return read_json(str(item["json"]), KeptAnswer)
    except UnreadableError:
        return None


def _association(place: int) -> str:
    return f"{_ASSOCIATION}{place}"


def _key(execution: ExecutionInput, name: str) -> dict[str, str]:
    return {"attempt": execution.execution_name, "item": name}


def _lost(execution: ExecutionInput, name: str) -> UpstreamError:
    return UpstreamError(f"{name} of {execution.execution_name} is not kept, or not any longer")
