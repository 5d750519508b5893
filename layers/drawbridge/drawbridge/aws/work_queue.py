"""SQS: a queue of tasks that wait for what AWS allows only so often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from drawbridge.aws.errors import translated
from drawbridge.bounds import in_parts
from drawbridge.errors import DrawbridgeError
from drawbridge.pacing.door import Outgoing

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_AT_ONCE = 10
"""Messages that SQS takes, or gives, in one call."""
_MOST_BYTES = 250_000
"""Of the messages of one call: together they have to fit into 256 KiB."""


class SqsWorkQueue:
    """The queue at a URL."""

    def __init__(self, sqs: SQSClient, url: str) -> None:
        self._sqs = sqs
        self._url = url

    def send(self, messages: Sequence[Outgoing]) -> list[bool]:
        """Send messages, ten in a call; return of each whether SQS took it."""
        sent = [False] * len(messages)
        for part in _batches(messages):
            entries = [_entry(place, messages[place]) for place in part]
            try:
                with translated("send tasks to their queue"):
                    answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
            except DrawbridgeError:
                # Those before them are sent.
                if any(sent):
                    break
                raise
            for each in answer.get("Successful", ()):
                sent[int(each["Id"])] = True
        return sent

    def receive(self, most: int) -> list[dict[str, Any]]:
        """Receive what is there, until a call gives nothing, in the form that Lambda hands messages over in."""
        received: list[dict[str, Any]] = []
        while len(received) < most:
            with translated("receive more tasks"):
                found = self._sqs.receive_message(
                    QueueUrl=self._url,
                    MaxNumberOfMessages=min(_AT_ONCE, most - len(received)),
                    WaitTimeSeconds=0,
                    MessageSystemAttributeNames=["ApproximateReceiveCount"],
                ).get("Messages", [])
            if not found:
                break
            received += (
                {
                    "messageId": each["MessageId"],
                    "receiptHandle": each["ReceiptHandle"],
                    "body": each["Body"],
                    "attributes": dict(each.get("Attributes", {})),
                }
                for each in found
            )
        return received

    def delete(self, receipts: Sequence[str]) -> None:
        """Delete messages that were received, ten in a call; what SQS does not delete comes again."""
        for part in in_parts(receipts, _AT_ONCE):
            with translated("delete tasks from their queue"):
                self._sqs.delete_message_batch(
                    QueueUrl=self._url,
                    Entries=[{"Id": str(place), "ReceiptHandle": each} for place, each in enumerate(part)],
                )


def _batches(messages: Sequence[Outgoing]) -> Iterator[list[int]]:
    """Yield the places of messages, as many as one call takes."""
    part: list[int] = []
    size = 0
    for place, message in enumerate(messages):
        own = len(message.body.encode())
        if part and (len(part) == _AT_ONCE or size + own > _MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(place)
        size += own
    if part:
        yield part


def _entry(place: int, message: Outgoing) -> SendMessageBatchRequestEntryTypeDef:
    entry: SendMessageBatchRequestEntryTypeDef = {"Id": str(place), "MessageBody": message.body}
    if message.delay:
        entry["DelaySeconds"] = message.delay
    if message.group is not None:
        entry["MessageGroupId"] = message.group
    return entry
