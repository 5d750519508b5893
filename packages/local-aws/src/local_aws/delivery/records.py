"""The Lambda event records of a queue's messages.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

import base64
from typing import Any


def record(message: Any, queue: Any) -> dict[str, Any]:
    """Return a message as a function receives it."""
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(message.sent_timestamp),
        "SenderId": message.sender_id,
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
    }
    if queue.fifo_queue:
        attributes["SequenceNumber"] = message.sequence_number or "0"
        attributes["MessageGroupId"] = message.group_id
        attributes["MessageDeduplicationId"] = message.deduplication_id
    for name, value in (message.system_attributes or {}).items():
        attributes[name] = value["StringValue"] if isinstance(value, dict) else value
    fields = {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": {name: _attribute(value) for name, value in message.message_attributes.items()},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.queue_arn,
        "awsRegion": queue.region,
    }
    if message.message_attributes:
        fields["md5OfMessageAttributes"] = message.attribute_md5
    return fields


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    attribute: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
    if value["DataType"].startswith("Binary"):
        attribute["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    else:
        attribute["stringValue"] = value["StringValue"]
    return attribute
