"""moto's SQS queues, made safe for threads, with listeners for messages that arrive.

What is asked at each call looks at the messages that are in flight or delayed, and not at all that wait.
"""

from __future__ import annotations

import copy
import functools
import heapq
import itertools
import math
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from moto.sqs import models
from moto.sqs.models import Message, Queue, SQSBackend
from moto.sqs.responses import SQSResponse

from local_aws.delivery.tenants import Tenants
from local_aws.time.clock import clock

Listener = Callable[[Any], None]

_URL_PATH = re.compile(r"/(?P<account>\d{12})/[^/]+")

_DEAD_LETTER_SOURCE = "DeadLetterQueueSourceArn"

_MOST_VISIBILITY_SECONDS = 43_200

_lock = threading.Lock()
_listeners: list[Listener] = []


@dataclass
class _Known:
    """What is known of a queue's messages besides moto's list of them."""

    by_receipt: dict[str, Any] = field(default_factory=dict)
    delayed: set[Any] = field(default_factory=set)
    sent_first: float = math.inf
    """No message was sent before it, in milliseconds; a bound, as messages are deleted."""
    sent_lately: dict[str, float] = field(default_factory=dict)
    tenants: Tenants = field(default_factory=Tenants)
    has_tenants: bool = False
    by_tenant: dict[str | None, dict[Any, int]] = field(default_factory=dict)
    """The messages of each, in their order, with their numbers in the queue."""
    numbers: Iterator[int] = field(default_factory=itertools.count)


def patch_queues() -> None:
    """Patch moto's SQS; harmless when done already."""
    Queue.add_message = _add_message
    Queue.delete_message = _delete_message
    SQSBackend.receive_message = _receive_message
    SQSBackend.change_message_visibility = _change_message_visibility
    _forget_what_is_purged()
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
    with queue._messages_lock:  # noqa: SLF001 - the lock that moto has, and does not use
        delayed = _known(queue).delayed
        delayed.difference_update([each for each in delayed if each.delayed_until < now])
        times = [max(each.visible_at, each.delayed_until) for each in (*queue._pending_messages, *delayed)]  # noqa: SLF001 - moto has no method for it
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
        for message in _visible(queue):
            queue._messages.remove(message)  # noqa: SLF001 - as above
            _leaves(_known(queue), message)
            return message
    return None


def put_back(queue: Any, message: Any) -> None:
    """Undo ``remove_visible``; not by sending, which a FIFO queue might take for a duplicate."""
    with queue._messages_lock:  # noqa: SLF001 - the lock that moto has, and does not use
        queue._messages.insert(0, message)  # noqa: SLF001 - moto has no method for it
        _know(queue, message)
        queue._messages_lock.notify_all()  # noqa: SLF001 - as above
    notify(queue)


def _known(queue: Any) -> _Known:
    known: _Known = queue.__dict__.setdefault("known", _Known())
    return known


def _know(queue: Any, message: Any) -> None:
    """Note what a message that is added brings; the lock is held."""
    known = _known(queue)
    known.sent_first = min(known.sent_first, message.sent_timestamp)
    known.has_tenants |= message.group_id is not None
    known.by_tenant.setdefault(message.group_id, {})[message] = next(known.numbers)
    if message.delayed_until > clock.time() * 1000:
        known.delayed.add(message)


def _add_message(self: Any, message: Any) -> None:
    with self._messages_lock:
        if self.fifo_queue and message.deduplication_id and _is_duplicate(self, message):
            return
        self._messages.append(message)
        _know(self, message)
        self._messages_lock.notify_all()
    notify(self)


def _is_duplicate(queue: Any, message: Any) -> bool:
    """Return whether the same was sent in the last five minutes, even if it was received since."""
    remembered = _known(queue).sent_lately
    known = remembered.get(message.deduplication_id)
    if known is not None and message.sent_timestamp - known < models.DEDUPLICATION_TIME_IN_SECONDS * 1000:
        return True
    remembered[message.deduplication_id] = message.sent_timestamp
    return False


def _received_as(queue: Any, receipt_handle: str) -> Any:
    """Return the message of a receipt; the lock is held."""
    message = _known(queue).by_receipt.get(receipt_handle)
    if message is None or message not in queue._messages:  # noqa: SLF001 - the queue may have been purged
        raise models.ReceiptHandleIsInvalid
    return message


def _delete_message(self: Any, receipt_handle: str) -> None:
    with self._messages_lock:
        if receipt_handle in self.deleted_messages:
            return
        message = _received_as(self, receipt_handle)
        _forget(self, message)
        self.deleted_messages.update(message.all_receipt_handles)
        self._messages.remove(message)
    if self.fifo_queue:
        # The next of its group may be received now.
        notify(self)


def _forget(queue: Any, message: Any) -> None:
    """Forget what is known of a message that leaves the queue; the lock is held."""
    known = _known(queue)
    queue._pending_messages.discard(message)  # noqa: SLF001 - moto has no method for it
    known.tenants.processed(message)
    _leaves(known, message)
    for each in message.all_receipt_handles:
        known.by_receipt.pop(each, None)


def _leaves(known: _Known, message: Any) -> None:
    of_tenant = known.by_tenant.get(message.group_id, {})
    of_tenant.pop(message, None)
    if not of_tenant:
        known.by_tenant.pop(message.group_id, None)


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


def _change_message_visibility(self: Any, queue_name: str, receipt_handle: str, visibility_timeout: int) -> None:
    queue = self.get_queue(queue_name)
    with queue._messages_lock:  # noqa: SLF001 - the lock that moto has, and does not use
        message = _received_as(queue, receipt_handle)
        if (clock.time() + int(visibility_timeout)) * 1000 - message.sent_timestamp > _MOST_VISIBILITY_SECONDS * 1000:
            raise models.InvalidParameterValue(
                f"Value {visibility_timeout} for parameter VisibilityTimeout is invalid. Reason: Total "
                "VisibilityTimeout for the message is beyond the limit [43200 seconds]"
            )
        if int(visibility_timeout):
            message.change_visibility(visibility_timeout)
            queue._pending_messages.add(message)  # noqa: SLF001 - as above
        else:
            # Visible at once, also where no time passes.
            message.visible_at = 0.0
            queue._pending_messages.discard(message)  # noqa: SLF001 - as above
            _known(queue).tenants.processed(message)
        queue._messages_lock.notify_all()  # noqa: SLF001 - as above
    notify(queue)


def _forget_what_is_purged() -> None:
    original = SQSBackend.purge_queue
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def purge_queue(self: Any, queue_name: str) -> None:
        original(self, queue_name)
        queue = self.get_queue(queue_name)
        with queue._messages_lock:  # noqa: SLF001 - the lock that moto has, and does not use
            queue.known = _Known(sent_lately=_known(queue).sent_lately)

    SQSBackend.purge_queue = purge_queue


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
    known = _known(queue)
    _drop_expired(queue, known)
    now = clock.time() * 1000
    for message in [each for each in queue._pending_messages if each.visible_at < now]:  # noqa: SLF001 - as above
        queue._pending_messages.discard(message)  # noqa: SLF001 - as above
        known.tenants.processed(message)
    received: list[Message] = []
    for message in _in_turn(queue, known, count):
        if len(received) >= count:
            break
        if _is_spent(queue, message):
            _forget(queue, message)
            queue._messages.remove(message)  # noqa: SLF001 - as above
            message.system_attributes = {
                **(message.system_attributes or {}),
                _DEAD_LETTER_SOURCE: {"StringValue": queue.queue_arn, "DataType": "String"},
            }
            queue.dead_letter_queue.add_message(message)
            continue
        queue._pending_messages.add(message)  # noqa: SLF001 - as above
        message.mark_received(visibility_timeout=visibility_timeout)
        known.by_receipt[message.receipt_handle] = message
        if known.has_tenants:
            known.tenants.received(message)
        received.append(copy.deepcopy(message))
    return received


def _in_turn(queue: Any, known: _Known, count: int) -> Iterator[Any]:
    """Yield the visible messages that may be received, in their order; those that are yielded may be removed."""
    if queue.fifo_queue:
        busy_groups = queue.pending_message_groups
        return (each for each in _visible(queue) if each.group_id not in busy_groups)
    noisy = known.tenants.noisy(queue._pending_messages) if known.has_tenants else set()  # noqa: SLF001 - as above
    if not noisy:
        return _visible(queue)
    now = clock.time() * 1000
    quiet = heapq.merge(
        *(_numbered(messages, now) for group, messages in known.by_tenant.items() if group not in noisy)
    )
    # All of the noisy ones' are looked at only where there are none of others.
    return itertools.chain(
        (message for _, message in list(itertools.islice(quiet, count))),
        (each for each in _visible(queue) if each.group_id in noisy),
    )


def _numbered(messages: dict[Any, int], now: float) -> Iterator[tuple[int, Any]]:
    return ((number, each) for each, number in messages.items() if each.visible_at < now and each.delayed_until <= now)


def _drop_expired(queue: Any, known: _Known) -> None:
    oldest = clock.time() * 1000 - queue.message_retention_period * 1000
    if known.sent_first <= oldest:
        for message in [each for each in queue._messages if each.sent_timestamp <= oldest]:  # noqa: SLF001 - as above
            _forget(queue, message)
        queue._messages = [each for each in queue._messages if each.sent_timestamp > oldest]  # noqa: SLF001 - as above
        known.sent_first = min((each.sent_timestamp for each in queue._messages), default=math.inf)  # noqa: SLF001 - as above


def _is_spent(queue: Any, message: Any) -> bool:
    if queue.dead_letter_queue is None or not queue.redrive_policy:
        return False
    return bool(message.approximate_receive_count >= queue.redrive_policy["maxReceiveCount"])


def _visible_messages(self: Any) -> list[Any]:
    return list(_visible(self))


def _visible(queue: Any) -> Iterator[Any]:
    """Yield the visible messages in their order; those that are yielded may be removed meanwhile."""
    now = clock.time() * 1000
    messages = queue._messages  # noqa: SLF001 - moto has no method for it
    at = 0
    while at < len(messages):
        message = messages[at]
        if message.visible_at < now and message.delayed_until <= now:
            yield message
        # A copy of all would cost more than what is received.
        at += at < len(messages) and messages[at] is message


def _count_delayed(self: Any) -> int:
    now = clock.time() * 1000
    return sum(1 for each in list(self._messages) if each.delayed_until > now)


def _count_invisible(self: Any) -> int:
    now = clock.time() * 1000
    return sum(1 for each in list(self._messages) if each.visible_at >= now)
