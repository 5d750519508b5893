"""SQS, as the adapter promises to keep a hint that nobody can read."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from drawbridge.aws.dead_letter_queue import DeadLetterQueue
from drawbridge.errors import AccessDeniedError
from tests.contracts.accounts import Account, refusing
from tests.contracts.conftest import NewAccount


@pytest.fixture(scope="module")
def sqs(new_account: NewAccount) -> Any:
    return new_account().client("sqs")


@pytest.fixture
def queue(sqs: Any) -> str:
    return str(sqs.create_queue(QueueName=uuid.uuid4().hex)["QueueUrl"])


def kept(sqs: Any, queue: str) -> tuple[str, str]:
    (message,) = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"])["Messages"]
    return message["Body"], message["MessageAttributes"]["reason"]["StringValue"]


@pytest.mark.parametrize("body", ["no json", "{}", '{"source": "é \\u2028"}', " \n\t<&>"])
def test_a_message_is_kept_as_it_came_with_its_reason(sqs: Any, queue: str, body: str) -> None:
    DeadLetterQueue(sqs, queue).send(body, "hint: it can't be read")

    assert kept(sqs, queue) == (body, "hint: it can't be read")


@pytest.mark.parametrize(
    ("reason", "written"),
    [
        ("a\x00b\x1bc", "a?b?c"),
        ("lone \ud800 surrogate", "lone ? surrogate"),
        ("two\nlines", "two?lines"),
        ("\uffff", "?"),
        ("é 日本 😀", "é 日本 😀"),
        ("x" * 5000, "x" * 1024),
    ],
    ids=ascii,
)
def test_a_reason_may_quote_what_sqs_does_not_take(sqs: Any, queue: str, reason: str, written: str) -> None:
    DeadLetterQueue(sqs, queue).send("body", reason)

    assert kept(sqs, queue) == ("body", written)


def test_a_queue_that_is_closed_is_an_error(account: Account) -> None:
    client = account.client("sqs")

    with refusing(client, "send_message", "AccessDenied"), pytest.raises(AccessDeniedError):
        DeadLetterQueue(client, "https://sqs.us-east-1.amazonaws.com/111111111111/none").send("body", "reason")
