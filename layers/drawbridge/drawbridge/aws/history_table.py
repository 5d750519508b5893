"""Requests' history: DynamoDB, an item for each thing that happened, until its time is over."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError
from msgspec import Struct

from drawbridge.aws.errors import code_of, translated
from drawbridge.discovery.ledger_row import MOST_ATTEMPTS
from drawbridge.errors import DrawbridgeError, UpstreamError
from drawbridge.parsing import UnreadableError, read_json
from drawbridge.record.history import Happened, HistoryItem, MarksItem, StatusItem

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


class _StoredItem(Struct, frozen=True):
    happened: Happened


class KeptHistory(Struct, frozen=True):
    """The newest of what is kept of a request."""

    items: tuple[HistoryItem, ...]
    """In the order in which it happened."""
    has_earlier: bool
    """Whether there is more, from before."""


class HistoryTable:
    """The items. They expire after ``keep_for``; what can't be written is reported to ``on_lost``, and lost."""

    def __init__(
        self,
        table: Table,
        *,
        now: Callable[[], datetime],
        keep_for: timedelta,
        on_lost: Callable[[str], None],
    ) -> None:
        self._table = table
        self._now = now
        self._keep_for = keep_for
        self._on_lost = on_lost

    def add(self, item: HistoryItem) -> None:
        """Keep the item, if there is none of its name; nothing is raised."""
        try:
            with translated(f"keep the history of {item.request_id}", missing=UpstreamError):
                self._put(item)
        except DrawbridgeError as error:
            self._on_lost(str(error))

    def newest(self, request_id: str, most: int) -> KeptHistory:
        """Return the newest items of a request, ``most`` at most; what can't be read is passed over."""
        found: list[dict[str, Any]] = []
        start: dict[str, Any] = {}
        with translated(f"read the history of {request_id}", missing=UpstreamError):
            while len(found) <= most:
                page = self._table.query(
                    KeyConditionExpression="request_id = :id",
                    ExpressionAttributeValues={":id": request_id},
                    ScanIndexForward=False,
                    Limit=most + 1 - len(found),
                    **start,
                )
                found += page["Items"]
                if "LastEvaluatedKey" not in page:
                    break
                start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        items = [item for each in found[:most] if (item := _read(each)) is not None]
        return KeptHistory(tuple(sorted(items, key=lambda item: (item.at, item.name))), len(found) > most)

    def requests_naming(self, name: str) -> frozenset[str]:
        """Return the ids of the requests of which a status told of a parameter, binding, id or ARN of that name.

        The whole table is read.
        """
        pages = self._table.meta.client.get_paginator("scan").paginate(
            TableName=self._table.name,
            FilterExpression="contains(#json, :name)",
            ExpressionAttributeNames={"#json": "json"},
            ExpressionAttributeValues={":name": json.dumps(name, ensure_ascii=False)},
        )
        with translated("search the history", missing=UpstreamError):
            items = [_read(each) for page in pages for each in page["Items"]]
        return frozenset(item.request_id for item in items if item is not None and _tells_of(item, name))

    def _put(self, item: HistoryItem) -> None:
        stored: dict[str, Any] = {
            "request_id": item.request_id,
            "item": item.name,
            "at": item.at,
            "json": msgspec.json.encode(_StoredItem(item.happened)).decode(),
            "expires_at": int((self._now() + self._keep_for).timestamp()),
        }
        try:
            self._table.put_item(
                Item=stored,
                ConditionExpression="attribute_not_exists(#item)",
                ExpressionAttributeNames={"#item": "item"},
            )
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise


def _tells_of(item: HistoryItem, name: str) -> bool:
    return isinstance(item.happened, StatusItem) and name in item.happened.names


def _read(stored: dict[str, Any]) -> HistoryItem | None:
    """Read an item; ``None`` if somebody wrote it by hand, or another version did."""
    name = str(stored["item"])
    attempt, _, _ = name.partition("/")
    try:
        happened = read_json(str(stored.get("json", "")), _StoredItem).happened
        item = HistoryItem(
            request_id=str(stored["request_id"]),
            attempt=int(attempt),
            name=name,
            at=str(stored["at"]),
            happened=happened,
        )
        is_readable = datetime.fromisoformat(item.at).tzinfo is not None and 1 <= item.attempt <= MOST_ATTEMPTS
    except (UnreadableError, KeyError, ValueError):
        return None
    says_something = not isinstance(happened, MarksItem) or bool(happened.reasons)
    return item if is_readable and says_something else None
