"""A queue of tasks, as ``WorkQueue`` promises it to a door."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from drawbridge.aws.work_queue import SqsWorkQueue
from drawbridge.errors import AccessDeniedError, DrawbridgeError, ThrottledError
from drawbridge.pacing.door import Outgoing, WorkQueue
from local_aws.testing.clock import clock
from tests.contracts.accounts import Account, refusing
from tests.contracts.conftest import NewAccount
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.work_queue import InMemoryWorkQueue, World


@dataclass(frozen=True)
class Kept:
    queue: WorkQueue
    later: Callable[[float], object]


@pytest.fixture(scope="module")
def someone(new_account: NewAccount) -> Account:
    return new_account()


def in_memory() -> Kept:
    world = World()
    return Kept(InMemoryWorkQueue(world), world.later)


def on_aws(someone: Account) -> Kept:
    sqs = someone.client("sqs")
    url = sqs.create_queue(QueueName=uuid.uuid4().hex, Attributes={"VisibilityTimeout": "120"})["QueueUrl"]
    return Kept(SqsWorkQueue(sqs, url), clock.advance)


@pytest.fixture(params=IMPLEMENTATIONS)
def kept(request: pytest.FixtureRequest, someone: Account) -> Kept:
    return either(request, in_memory, lambda: on_aws(someone))


def bodies(received: list[dict[str, Any]]) -> list[str]:
    return sorted(each["body"] for each in received)


def counts(received: list[dict[str, Any]]) -> set[str]:
    return {each["attributes"]["ApproximateReceiveCount"] for each in received}


def test_what_is_sent_is_received_once_until_its_time_is_up(kept: Kept) -> None:
    assert kept.queue.send([Outgoing("a"), Outgoing("é 😀", group="111111111111")]) == [True, True]

    first = kept.queue.receive(10)
    assert (bodies(first), counts(first)) == (["a", "é 😀"], {"1"})
    assert kept.queue.receive(10) == []
    kept.later(121)
    again = kept.queue.receive(10)
    assert (bodies(again), counts(again)) == (["a", "é 😀"], {"2"})


def test_what_is_delayed_is_received_later(kept: Kept) -> None:
    kept.queue.send([Outgoing("later", delay=60), Outgoing("now")])

    assert bodies(kept.queue.receive(10)) == ["now"]
    kept.later(61)
    assert bodies(kept.queue.receive(10)) == ["later"]


def test_what_is_deleted_does_not_come_again(kept: Kept) -> None:
    kept.queue.send([Outgoing(str(number)) for number in range(12)])
    received = kept.queue.receive(100)
    assert len(received) == 12

    kept.queue.delete([each["receiptHandle"] for each in received[1:]])

    kept.later(121)
    assert [each["body"] for each in kept.queue.receive(100)] == [received[0]["body"]]


def test_no_more_are_received_than_are_asked_for(kept: Kept) -> None:
    kept.queue.send([Outgoing(str(number)) for number in range(25)])

    assert [len(kept.queue.receive(12)), len(kept.queue.receive(12)), len(kept.queue.receive(12))] == [12, 12, 1]


def test_long_messages_are_sent_in_calls_that_sqs_takes(someone: Account) -> None:
    kept = on_aws(someone)

    assert kept.queue.send([Outgoing("x" * 100_000) for _ in range(5)]) == [True] * 5
    assert len(kept.queue.receive(10)) == 5


def test_of_each_message_it_is_told_whether_sqs_took_it(someone: Account) -> None:
    kept = on_aws(someone)

    # A character that SQS takes in no message.
    assert kept.queue.send([Outgoing("a"), Outgoing("b"), Outgoing("c")]) == [True] * 3
    sqs: Any = someone.client("sqs")
    answer = {"Successful": [{"Id": "1", "MessageId": "m", "MD5OfMessageBody": "x"}], "Failed": []}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqs, "send_message_batch", lambda **_: answer)
        assert kept.queue.send([Outgoing("a"), Outgoing("b")]) == [False, True]


def test_what_was_sent_before_sqs_refused_a_call_is_sent(someone: Account) -> None:
    kept = on_aws(someone)
    sqs: Any = someone.client("sqs")
    send, calls = sqs.send_message_batch, itertools.count()

    def only_once(**parameters: Any) -> Any:
        if next(calls):
            with refusing(sqs, "receive_message", "ThrottlingException"):
                return sqs.receive_message(QueueUrl=parameters["QueueUrl"])
        return send(**parameters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqs, "send_message_batch", only_once)
        assert kept.queue.send([Outgoing("a")] * 12) == [True] * 10 + [False] * 2


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("send_message_batch", lambda queue: queue.send([Outgoing("a")])),
        ("receive_message", lambda queue: queue.receive(1)),
        ("delete_message_batch", lambda queue: queue.delete(["r"])),
    ],
)
@pytest.mark.parametrize(("code", "error"), [("AccessDenied", AccessDeniedError), ("RequestThrottled", ThrottledError)])
def test_what_sqs_refuses_is_told(
    someone: Account, operation: str, call: Callable[[WorkQueue], object], code: str, error: type[DrawbridgeError]
) -> None:
    kept = on_aws(someone)
    with refusing(someone.client("sqs"), operation, code), pytest.raises(error):
        call(kept.queue)
