"""Notifications of endpoint connections to SNS topics, AWS's only push for a connection request."""

from __future__ import annotations

import json
import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from moto.sns.models import sns_backends

from local_aws.moto_extension.errors import AwsError, unsuccessful
from local_aws.moto_extension.idempotency import once
from local_aws.moto_extension.operations import ServiceCall, account_in, add_operation
from local_aws.moto_extension.tables import later, new_id, table
from local_aws.services.ec2.answers import ec2_page, filtered
from local_aws.services.privatelink.endpoint_services import EndpointService, own_service
from local_aws.services.privatelink.endpoint_store import Endpoint, endpoints
from local_aws.services.privatelink.topic_policy import Publication, allows
from local_aws.services.timings import timings
from local_aws.time.activity import Begun
from local_aws.time.clock import clock

_log = logging.getLogger(__name__)

_EVENTS: Final = frozenset({"Accept", "Connect", "Delete", "Reject"})

_notifications = table()
_form = random.Random(20171130)  # noqa: S311 - which form a body has is no secret


@dataclass
class ConnectionNotification:
    """A subscription of a topic to the events of a service's connections, or of one endpoint."""

    id: str
    owner: str
    region: str
    service_id: str | None
    endpoint_id: str | None
    topic_arn: str
    events: list[str]
    state: str = "Enabled"

    def describe(self) -> dict[str, Any]:
        return {
            "ConnectionNotificationId": self.id,
            "ServiceId": self.service_id,
            "VpcEndpointId": self.endpoint_id,
            "ConnectionNotificationType": "Topic",
            "ConnectionNotificationArn": self.topic_arn,
            "ConnectionEvents": self.events,
            "ConnectionNotificationState": self.state,
            "ServiceRegion": self.region,
        }

    @property
    def source_arn(self) -> str:
        resource = f"vpc-endpoint-service/{self.service_id}" if self.service_id else f"vpc-endpoint/{self.endpoint_id}"
        return f"arn:aws:ec2:{self.region}:{self.owner}:{resource}"


def install() -> None:
    add_operation("ec2", "CreateVpcEndpointConnectionNotification", _create)
    add_operation("ec2", "DescribeVpcEndpointConnectionNotifications", _describe)
    add_operation("ec2", "ModifyVpcEndpointConnectionNotification", _modify)
    add_operation("ec2", "DeleteVpcEndpointConnectionNotifications", _delete)


def notify(event: str, endpoint: Endpoint) -> None:
    """Notify the subscribed topics of a connection's event; for Interface endpoints only, as on AWS."""
    service = endpoint.service
    if service is None or endpoint.kind != "Interface":
        return
    for notification in list(_notifications.values()):
        concerned = notification.service_id == service.id or notification.endpoint_id == endpoint.id
        if concerned and notification.state == "Enabled" and event in notification.events:
            later(timings.notification_sent, partial(_send, notification, partial(_body, event, endpoint, service)))


def _body(event: str, endpoint: Endpoint, service: EndpointService) -> str:
    """Return a random form of body, as AWS documents none; all of them contain the service's id."""
    time = clock.now().isoformat(timespec="seconds")
    forms: list[Callable[[], str]] = [
        lambda: json.dumps(
            {"vpcEndpointServiceId": service.id, "vpcEndpointId": endpoint.id, "event": event, "time": time}
        ),
        lambda: json.dumps({"Event": {"Type": event}, "Endpoint": {"Id": endpoint.id}, "ServiceName": service.name}),
        lambda: f"{event}: VPC endpoint {endpoint.id} (owner {endpoint.owner}), service {service.name}, at {time}.",
        lambda: f"There was a change ({event}) to a connection of your VPC endpoint service {service.id}.",
    ]
    return _form.choice(forms)()


def _send(notification: ConnectionNotification, body: Callable[[], str]) -> None:
    topic = sns_backends[account_in(notification.topic_arn)][notification.topic_arn.split(":")[3]].topics.get(
        notification.topic_arn
    )
    publication = Publication(notification.topic_arn, notification.source_arn, notification.owner)
    if topic is None or not allows(topic.policy, publication):
        # AWS documents the state but not its cause; a topic that can't be reached is the likely one.
        notification.state = "Disabled"
        return
    message = body()
    # Counted as activity from here on, so that nothing seems quiet before the thread has started.
    busy = Begun("connection notification")

    def publish() -> None:
        with busy:
            try:
                topic.sns_backend.publish(message, arn=topic.arn, subject="VPC Endpoint Connection Notification")
            except Exception:  # noqa: BLE001 - as on AWS, a topic's trouble is not the endpoint's
                _log.exception("no connection notification to %s", topic.arn)

    threading.Thread(target=publish, name="connection notification", daemon=True).start()


def _create(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    service_id, endpoint_id = params.get("ServiceId"), params.get("VpcEndpointId")
    if bool(service_id) == bool(endpoint_id):
        raise AwsError("InvalidParameterCombination", "Specify either a service ID or a VPC endpoint ID.")

    def create() -> ConnectionNotification:
        if service_id:
            own_service(call, service_id)
        elif getattr(endpoints.get(endpoint_id), "owner", None) != call.account_id:
            raise AwsError("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{endpoint_id}' does not exist")
        topic_arn = _topic(params["ConnectionNotificationArn"])
        _check_first(service_id, endpoint_id, topic_arn)
        notification = ConnectionNotification(
            new_id("vpce-nfn"),
            call.account_id,
            call.region,
            service_id,
            endpoint_id,
            topic_arn,
            _events(params["ConnectionEvents"]),
        )
        _notifications[notification.id] = notification
        return notification

    created = once(call, params, params.get("ClientToken"), create)
    return {"ConnectionNotification": created.describe(), "ClientToken": params.get("ClientToken")}


def _check_first(service_id: str | None, endpoint_id: str | None, topic_arn: str) -> None:
    """Refuse a second notification of the same source to the same topic; AWS documents no code for that."""
    for each in _notifications.values():
        if (each.service_id, each.endpoint_id, each.topic_arn) == (service_id, endpoint_id, topic_arn):
            raise AwsError("DuplicateConnectionNotification", f"{each.id} notifies {topic_arn} already.")


def _describe(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    rows = [n.describe() for n in _notifications.values() if (n.owner, n.region) == (call.account_id, call.region)]
    if notification_id := params.get("ConnectionNotificationId"):
        _own(call, notification_id)
        rows = [row for row in rows if row["ConnectionNotificationId"] == notification_id]
    found = filtered(
        rows,
        params.get("Filters") or [],
        {
            "connection-notification-arn": lambda row: [row["ConnectionNotificationArn"]],
            "connection-notification-id": lambda row: [row["ConnectionNotificationId"]],
            "connection-notification-state": lambda row: [row["ConnectionNotificationState"]],
            "connection-notification-type": lambda row: [row["ConnectionNotificationType"]],
            "service-id": lambda row: [row["ServiceId"] or ""],
            "vpc-endpoint-id": lambda row: [row["VpcEndpointId"] or ""],
        },
    )
    return ec2_page(call, params, "ConnectionNotificationSet", found, (1, 1000))


def _modify(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    notification = _own(call, params["ConnectionNotificationId"])
    if params.get("ConnectionNotificationArn"):
        notification.topic_arn = _topic(params["ConnectionNotificationArn"])
    if params.get("ConnectionEvents"):
        notification.events = _events(params["ConnectionEvents"])
    notification.state = "Enabled"
    return {"ReturnValue": True}


def _delete(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    failed = []
    for notification_id in params["ConnectionNotificationIds"]:
        try:
            _own(call, notification_id)
            del _notifications[notification_id]
        except AwsError as error:
            failed.append(unsuccessful(notification_id, error.code, error.message))
    return {"Unsuccessful": failed}


def _own(call: ServiceCall, notification_id: str) -> ConnectionNotification:
    notification = _notifications.get(notification_id)
    if notification is None or (notification.owner, notification.region) != (call.account_id, call.region):
        raise AwsError(
            "InvalidConnectionNotification", f"The connection notification '{notification_id}' does not exist"
        )
    found: ConnectionNotification = notification
    return found


def _topic(arn: str) -> str:
    if not arn.startswith("arn:") or arn.split(":")[2] != "sns":
        raise AwsError("InvalidParameter", f"{arn} is not the ARN of an SNS topic.")
    return arn


def _events(events: list[str]) -> list[str]:
    if not events or not set(events) <= _EVENTS:
        raise AwsError("InvalidParameter", f"Connection events are {', '.join(sorted(_EVENTS))}.")
    return events
