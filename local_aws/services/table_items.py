"""DynamoDB's items, written and read as a whole: moto works on them in place, which other threads could see."""

from __future__ import annotations

import threading
from typing import Any

from moto.dynamodb.responses import DynamoHandler

_one_at_a_time = threading.RLock()


def install() -> None:
    """Let no call see another one half done; a condition holds for the write that it guards."""
    answer = DynamoHandler.call_action

    def call_action(self: Any) -> Any:
        with _one_at_a_time:
            return answer(self)

    DynamoHandler.call_action = call_action
