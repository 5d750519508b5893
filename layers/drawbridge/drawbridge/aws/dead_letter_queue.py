"""SQS: where a hint, or the event of a sign-up service, ends that nobody can read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drawbridge.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_LONGEST_REASON = 1024
_LARGEST_BODY = 250_000
"""Bytes: together with the reason the message has to fit into SQS's 256 KiB. No event of ours comes near."""


class DeadLetterQueue:
    """The dead-letter queue of the hints, and of what sign-up services tell."""

    def __init__(self, sqs: SQSClient, queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def send(self, body: str, reason: str) -> None:
        """Keep the message, with the reason as an attribute, which SQS's own redrive would not keep.

        Whole as far as it fits, and as far as SQS takes its characters; the reason says if it does not fit.
        """
        kept = _sendable(body).encode()[:_LARGEST_BODY].decode(errors="ignore")
        if (size := len(body.encode("utf-8", "surrogatepass"))) > _LARGEST_BODY:
            reason = f"[cut: it has {size} bytes] {reason}"
        with translated("send to the dead-letter queue"):
            self._sqs.send_message(
                QueueUrl=self._queue_url,
                MessageBody=kept or "(empty)",
                MessageAttributes={"reason": {"DataType": "String", "StringValue": _allowed(reason)[:_LONGEST_REASON]}},
            )


_NOT_SENDABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _sendable(text: str) -> str:
    """Return the text without what is no character of XML, which SQS refuses (API reference, ``SendMessage``)."""
    return _NOT_SENDABLE.sub("?", text)


def _allowed(text: str) -> str:
    """Return the text without what is not printable: SQS takes the characters of XML, a reason may quote others."""
    return "".join(each if each.isprintable() else "?" for each in text)
