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
    ids = sorted(request_ids)
    for start in range(0, len(ids), _AT_ONCE):
        yield from _batch(table, ids[start : start + _AT_ONCE], attributes)


def scanned(table: Table) -> Iterator[dict[str, Any]]:
    """Yield all items, in no order."""
    for page in table.meta.client.get_paginator("scan").paginate(TableName=table.name):
        yield from page["Items"]


def queried(table: Table, **parameters: Any) -> Iterator[dict[str, Any]]:
    """Yield all items that a query finds."""
    for page in table.meta.client.get_paginator("query").paginate(TableName=table.name, **parameters):
        yield from page["Items"]


def _batch(table: Table, ids: list[str], attributes: Collection[str]) -> Iterator[dict[str, Any]]:
    name = table.name
    asked = {"Keys": [{"request_id": each} for each in ids], "ConsistentRead": True, **only(attributes)}
    keys: Any = {name: asked}
    for _ in range(len(ids) + 1):
        answer = table.meta.client.batch_get_item(RequestItems=keys)
        yield from answer["Responses"].get(name, [])
        keys = answer.get("UnprocessedKeys")
        if not keys:
            return
    raise ThrottledError(f"read {name}: DynamoDB leaves keys unprocessed")
