"""SQS's queues: moto's, made safe for threads, and telling when a message arrives."""

from __future__ import annotations

import copy
import functools
import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from moto.sqs import models
from moto.sqs.models import Message, Queue, SQSBackend
from moto.sqs.responses import SQSResponse

from local_aws.time.clock import clock

Listener = Callable[[Any], None]

_IN_URL = re.compile(r"/(?P<account>\d{12})/[^/]+")

_ORIGIN = "DeadLetterQueueSourceArn"

_lock = threading.Lock()
_listeners: list[Listener] = []


def patch_queues() -> None:
    """Patch moto's SQS; harmless when done already."""
    Queue.add_message = _add_message
    Queue.delete_message = _delete_message
    SQSBackend.receive_message = _receive_message
    _tell_of_changed_visibility()
    _reach_other_accounts()
    # moto asks the time once for each message, several times for each one sent.
    Queue.messages = property(_visible_messages)
    Queue.approximate_number_of_messages_delayed = property(_count_delayed)
    Queue.approximate_number_of_messages_not_visible = property(_count_invisible)


def listen(listener: Listener) -> None:
    """Have it called with the queue whenever a message was added or may be received again; it must be quick."""
    with _lock:
        if listener not in _listeners:
            _listeners.append(listener)


def tell(queue: Any) -> None:
    for listener in _listeners:
        listener(queue)


def next_arrival(queue: Any) -> float | None:
    """Return the moment at which the first of the messages that can't be received now can be; None if there is none."""
    now = clock.time() * 1000
    moments = [max(message.visible_at, message.delayed_until) for message in list(queue._messages)]  # noqa: SLF001 - moto has no other way
    later = [moment for moment in moments if moment >= now]
    return min(later) / 1000 if later else None


def held(queue: Any) -> int:
    """Return how many messages a queue has, whether they can be received now or not."""
    return len(queue._messages)  # noqa: SLF001 - moto has no other way


def origin(message: Any) -> str | None:
    """Return the ARN of the queue that a dead letter came from; None if nobody received it too often."""
    told = (message.system_attributes or {}).get(_ORIGIN)
    return str(told["StringValue"]) if told else None


def take_away(queue: Any) -> Any | None:
    """Take a message that could be received off the queue, for good; None if there is none."""
    with queue._messages_lock:  # noqa: SLF001 - the lock that moto has, and does not use
        for message in queue.messages:
            queue._messages.remove(message)  # noqa: SLF001 - as above
            return message
    return None


def put_back(queue: Any, message: Any) -> None:
    """Undo ``take_away``: it is no new message, which a FIFO queue might take for a duplicate."""
    with queue._messages_lock:  # noqa: SLF001 - the lock that moto has, and does not use
        queue._messages.insert(0, message)  # noqa: SLF001 - moto has no other way
        queue._messages_lock.notify_all()  # noqa: SLF001 - as above
    tell(queue)


def _add_message(self: Any, message: Any) -> None:
    with self._messages_lock:
        if self.fifo_queue and message.deduplication_id and _is_duplicate(self, message):
            return
        self._messages.append(message)
        self._messages_lock.notify_all()
    tell(self)


def _is_duplicate(queue: Any, message: Any) -> bool:
    """Return whether the same was sent in the last five minutes; SQS remembers it when it is received too."""
    remembered: dict[str, float] = queue.__dict__.setdefault("sent_lately", {})
    known = remembered.get(message.deduplication_id)
    if known is not None and message.sent_timestamp - known < models.DEDUPLICATION_TIME_IN_SECONDS * 1000:
        return True
    remembered[message.deduplication_id] = message.sent_timestamp
    return False


def _delete_message(self: Any, receipt_handle: str) -> None:
    with self._messages_lock:
        if receipt_handle in self.deleted_messages:
            return
        for position, message in enumerate(self._messages):
            if message.had_receipt_handle(receipt_handle):
                self._pending_messages.discard(message)
                self.deleted_messages.update(message.all_receipt_handles)
                del self._messages[position]
                break
        else:
            raise models.ReceiptHandleIsInvalid
    if self.fifo_queue:
        # The next of its group may be received now.
        tell(self)


def _receive_message(  # noqa: PLR0917 - moto's signature
    self: Any,
    queue_name: str,
    count: int,
    wait_seconds_timeout: int,
    visibility_timeout: int,
    message_attribute_names: list[str] | None = None,
) -> list[Message]:
    """Receive what can be, waiting on the clock for the first message if there is none."""
    queue = self.get_queue(queue_name)
    end = clock.time() + (wait_seconds_timeout or 0)
    while True:
        with queue._messages_lock:  # noqa: SLF001 - the lock that moto has, and does not use
            received = _take(queue, count, visibility_timeout)
            if received or clock.time() >= end:
                break
            left = (end - clock.time()) / clock.speed
            # Messages come back by time too, which wakes nobody here.
            queue._messages_lock.wait(min(0.1, max(0.001, left)))  # noqa: SLF001 - as above
    if received:
        # Whoever waits for messages has to know when these come back.
        tell(queue)
    for message in received:
        models._filter_message_attributes(message, message_attribute_names or [])  # noqa: SLF001 - as above
    return received


def _tell_of_changed_visibility() -> None:
    original = SQSBackend.change_message_visibility
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def change_message_visibility(self: Any, queue_name: str, receipt_handle: str, visibility_timeout: int) -> None:
        original(self, queue_name, receipt_handle, visibility_timeout)
        tell(self.get_queue(queue_name))

    SQSBackend.change_message_visibility = change_message_visibility


def _reach_other_accounts() -> None:
    """Have a call look for its queue in the account that the queue's URL names; moto looks in the caller's."""

    def sqs_backend(self: Any) -> Any:
        # Read only where it is a parameter of the call: CreateQueue and the like have none.
        url = urlsplit(str(self._get_param("QueueUrl") or ""))
        owner = _IN_URL.fullmatch(url.path)
        asked = self._get_param("QueueOwnerAWSAccountId")
        account_id = owner["account"] if owner else str(asked or self.current_account)
        return models.sqs_backends[account_id][self.region]

    SQSResponse.sqs_backend = property(sqs_backend)


def _take(queue: Any, count: int, visibility_timeout: int) -> list[Message]:
    """Take messages out of sight; the lock is held."""
    now = clock.time() * 1000
    oldest = now - queue.message_retention_period * 1000
    if any(message.sent_timestamp <= oldest for message in queue._messages):  # noqa: SLF001 - as above
        queue._messages = [each for each in queue._messages if each.sent_timestamp > oldest]  # noqa: SLF001 - as above
    visible = queue.messages
    queue._pending_messages.difference_update(visible)  # noqa: SLF001 - as above
    busy_groups = queue.pending_message_groups if queue.fifo_queue else set()
    received: list[Message] = []
    for message in visible:
        if len(received) >= count:
            break
        if message.group_id in busy_groups and queue.fifo_queue:
            continue
        if _is_spent(queue, message):
            queue._messages.remove(message)  # noqa: SLF001 - as above
            message.system_attributes = {
                **(message.system_attributes or {}),
                _ORIGIN: {"StringValue": queue.queue_arn, "DataType": "String"},
            }
            queue.dead_letter_queue.add_message(message)
            continue
        queue._pending_messages.add(message)  # noqa: SLF001 - as above
        message.mark_received(visibility_timeout=visibility_timeout)
        received.append(copy.deepcopy(message))
    return received


def _is_spent(queue: Any, message: Any) -> bool:
    if queue.dead_letter_queue is None or not queue.redrive_policy:
        return False
    return bool(message.approximate_receive_count >= queue.redrive_policy["maxReceiveCount"])


def _visible_messages(self: Any) -> list[Any]:
    now = clock.time() * 1000
    return [each for each in list(self._messages) if each.visible_at < now and each.delayed_until <= now]


def _count_delayed(self: Any) -> int:
    now = clock.time() * 1000
    return sum(1 for each in list(self._messages) if each.delayed_until > now)


def _count_invisible(self: Any) -> int:
    now = clock.time() * 1000
    return sum(1 for each in list(self._messages) if each.visible_at >= now)
