"""Lambda's queue for asynchronous invocations, with retries and destinations.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
"""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections import deque
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError
from moto.utilities.arns import parse_arn

from local_aws.functions.fleet import MOST_PER_FUNCTION
from local_aws.functions.invoke import TooManyRequestsError, error_type, run
from local_aws.functions.sandbox import InvocationOutcome
from local_aws.iam.role_credentials import client_for_role
from local_aws.time.activity import Begun
from local_aws.time.clock import clock

_log = logging.getLogger(__name__)

_RETRY_SECONDS = (60, 120)
_MOST_BACKOFF_SECONDS = 300.0
_MOST_AGE_SECONDS = 6 * 3600
_MOST_ERROR_MESSAGE = 1024


@dataclass(frozen=True)
class QueuedEvent:
    """An accepted asynchronous invocation; ``failures`` are function errors, ``throttles`` don't count as attempts."""

    function: Any
    payload: bytes
    request_id: str
    accepted: float
    failures: int = 0
    throttles: int = 0


_lock = threading.Lock()
_waiting: dict[tuple[str, str, str], deque[tuple[QueuedEvent, Begun]]] = {}
"""Each event with the entry that counts it as activity."""

_workers: dict[tuple[str, str, str], int] = {}


def invoke_later(function: Any, payload: bytes) -> str:
    """Accept an event for the function; return its request id, which all attempts share."""
    event = QueuedEvent(function, payload, str(uuid.uuid4()), clock.time())
    _enqueue(event)
    return event.request_id


def _enqueue(event: QueuedEvent) -> None:
    """Queue it for the workers of its function, of which there are no more than can run at once."""
    function = event.function
    key = (function.account_id, function.region, function.function_name)
    begun = Begun("asynchronous invocations")
    with _lock:
        _waiting.setdefault(key, deque()).append((event, begun))
        needed = _workers.get(key, 0) < MOST_PER_FUNCTION
        if needed:
            _workers[key] = _workers.get(key, 0) + 1
    if needed:
        threading.Thread(target=_work, args=(key,), name=f"async-{key[2]}", daemon=True).start()


def _work(key: tuple[str, str, str]) -> None:
    while True:
        with _lock:
            if not _waiting[key]:
                _workers[key] -= 1
                return
            event, begun = _waiting[key].popleft()
        with begun:
            try:
                _attempt(event)
            except Exception:  # noqa: BLE001 - one event that fails must not stop the queue
                _log.exception("an asynchronous invocation of %s failed inside the local AWS", key[2])


def _attempt(event: QueuedEvent) -> None:
    try:
        outcome = run(event.function, event.payload, request_id=event.request_id)
    except TooManyRequestsError:
        backoff = min(_MOST_BACKOFF_SECONDS, 2.0**event.throttles)
        if not _retry(replace(event, throttles=event.throttles + 1), backoff):
            _give_up(event, "EventAgeExceeded", None)
        return
    if outcome.error is None:
        _send_on(event, "OnSuccess", "Success", outcome)
        return
    failed = replace(event, failures=event.failures + 1)
    if failed.failures > _settings(event.function).get("MaximumRetryAttempts", len(_RETRY_SECONDS)):
        _give_up(failed, "RetriesExhausted", outcome)
    elif not _retry(failed, _RETRY_SECONDS[event.failures]):
        _give_up(failed, "EventAgeExceeded", outcome)


def _retry(event: QueuedEvent, seconds: float) -> bool:
    """Schedule another attempt, unless the event will be too old by then."""
    most_age = _settings(event.function).get("MaximumEventAgeInSeconds", _MOST_AGE_SECONDS)
    if clock.time() + seconds - event.accepted > most_age:
        return False
    clock.call_later(seconds, lambda: _enqueue(event))
    return True


def _settings(function: Any) -> dict[str, Any]:
    return dict(function.event_invoke_config[-1].config) if function.event_invoke_config else {}


def _give_up(event: QueuedEvent, condition: str, outcome: InvocationOutcome | None) -> None:
    _send_on(event, "OnFailure", condition, outcome)
    dead_letters = (getattr(event.function, "dead_letter_config", None) or {}).get("TargetArn")
    if dead_letters:
        _send_dead_letter(event, dead_letters, outcome)


def _send_on(event: QueuedEvent, which: str, condition: str, outcome: InvocationOutcome | None) -> None:
    """Send an invocation's record to the function's destination, with its role's permissions."""
    destination = (_settings(event.function).get("DestinationConfig") or {}).get(which, {}).get("Destination")
    if not destination:
        return
    function = event.function
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": f"{function.function_arn}:{function.version}",
            "condition": condition,
            "approximateInvokeCount": event.failures if condition != "Success" else event.failures + 1,
        },
        "requestPayload": json.loads(event.payload),
    }
    if outcome is not None:
        record["responseContext"] = {"statusCode": 200, "executedVersion": str(function.version)}
        if outcome.error is not None:
            record["responseContext"]["functionError"] = outcome.error
        record["responsePayload"] = json.loads(outcome.payload or b"null")
    kind = f"Lambda Function Invocation Result - {'Success' if which == 'OnSuccess' else 'Failure'}"
    _deliver(function, destination, json.dumps(record), {}, detail_type=kind)


def _send_dead_letter(event: QueuedEvent, target_arn: str, outcome: InvocationOutcome | None) -> None:
    attributes = {"RequestID": ("String", event.request_id), "ErrorCode": ("Number", "200" if outcome else "429")}
    message = (error_message(outcome) if outcome else "Rate Exceeded.")[:_MOST_ERROR_MESSAGE]
    if message:
        attributes["ErrorMessage"] = ("String", message)
    _deliver(event.function, target_arn, event.payload.decode(), attributes, detail_type="")


def error_message(outcome: InvocationOutcome) -> str:
    try:
        return str(json.loads(outcome.payload).get("errorMessage", ""))
    except (ValueError, AttributeError):
        return error_type(outcome) or ""


def _deliver(
    function: Any, target_arn: str, body: str, attributes: dict[str, tuple[str, str]], *, detail_type: str
) -> None:
    """Deliver with the role's permissions; without them Lambda drops the record and only counts it."""
    arn = parse_arn(target_arn)
    message_attributes = {name: {"DataType": kind, "StringValue": value} for name, (kind, value) in attributes.items()}
    client = client_for_role(arn.service, function.role, function.function_name, arn.region)
    try:
        if arn.service == "sqs":
            url = f"{client.meta.endpoint_url}/{arn.account}/{arn.resource_id}"
            client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=message_attributes)
        elif arn.service == "sns":
            client.publish(TopicArn=target_arn, Message=body, MessageAttributes=message_attributes)
        elif arn.service == "lambda":
            client.invoke(FunctionName=target_arn, InvocationType="Event", Payload=body.encode())
        elif arn.service == "events":
            entry = {"Source": "lambda", "DetailType": detail_type, "Detail": body, "EventBusName": target_arn}
            client.put_events(Entries=[{**entry, "Resources": [target_arn, function.function_arn]}])
    except ClientError as error:
        _log.warning("%s: not delivered to %s: %s", function.function_name, target_arn, error)
