"""Waiting, in real time, for what threads of this process are at."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any


def until(condition: Callable[[], Any], seconds: float = 10) -> None:
    """Return as soon as the condition holds.

    Raises:
        AssertionError: it does not hold in so many seconds.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.005)


def ended(sfn: Any, execution_arn: str) -> dict[str, Any]:
    """Wait for an execution's end; return what Step Functions tells of it then, its output read."""
    until(lambda: sfn.describe_execution(executionArn=execution_arn)["status"] != "RUNNING")
    described: dict[str, Any] = sfn.describe_execution(executionArn=execution_arn)
    if "output" in described:
        described["output"] = json.loads(described["output"])
    return described
