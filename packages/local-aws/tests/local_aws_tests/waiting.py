"""Time in tests: waiting in real time for threads of this process, and a clock at rest."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from local_aws.time.clock import clock

PATIENCE = 60.0
"""Real seconds: on a machine that is busy with other work everything takes several times as long."""


def until(condition: Callable[[], Any], seconds: float = PATIENCE) -> None:
    """Wait until the condition holds.

    Raises:
        AssertionError: it does not hold within so many seconds.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.005)


@contextmanager
def clock_at_rest() -> Iterator[None]:
    """Make the clock all but stand still, so that a throttle's bucket does not refill on a slow machine."""
    speed = clock.speed
    clock.set_speed(1e-6)
    try:
        yield
    finally:
        clock.set_speed(speed)


def ended(sfn: Any, execution_arn: str) -> dict[str, Any]:
    """Wait for an execution's end; return its description, with the output parsed."""
    until(lambda: sfn.describe_execution(executionArn=execution_arn)["status"] != "RUNNING")
    described: dict[str, Any] = sfn.describe_execution(executionArn=execution_arn)
    if "output" in described:
        described["output"] = json.loads(described["output"])
    return described
