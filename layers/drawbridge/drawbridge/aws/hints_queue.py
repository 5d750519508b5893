"""SQS: the queue of the hints, which asks for sweeps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from drawbridge.aws.errors import translated
from drawbridge.hint import HintSource
from drawbridge.hint.parse import LOOK_FOR_ORPHANS

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class HintsQueue:
    """The queue that every hint goes through."""

    def __init__(self, sqs: SQSClient, queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def ask_to_sweep(self, command: str = "", *, orphans: bool = False, by: HintSource = HintSource.COMMAND) -> None:
        """Have everything be swept at once; of what came of it, there is a record for the command with that id.

        ``by`` is who asks: an operator, or what happened to a consumer.
        """
        hint = {
            "source": "drawbridge.command",
            "detail-type": LOOK_FOR_ORPHANS if orphans else "Sweep",
            "detail": ({"command": command} if command else {}) | {"by": by.name.lower()},
        }
        with translated("send a hint"):
            self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(hint))
