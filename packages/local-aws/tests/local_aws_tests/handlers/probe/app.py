"""A function that does what its event says."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

invocations = 0


def handler(event: dict[str, Any], context: Any) -> Any:
    global invocations  # noqa: PLW0603 - what stays in a warm process is what is looked at
    invocations += 1
    for line in event.get("print", ()):
        print(line)  # noqa: T201 - a function's output goes to its log
    time.sleep(event.get("sleep", 0))
    if "raise" in event:
        raise ValueError(event["raise"])
    if "exit" in event:
        os._exit(event["exit"])
    return {
        "event": event,
        "environment": dict(os.environ),
        "path": sys.path,
        "folder": os.getcwd(),  # noqa: PTH109 - os and sys are all that a handler should need to start fast
        "process": os.getpid(),
        "invocations": invocations,
        "time": time.time(),
        "remaining": context.get_remaining_time_in_millis(),
        "request_id": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "answer": event.get("answer"),
    }
