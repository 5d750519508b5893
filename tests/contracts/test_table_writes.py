"""DynamoDB's update expressions, as they are put together and as DynamoDB carries them out."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from drawbridge.aws.table_writes import Write
from tests.contracts.conftest import NewAccount


@pytest.fixture(scope="module")
def table(new_account: NewAccount) -> Any:
    return new_account().table("LedgerTable")


@pytest.fixture
def key() -> dict[str, str]:
    return {"request_id": uuid.uuid4().hex}


def written(table: Any, key: dict[str, str], write: Write) -> dict[str, Any]:
    """Write, on no other condition than the write's own; return the item as it is then, without its key."""
    parameters = {name: value for name, value in write.parameters().items() if value}
    item: dict[str, Any] = table.update_item(Key=key, ReturnValues="ALL_NEW", **parameters)["Attributes"]
    return {name: value for name, value in item.items() if name not in key}


def holds(table: Any, key: dict[str, str], write: Write) -> bool:
    try:
        written(table, key, write)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ConditionalCheckFailedException"
        return False
    return True


@pytest.mark.parametrize("name", ["status", "settled", "name", "order", "values", "_under", "a1"])
def test_every_name_is_taken_whatever_dynamodb_reserves(table: Any, key: dict[str, str], name: str) -> None:
    assert written(table, key, Write(**{name: "text"})) == {name: "text"}


def test_what_is_set_once_stays(table: Any, key: dict[str, str]) -> None:
    for value in ("first", "second"):
        write = Write(latest=value)
        write.set_once("first", value)
        item = written(table, key, write)

    assert item == {"latest": "second", "first": "first"}


def test_a_list_is_begun_and_added_to(table: Any, key: dict[str, str]) -> None:
    for entry in ({"n": "1"}, {"n": "2"}):
        write = Write()
        write.append("history", entry)
        item = written(table, key, write)

    assert item == {"history": [{"n": "1"}, {"n": "2"}]}


def test_numbers_grow_and_sets_take_members(table: Any, key: dict[str, str]) -> None:
    for members in ({"/a"}, {"/a", "/b"}):
        write = Write()
        write.add("failures", 1)
        write.add("published", members)
        item = written(table, key, write)

    assert item == {"failures": 2, "published": {"/a", "/b"}}


def test_what_is_removed_is_gone_and_of_a_list_the_first(table: Any, key: dict[str, str]) -> None:
    written(table, key, Write(followed="yes", status="HELD", history=list("abcde")))
    write = Write()
    write.remove("followed")
    write.remove_first("history", 3)

    assert written(table, key, write) == {"status": "HELD", "history": ["d", "e"]}


def test_all_kinds_of_change_go_together(table: Any, key: dict[str, str]) -> None:
    written(table, key, Write(followed="yes"))
    write = Write(status="HELD")
    write.append("history", "entry")
    write.add("failures", 1)
    write.remove("followed")
    write.set(settled=True)
    write.only_if(followed="yes")

    assert written(table, key, write) == {"status": "HELD", "history": ["entry"], "failures": 1, "settled": True}


def conditioned(how: str, *args: Any, **attributes: Any) -> Write:
    write = Write(status="now")
    getattr(write, how)(*args, **attributes)
    return write


@pytest.mark.parametrize(
    ("write", "held"),
    [
        (conditioned("only_if", attempt=1), True),
        (conditioned("only_if", attempt=1, settled=False), True),
        (conditioned("only_if", attempt=1, settled=True), False),
        (conditioned("only_if", other=1), False),
        (conditioned("only_if_not", status="before"), False),
        (conditioned("only_if_not", status="other"), True),
        (conditioned("only_if_not", attempt=2, settled=False), False),
        (conditioned("only_if_new", "request_id"), False),
        (conditioned("only_if_new", "other"), True),
        (conditioned("only_if_as_long", "history", 2), True),
        (conditioned("only_if_as_long", "history", 3), False),
    ],
)
def test_a_write_is_made_only_where_all_its_conditions_hold(
    table: Any, key: dict[str, str], write: Write, held: bool
) -> None:
    written(table, key, Write(status="before", attempt=1, settled=False, history=["a", "b"]))

    assert holds(table, key, write) is held
    assert (table.get_item(Key=key)["Item"]["status"] == "now") is held


def test_conditions_of_several_kinds_are_all_asked_for() -> None:
    write = Write(status="now")
    write.only_if(attempt=1)
    write.only_if_not(status="now")
    write.only_if_new("other")

    parameters = write.parameters()

    assert parameters["ConditionExpression"] == "#attempt = :v1 AND #status <> :v2 AND attribute_not_exists(#other)"
    assert parameters["ExpressionAttributeValues"] == {":v0": "now", ":v1": 1, ":v2": "now"}


def test_no_values_are_sent_where_there_are_none() -> None:
    write = Write()
    write.remove("followed")

    assert "ExpressionAttributeValues" not in write.parameters()
