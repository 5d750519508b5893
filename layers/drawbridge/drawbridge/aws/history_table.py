"""Requests' history: DynamoDB, an item for each thing that happened, until its time is over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError
from msgspec import Struct

from drawbridge.aws.errors import code_of, translated
from drawbridge.aws.table_reads import items_by_keys
from drawbridge.discovery.ledger_row import MOST_ATTEMPTS
from drawbridge.errors import DrawbridgeError, UpstreamError
from drawbridge.parsing import UnreadableError, read_json
from drawbridge.record.history import Happened, HistoryItem, KeptHistory, MarksItem, place_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_MOST_READ = 10_000
"""Items of one request: some 5 MB, that is 5 calls and 600 read units."""


class _StoredItem(Struct, frozen=True):
    happened: Happened


class HistoryTable:
    """The items. They expire after ``keep_for``; what can't be written is reported to ``on_lost``, and lost."""

    def __init__(
        self,
        table: Table,
        *,
        now: Callable[[], datetime],
        keep_for: timedelta,
        on_lost: Callable[[str], None],
        most_read: int = _MOST_READ,
    ) -> None:
        self._table = table
        self._now = now
        self._keep_for = keep_for
        self._on_lost = on_lost
        self._most_read = most_read

    def add(self, item: HistoryItem) -> None:
        """Keep the item, if there is none of its name; nothing is raised."""
        try:
            with translated(f"keep the history of {item.request_id}", missing=UpstreamError):
                self._put(item)
        except DrawbridgeError as error:
            self._on_lost(str(error))

    def add_all(self, items: Iterable[HistoryItem]) -> None:
        """Keep the items, 25 in a call, those of which there is one of the name excepted; nothing is raised."""
        by_key: dict[tuple[str, str], HistoryItem] = {}
        for item in items:
            by_key.setdefault((item.request_id, item.name), item)
        try:
            with translated(f"keep the history of {len(by_key)} changes", missing=UpstreamError):
                # No write of many has a condition, and what is written first tells when it happened.
                keys = [{"request_id": request_id, "item": name} for request_id, name in by_key]
                for there in items_by_keys(self._table, keys, ("request_id", "item")):
                    del by_key[there["request_id"], there["item"]]
                with self._table.batch_writer() as batch:
                    for item in by_key.values():
                        batch.put_item(Item=self._stored(item))
        except DrawbridgeError as error:
            self._on_lost(str(error))

    def kept(self, request_id: str, *, first: int, last: int) -> KeptHistory:
        """Return what is kept of a request: so many items from its beginning and its end at most, as time goes.

        Items lie by attempt and name, so all are read; of more than can be read while somebody waits, those of the last
        attempts, and how the first one began. What can't be read is passed over.
        """
        with translated(f"read the history of {request_id}", missing=UpstreamError):
            newest = self._of(request_id, most=self._most_read + 1, newest=True)
            if len(newest) <= self._most_read:
                items = _in_order(newest)
                if len(items) <= first + last:
                    return KeptHistory(last=items)
                ends = KeptHistory(first=items[:first], left_out=len(items) - first - last, last=items[-last:])
            else:
                oldest = _in_order(self._of_first_attempt(request_id, most=first))
                ends = KeptHistory(first=oldest[:first], left_out=None, last=_in_order(newest)[-last:])
        return ends

    def items_containing(self, text: str) -> Iterator[HistoryItem]:
        """Yield the statuses that tell of something in whose name the text is. The whole table is read."""
        pages = self._table.meta.client.get_paginator("scan").paginate(
            TableName=self._table.name,
            FilterExpression="contains(#json, :text) AND contains(#item, :status)",
            ExpressionAttributeNames={"#json": "json", "#item": "item"},
            ExpressionAttributeValues={
                ":text": json.dumps(text, ensure_ascii=False)[1:-1],
                ":status": "/status/",
            },
        )
        with translated("search the history", missing=UpstreamError):
            yield from (item for page in pages for each in page["Items"] if (item := _read(each)) is not None)

    def _of(self, request_id: str, attempt: str = "", *, most: int, newest: bool = False) -> list[dict[str, Any]]:
        """Return a request's items by their names, ``most`` at most; of an attempt only its statuses."""
        condition, values = "request_id = :id", {":id": request_id}
        names: dict[str, Any] = {}
        if attempt:
            condition += " AND begins_with(#item, :statuses)"
            values[":statuses"] = f"{attempt}/status/"
            names = {"ExpressionAttributeNames": {"#item": "item"}}
        found: list[dict[str, Any]] = []
        start: dict[str, Any] = {}
        while len(found) < most:
            page = self._table.query(
                KeyConditionExpression=condition,
                ExpressionAttributeValues=values,
                ScanIndexForward=not newest,
                Limit=most - len(found),
                **names,
                **start,
            )
            found += page["Items"]
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        return found

    def _of_first_attempt(self, request_id: str, *, most: int) -> list[dict[str, Any]]:
        """Return what has the first names, and the statuses of that attempt: with one of these it began."""
        first = self._of(request_id, most=most)
        attempt = str(first[0]["item"]).partition("/")[0] if first else ""
        statuses = self._of(request_id, attempt, most=self._most_read)
        return [*{str(each["item"]): each for each in (*first, *statuses)}.values()]

    def _stored(self, item: HistoryItem) -> dict[str, Any]:
        return {
            "request_id": item.request_id,
            "item": item.name,
            "at": item.at,
            "json": msgspec.json.encode(_StoredItem(item.happened)).decode(),
            "expires_at": int((self._now() + self._keep_for).timestamp()),
        }

    def _put(self, item: HistoryItem) -> None:
        try:
            self._table.put_item(
                Item=self._stored(item),
                ConditionExpression="attribute_not_exists(#item)",
                ExpressionAttributeNames={"#item": "item"},
            )
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise


def _in_order(stored: Iterable[dict[str, Any]]) -> tuple[HistoryItem, ...]:
    return tuple(sorted((item for each in stored if (item := _read(each)) is not None), key=place_of))


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
