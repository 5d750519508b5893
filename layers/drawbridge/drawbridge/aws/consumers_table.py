"""The registry of consumers: DynamoDB, one item an account."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from drawbridge.aws.errors import code_of, translated
from drawbridge.aws.table_reads import items_by, scanned
from drawbridge.decision.facts import Consumer
from drawbridge.decision.registration import Registration
from drawbridge.errors import UpstreamError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


class ConsumersTable:
    """What the registry knows of accounts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def consumer(self, account_id: str) -> Consumer | None:
        """Return what is registered."""
        with translated(f"look {account_id} up in the registry", missing=UpstreamError):
            item = self._table.get_item(Key={"account_id": account_id}, ConsistentRead=True).get("Item")
        if item is None:
            return None
        return _consumer(item)

    def all(self) -> Iterator[Registration]:
        """Yield all entries, in no order."""
        with translated("read the registry", missing=UpstreamError):
            for item in scanned(self._table):
                yield Registration(account_id=item["account_id"], consumer=_consumer(item))

    def entries(self, account_ids: Collection[str]) -> dict[str, Registration]:
        """Return the entries of accounts as they are now, by account; a call for each hundred."""
        with translated("read entries of the registry", missing=UpstreamError):
            return {
                item["account_id"]: Registration(account_id=item["account_id"], consumer=_consumer(item))
                for item in items_by(self._table, "account_id", account_ids)
            }

    def add(self, entry: Registration, *, replace: bool) -> bool:
        """Write an entry; ``False`` if the account has one, which is only overwritten to ``replace`` it."""
        consumer = entry.consumer
        item: dict[str, Any] = {
            "account_id": entry.account_id,
            "tier": consumer.tier,
            "services": set(consumer.services),
            "name": consumer.name,
            "notes": consumer.notes,
        }
        since = {"since": consumer.since.isoformat(timespec="seconds")} if consumer.since else {}
        only_new: dict[str, Any] = {} if replace else {"ConditionExpression": "attribute_not_exists(account_id)"}
        with translated(f"register {entry.account_id}", missing=UpstreamError):
            try:
                self._table.put_item(Item=item | since, **only_new)
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    def remove(self, account_id: str) -> bool:
        """Remove an account's entry; ``False`` if it has none."""
        with translated(f"remove {account_id} from the registry", missing=UpstreamError):
            removed = self._table.delete_item(Key={"account_id": account_id}, ReturnValues="ALL_OLD")
        return "Attributes" in removed


def _consumer(item: Mapping[str, Any]) -> Consumer:
    """Read an item as people write them; what a field of another form means is unknown."""
    given = {name: value for name in _FIELDS if (value := item.get(name)) not in (None, "")}
    texts: dict[str, Any] = {
        name: value for name in ("tier", "name", "notes") if isinstance(value := given.get(name), str)
    }
    services, odd = _services(given.get("services", ()))
    since = _parsed_time(given.get("since"))
    read = {*texts, *(() if odd else ("services",)), *(() if since is None else ("since",))}
    return Consumer(**texts, services=services, since=since, unreadable=tuple(sorted(given.keys() - read)))


_FIELDS = ("tier", "services", "name", "notes", "since")


def _parsed_time(value: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(value)
        # Near the first and the last year another time zone is another century, or none; Cedar reads four digits.
        in_utc = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
    return in_utc if 1000 <= in_utc.year < 9999 else None  # noqa: PLR2004 - as many digits as Cedar reads


def _services(value: Any) -> tuple[frozenset[str], bool]:
    """Read a string (ids with commas between), a list or a set of ids; return too whether something in it is no id."""
    if isinstance(value, str):
        return frozenset(part.strip() for part in value.split(",") if part.strip()), False
    if not isinstance(value, list | set | tuple):
        return frozenset(), True
    ids = frozenset(each for each in value if isinstance(each, str))
    return ids, not all(isinstance(each, str) for each in value)
