"""Queues: fair ones, batches of calls by the clock, and what a call looks at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.sqs.models import sqs_backends

from local_aws.services.timings import timings
from local_aws.testing.settings import changed
from local_aws.time.clock import clock
from local_aws.time.fast_forward import fast_forward
from local_aws_tests.lambda_account import Account

LONG = str(6 * 3600)


@pytest.fixture(autouse=True)
def still() -> Iterator[None]:
    """Have the clock stand still, so that no consumer has spent time that it was not given here."""
    clock.set_speed(0)
    yield
    clock.set_speed(1)


def receive(account: Account, queue: str, count: int = 1) -> list[str]:
    received = account.sqs.receive_message(QueueUrl=account.url(queue), MaxNumberOfMessages=count)
    return [each["Body"].strip('"') for each in received.get("Messages", ())]


def floods(account: Account, queue: str) -> None:
    """Have 40 messages of one tenant wait, then one of another; 30 of them are in flight."""
    account.send(queue, *["big"] * 40, MessageGroupId="big")
    account.send(queue, "small", MessageGroupId="small")
    for _ in range(3):
        assert receive(account, queue, 10) == ["big"] * 10


def test_who_has_thirty_messages_in_flight_and_most_of_all_waits_behind_others(account: Account) -> None:
    queue = account.queue("fair", VisibilityTimeout=LONG)
    floods(account, queue)

    assert receive(account, queue, 3) == ["small", "big", "big"]


@pytest.mark.parametrize("settings", [{"noisy_tenant_messages": 31}, {"noisy_tenant_share": 1.0}])
def test_the_thresholds_of_a_noisy_tenant_are_settings(account: Account, settings: Any) -> None:
    queue = account.queue("fair", VisibilityTimeout=LONG)
    with changed(**settings):
        floods(account, queue)

        assert receive(account, queue) == ["big"]


def test_who_has_the_consumers_time_waits_behind_others_until_five_minutes_are_quiet(account: Account) -> None:
    queue = account.queue("fair", VisibilityTimeout="60")
    account.send(queue, "slow", "slow", "slow", MessageGroupId="slow")
    account.send(queue, "quick", "quick", MessageGroupId="quick")
    assert receive(account, queue) == ["slow"]
    clock.advance(30)

    assert receive(account, queue) == ["quick"]

    clock.advance(60 + timings.noisy_tenant + 1)
    assert receive(account, queue, 2) == ["slow", "slow"]


def test_messages_without_a_tenant_are_each_one_of_its_own(account: Account) -> None:
    queue = account.queue("plain", VisibilityTimeout=LONG)
    account.send(queue, *range(40))
    for _ in range(3):
        receive(account, queue, 10)
    clock.advance(10)
    account.send(queue, "tagged", MessageGroupId="small")

    assert receive(account, queue, 10) == [str(each) for each in range(30, 40)]


def test_a_batch_of_messages_that_are_delayed_comes_by_the_clock(account: Account) -> None:
    queue = account.queue("delayed")
    entries = [{"Id": str(each), "MessageBody": str(each), "DelaySeconds": 60 * each} for each in (1, 2)]
    account.sqs.send_message_batch(QueueUrl=account.url(queue), Entries=entries)

    clock.advance(59)
    assert receive(account, queue, 10) == []
    clock.advance(2)
    assert receive(account, queue, 10) == ["1"]
    clock.advance(60)
    assert "2" in receive(account, queue, 10)


def test_visibility_that_is_changed_for_a_batch_ends_by_the_clock_or_at_once(account: Account) -> None:
    queue = account.queue("work", VisibilityTimeout="30")
    account.send(queue, "later", "now")
    later, now = (each["ReceiptHandle"] for each in account.messages(queue))
    entries = [
        {"Id": "later", "ReceiptHandle": later, "VisibilityTimeout": 600},
        {"Id": "now", "ReceiptHandle": now, "VisibilityTimeout": 0},
        {"Id": "unknown", "ReceiptHandle": "nothing", "VisibilityTimeout": 0},
    ]

    told = account.sqs.change_message_visibility_batch(QueueUrl=account.url(queue), Entries=entries)

    assert [each["Id"] for each in told["Successful"]] == ["later", "now"]
    assert [each["Code"] for each in told["Failed"]] == ["ReceiptHandleIsInvalid"]
    assert receive(account, queue, 10) == ["now"]
    clock.advance(599)
    assert receive(account, queue, 10) == ["now"]
    clock.advance(2)
    assert receive(account, queue, 10) == ["later"]


def test_a_mapping_gets_a_message_once_its_visibility_was_changed_for_a_batch(account: Account) -> None:
    queue = account.queue("work", VisibilityTimeout="3600")
    account.function("batch")
    account.send(queue, {})
    (message,) = account.messages(queue)
    account.functions.create_event_source_mapping(FunctionName="batch", EventSourceArn=queue)
    entries = [{"Id": "0", "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 20}]
    account.sqs.change_message_visibility_batch(QueueUrl=account.url(queue), Entries=entries)

    assert fast_forward(19, lambda: bool(account.invocations("batch"))) is False
    assert fast_forward(2, lambda: bool(account.invocations("batch"))) is True


def test_a_mapping_gets_a_message_once_its_delay_is_over(account: Account) -> None:
    queue = account.queue("work")
    account.function("batch")
    account.functions.create_event_source_mapping(FunctionName="batch", EventSourceArn=queue)
    account.send(queue, {}, DelaySeconds=20)

    assert fast_forward(19, lambda: bool(account.invocations("batch"))) is False
    assert fast_forward(2, lambda: bool(account.invocations("batch"))) is True


def test_a_batch_that_is_deleted_does_not_come_back_and_what_is_purged_has_no_receipt(account: Account) -> None:
    queue = account.queue("work", VisibilityTimeout="30")
    account.send(queue, "a", "b", "c")
    handles = [each["ReceiptHandle"] for each in account.messages(queue)]
    entries = [{"Id": str(at), "ReceiptHandle": handle} for at, handle in enumerate(handles[:2])]
    account.sqs.delete_message_batch(QueueUrl=account.url(queue), Entries=entries)
    clock.advance(31)
    assert receive(account, queue, 10) == ["c"]

    account.sqs.purge_queue(QueueUrl=account.url(queue))

    with pytest.raises(ClientError) as refused:
        account.sqs.delete_message(QueueUrl=account.url(queue), ReceiptHandle=handles[2])
    assert refused.value.response["Error"]["Code"] == "ReceiptHandleIsInvalid"


def test_what_is_received_costs_no_look_at_all_that_wait(account: Account) -> None:
    queue = account.queue("long", VisibilityTimeout=LONG)
    backend = sqs_backends[account.account_id][account.region]
    for number in range(500):
        backend.send_message("long", str(number))
    moto_queue = backend.get_queue("long")
    moto_queue._messages = looked = _Looked(moto_queue._messages)

    for _ in range(5):
        assert len(receive(account, queue, 10)) == 10

    # Those that are in flight stand before those that wait.
    assert looked.times <= 2 * sum(range(10, 60, 10)) + 50


class _Looked(list[Any]):
    """A list that counts how many of its elements Python code looks at."""

    times = 0

    def __getitem__(self, at: Any) -> Any:
        self.times += 1
        return super().__getitem__(at)

    def __iter__(self) -> Iterator[Any]:
        self.times += len(self)
        return super().__iter__()


def test_a_mapping_of_an_alias_invokes_the_version_that_the_alias_leads_to_by_then(account: Account) -> None:
    queue = account.queue("work")
    account.function("batch")
    functions = account.functions
    first = functions.publish_version(FunctionName="batch")["Version"]
    alias = functions.create_alias(FunctionName="batch", Name="live", FunctionVersion=first)["AliasArn"]
    functions.update_function_configuration(FunctionName="batch", Environment={"Variables": {"NEW": "1"}})
    second = functions.publish_version(FunctionName="batch")["Version"]

    mapping = functions.create_event_source_mapping(FunctionName="batch:live", EventSourceArn=queue)
    versions: list[str] = []
    for version in (first, second):
        functions.update_alias(FunctionName="batch", Name="live", FunctionVersion=version)
        account.send(queue, {})
        assert fast_forward(10, lambda: len(account.invocations("batch")) == len(versions) + 1)
        starts = [line for line in account.log("batch") if line.startswith("START ")]
        versions.append(starts[-1].split("Version: ")[1].strip())

    assert mapping["FunctionArn"] == alias
    assert versions == [first, second]
