"""Pollers for moto's event source mappings of queues, which are refused where Lambda refuses them."""

from __future__ import annotations

import functools
import re
import threading
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaBackend
from moto.sqs.models import sqs_backends

from local_aws.delivery import patterns, queues
from local_aws.delivery.poller import Poller
from local_aws.functions.roles import refusal
from local_aws.time.activity import gauge

_MOST_WITHOUT_WINDOW = 10
_QUALIFIED = re.compile(r"(?:arn:[^:]+:lambda:[^:]*:\d+:function:|(?:\d{12}:)?function:)?[^:]+:(?P<qualifier>[^:]+)")
_REQUIRED_OPERATIONS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")


class Mappings:
    """The pollers of all enabled mappings of queues."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pollers: dict[str, Poller] = {}

    def begin(self, mapping: Any) -> None:
        """Start or restart a mapping's poller, if the mapping is enabled."""
        self.end(mapping.uuid)
        if mapping.enabled and ":sqs:" in mapping.event_source_arn:
            with self._lock:
                self._pollers[mapping.uuid] = Poller(mapping)

    def end(self, uuid: str) -> None:
        with self._lock:
            poller = self._pollers.pop(uuid, None)
        if poller is not None:
            poller.stop()

    def end_all(self) -> None:
        for uuid in list(self._pollers):
            self.end(uuid)

    def arrived(self, queue: Any) -> None:
        for poller in list(self._pollers.values()):
            if poller.queue is queue:
                poller.wake()

    def waiting(self) -> int:
        """Return the number of messages in queues that have an enabled mapping."""
        found = {id(queue): queue for poller in list(self._pollers.values()) if (queue := poller.queue) is not None}
        return sum(queues.message_count(queue) for queue in found.values())


mappings = Mappings()
"""This process's mappings."""


def patch_mappings() -> None:
    """Patch moto's mappings; harmless when done already."""
    queues.listen(mappings.arrived)
    gauge("messages", mappings.waiting)
    _patch_create()
    _patch_update()
    _patch_delete()


def _patch_create() -> None:
    original = LambdaBackend.create_event_source_mapping
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def create_event_source_mapping(self: Any, spec: dict[str, Any]) -> Any:
        _check(self, spec)
        mapping = original(self, spec)
        _keep_qualifier(mapping, spec)
        mappings.begin(mapping)
        return mapping

    LambdaBackend.create_event_source_mapping = create_event_source_mapping


def _patch_update() -> None:
    original = LambdaBackend.update_event_source_mapping
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def update_event_source_mapping(self: Any, uuid: str, spec: dict[str, Any]) -> Any:
        mapping = original(self, uuid, spec)
        if mapping is not None:
            _keep_qualifier(mapping, spec)
            mappings.begin(mapping)
        return mapping

    LambdaBackend.update_event_source_mapping = update_event_source_mapping


def _patch_delete() -> None:
    original = LambdaBackend.delete_event_source_mapping
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def delete_event_source_mapping(self: Any, uuid: str) -> Any:
        mappings.end(uuid)
        return original(self, uuid)

    LambdaBackend.delete_event_source_mapping = delete_event_source_mapping


def _keep_qualifier(mapping: Any, spec: dict[str, Any]) -> None:
    """Have the mapping name the alias that it was given, whatever that leads to; moto keeps today's version."""
    found = _QUALIFIED.fullmatch(str(spec.get("FunctionName") or ""))
    if found:
        function = ":".join(mapping.function_arn.split(":")[:7])
        mapping.function_arn = f"{function}:{found['qualifier']}"


def _check(backend: Any, spec: dict[str, Any]) -> None:
    """Refuse a mapping that Lambda refuses for queues."""
    arn = str(spec.get("EventSourceArn") or "")
    if ":sqs:" not in arn:
        return
    if int(spec.get("BatchSize") or 0) > _MOST_WITHOUT_WINDOW and not int(
        spec.get("MaximumBatchingWindowInSeconds") or 0
    ):
        raise InvalidParameterValueException(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )
    for each in (spec.get("FilterCriteria") or {}).get("Filters", ()):
        try:
            patterns.parse(each.get("Pattern", ""))
        except patterns.InvalidPatternError as error:
            raise InvalidParameterValueException(f"Invalid filter pattern definition. {error}") from error
    queue = sqs_backends[backend.account_id][backend.region_name].queues.get(arn.rsplit(":", 1)[-1])
    if queue is not None:
        function = backend.get_function(spec.get("FunctionName", ""))
        _check_role(function, queue)
        if queue.visibility_timeout < int(function.timeout):
            raise InvalidParameterValueException(
                f"Queue visibility timeout: {queue.visibility_timeout} seconds is less than "
                f"Function timeout: {function.timeout} seconds"
            )


def _check_role(function: Any, queue: Any) -> None:
    parameters = {"QueueUrl": f"/{queue.account_id}/{queue.name}"}
    for operation in _REQUIRED_OPERATIONS:
        if refusal(function.role, function.function_name, queue.region, f"sqs:{operation}", parameters):
            raise InvalidParameterValueException(
                f"The provided execution role does not have permissions to call {operation} on SQS"
            )
