"""SQS's message move tasks, which moto does not have: they move dead letters back to their source queues.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
"""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from moto.sqs.models import sqs_backends

from local_aws.delivery import queues
from local_aws.delivery.background import in_background
from local_aws.delivery.targets import UndeliverableError, find_queue, parse_arn, put_on_queue
from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import ServiceCall, add_operation
from local_aws.moto_extension.tables import lock, table
from local_aws.time.clock import clock

_MOST_PER_SECOND = 500
"""The most messages that are moved per second."""

_MOST_TASKS_LISTED = 10


@dataclass
class _Task:
    """One task; with ``destination`` None each message is moved back to its source queue."""

    source: str
    destination: str | None
    rate: int
    to_move: int
    started: float
    handle: str = field(
        default_factory=lambda: base64.b64encode(json.dumps({"taskId": str(uuid.uuid4())}).encode()).decode()
    )
    status: str = "RUNNING"
    moved: int = 0
    failure: str | None = None

    def describe(self) -> dict[str, Any]:
        fields = {
            "TaskHandle": self.handle if self.status == "RUNNING" else None,
            "Status": self.status,
            "SourceArn": self.source,
            "DestinationArn": self.destination,
            "MaxNumberOfMessagesPerSecond": self.rate if self.rate < _MOST_PER_SECOND else None,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "FailureReason": self.failure,
            "StartedTimestamp": int(self.started * 1000),
        }
        return {name: value for name, value in fields.items() if value is not None}


_tasks: dict[str, _Task] = table()


def add_message_moves() -> None:
    """Add message move tasks to SQS; harmless when done already."""
    add_operation("sqs", "StartMessageMoveTask", _start)
    add_operation("sqs", "ListMessageMoveTasks", _list)
    add_operation("sqs", "CancelMessageMoveTask", _cancel)


def _start(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    source = _queue(call, params, "SourceArn")
    destination = params.get("DestinationArn")
    if destination:
        _queue(call, params, "DestinationArn")
    if not _is_dead_letter_queue(source):
        raise AwsError("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
    if any(task.status == "RUNNING" and task.source == source.queue_arn for task in _tasks.values()):
        raise AwsError(
            "UnsupportedOperation",
            "There is already a task running. Only one active task is allowed for a source queue.",
        )
    rate = int(params.get("MaxNumberOfMessagesPerSecond") or _MOST_PER_SECOND)
    task = _Task(source.queue_arn, destination, min(rate, _MOST_PER_SECOND), queues.message_count(source), clock.time())
    _tasks[task.handle] = task
    in_background("message moves", lambda: _go_on(task))
    return {"TaskHandle": task.handle}


def _list(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    source = _queue(call, params, "SourceArn")
    tasks = [task for task in _tasks.values() if task.source == source.queue_arn]
    count = min(int(params.get("MaxResults") or 1), _MOST_TASKS_LISTED)
    return {"Results": [task.describe() for task in tasks[::-1][:count]]}


def _cancel(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    task = _tasks.get(params["TaskHandle"])
    if task is None or task.status != "RUNNING" or parse_arn(task.source).account_id != call.account_id:
        raise AwsError("ResourceNotFoundException", "Task does not exist.")
    task.status = "CANCELLED"
    return {"ApproximateNumberOfMessagesMoved": task.moved}


def _queue(call: ServiceCall, params: dict[str, Any], name: str) -> Any:
    try:
        parsed = parse_arn(params[name])
        if (parsed.account_id, parsed.region) == (call.account_id, call.region):
            return find_queue(parsed)
    except UndeliverableError:
        pass
    raise AwsError(
        "ResourceNotFoundException", f"The resource that you specified for the {name} parameter doesn't exist."
    )


def _is_dead_letter_queue(queue: Any) -> bool:
    others = list(sqs_backends[queue.account_id][queue.region].queues.values())
    return any((other.redrive_policy or {}).get("deadLetterTargetArn") == queue.queue_arn for other in others)


def _go_on(task: _Task) -> None:
    """Move as many messages as the rate allows, and go on a second later."""
    for _ in range(task.rate):
        # The operations hold the lock too: a task that is cancelled is not completed as well.
        with lock:
            if task.status == "RUNNING":
                _move_one(task)
            if task.status != "RUNNING":
                return
    clock.call_later(1.0, lambda: in_background("message moves", lambda: _go_on(task)))


def _move_one(task: _Task) -> None:
    """Move the next message; end the task if there is none, or it can't be moved."""
    try:
        source = find_queue(parse_arn(task.source))
    except UndeliverableError as error:
        task.status, task.failure = "FAILED", error.message
        return
    message = queues.remove_visible(source) if task.moved < task.to_move else None
    if message is None:
        task.status = "COMPLETED"
        return
    try:
        _move(message, task.destination or queues.dead_letter_source(message))
    except UndeliverableError as error:
        queues.put_back(source, message)
        task.status, task.failure = "FAILED", error.message
    else:
        task.moved += 1


def _move(message: Any, target: str | None) -> None:
    if target is None:
        raise UndeliverableError("NO_RESOURCE", "CouldNotDetermineMessageSource")
    put_on_queue(
        find_queue(parse_arn(target)),
        message.body,
        group_id=message.group_id,
        attributes=message.message_attributes,
        deduplication_id=message.deduplication_id,
    )
