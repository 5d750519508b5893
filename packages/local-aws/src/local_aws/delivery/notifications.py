"""SNS's notifications, delivered to subscribers after Publish has returned.

https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
"""

from __future__ import annotations

import json
import logging
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import JsonRESTError, ServiceException
from moto.sns.models import Subscription, Topic

from local_aws.delivery.attempts import Delivery, Failure, attempt
from local_aws.delivery.background import in_background
from local_aws.delivery.permissions import Sender
from local_aws.delivery.targets import send, send_to_queue
from local_aws.fault_injection.faults import faults
from local_aws.time.clock import clock

_log = logging.getLogger(__name__)

PRINCIPAL = "sns.amazonaws.com"


@dataclass(frozen=True)
class PublishedMessage:
    """A message that was published; ``time`` is in seconds since 1970."""

    id: str
    message: str
    subject: str | None
    attributes: dict[str, Any] | None
    group_id: str | None
    deduplication_id: str | None
    is_structured: bool
    time: float


def patch_notifications() -> None:
    """Patch moto's SNS; harmless when done already."""
    Topic.publish = _publish


def _publish(  # noqa: PLR0917 - moto's signature
    self: Any,
    message: str,
    subject: str | None = None,
    message_attributes: dict[str, Any] | None = None,
    group_id: str | None = None,
    deduplication_id: str | None = None,
    message_structure: str | None = None,
) -> str:
    notification = PublishedMessage(
        id=str(uuid.uuid4()),
        message=message,
        subject=subject,
        attributes=message_attributes,
        group_id=group_id,
        deduplication_id=deduplication_id,
        is_structured=message_structure == "json",
        time=clock.time(),
    )
    if notification.is_structured:
        # A structure that is not valid is refused at once.
        Subscription._parse_message_structure(_Any(), message, "default")  # noqa: SLF001 - moto's own check
    subscriptions, _ = self.sns_backend.list_subscriptions_by_topic(topic_arn=self.arn)
    for subscription in list(subscriptions):
        _notify(self, subscription, notification)
    self.sent_notifications.append((notification.id, message, subject, message_attributes, group_id))
    return notification.id


class _Any:
    protocol = "default"


def _notify(topic: Any, subscription: Any, notification: PublishedMessage) -> None:
    """Deliver to one subscriber; the faults in force decide how often and when."""
    fate = faults.fate()
    for _ in range(fate.copies):
        if fate.delay:
            clock.call_later(
                fate.delay,
                lambda: in_background("notifications", lambda: _deliver(topic, subscription, notification)),
            )
        else:
            in_background("notifications", lambda: _deliver(topic, subscription, notification))


def _deliver(topic: Any, subscription: Any, notification: PublishedMessage) -> None:
    matcher = subscription._filter_policy_matcher  # noqa: SLF001 - moto has no method for it
    if matcher is not None and not matcher.matches(notification.attributes, notification.message):
        return
    sender = Sender(PRINCIPAL, topic.arn, topic.account_id)
    text = notification.message
    if notification.is_structured:
        text = subscription._parse_message_structure(text, subscription.protocol)  # noqa: SLF001 - as above
    body, attributes = _queue_message(subscription, notification, text)
    if subscription.protocol == "sqs":
        attempt(
            _delivery(
                sender, subscription, lambda: _to_queue(sender, subscription, body, attributes, notification), body
            )
        )
    elif subscription.protocol == "lambda":
        event = json.dumps(_event(topic, subscription, notification, text))
        target = {"Arn": subscription.endpoint}
        attempt(_delivery(sender, subscription, lambda: send(sender, target, event), body))
    else:
        _leave_to_moto(subscription, notification)


def _delivery(sender: Sender, subscription: Any, act: Any, body: str) -> Delivery:
    policy = subscription.attributes.get("RedrivePolicy")
    dead_letters: str = json.loads(policy).get("deadLetterTargetArn", "") if policy else ""

    def bury(failure: Failure) -> None:
        send_to_queue(sender, dead_letters, body)

    def note(status: str) -> None:
        if status != "delivered":
            _log.warning("%s to %s: %s", sender.source_arn, subscription.endpoint, status)

    return Delivery(send=act, bury=bury if dead_letters else None, note=note)


def _queue_message(subscription: Any, notification: PublishedMessage, text: str) -> tuple[str, dict[str, Any]]:
    """Return a notification's body and attributes on a queue, the subscriber's or its dead-letter queue."""
    raw = str(subscription.attributes.get("RawMessageDelivery", "")).lower() == "true"
    if raw:
        return text, {name: _as_sqs(value) for name, value in (notification.attributes or {}).items()}
    notice = subscription.get_post_data(
        text, notification.id, notification.subject, message_attributes=notification.attributes
    )
    return json.dumps(notice, indent=2), {}


def _to_queue(
    sender: Sender, subscription: Any, body: str, attributes: dict[str, Any], notification: PublishedMessage
) -> None:
    send_to_queue(
        sender,
        subscription.endpoint,
        body,
        group_id=notification.group_id,
        deduplication_id=notification.deduplication_id,
        attributes=attributes,
    )


def _as_sqs(value: dict[str, Any]) -> dict[str, Any]:
    if value["Type"].startswith("Binary"):
        return {"DataType": value["Type"], "BinaryValue": value["Value"]}
    return {"DataType": value["Type"], "StringValue": str(value["Value"])}


def _event(topic: Any, subscription: Any, notification: PublishedMessage, text: str) -> dict[str, Any]:
    """Return a notification as a function receives it."""
    address = f"https://sns.{topic.sns_backend.region_name}.amazonaws.com/"
    timestamp = datetime.fromtimestamp(notification.time, UTC).isoformat(timespec="milliseconds")
    return {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": subscription.arn,
                "Sns": {
                    "Type": "Notification",
                    "MessageId": notification.id,
                    "TopicArn": topic.arn,
                    "Subject": notification.subject,
                    "Message": text,
                    "Timestamp": timestamp.replace("+00:00", "Z"),
                    "SignatureVersion": "1",
                    "Signature": "EXAMPLE",
                    "SigningCertUrl": f"{address}SimpleNotificationService-EXAMPLE.pem",
                    "UnsubscribeUrl": f"{address}?Action=Unsubscribe&SubscriptionArn={subscription.arn}",
                    "MessageAttributes": {
                        name: {"Type": value["Type"], "Value": str(value["Value"])}
                        for name, value in (notification.attributes or {}).items()
                    },
                },
            }
        ]
    }


def _leave_to_moto(subscription: Any, notification: PublishedMessage) -> None:
    """Have moto post to an HTTP subscriber; other kinds of subscribers get nothing."""
    try:
        subscription.publish(
            notification.message,
            notification.id,
            subject=notification.subject,
            message_attributes=notification.attributes,
            message_structure="json" if notification.is_structured else None,
        )
    except (OSError, JsonRESTError, ServiceException) as error:
        _log.warning("not delivered to %s: %s", subscription.endpoint, error)
