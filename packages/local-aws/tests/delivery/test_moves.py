"""Dead letters that an operator moves back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.time.clock import clock
from local_aws_tests.lambda_account import Account, wait_until_quiet


def with_dead_letters(account: Account, count: int) -> tuple[str, str]:
    """Make a queue whose messages have all become dead letters; return its ARN and its dead-letter queue's."""
    dead = account.queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": "1"})
    queue = account.queue("work", RedrivePolicy=redrive, VisibilityTimeout="0")
    account.send(queue, *range(count))
    for _ in range(count + 1):
        account.messages(queue)
        clock.advance(1)
    return queue, dead


def start(account: Account, source: str, **options: Any) -> str:
    return str(account.sqs.start_message_move_task(SourceArn=source, **options)["TaskHandle"])


def tasks(account: Account, source: str) -> list[Any]:
    return list(account.sqs.list_message_move_tasks(SourceArn=source, MaxResults=10)["Results"])


def test_dead_letters_go_back_to_their_source_queue(account: Account) -> None:
    queue, dead = with_dead_letters(account, 3)

    start(account, dead)
    wait_until_quiet()

    assert sorted(account.bodies(queue)) == [0, 1, 2]
    assert account.messages(dead) == []
    (task,) = tasks(account, dead)
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 3)


def test_dead_letters_may_go_elsewhere(account: Account) -> None:
    queue, dead = with_dead_letters(account, 2)
    other = account.queue("other")

    start(account, dead, DestinationArn=other)
    wait_until_quiet()

    assert sorted(account.bodies(other)) == [0, 1]
    assert account.bodies(queue) == []


def test_a_task_keeps_its_rate_and_may_be_ended(account: Account) -> None:
    queue, dead = with_dead_letters(account, 3)
    handle = start(account, dead, MaxNumberOfMessagesPerSecond=1)

    with pytest.raises(ClientError, match="Only one active task"):
        start(account, dead)
    moved = account.sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"]
    clock.advance(5)
    wait_until_quiet()

    assert moved < 3
    assert tasks(account, dead)[0]["Status"] == "CANCELLED"
    assert len(account.messages(queue)) + len(account.messages(dead)) == 3


def test_a_task_fails_once_its_queue_is_gone(account: Account) -> None:
    _, dead = with_dead_letters(account, 3)
    start(account, dead, MaxNumberOfMessagesPerSecond=1)

    account.sqs.delete_queue(QueueUrl=account.url(dead))
    clock.advance(5)
    wait_until_quiet()
    account.queue("dead")

    (task,) = tasks(account, dead)
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "The specified queue does not exist.")


def test_a_queue_that_does_not_exist_is_named_by_its_parameter(account: Account) -> None:
    _, dead = with_dead_letters(account, 1)

    with pytest.raises(ClientError, match="for the DestinationArn parameter"):
        start(account, dead, DestinationArn=account.arn("sqs", "missing"))


def test_only_dead_letters_are_moved(account: Account) -> None:
    queue = account.queue("work")

    with pytest.raises(ClientError, match="must be configured as a Dead Letter Queue"):
        start(account, queue)
    with pytest.raises(ClientError) as missing:
        start(account, account.arn("sqs", "missing"))

    assert missing.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_message_without_a_source_queue_can_not_be_moved_back(account: Account) -> None:
    _, dead = with_dead_letters(account, 0)
    account.send(dead, "put here by hand")

    start(account, dead)
    wait_until_quiet()

    (task,) = tasks(account, dead)
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    assert account.bodies(dead) == ["put here by hand"]


def test_a_message_that_can_not_be_moved_is_no_duplicate_of_itself(account: Account) -> None:
    dead = account.queue("dead.fifo", FifoQueue="true")
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": "1"})
    account.queue("work.fifo", FifoQueue="true", RedrivePolicy=redrive)
    account.sqs.send_message(
        QueueUrl=account.url(dead), MessageBody='"kept"', MessageGroupId="one", MessageDeduplicationId="one"
    )

    start(account, dead)
    wait_until_quiet()

    assert tasks(account, dead)[0]["Status"] == "FAILED"
    assert account.bodies(dead) == ["kept"]
