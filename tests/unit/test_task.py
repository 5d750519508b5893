"""Messages of the work queues: what is read of them, and what is told of those that can't be."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from msgspec import Struct

from drawbridge.pacing.task import (
    Looked,
    Task,
    UnknownFormError,
    UnreadableTaskError,
    handed_on,
    looked_at,
    parse,
)
from tests.builders import NOW, PROVIDER, execution_input


class Of(Struct, frozen=True):
    of: str


def body(**fields: Any) -> str:
    return json.dumps({"form": 1, "token": "t", "since": "2026-12-01T05:00:00Z", "input": {"of": "it"}} | fields)


def test_a_message_is_read() -> None:
    message = parse(body(account=PROVIDER, deadline="2026-12-01T06:00:00.5+01:00"), Of)

    assert (message.token, message.input, message.account) == ("t", Of("it"), PROVIDER)
    assert message.deadline is not None
    assert (message.deadline - message.since).total_seconds() == 0.5


def test_a_message_has_the_input_of_its_execution() -> None:
    execution = execution_input()
    message = parse(
        body(
            execution={
                "request": {"kind": "resource-share", "shareArn": execution.request.subject},
                "requestId": execution.request_id,
                "attempt": 1,
            }
        ),
        Of,
    )

    assert message.execution is not None
    assert message.execution.request == execution.request


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "[]", "{}", '{"form": 1}', '{"form": "1", "token": "t"}', "[" * 10_000, "\ud800"),
        *(body(token=""), body(token="x" * 2049), body(token=None)),
    ],
)
def test_what_has_no_token_is_nobodys(text: str) -> None:
    with pytest.raises(UnreadableTaskError, match="task: ") as raised:
        parse(text, Of)

    assert raised.value.token is None


@pytest.mark.parametrize(
    "fields",
    [
        {"input": {}},
        {"input": None},
        {"since": "yesterday"},
        {"since": "2026-12-01T05:00:00"},
        {"deadline": 7},
        {"account": "1234"},
        {"account": f"{PROVIDER}\n"},
        {"execution": {}},
        {"looked": {"since": "2026-12-01T05:00:00Z", "times": 0}},
    ],
    ids=str,
)
def test_what_can_not_be_read_fails_the_task_that_it_names(fields: dict[str, Any]) -> None:
    with pytest.raises(UnreadableTaskError, match=next(iter(fields))) as raised:
        parse(body(**fields), Of)

    assert raised.value.token == "t"


@pytest.mark.parametrize("form", [0, 2, -1, 10**18])
def test_a_message_of_another_version_is_known_as_that_whatever_is_in_it(form: int) -> None:
    with pytest.raises(UnknownFormError, match=f"form {form}") as raised:
        parse(json.dumps({"form": form, "token": "t", "sinceWhen": []}), Of)

    assert raised.value.token == "t"


def test_a_message_that_is_sent_again_is_the_same_but_for_how_often_it_was_looked_at() -> None:
    before = body(account=PROVIDER, more="of the next version")
    again = looked_at(before, Looked(NOW, 2))

    assert json.loads(again) == json.loads(before) | {"looked": {"since": "2026-11-21T12:00:00Z", "times": 2}}
    assert parse(again, Of).looked == Looked(NOW, 2)


def test_what_is_handed_on_begins_anew_with_what_is_to_do() -> None:
    on = parse(handed_on(looked_at(body(account=PROVIDER), Looked(NOW, 2)), {"of": "details"}), Of)

    assert (on.input, on.looked, on.account, on.token) == (Of("details"), None, PROVIDER, "t")


def test_deadlines_come_first_and_then_who_waits_longest() -> None:
    def task(name: str, since: int, deadline: int | None = None) -> Task[Of]:
        due = None if deadline is None else (NOW + timedelta(minutes=deadline)).isoformat()
        text = body(token=name, since=(NOW + timedelta(minutes=since)).isoformat(), deadline=due)
        return Task(parse(text, Of), name, text)

    tasks = [task("young", 3), task("far", 0, 90), task("old", 1), task("near", 2, 30)]

    assert [each.token for each in sorted(tasks, key=lambda task: task.order)] == ["near", "far", "old", "young"]
