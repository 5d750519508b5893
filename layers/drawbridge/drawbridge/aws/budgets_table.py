"""DynamoDB: the budgets, one item of the attempts' table each; a reservation is one conditional update."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

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
    reserved_if_idle,
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
            due = self._advance(operation, "#due + :length", "#due > :early", {":length": length, ":early": early})
            if due is None:
                rested = "attribute_not_exists(#due) OR #due <= :early"
                due = self._advance(operation, ":next", rested, {":next": early + length, ":early": early})
            if due is not None:
                return slots(due - length, rate, count, now)
        raise _contended(operation)

    def reserve_if_idle(self, operation: str, count: int, *, within: float = 0.0) -> Slots | datetime:
        """Reserve slots if the next is due, or will be within so many seconds; else return when it is."""
        rate = self._rates().get(operation)
        if rate is None:
            return without_rate_if_idle(self.state(operation), count, self._now(), within)
        for _ in range(_TRIES):
            now = self._now()
            state = self.state(operation)
            chosen = reserved_if_idle(state, rate, count, now, within)
            if isinstance(chosen, datetime):
                return chosen
            after, of_calls = chosen
            if self._replace(operation, state, after):
                return of_calls
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

    def _advance(self, operation: str, to: str, condition: str, values: dict[str, int]) -> int | None:
        """Move the moment when the next call is due, and return it; ``None`` if the condition does not hold."""
        answer = self._update(
            operation,
            UpdateExpression=f"SET #due = {to}",
            ConditionExpression=condition,
            ExpressionAttributeNames={"#due": "due"},
            ExpressionAttributeValues=values,
            ReturnValues="UPDATED_NEW",
        )
        return None if answer is None else int(answer["Attributes"]["due"])

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
        answer = self._update(
            operation,
            UpdateExpression=f"SET {', '.join(changes)}",
            ConditionExpression=unmoved,
            ExpressionAttributeNames={"#due": "due"},
            ExpressionAttributeValues=values,
        )
        return answer is not None

    def _update(self, operation: str, **parameters: Any) -> Any:
        with _translated(operation, "reserve"):
            try:
                return self._table.update_item(Key=_key(operation), **parameters)
            except ClientError as error:
                if code_of(error) == "ConditionalCheckFailedException":
                    return None
                raise


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
