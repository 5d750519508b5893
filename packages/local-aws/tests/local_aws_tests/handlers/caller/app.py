"""A function that calls AWS."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3

sts = boto3.client("sts")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    identity = sts.get_caller_identity()
    return {"identity": identity["Arn"], "time": datetime.now(UTC).timestamp()}
