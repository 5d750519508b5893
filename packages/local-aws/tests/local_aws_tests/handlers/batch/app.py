"""A function that handles a queue's messages, each of which says whether it fails."""

from __future__ import annotations

import json
from typing import Any


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    print(json.dumps(event))  # noqa: T201 - the test reads it in the log
    failed = [record["messageId"] for record in event["Records"] if json.loads(record["body"]) == "fail"]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}
