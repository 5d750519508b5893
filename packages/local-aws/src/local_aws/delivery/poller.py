"""Lambda's polling for an event source mapping of a queue: receive, invoke, delete what was handled.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Sequence
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.sqs.exceptions import ReceiptHandleIsInvalid
from moto.sqs.models import sqs_backends

from local_aws.delivery import patterns, queues
from local_aws.delivery.records import record
from local_aws.functions.invoke import TooManyRequestsError, run
from local_aws.functions.roles import refusal
from local_aws.time.activity import at_rest, doing
from local_aws.time.clock import Due, clock

_log = logging.getLogger(__name__)

BATCHES_AT_ONCE = 5
"""The number of batches that Lambda begins with, if the mapping has no MaximumConcurrency."""

_MOST_BYTES = 6_000_000


class Poller:
    """Receives the messages of one enabled mapping, invokes its function, and deletes what was handled."""

    def __init__(self, mapping: Any) -> None:
        self._mapping = mapping
        self._woken = threading.Event()
        self._stopped = False
        self._slots = threading.Semaphore(self._maximum_concurrency())
        self._again: Due | None = None
        threading.Thread(target=self._run, name=f"mapping-{mapping.function_name}", daemon=True).start()
        self._woken.set()

    @property
    def queue(self) -> Any:
        """The mapping's queue; None once it is deleted."""
        *_, region, account_id, name = self._mapping.event_source_arn.split(":")
        return sqs_backends[account_id][region].queues.get(name)

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        self._stopped = True
        self._woken.set()

    def _maximum_concurrency(self) -> int:
        return int((self._mapping.scaling_config or {}).get("MaximumConcurrency") or BATCHES_AT_ONCE)

    def _run(self) -> None:
        while True:
            self._woken.wait()
            self._woken.clear()
            if self._stopped:
                return
            try:
                self._poll()
            except Exception:  # noqa: BLE001 - a mapping goes on after any failure of a batch
                _log.exception("the mapping of %s failed inside the local AWS", self._mapping.function_name)

    def _poll(self) -> None:
        """Start a batch for each free slot while there are messages, and plan the next wake-up."""
        while not self._stopped and self.queue is not None and self._slots.acquire(blocking=False):
            with doing("batches"):
                batch = self._collect()
            if not batch:
                self._slots.release()
                break
            threading.Thread(target=self._handle, args=(batch,), name="batch", daemon=True).start()
        self._wake_at_next_arrival()

    def _collect(self) -> list[Any]:
        """Receive a batch: the visible messages, and with a window those that come until it is full or time is up."""
        batch = self._receive(self._mapping.batch_size)
        window = int(self._mapping.max_batch_window or 0)
        if not batch or not window:
            return batch
        end = clock.time() + window
        while len(batch) < self._mapping.batch_size and _bytes(batch) < _MOST_BYTES and not self._stopped:
            left = end - clock.time()
            self._woken.clear()
            # Received once more when the time is up: the clock may have jumped past messages that came in time.
            more = self._receive(self._mapping.batch_size - len(batch))
            batch += more
            if left <= 0:
                break
            if not more:
                self._rest(left)
        self._woken.set()
        return batch

    def _rest(self, seconds: float) -> None:
        """Wait to be woken, at most that long; meanwhile the batch does not count as under way."""
        with at_rest("batches") as end:

            def time_is_up() -> None:
                end()
                self._woken.set()

            up = clock.call_later(seconds, time_is_up, background=True)
            self._woken.wait()
            up.cancel()

    def _receive(self, count: int) -> list[Any]:
        queue = self.queue
        if not self._may("ReceiveMessage"):
            return []
        backend = sqs_backends[queue.account_id][queue.region]
        received: list[Any] = backend.receive_message(queue.name, count, 0, queue.visibility_timeout, ["All"])
        return self._without_filtered(received)

    def _without_filtered(self, messages: list[Any]) -> list[Any]:
        """Delete the messages that match none of the mapping's filters, as Lambda does."""
        filters = [each["Pattern"] for each in (self._mapping.filter_criteria or {}).get("Filters", ())]
        if not filters:
            return messages
        kept = []
        for message in messages:
            fields = {"messageId": message.id, "body": _parsed(message.body)}
            if any(patterns.parse(text).matches(fields) for text in filters):
                kept.append(message)
            else:
                self.queue.delete_message(message.receipt_handle)
        return kept

    def _wake_at_next_arrival(self) -> None:
        queue = self.queue
        time = queues.next_arrival(queue) if queue is not None else None
        if self._again is not None:
            self._again.cancel()
        if time is not None:
            # A message is visible after its time, not at it.
            self._again = clock.call_later(time - clock.time() + 0.001, self.wake, background=True)

    def _handle(self, batch: list[Any]) -> None:
        try:
            with doing("batches"):
                self._invoke(batch)
        finally:
            self._slots.release()
            self.wake()

    def _invoke(self, batch: list[Any]) -> None:
        """Invoke the function with a batch; what it fails on is visible again after the queue's visibility timeout."""
        queue = self.queue
        function = self._function()
        records = [record(message, queue) for message in batch]
        try:
            outcome = run(function, json.dumps({"Records": records}).encode())
        except TooManyRequestsError:
            return
        failed = {message.id for message in batch} if outcome.error else self._failed(batch, outcome.payload)
        for message in batch:
            if message.id not in failed:
                self._delete(queue, message)

    def _failed(self, batch: Sequence[Any], payload: bytes) -> set[str]:
        """Return the ids of the messages that failed: all of them if the response is not valid."""
        if "ReportBatchItemFailures" not in (self._mapping.function_response_types or ()):
            return set()
        all_ids = {message.id for message in batch}
        response = _parsed(payload.decode())
        if not response:
            return set()
        failures = response.get("batchItemFailures") if isinstance(response, dict) else None
        if isinstance(response, dict) and not failures:
            return set()
        if not isinstance(failures, list) or not all(isinstance(each, dict) for each in failures):
            return all_ids
        failed_ids = {each.get("itemIdentifier") for each in failures}
        return min(failed_ids, all_ids)

    def _delete(self, queue: Any, message: Any) -> None:
        try:
            queue.delete_message(message.receipt_handle)
        except ReceiptHandleIsInvalid:
            _log.info("message %s was deleted by someone else", message.id)

    def _function(self) -> Any:
        return lambda_backends[self._mapping.account_id][self._mapping.region].get_function(self._mapping.function_arn)

    def _may(self, operation: str) -> bool:
        """Return whether the function's role allows the operation on the queue."""
        function, queue = self._function(), self.queue
        parameters = {"QueueUrl": f"/{queue.account_id}/{queue.name}"}
        refused = refusal(function.role, function.function_name, queue.region, f"sqs:{operation}", parameters)
        if refused:
            _log.warning("the mapping of %s: %s", function.function_name, refused)
        return refused is None


def _bytes(batch: Sequence[Any]) -> int:
    return sum(len(message.body) for message in batch)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
