"""A function that calls AWS."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import boto3

sts = boto3.client("sts")
functions = boto3.client("lambda")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    if "invoke" in event:
        functions.invoke(FunctionName=event["invoke"], Payload=json.dumps(event["payload"]))
    identity = sts.get_caller_identity()
    return {"identity": identity["Arn"], "time": datetime.now(UTC).timestamp()}
