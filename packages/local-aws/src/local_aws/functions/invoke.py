"""Synchronous invocation of functions."""

from __future__ import annotations

import io
import json
import shutil
import threading
import uuid
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import lambda_backends

from local_aws import project
from local_aws.functions import invocations, sources
from local_aws.functions.configuration import configuration_of
from local_aws.functions.fleet import fleet
from local_aws.functions.invocations import Invocation
from local_aws.functions.runtime_api import Task
from local_aws.functions.sandbox import InvocationOutcome
from local_aws.functions.sources import FunctionSource
from local_aws.services.quotas import quotas
from local_aws.time.activity import doing
from local_aws.time.clock import clock

MOST_REQUEST_BYTES = 6_291_456
MOST_EVENT_BYTES = 1_048_576
_lock = threading.Lock()
_running: Counter[tuple[str, str, str]] = Counter()
_unreserved: Counter[tuple[str, str]] = Counter()
"""Those of an account's functions in a Region that have no concurrency of their own."""

_endpoint_url = ""


class TooManyRequestsError(LambdaClientError):  # type: ignore[misc]  # moto ships no types
    """The function's concurrency is used up."""

    code = 429

    def __init__(self) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.")


class RequestTooLargeError(LambdaClientError):  # type: ignore[misc]  # moto ships no types
    """The event is larger than Lambda takes."""

    code = 413

    def __init__(self, limit: int) -> None:
        super().__init__(
            "RequestTooLargeException", f"Request must be smaller than {limit} bytes for the Invoke operation"
        )


class InvalidRequestContentError(LambdaClientError):  # type: ignore[misc]  # moto ships no types
    """The event is no JSON."""

    def __init__(self, reason: str) -> None:
        super().__init__("InvalidRequestContentException", f"Could not parse request body into json: {reason}")


def serve_functions_at(endpoint_url: str) -> None:
    """Set the URL that functions' SDKs call, for processes that start from now on."""
    global _endpoint_url  # noqa: PLW0603 - one process, one address
    _endpoint_url = endpoint_url


def check(payload: bytes, limit: int) -> None:
    """Refuse an event that is no JSON or too large."""
    if len(payload) > limit:
        raise RequestTooLargeError(limit)
    try:
        json.loads(payload)
    except ValueError as error:
        raise InvalidRequestContentError(str(error)) from error


def run(function: Any, payload: bytes, *, request_id: str = "", client_context: str | None = None) -> InvocationOutcome:
    """Run moto's function on an event in a sandbox, and return the outcome.

    Raises:
        TooManyRequestsError: its reserved concurrency, or the account's, is used up.
    """
    with doing("invocations"), _admitted(function):
        return _run(function, payload, request_id or str(uuid.uuid4()), client_context)


@contextmanager
def _admitted(function: Any) -> Iterator[None]:
    """Have the function's execution count while the block runs."""
    account = (function.account_id, function.region)
    key = (*account, function.function_name)
    reserved = function.reserved_concurrency is not None
    with _lock:
        if reserved:
            full = _running[key] >= int(function.reserved_concurrency)
        else:
            full = _unreserved[account] >= quotas.concurrent_executions - _reserved_in(*account)
        if full:
            raise TooManyRequestsError
        _running[key] += 1
        _unreserved[account] += not reserved
    try:
        yield
    finally:
        with _lock:
            _running[key] -= 1
            _unreserved[account] -= not reserved


def _reserved_in(account_id: str, region: str) -> int:
    functions = lambda_backends[account_id][region].list_functions()
    return sum(int(each.reserved_concurrency or 0) for each in functions)


def _run(function: Any, payload: bytes, request_id: str, client_context: str | None) -> InvocationOutcome:
    configuration = configuration_of(function, _source_of(function))
    task = Task(
        request_id=request_id,
        payload=payload,
        function_arn=configuration.arn,
        trace_id=_trace_id(),
        timeout=configuration.timeout,
        client_context=client_context,
    )
    with fleet.borrow(configuration, _endpoint_url) as sandbox:
        started = clock.time()
        outcome = sandbox.run(task)
    invocations.add(
        Invocation(
            account_id=configuration.account_id,
            region=configuration.region,
            function=configuration.name,
            request_id=request_id,
            started=started,
            duration_ms=outcome.duration_ms,
            error=error_type(outcome),
        )
    )
    return outcome


def error_type(outcome: InvocationOutcome) -> str | None:
    """Return the type of the function's error; None without an error."""
    if outcome.error is None:
        return None
    try:
        return str(json.loads(outcome.payload)["errorType"])
    except (ValueError, KeyError, TypeError):
        return outcome.error


def _source_of(function: Any) -> FunctionSource:
    """Return the registered source, or that of the function's unpacked ZIP file."""
    source = sources.find(function.account_id, function.region, function.function_name)
    if source is not None:
        return source
    folder = project.current().code / str(function.code_digest)
    with _lock:
        if not folder.is_dir():
            _unpack(function.code_bytes, folder)
    return FunctionSource(folder)


def _unpack(packed: bytes, folder: Path) -> None:
    unfinished = folder.with_name(f"{folder.name}.{uuid.uuid4().hex}")
    unfinished.mkdir(parents=True)
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            archive.extractall(unfinished)
    except zipfile.BadZipFile:
        # The function then fails for lack of its module.
        shutil.rmtree(unfinished)
        unfinished.mkdir()
    unfinished.rename(folder)


def _trace_id() -> str:
    return f"Root=1-{int(clock.time()):08x}-{uuid.uuid4().hex[:24]};Parent={uuid.uuid4().hex[:16]};Sampled=0"
