"""Delivery to a queue, a function, a topic, a workflow or a log group, by an AWS service."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from moto.awslambda.models import lambda_backends
from moto.core.exceptions import JsonRESTError, ServiceException
from moto.logs.models import logs_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local_aws.delivery.permissions import Sender, service_may
from local_aws.functions.asynchronous import invoke_later
from local_aws.functions.roles import trusts
from local_aws.iam.role_credentials import client_for_role
from local_aws.time.clock import clock

_MOST_BYTES = 1_048_576
_THROTTLED = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestThrottled"})
_SERVER_ERRORS = 500


class UndeliverableError(Exception):
    """The target did not accept the delivery; ``retryable`` if it may do so later."""

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable


@dataclass(frozen=True)
class Arn:
    """An ARN's parts."""

    partition: str
    service: str
    region: str
    account_id: str
    resource: str


def parse_arn(arn: str) -> Arn:
    """Return the parts of an ARN; raise UndeliverableError if it is none."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":  # noqa: PLR2004 - an ARN's parts
        raise UndeliverableError("INVALID_PARAMETER", f"{arn} is no ARN")
    return Arn(*parts[1:])


def send(sender: Sender, target: Mapping[str, Any], body: str, *, name: str = "") -> None:
    """Deliver the text to the target, once, if the target's own policy (or its role) allows the sender.

    ``name`` begins the name of a workflow's execution.

    Raises:
        UndeliverableError: it was not accepted.
    """
    arn = parse_arn(target["Arn"])
    deliver = _SENDERS.get(arn.service)
    if deliver is None:
        raise UndeliverableError("INVALID_PARAMETER", f"the local AWS does not deliver to {arn.service}")
    if len(body.encode()) > _MOST_BYTES:
        raise UndeliverableError("INVALID_PARAMETER", f"the message is larger than {_MOST_BYTES} bytes")
    deliver(sender, target, arn, body, name)


def find_queue(arn: Arn) -> Any:
    queue = sqs_backends[arn.account_id][arn.region].queues.get(arn.resource)
    if queue is None:
        raise UndeliverableError("NO_RESOURCE", "The specified queue does not exist.")
    return queue


def find_function(arn: Arn) -> Any:
    _, name, *qualifier = arn.resource.split(":")
    try:
        return lambda_backends[arn.account_id][arn.region].get_function(name, qualifier[0] if qualifier else None)
    except JsonRESTError as error:
        raise UndeliverableError("NO_RESOURCE", error.message) from error


def send_to_queue(
    sender: Sender,
    queue_arn: str,
    body: str,
    *,
    group_id: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    deduplication_id: str | None = None,
) -> None:
    """Put a message on a queue whose policy allows the sender.

    Raises:
        UndeliverableError: there is no such queue, or its policy does not allow it.
    """
    arn = parse_arn(queue_arn)
    queue = find_queue(arn)
    if not service_may(sender, "sqs:SendMessage", queue.queue_arn, queue.policy):
        raise UndeliverableError("NO_PERMISSIONS", f"the policy of {queue_arn} does not let {sender.principal} send")
    put_on_queue(queue, body, group_id=group_id, attributes=attributes, deduplication_id=deduplication_id)


def put_on_queue(
    queue: Any,
    body: str,
    *,
    group_id: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    deduplication_id: str | None = None,
) -> None:
    """Put a message on moto's queue, for any sender; raise UndeliverableError if the queue refuses it."""
    try:
        sqs_backends[queue.account_id][queue.region].send_message(
            queue.name,
            body,
            message_attributes=dict(attributes or {}),
            group_id=group_id,
            deduplication_id=deduplication_id,
        )
    except (JsonRESTError, ServiceException) as error:
        raise UndeliverableError("INVALID_PARAMETER", str(error.message)) from error


def _to_queue(sender: Sender, target: Mapping[str, Any], arn: Arn, body: str, name: str) -> None:
    send_to_queue(sender, target["Arn"], body, group_id=(target.get("SqsParameters") or {}).get("MessageGroupId"))


def _to_function(sender: Sender, target: Mapping[str, Any], arn: Arn, body: str, name: str) -> None:
    function = find_function(arn)
    if not service_may(sender, "lambda:InvokeFunction", target["Arn"], {"Statement": function.policy.statements}):
        raise UndeliverableError(
            "NO_PERMISSIONS", f"the policy of {target['Arn']} does not let {sender.principal} invoke"
        )
    invoke_later(function, body.encode())


def _to_topic(sender: Sender, target: Mapping[str, Any], arn: Arn, body: str, name: str) -> None:
    topic = sns_backends[arn.account_id][arn.region].topics.get(target["Arn"])
    if topic is None:
        raise UndeliverableError("NO_RESOURCE", "Topic does not exist")
    if not service_may(sender, "sns:Publish", target["Arn"], topic.policy):
        raise UndeliverableError(
            "NO_PERMISSIONS", f"the policy of {target['Arn']} does not let {sender.principal} publish"
        )
    topic.publish(body)


def _to_workflow(sender: Sender, target: Mapping[str, Any], arn: Arn, body: str, name: str) -> None:
    role = target.get("RoleArn")
    if not role:
        raise UndeliverableError("NO_PERMISSIONS", f"RoleArn is required for target {target['Arn']}")
    if not trusts(role, sender.principal, source_arn=sender.source_arn):
        raise UndeliverableError("NO_PERMISSIONS", f"{role} can't be assumed by {sender.principal}")
    execution = f"{name}_{uuid.uuid4()}" if name else str(uuid.uuid4())
    client = client_for_role("stepfunctions", role, "events", arn.region)
    try:
        client.start_execution(stateMachineArn=target["Arn"], name=execution[:80], input=body)
    except ClientError as error:
        raise undeliverable(error) from error


def _to_log_group(sender: Sender, target: Mapping[str, Any], arn: Arn, body: str, name: str) -> None:
    backend = logs_backends[arn.account_id][arn.region]
    group = arn.resource.removeprefix("log-group:").removesuffix(":*")
    if group not in backend.groups:
        raise UndeliverableError("NO_RESOURCE", "The specified log group does not exist.")
    stream_arn = f"{target['Arn'].removesuffix(':*')}:log-stream:{uuid.uuid4()}"
    policies = [policy.policy_document for policy in backend.resource_policies.values()]
    if not any(service_may(sender, "logs:PutLogEvents", stream_arn, policy) for policy in policies):
        raise UndeliverableError(
            "NO_PERMISSIONS", f"no resource policy lets {sender.principal} write to {target['Arn']}"
        )
    stream = str(uuid.uuid4())
    backend.create_log_stream(group, stream)
    backend.put_log_events(group, stream, [{"timestamp": int(clock.time() * 1000), "message": body}])


def undeliverable(error: ClientError) -> UndeliverableError:
    """Return an API's error as one of delivery."""
    code = error.response["Error"]["Code"]
    message = error.response["Error"].get("Message", "")
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if code in _THROTTLED:
        return UndeliverableError("THROTTLING", message, retryable=True)
    if status >= _SERVER_ERRORS:
        return UndeliverableError("INTERNAL_ERROR", message, retryable=True)
    if "AccessDenied" in code or "NotAuthorized" in code:
        return UndeliverableError("NO_PERMISSIONS", message)
    missing = "NotFound" in code or "DoesNotExist" in code or "NonExistent" in code
    return UndeliverableError("NO_RESOURCE" if missing else "SDK_CLIENT_ERROR", message)


_SENDERS = {
    "sqs": _to_queue,
    "lambda": _to_function,
    "sns": _to_topic,
    "states": _to_workflow,
    "logs": _to_log_group,
}
