"""The registry of consumers: DynamoDB, one item an account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from drawbridge.aws.errors import translated
from drawbridge.decision.facts import Consumer
from drawbridge.errors import UpstreamError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


class Consumers:
    """What the registry knows of accounts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def consumer(self, account_id: str) -> Consumer | None:
        """Give what is registered."""
        with translated(f"look {account_id} up in the registry", missing=UpstreamError):
            item = self._table.get_item(Key={"account_id": account_id}, ConsistentRead=True).get("Item")
        if item is None:
            return None
        return read_consumer(item)


def read_consumer(item: Mapping[str, Any]) -> Consumer:
    """Read an item as people write them: a field of another form counts as left out."""
    return Consumer(
        tier=_text(item.get("tier")),
        services=_services(item.get("services")),
        name=_text(item.get("name")),
        notes=_text(item.get("notes")),
        since=_moment(item.get("since")),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _services(value: Any) -> frozenset[str]:
    """Read a string (ids with commas between), a list or a set of ids."""
    if isinstance(value, str):
        return frozenset(part.strip() for part in value.split(",") if part.strip())
    if isinstance(value, Iterable):
        return frozenset(each for each in value if isinstance(each, str))
    return frozenset()
