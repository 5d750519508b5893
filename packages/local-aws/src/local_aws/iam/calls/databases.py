"""DynamoDB."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from local_aws.iam import facts
from local_aws.iam.rules import ANY, AwsCall, Requirement, Rules, key, strings
from local_aws.policy_language.patterns import Context

_IN_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_PARTIQL = re.compile(
    r"\s*(?:(?P<select>select)\b.*?\bfrom|(?P<insert>insert)\s+into|(?P<update>update)|(?P<delete>delete)\s+from)"
    r'\s+"?(?P<table>[\w.-]+)"?(?:\."(?P<index>[\w.-]+)")?',
    re.IGNORECASE | re.DOTALL,
)


def _table(call: AwsCall, name: object, index: object = None) -> str:
    arn = str(name) if str(name).startswith("arn:") else call.arn(f"table/{name}")
    return f"{arn}/index/{index}" if index else arn


def _read(call: AwsCall) -> Iterator[Requirement]:
    # A query on an index needs permission on the index's ARN; the table's own does not cover it.
    index = call.params.get("IndexName")
    table = _table(call, call.params.get("TableName"))
    keys = {**_item_keys(call.params), **_leading(table, _queried(call.params, table), index)}
    yield call.requires(call.operation, _table(call, table, index), keys, kind="index" if index else "table")


def _one_item(call: AwsCall) -> Iterator[Requirement]:
    table = _table(call, call.params.get("TableName"))
    item = call.params.get("Key") or call.params.get("Item") or {}
    keys = {**_item_keys(call.params), **_leading(table, [item])}
    if call.operation == "GetItem":
        projected = call.params.get("ProjectionExpression") or call.params.get("AttributesToGet")
        keys |= key("dynamodb:Select", "SPECIFIC_ATTRIBUTES" if projected else "ALL_ATTRIBUTES")
    yield call.requires(call.operation, table, keys, kind="table")


def _batch(call: AwsCall) -> Iterator[Requirement]:
    for name, requests in (call.params.get("RequestItems") or {}).items():
        table = _table(call, name)
        items = list(_batch_items(requests))
        yield call.requires(call.operation, table, _leading(table, items), kind="table")


def _batch_items(requests: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(requests, Mapping):
        yield from requests.get("Keys") or ()
        return
    for each in requests or ():
        put, delete = each.get("PutRequest") or {}, each.get("DeleteRequest") or {}
        yield put.get("Item") or delete.get("Key") or {}


def _transaction(call: AwsCall) -> Iterator[Requirement]:
    for item in call.params.get("TransactItems") or ():
        for kind, parameters in item.items():
            action = "GetItem" if kind == "Get" else _IN_TRANSACTION[kind]
            table = _table(call, parameters.get("TableName"))
            keys = {
                **_item_keys(parameters),
                **_leading(table, [parameters.get("Key") or parameters.get("Item") or {}]),
                **key("dynamodb:EnclosingOperation", call.operation),
            }
            yield call.requires(action, table, keys, kind="table")


def _partiql(call: AwsCall) -> Iterator[Requirement]:
    listed = call.params.get("Statements") or call.params.get("TransactStatements") or [call.params]
    for each in listed:
        found = _PARTIQL.match(str(each.get("Statement", "")))
        if found is None:
            yield call.requires("PartiQLSelect", ANY)
            continue
        verb = next(name for name in ("select", "insert", "update", "delete") if found[name])
        action = f"PartiQL{verb.capitalize()}"
        yield call.requires(action, _table(call, found["table"], found["index"]))


def _item_keys(params: Mapping[str, Any]) -> Context:
    names = {
        **key("dynamodb:Select", params.get("Select")),
        **key("dynamodb:ReturnValues", params.get("ReturnValues")),
        **key("dynamodb:ReturnConsumedCapacity", params.get("ReturnConsumedCapacity")),
    }
    return {**names, **key("dynamodb:Attributes", _attributes(params))}


def _attributes(params: Mapping[str, Any]) -> list[str]:
    """Return the attributes that the call names, by its expressions' placeholders and its items."""
    named = list(strings(params.get("AttributesToGet"))) + list((params.get("ExpressionAttributeNames") or {}).values())
    plain = re.findall(r"(?<![:#\w])[A-Za-z_]\w*", str(params.get("ProjectionExpression") or ""))
    return sorted({*named, *plain, *(params.get("Key") or {}), *(params.get("Item") or {})})


def _queried(params: Mapping[str, Any], table: str) -> list[Mapping[str, Any]]:
    """Return the partition key and its value of a key condition such as ``#pk = :v``."""
    hash_key = facts.hash_key(table, params.get("IndexName"))
    condition = str(params.get("KeyConditionExpression") or "")
    names = params.get("ExpressionAttributeNames") or {}
    for left, right in re.findall(r"([#\w]+)\s*=\s*(:\w+)", condition):
        if names.get(left, left) == hash_key and hash_key:
            return [{hash_key: (params.get("ExpressionAttributeValues") or {}).get(right)}]
    return []


def _leading(table: str, items: Iterable[Mapping[str, Any]], index: object = None) -> Context:
    """Return dynamodb:LeadingKeys, the partition keys' values of the items that the call names."""
    name = facts.hash_key(table, index)
    values: list[str] = []
    for item in items:
        value = item.get(name or "")
        values += [str(each) for each in value.values()] if isinstance(value, Mapping) else []
    return key("dynamodb:LeadingKeys", values) if values else {}


RULES = Rules(
    names={"table": ("TableName", "TableArn", "SourceTableArn", "SourceTableName"), "index": ("none",)},
    special={
        **dict.fromkeys(("GetItem", "PutItem", "UpdateItem", "DeleteItem"), _one_item),
        **dict.fromkeys(("Query", "Scan"), _read),
        **dict.fromkeys(("BatchGetItem", "BatchWriteItem"), _batch),
        **dict.fromkeys(("TransactGetItems", "TransactWriteItems"), _transaction),
        **dict.fromkeys(("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"), _partiql),
    },
    tagging="TagResource",
)
