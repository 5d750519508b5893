from __future__ import annotations

import contextlib
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local_aws_tests.people import Person

WRITERS = 6
ROUNDS = 8


def test_one_of_many_concurrent_conditional_writes_succeeds_and_readers_see_whole_items(person: Person) -> None:
    dynamodb = person("460000000001").client("dynamodb")
    dynamodb.create_table(
        TableName="rows",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    # The client creates its exception classes on first use: twice, if two threads use them at once.
    refused = dynamodb.exceptions.ConditionalCheckFailedException
    gate = threading.Barrier(WRITERS)
    half: list[Any] = []

    def write(key: str) -> bool:
        gate.wait()
        try:
            dynamodb.update_item(
                TableName="rows",
                Key={"id": {"S": key}},
                UpdateExpression="SET written = :yes",
                ConditionExpression="attribute_not_exists(id)",
                ExpressionAttributeValues={":yes": {"BOOL": True}},
            )
        except refused:
            return False
        finally:
            half.extend(row for row in dynamodb.scan(TableName="rows")["Items"] if "written" not in row)
        return True

    interval = sys.getswitchinterval()
    # With so short a switch interval, threads would meet in the middle of a write if that were possible.
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(WRITERS) as writers:
            won = [[*writers.map(write, [f"row-{number}"] * WRITERS)].count(True) for number in range(ROUNDS)]
    finally:
        sys.setswitchinterval(interval)

    assert won == [1] * ROUNDS
    assert half == []


def test_a_condition_on_the_size_of_an_absent_attribute_is_false(person: Person) -> None:
    dynamodb = person("460000000002").client("dynamodb")
    dynamodb.create_table(
        TableName="rows",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )

    for condition in ("size(seen) = :some", "size(seen) < :some", "size(seen) > :some"):
        with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
            dynamodb.update_item(
                TableName="rows",
                Key={"id": {"S": "row"}},
                UpdateExpression="SET written = :some",
                ConditionExpression=condition,
                ExpressionAttributeValues={":some": {"N": "1"}},
            )


def test_an_item_is_read_as_it_was_written_with_values_of_every_kind(person: Person) -> None:
    dynamodb = person("460000000002").client("dynamodb")
    dynamodb.create_table(
        TableName="kinds",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    written: dict[str, Any] = {
        "id": {"S": "one"},
        "number": {"N": "1.5"},
        "binary": {"B": b"\x00\xff"},
        "yes": {"BOOL": True},
        "no": {"BOOL": False},
        "nothing": {"NULL": True},
        "texts": {"SS": ["a", "b"]},
        "numbers": {"NS": ["1", "2"]},
        "binaries": {"BS": [b"\x00", b"\x01"]},
        "empty": {"S": ""},
        "list": {"L": [{"S": "a"}, {"M": {"deep": {"L": [{"NULL": True}]}}}]},
        "map": {"M": {"a": {"N": "1"}, "S": {"S": "a key that is a kind's name"}}},
        "no list": {"L": []},
        "no map": {"M": {}},
    }

    dynamodb.put_item(TableName="kinds", Item=written)

    (scanned,) = dynamodb.scan(TableName="kinds")["Items"]
    read: Any = dynamodb.get_item(TableName="kinds", Key={"id": {"S": "one"}})["Item"]
    assert scanned == read
    for kind in ("texts", "numbers", "binaries"):
        ((name, members),) = read[kind].items()
        read[kind] = {name: sorted(members)}
    assert read == written

    taken = dynamodb.get_item(
        TableName="kinds",
        Key={"id": {"S": "one"}},
        ProjectionExpression="id, #map, #binary, #list, absent",
        ExpressionAttributeNames={"#map": "map", "#binary": "binary", "#list": "list"},
    )
    assert taken["Item"] == {name: written[name] for name in ("id", "map", "binary", "list")}


def test_an_item_has_400_kb_at_most_after_a_write_and_is_unchanged_by_a_refused_one(
    person: Person,
) -> None:
    dynamodb = person("460000000009").client("dynamodb")
    dynamodb.create_table(
        TableName="rows",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )

    def write(**attributes: str) -> None:
        dynamodb.update_item(
            TableName="rows",
            Key={"id": {"S": "1"}},
            UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in attributes),
            ExpressionAttributeValues={f":{name}": {"S": text} for name, text in attributes.items()},
        )

    write(much="x" * 390_000)
    with pytest.raises(dynamodb.exceptions.ClientError, match="exceeded the maximum allowed size"):
        write(begun="begun", more="x" * 30_000)
    (item,) = dynamodb.scan(TableName="rows")["Items"]
    assert item.keys() == {"id", "much"}

    write(much="x" * 300_000)
    write(more="x" * 30_000)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("SET a = :a SET b = :b", 'The "SET" section can only be used once in an update expression;'),
        ("REMOVE a SET b = :b REMOVE c", 'The "REMOVE" section can only be used once in an update expression;'),
        ("SET a = :a, b = :b, a = :a, b = :b", r"path one: \[b\], path two: \[b\]"),
        ("SET b = :b, #a = :a, #also_a = :a", r"path one: \[a\], path two: \[a\]"),
        ("SET a.b = :a REMOVE a", r"path one: \[a"),
        ("SET id = :a", "This attribute is part of the key"),
    ],
)
def test_an_update_that_changes_something_twice_or_a_key_is_refused_and_changes_nothing(
    person: Person, expression: str, reason: str
) -> None:
    dynamodb: Any = person("460000000010").client("dynamodb")
    with contextlib.suppress(dynamodb.exceptions.ResourceInUseException):
        dynamodb.create_table(
            TableName="rows",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
    row = {"id": {"S": "1"}, "a": {"M": {"b": {"S": "x"}}}}
    dynamodb.put_item(TableName="rows", Item=row)
    names = {each: "a" for each in ("#a", "#also_a") if each in expression}
    values = {each: {"S": "y"} for each in (":a", ":b") if each in expression}

    # As written once more: what is kept of an expression that is refused refuses it again.
    for _ in range(2):
        with pytest.raises(dynamodb.exceptions.ClientError, match=reason):
            dynamodb.update_item(
                TableName="rows",
                Key={"id": {"S": "1"}},
                UpdateExpression=expression,
                **({"ExpressionAttributeNames": names} if names else {}),
                **({"ExpressionAttributeValues": values} if values else {}),
            )

    assert dynamodb.scan(TableName="rows")["Items"] == [row]


def test_an_expression_that_is_written_twice_means_what_its_names_and_values_say_each_time(person: Person) -> None:
    dynamodb = person("460000000011").client("dynamodb")
    dynamodb.create_table(
        TableName="rows",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )

    def update(name: str, value: str) -> None:
        dynamodb.update_item(
            TableName="rows",
            Key={"id": {"S": "1"}},
            UpdateExpression=(
                "SET #name = if_not_exists(#name, :none) + :value, joined = list_append(:one, :two) REMOVE gone[0]"
            ),
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={
                ":none": {"N": "0"},
                ":value": {"N": value},
                ":one": {"L": [{"S": value}]},
                ":two": {"L": [{"M": {"deep": {"S": "x"}}}]},
            },
        )

    gone = {"L": [{"S": "first"}, {"S": "second"}, {"S": "third"}, {"S": "fourth"}]}
    dynamodb.put_item(TableName="rows", Item={"id": {"S": "1"}, "gone": gone})
    for name, value in (("a", "1"), ("b", "2"), ("a", "3")):
        update(name, value)

    (item,) = dynamodb.scan(TableName="rows")["Items"]
    assert item == {
        "id": {"S": "1"},
        "a": {"N": "4"},
        "b": {"N": "2"},
        "joined": {"L": [{"S": "3"}, {"M": {"deep": {"S": "x"}}}]},
        "gone": {"L": [{"S": "fourth"}]},
    }
