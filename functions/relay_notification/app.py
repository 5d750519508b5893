"""Connection notifications from SNS in, events on the bus out."""

from typing import Any

from drawbridge.bootstrap.relay_notification import bus
from drawbridge.hint.notification import detail_of
from drawbridge.observability import logger


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> None:
    bus().relay([detail_of(record["Sns"]["Message"]) for record in event["Records"]])
