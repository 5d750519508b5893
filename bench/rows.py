"""Rows of the ledger for thousands of requests: copies of one that Drawbridge itself has settled."""

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from local_aws.testing.clock import fast_forward
from scenarios.people import Person

Row = dict[str, Any]
"""A row of the ledger, as DynamoDB's API has it."""

_HOUR = 3600.0
_IN_A_BATCH = 25
"""Items that BatchWriteItem takes."""


def settled_row(home: Person) -> Row:
    """Wait until the only request is available; return its row."""

    def rows() -> list[Row]:
        return [row for row in home.ledger() if row["status"]["S"] == "AVAILABLE" and row["settled"]["BOOL"]]

    if not fast_forward(_HOUR, until=lambda: bool(rows())):
        raise TimeoutError(f"it is not available: {home.ledger()}")
    (row,) = rows()
    return row


def items_of(home: Person, table: str) -> list[Row]:
    pages = home.client("dynamodb").get_paginator("scan").paginate(TableName=home.output(table))
    return [item for page in pages for item in page["Items"]]


def write_items(home: Person, table: str, items: Iterable[Row]) -> None:
    name, dynamodb = home.output(table), home.client("dynamodb")
    for some in _batches(items):
        left = dynamodb.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": item}} for item in some]})
        if left.get("UnprocessedItems"):
            raise RuntimeError("DynamoDB left items unprocessed")


def _batches(items: Iterable[Row]) -> Iterator[list[Row]]:
    remaining = iter(items)
    while some := list(itertools.islice(remaining, _IN_A_BATCH)):
        yield some


def copy_of(row: Row, renamed: Mapping[str, str]) -> Row:
    copied: Row = json.loads(replaced(json.dumps(row), renamed))
    return copied


def replaced(text: str, renamed: Mapping[str, str]) -> str:
    for before, after in renamed.items():
        text = text.replace(before, after)
    return text
