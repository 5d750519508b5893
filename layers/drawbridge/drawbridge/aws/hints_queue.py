"""SQS: the queue that every hint goes through."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from drawbridge.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class HintsQueue:
    """The hints queue, as a function of ours gives hints itself."""

    def __init__(self, sqs: SQSClient, queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def sweep(self) -> None:
        """Have everything swept soon."""
        hint = {"source": "drawbridge.command", "detail-type": "Sweep", "detail": {}}
        with translated("send a hint"):
            self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(hint))
