"""SQS: where a hint ends that nobody can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drawbridge.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_LONGEST_REASON = 1024
_LARGEST_BODY = 250_000
"""Bytes: with the reason beside it the message has to fit into SQS's 256 KiB. No event of ours comes near."""


class DeadLetters:
    """The dead-letter queue of the hints."""

    def __init__(self, sqs: SQSClient, queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def bury(self, body: str, reason: str) -> None:
        """Keep the message, with the reason beside it, which SQS's own redrive would not keep."""
        with translated("send to the dead-letter queue"):
            self._sqs.send_message(
                QueueUrl=self._queue_url,
                MessageBody=body.encode()[:_LARGEST_BODY].decode(errors="ignore"),
                MessageAttributes={"reason": {"DataType": "String", "StringValue": _allowed(reason)[:_LONGEST_REASON]}},
            )


def _allowed(text: str) -> str:
    """SQS takes the characters that XML takes; the reason may quote others."""
    return "".join(each if each.isprintable() else "?" for each in text)
