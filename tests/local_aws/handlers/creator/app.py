"""A function that makes the queues that its event names, one call each."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

sqs = boto3.client("sqs", config=Config(retries={"total_max_attempts": 1}))


def handler(event: dict[str, Any], context: Any) -> list[str]:
    return [sqs.create_queue(QueueName=name)["QueueUrl"] for name in event["queues"]]
