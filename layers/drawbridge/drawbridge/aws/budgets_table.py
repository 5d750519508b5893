"""DynamoDB: the budgets, one item of the attempts' table each; a reservation is one conditional update."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from msgspec import Struct

from drawbridge.aws.errors import code_of, translated
from drawbridge.aws.table_reads import queried
from drawbridge.errors import ThrottledError, UpstreamError
from drawbridge.pacing.budget import (
    BudgetState,
    Rate,
    Slots,
    at,
    earliest,
    micros,
    paused,
    slots,
    without_rate,
    without_rate_if_idle,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_BUDGET = "budget"
"""Value of the table's hash key: no execution has that name."""

_TRIES = 20
"""Of a write before which somebody else has written, each time."""

Rates = Callable[[], Mapping[str, Rate]]


class BudgetsTable:
    """The items, by operation. They are never forgotten: there are as many as there are budgets."""

    def __init__(self, table: Table, rates: Rates, *, now: Callable[[], datetime]) -> None:
        self._table = table
        self._rates = rates
        self._now = now

    def reserve(self, operation: str, count: int) -> Slots:
        """Reserve slots, by one update where others called of late, by two where the budget had rested."""
        rate = self._rates().get(operation)
        if rate is None:
            return without_rate(self.state(operation), count, self._now())
        length = count * rate.interval
        for _ in range(_TRIES):
            now = self._now()
            early = earliest(rate, micros(now))
            moved = self._advance(operation, "#due + :length", "#due > :early", {":length": length, ":early": early})
            if isinstance(moved, _Unmoved):
                moved = self._advance_rested(operation, early, length)
            if not isinstance(moved, _Unmoved):
                return slots(moved - length, rate, count, now)
        raise _contended(operation)

    def reserve_if_idle(self, operation: str, count: int, *, within: float = 0.0) -> Slots | datetime:
        """Reserve slots if the next is due, or will be within so many seconds; else return when it is."""
        rate = self._rates().get(operation)
        if rate is None:
            return without_rate_if_idle(self.state(operation), count, self._now(), within)
        length = count * rate.interval
        for _ in range(_TRIES):
            now = self._now()
            early, latest = earliest(rate, micros(now)), micros(now + timedelta(seconds=within))
            condition = "#due > :early AND #due <= :latest"
            values = {":length": length, ":early": early, ":latest": latest}
            moved = self._advance(operation, "#due + :length", condition, values)
            if isinstance(moved, _Unmoved):
                if moved.due is not None and moved.due > latest:
                    return at(moved.due)
                moved = self._advance_rested(operation, early, length)
            if not isinstance(moved, _Unmoved):
                return slots(moved - length, rate, count, now)
        raise _contended(operation)

    def pause(self, operation: str, seconds: float | None, why: str) -> None:
        """Have no slot be handed out for as long as AWS says, or as is told by how often it had to say so."""
        for _ in range(_TRIES):
            state = self.state(operation)
            after = paused(state, self._rates().get(operation), self._now(), seconds, why)
            if after == state or self._replace(operation, state, after):
                return
        raise _contended(operation)

    def state(self, operation: str) -> BudgetState:
        """Return what is kept of a budget."""
        with _translated(operation, "read"):
            item = self._table.get_item(Key=_key(operation), ConsistentRead=True).get("Item")
        return _state(item or {})

    def states(self) -> dict[str, BudgetState]:
        """Return all that is kept of budgets, by operation."""
        with _translated("", "list"):
            return {str(item["item"]): _state(item) for item in self._items()}

    def _items(self) -> Iterator[dict[str, Any]]:
        return queried(
            self._table,
            KeyConditionExpression="attempt = :budget",
            ExpressionAttributeValues={":budget": _BUDGET},
        )

    def _advance(self, operation: str, to: str, condition: str, values: dict[str, int]) -> int | _Unmoved:
        """Move the moment when the next call is due, and return it."""
        return self._update(
            operation,
            UpdateExpression=f"SET #due = {to}",
            ConditionExpression=condition,
            ExpressionAttributeNames={"#due": "due"},
            ExpressionAttributeValues=values,
        )

    def _advance_rested(self, operation: str, early: int, length: int) -> int | _Unmoved:
        """The same of a budget that has rested for so long that all of its burst is there."""
        rested = "attribute_not_exists(#due) OR #due <= :early"
        return self._advance(operation, ":next", rested, {":next": early + length, ":early": early})

    def _replace(self, operation: str, before: BudgetState, after: BudgetState) -> bool:
        """Write a state; return whether nobody has moved the budget since it was read."""
        values: dict[str, Any] = {":due": after.due, ":before": before.due}
        changes = ["#due = :due"]
        if after.paused_until is not None:
            changes += ["paused_until = :until", "paused_for = :for", "paused_by = :by"]
            # A number of milliseconds: boto3 takes no float.
            values |= {":until": micros(after.paused_until), ":for": round(after.paused_for * 1000)}
            values |= {":by": after.paused_by[:_WORDS]}
        unmoved = "#due = :before"
        if before.due is None:
            unmoved = "attribute_not_exists(#due)"
            del values[":before"]
        moved = self._update(
            operation,
            UpdateExpression=f"SET {', '.join(changes)}",
            ConditionExpression=unmoved,
            ExpressionAttributeNames={"#due": "due"},
            ExpressionAttributeValues=values,
        )
        return not isinstance(moved, _Unmoved)

    def _update(self, operation: str, **parameters: Any) -> int | _Unmoved:
        """Update a budget; return when its next call is due, either way. Why a condition fails costs no read."""
        with _translated(operation, "reserve"):
            try:
                answer = self._table.update_item(
                    Key=_key(operation),
                    ReturnValues="UPDATED_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **parameters,
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                # Of an error, the resource leaves the item as the API has it.
                there: Any = error.response.get("Item", {})
                return _Unmoved(int(there["due"]["N"]) if "due" in there else None)
        return int(str(answer["Attributes"]["due"]))


class _Unmoved(Struct, frozen=True):
    """A condition did not hold."""

    due: int | None
    """When the next call is due, if there was any."""


_WORDS = 500


def _state(item: Mapping[str, Any]) -> BudgetState:
    return BudgetState(
        due=int(item["due"]) if "due" in item else None,
        paused_until=at(int(item["paused_until"])) if "paused_until" in item else None,
        paused_for=int(item.get("paused_for", 0)) / 1000,
        paused_by=str(item.get("paused_by", "")),
    )


def _key(operation: str) -> dict[str, str]:
    return {"attempt": _BUDGET, "item": operation}


def _translated(operation: str, doing: str) -> Any:
    return translated(f"{doing} the budget of {operation}" if operation else f"{doing} budgets", missing=UpstreamError)


def _contended(operation: str) -> ThrottledError:
    return ThrottledError(f"the budget of {operation}: others go on writing it")
