"""DynamoDB's writes: of many items at once; and conditional updates, and whether their condition held."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from drawbridge.aws.errors import code_of
from drawbridge.bounds import in_parts
from drawbridge.errors import RefusedError, ThrottledError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


class TooLargeError(RefusedError):
    """An item would be larger than the 400 KB that DynamoDB keeps."""


_TOO_LARGE = "exceeded the maximum allowed size"


def apply_write(table: Table, request_id: str, write: Write) -> dict[str, Any] | None:
    """Write, and return the item of a request as it is then; ``None`` if the condition does not hold.

    Raises:
        TooLargeError: the item would be larger than DynamoDB keeps.
    """
    try:
        answer = table.update_item(Key={"request_id": request_id}, ReturnValues="ALL_NEW", **write.parameters())
    except ClientError as error:
        if code_of(error) == "ConditionalCheckFailedException":
            return None
        if code_of(error) == "ValidationException" and _TOO_LARGE in str(error):
            raise TooLargeError(f"{request_id}: {error}") from error
        raise
    return answer["Attributes"]


Wait = Callable[[float], None]


def put_each(table: Table, puts: Sequence[tuple[dict[str, Any], Write]], *, wait: Wait) -> list[bool]:
    """Put items, each if the conditions of its write hold; return whether they did. A call for each hundred, or more.

    The write has nothing but conditions, and no item is put twice.

    Raises:
        ThrottledError: somebody else goes on writing one of them, or there is no capacity for so many.
    """
    return _in_hundreds(table, [{"Put": {"Item": item, **write.conditions()}} for item, write in puts], wait)


def update_each(table: Table, updates: Sequence[tuple[dict[str, Any], Write]], *, wait: Wait) -> list[bool]:
    """Update the items of keys, as ``put_each`` puts."""
    return _in_hundreds(table, [{"Update": {"Key": key, **write.parameters()}} for key, write in updates], wait)


def delete_each(table: Table, deletes: Sequence[tuple[dict[str, Any], Write]], *, wait: Wait) -> list[bool]:
    """Delete the items of keys, as ``put_each`` puts; one that is not there holds no condition."""
    return _in_hundreds(table, [{"Delete": {"Key": key, **write.conditions()}} for key, write in deletes], wait)


def _in_hundreds(table: Table, actions: Sequence[dict[str, dict[str, Any]]], wait: Wait) -> list[bool]:
    return [done for hundred in in_parts(actions, AT_ONCE) for done in _write_hundred(table, hundred, wait)]


AT_ONCE = 100
"""Items that a transaction writes."""

_TRIES = 8
"""Of a transaction of which some conditions do not hold, or that DynamoDB cancels for want of capacity, or because
somebody else writes one of its items."""

_CONDITION_FAILED = "ConditionalCheckFailed"


def _write_hundred(table: Table, actions: Sequence[dict[str, dict[str, Any]]], wait: Wait) -> list[bool]:
    left = dict(enumerate(actions))
    reasons: Sequence[str] = ()
    for number in range(_TRIES):
        if not left:
            break
        cancelled = _cancelled(table, [*left.values()])
        if cancelled is None:
            return [place in left for place in range(len(actions))]
        reasons = cancelled
        # AWS may name none, then nothing is known of any condition.
        failed = {place for place, code in zip(left, reasons, strict=False) if code == _CONDITION_FAILED}
        left = {place: action for place, action in left.items() if place not in failed}
        if not failed:
            wait(min(0.1 * 2**number, 3.0))
    if left:
        why = ", ".join(sorted({*reasons} - {"None"})) or "for no reason that it names"
        raise ThrottledError(f"write {len(left)} items: DynamoDB cancels it, time and again: {why}")
    return [False] * len(actions)


def _cancelled(table: Table, actions: Sequence[dict[str, dict[str, Any]]]) -> Sequence[str] | None:
    """Do all or none of the actions; return why DynamoDB did none, for each, as far as it says, and ``None`` if all."""
    client = table.meta.client
    items: Any = [
        {kind: {"TableName": table.name, **parameters} for kind, parameters in action.items()} for action in actions
    ]
    try:
        client.transact_write_items(TransactItems=items)
    except client.exceptions.TransactionCanceledException as error:
        return [str(each.get("Code", "None")) for each in error.response.get("CancellationReasons", ())]
    return None


class Write:
    """An update of one item and the conditions that it is made on.

    Every name goes by an alias: DynamoDB reserves some hundred words, ``status`` among them.
    """

    def __init__(self, **attributes: Any) -> None:
        self._clauses: dict[str, list[str]] = {}
        self._conditions: list[str] = []
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self.set(**attributes)

    def set(self, **attributes: Any) -> None:
        for name, value in attributes.items():
            self._clause("SET", f"{self._name(name)} = {self._value(value)}")

    def set_once(self, name: str, value: Any) -> None:
        """Set what is not there yet, and leave what is."""
        alias = self._name(name)
        self._clause("SET", f"{alias} = if_not_exists({alias}, {self._value(value)})")

    def append(self, name: str, entry: Any) -> None:
        """Add an entry to a list, which may not be there yet."""
        alias = self._name(name)
        there = f"if_not_exists({alias}, {self._value([])})"
        self._clause("SET", f"{alias} = list_append({there}, {self._value([entry])})")

    def add(self, name: str, value: Any) -> None:
        """Add to a number, or members to a set."""
        self._clause("ADD", f"{self._name(name)} {self._value(value)}")

    def delete(self, name: str, members: Any) -> None:
        """Take members from a set."""
        self._clause("DELETE", f"{self._name(name)} {self._value(members)}")

    def remove(self, name: str) -> None:
        self._clause("REMOVE", self._name(name))

    def remove_first(self, name: str, entries: int) -> None:
        """Remove the first entries of a list."""
        for place in range(entries):
            self._clause("REMOVE", f"{self._name(name)}[{place}]")

    def only_if(self, **attributes: Any) -> None:
        for name, value in attributes.items():
            self._conditions.append(f"{self._name(name)} = {self._value(value)}")

    def only_if_not(self, **attributes: Any) -> None:
        for name, value in attributes.items():
            self._conditions.append(f"{self._name(name)} <> {self._value(value)}")

    def only_if_within(self, name: str, **fields: Any) -> None:
        """Only if a map has those values of fields; ``None`` is one that it has not."""
        for field, value in fields.items():
            path = f"{self._name(name)}.{self._name(field)}"
            there = f"{path} = {self._value(value)}" if value is not None else f"attribute_not_exists({path})"
            self._conditions.append(there)

    def only_if_new(self, key: str) -> None:
        self._conditions.append(f"attribute_not_exists({self._name(key)})")

    def only_if_missing(self, name: str) -> None:
        """Only if the item, which is there, has no such attribute."""
        self._conditions.append(f"attribute_not_exists({self._name(name)})")

    def only_if_there(self, name: str) -> None:
        self._conditions.append(f"attribute_exists({self._name(name)})")

    def only_if_lacking(self, name: str, member: Any) -> None:
        """Only if a set does not have that member."""
        self._conditions.append(f"NOT contains({self._name(name)}, {self._value(member)})")

    def only_if_as_long(self, name: str, length: int) -> None:
        """Only if a list has that many entries."""
        self._conditions.append(f"size({self._name(name)}) = {self._value(length)}")

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of ``UpdateItem``, other than table and key."""
        expression = " ".join(f"{word} {', '.join(each)}" for word, each in self._clauses.items())
        arguments: dict[str, Any] = {"UpdateExpression": expression, "ExpressionAttributeNames": self._names}
        if self._conditions:
            arguments["ConditionExpression"] = " AND ".join(self._conditions)
        return arguments | ({"ExpressionAttributeValues": self._values} if self._values else {})

    def conditions(self) -> dict[str, Any]:
        """Return the parameters of a call that puts or deletes an item on these conditions."""
        return {name: value for name, value in self.parameters().items() if name != "UpdateExpression"}

    def _clause(self, word: str, clause: str) -> None:
        self._clauses.setdefault(word, []).append(clause)

    def _name(self, name: str) -> str:
        self._names[f"#{name}"] = name
        return f"#{name}"

    def _value(self, value: Any) -> str:
        alias = f":v{len(self._values)}"
        self._values[alias] = value
        return alias
