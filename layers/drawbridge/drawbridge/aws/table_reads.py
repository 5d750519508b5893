"""DynamoDB's reads of many items at once: only the attributes that are asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from drawbridge.bounds import in_parts
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


def items_of(
    table: Table, values: Collection[str], attributes: Collection[str], *, key: str = "request_id"
) -> Iterator[dict[str, Any]]:
    """Yield the items that are there, by the values of their key, read consistently, in no order.

    It is a call for each hundred.

    Raises:
        ThrottledError: DynamoDB leaves keys unprocessed, time and again.
    """
    yield from items_by_keys(table, [{key: value} for value in sorted(values)], attributes)


def items_by_keys(
    table: Table, keys: Sequence[dict[str, str]], attributes: Collection[str]
) -> Iterator[dict[str, Any]]:
    """Yield the items that are there, as ``items_of`` does, of a table whose keys have two parts."""
    for some in in_parts(keys, _AT_ONCE):
        yield from _batch(table, some, attributes)


def scanned(table: Table, *, consistently: bool = False) -> Iterator[dict[str, Any]]:
    """Yield all items, in no order."""
    paginator = table.meta.client.get_paginator("scan")
    for page in paginator.paginate(TableName=table.name, ConsistentRead=consistently):
        yield from page["Items"]


def queried(table: Table, **parameters: Any) -> Iterator[dict[str, Any]]:
    """Yield all items that a query finds."""
    for page in table.meta.client.get_paginator("query").paginate(TableName=table.name, **parameters):
        yield from page["Items"]


def _batch(table: Table, keys: Sequence[dict[str, str]], attributes: Collection[str]) -> Iterator[dict[str, Any]]:
    name = table.name
    left: Any = {name: {"Keys": keys, "ConsistentRead": True, **only(attributes)}}
    for _ in range(len(keys) + 1):
        answer = table.meta.client.batch_get_item(RequestItems=left)
        yield from answer["Responses"].get(name, [])
        left = answer.get("UnprocessedKeys")
        if not left:
            return
    raise ThrottledError(f"read {name}: DynamoDB leaves keys unprocessed")
