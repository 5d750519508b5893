"""DynamoDB's reads of many items at once: only the attributes that are asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from drawbridge.errors import ThrottledError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_AT_ONCE = 100
"""Keys that BatchGetItem takes."""


def only(attributes: Collection[str]) -> dict[str, Any]:
    """Return the parameters of a read of these attributes and no others."""
    return {
        "ProjectionExpression": ", ".join(f"#{name}" for name in attributes),
        "ExpressionAttributeNames": {f"#{name}": name for name in attributes},
    }


def items_of(table: Table, request_ids: Collection[str], attributes: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield the items of requests that are there, read consistently, in no order; a call for each hundred.

    Raises:
        ThrottledError: DynamoDB leaves keys unprocessed, time and again.
    """
    yield from items_by(table, "request_id", request_ids, **only(attributes))


def items_by(table: Table, key: str, values: Collection[str], **parameters: Any) -> Iterator[dict[str, Any]]:
    """Yield the items with these values of their key, read consistently, in no order; a call for each hundred.

    Raises:
        ThrottledError: DynamoDB leaves keys unprocessed, time and again.
    """
    in_order = sorted(values)
    for start in range(0, len(in_order), _AT_ONCE):
        keys = [{key: each} for each in in_order[start : start + _AT_ONCE]]
        yield from _batch(table, {"Keys": keys, "ConsistentRead": True, **parameters})


def scanned(table: Table) -> Iterator[dict[str, Any]]:
    """Yield all items, in no order."""
    for page in table.meta.client.get_paginator("scan").paginate(TableName=table.name):
        yield from page["Items"]


def queried(table: Table, **parameters: Any) -> Iterator[dict[str, Any]]:
    """Yield all items that a query finds."""
    for page in table.meta.client.get_paginator("query").paginate(TableName=table.name, **parameters):
        yield from page["Items"]


def _batch(table: Table, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    name = table.name
    left: Any = {name: asked}
    for _ in range(len(asked["Keys"]) + 1):
        answer = table.meta.client.batch_get_item(RequestItems=left)
        yield from answer["Responses"].get(name, [])
        left = answer.get("UnprocessedKeys")
        if not left:
            return
    raise ThrottledError(f"read {name}: DynamoDB leaves keys unprocessed")
