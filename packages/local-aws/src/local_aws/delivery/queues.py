"""moto's SQS queues, made safe for threads, with listeners for messages that arrive."""

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

_URL_PATH = re.compile(r"/(?P<account>\d{12})/[^/]+")

_DEAD_LETTER_SOURCE = "DeadLetterQueueSourceArn"

_lock = threading.Lock()
_listeners: list[Listener] = []


def patch_queues() -> None:
    """Patch moto's SQS; harmless when done already."""
    Queue.add_message = _add_message
    Queue.delete_message = _delete_message
    SQSBackend.receive_message = _receive_message
    _notify_of_changed_visibility()
    _reach_other_accounts()
    # moto reads the time once for each message, several times for each one sent.
    Queue.messages = property(_visible_messages)
    Queue.approximate_number_of_messages_delayed = property(_count_delayed)
    Queue.approximate_number_of_messages_not_visible = property(_count_invisible)


def listen(listener: Listener) -> None:
    """Have the listener called with a queue when a message was added or is visible again; it must be quick."""
    with _lock:
        if listener not in _listeners:
            _listeners.append(listener)


def notify(queue: Any) -> None:
    for listener in _listeners:
        listener(queue)


def next_arrival(queue: Any) -> float | None:
    """Return the time at which the next message that is now invisible or delayed becomes visible; None without one."""
    now = clock.time() * 1000
    times = [max(message.visible_at, message.delayed_until) for message in list(queue._messages)]  # noqa: SLF001 - moto has no method for it
    later = [time for time in times if time >= now]
    return min(later) / 1000 if later else None


def message_count(queue: Any) -> int:
    """Return the number of a queue's messages, visible or not."""
    return len(queue._messages)  # noqa: SLF001 - moto has no method for it


def dead_letter_source(message: Any) -> str | None:
    """Return the ARN of the queue that a dead letter came from; None if it was not moved by a redrive policy."""
    attribute = (message.system_attributes or {}).get(_DEAD_LETTER_SOURCE)
    return str(attribute["StringValue"]) if attribute else None


def remove_visible(queue: Any) -> Any | None:
    """Remove a visible message from the queue and return it; None if there is none."""
    with queue._messages_lock:  # noqa: SLF001 - the lock that moto has, and does not use
        for message in queue.messages:
            queue._messages.remove(message)  # noqa: SLF001 - as above
            return message
    return None


def put_back(queue: Any, message: Any) -> None:
    """Undo ``remove_visible``; not by sending, which a FIFO queue might take for a duplicate."""
    with queue._messages_lock:  # noqa: SLF001 - the lock that moto has, and does not use
        queue._messages.insert(0, message)  # noqa: SLF001 - moto has no method for it
        queue._messages_lock.notify_all()  # noqa: SLF001 - as above
    notify(queue)


def _add_message(self: Any, message: Any) -> None:
    with self._messages_lock:
        if self.fifo_queue and message.deduplication_id and _is_duplicate(self, message):
            return
        self._messages.append(message)
        self._messages_lock.notify_all()
    notify(self)


def _is_duplicate(queue: Any, message: Any) -> bool:
    """Return whether the same was sent in the last five minutes, even if it was received since."""
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
        notify(self)


def _receive_message(  # noqa: PLR0917 - moto's signature
    self: Any,
    queue_name: str,
    count: int,
    wait_seconds_timeout: int,
    visibility_timeout: int,
    message_attribute_names: list[str] | None = None,
) -> list[Message]:
    """Receive visible messages; without any, wait by the clock for the first one."""
    queue = self.get_queue(queue_name)
    end = clock.time() + (wait_seconds_timeout or 0)
    while True:
        with queue._messages_lock:  # noqa: SLF001 - the lock that moto has, and does not use
            received = _receive_visible(queue, count, visibility_timeout)
            if received or clock.time() >= end:
                break
            left = clock.in_real_seconds(end - clock.time())
            # Messages also become visible by time, which notifies nobody here.
            queue._messages_lock.wait(min(0.1, max(0.001, left)))  # noqa: SLF001 - as above
    if received:
        # A poller has to know when these become visible again.
        notify(queue)
    for message in received:
        models._filter_message_attributes(message, message_attribute_names or [])  # noqa: SLF001 - as above
    return received


def _notify_of_changed_visibility() -> None:
    original = SQSBackend.change_message_visibility
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def change_message_visibility(self: Any, queue_name: str, receipt_handle: str, visibility_timeout: int) -> None:
        original(self, queue_name, receipt_handle, visibility_timeout)
        notify(self.get_queue(queue_name))

    SQSBackend.change_message_visibility = change_message_visibility


def _reach_other_accounts() -> None:
    """Look for a call's queue in the account that its URL names, as AWS does; moto looks in the caller's."""

    def sqs_backend(self: Any) -> Any:
        # Read only where it is a parameter of the call: CreateQueue and the like have none.
        url = _URL_PATH.fullmatch(urlsplit(str(self._get_param("QueueUrl") or "")).path)
        owner_id = self._get_param("QueueOwnerAWSAccountId")
        account_id = url["account"] if url else str(owner_id or self.current_account)
        return models.sqs_backends[account_id][self.region]

    SQSResponse.sqs_backend = property(sqs_backend)


def _receive_visible(queue: Any, count: int, visibility_timeout: int) -> list[Message]:
    """Receive visible messages and make them invisible; the lock is held."""
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
                _DEAD_LETTER_SOURCE: {"StringValue": queue.queue_arn, "DataType": "String"},
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
