"""A function that creates the queues named by its event, or by the messages in it, with one call each."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.config import Config

sqs = boto3.client("sqs", config=Config(retries={"total_max_attempts": 1}))


def handler(event: dict[str, Any], context: Any) -> list[str]:
    events = [json.loads(record["body"]) for record in event["Records"]] if "Records" in event else [event]
    return [sqs.create_queue(QueueName=name)["QueueUrl"] for each in events for name in each["queues"]]
