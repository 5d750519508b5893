"""The layer before moto: it identifies, authorizes, throttles and records every AWS call, and injects faults."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import ExitStack, nullcontext
from functools import partial
from typing import Any, Protocol

from local_aws import functions
from local_aws.conformance import breakage, inputs, moto_patches, outputs
from local_aws.fault_injection import injection
from local_aws.fault_injection.faults import faults
from local_aws.fault_injection.listings import is_listing
from local_aws.fault_injection.plans import OF_LISTINGS
from local_aws.http import answers, query_json
from local_aws.http.answers import Answer
from local_aws.http.call_record import MadeCall, record
from local_aws.http.request_identification import Environ, IdentifiedCall, identify
from local_aws.iam import presigned_calls
from local_aws.moto_extension import pages
from local_aws.throttling.throttles import throttles
from local_aws.time.activity import carrying, doing
from local_aws.time.clock import clock

__all__ = ["Denial", "IdentifiedCall", "Middleware"]

_log = logging.getLogger(__name__)

# An outside consumer that waits for messages does not count as activity.
_WAITING = frozenset({"sqs:ReceiveMessage"})

StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class Denial(Protocol):
    """The AWS error of a denied call."""

    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def status(self) -> int: ...


Authorizer = Callable[[IdentifiedCall], Denial | None]


class Middleware:
    """A WSGI layer in front of moto."""

    def __init__(self, application: Application, authorizer: Authorizer | None = None) -> None:
        self._application = application
        self.authorizer = authorizer

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        call = identify(environ)
        if call is None:
            answer = self._unsigned(environ)
            start_response(f"{answer.status} {_reason(answer.status)}", list(answer.headers))
            return [answer.body]
        # Otherwise moto searches every account and partition for the access key, at each call.
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = call.account_id
        # Once a function's end is visible, its last call is in the record.
        sandbox = functions.sandbox_of(call.access_key_id)
        waiting = sandbox.activities if sandbox else ()
        with (
            carrying(*waiting),
            nullcontext() if call.name in _WAITING else doing("AWS calls"),
            ExitStack() as once_recorded,
        ):
            request_id = sandbox.request_id if sandbox else None
            answer = self._answer(call, environ, sandbox, once_recorded)
            function = sandbox.configuration.name if sandbox else None
            record.add(MadeCall(call, clock.time(), answer.status, answer.error_code(), function, request_id))
            answer = query_json.as_accepted(call, answer)
        start_response(f"{answer.status} {_reason(answer.status)}", list(answer.headers))
        return [answer.body]

    def _answer(
        self, call: IdentifiedCall, environ: Environ, sandbox: functions.Sandbox | None, once_recorded: ExitStack
    ) -> Answer:
        refused = presigned_calls.refusal(call) or inputs.refusal(call)
        if refused is not None:
            return refused
        denied = self.authorizer(call) if self.authorizer else None
        if denied is not None:
            return answers.error(call, denied.code, denied.message, denied.status)
        if not throttles.admit(call):
            return answers.throttled(call)
        fault = faults.call_fault(
            call.name,
            call.account_id,
            call.role_name,
            by_function=sandbox is not None,
            of_listing=is_listing(call.modelled),
        )
        make = partial(self._call_moto, call, environ)
        if fault is None:
            return make()
        if fault.fault not in OF_LISTINGS:
            return injection.apply(fault, call, sandbox, make, once_recorded)
        # The first page that is cut short is one with something in it.
        with pages.filled():
            answer = injection.apply(fault, call, sandbox, make, once_recorded)
        outputs.observe(call, answer)
        return answer

    def _unsigned(self, environ: Environ) -> Answer:
        """Let moto answer an unsigned request, such as for a role's credentials or an object's link."""
        if str(environ.get("HTTP_HOST", "")).startswith("sts."):
            # moto would take what comes without a form for S3's.
            return answers.unsigned("application/x-www-form-urlencoded", "")
        try:
            answer = _collect(self._application, environ)
        except Exception as failure:  # noqa: BLE001 - whatever failed, the caller gets an error that can be read
            _log.exception("%s %s failed", environ["REQUEST_METHOD"], environ["PATH_INFO"])
            return answers.unsigned(environ.get("CONTENT_TYPE", ""), f"The local AWS failed with {failure!r}.")
        message = f"There is nothing at {environ['REQUEST_METHOD']} {environ['PATH_INFO']}."
        return answers.unsigned(environ.get("CONTENT_TYPE", ""), message) if _is_page(answer) else answer

    def _call_moto(self, call: IdentifiedCall, environ: Environ) -> Answer:
        """Let moto answer, and turn its failures for unsupported operations into readable errors."""
        try:
            answer = _collect(self._application, environ)
        except NotImplementedError as lack:
            return answers.unknown_operation(call, str(lack))
        except Exception as failure:  # noqa: BLE001 - whatever failed, the caller gets AWS's form of it
            return breakage.failure_answer(call, failure)
        if _is_page(answer):
            return answers.unknown_operation(call)
        answer = moto_patches.patched(call, answer)
        outputs.observe(call, answer)
        return answer


def _collect(application: Application, environ: Environ) -> Answer:
    status = 500
    headers: tuple[tuple[str, str], ...] = ()
    written: list[bytes] = []

    def start_response(line: str, started: list[tuple[str, str]], *_: Any) -> Callable[[bytes], None]:
        nonlocal status, headers
        status, headers = int(line.split(" ", 1)[0]), tuple(started)
        return written.append

    chunks = application(environ, start_response)
    try:
        written.extend(chunks)
    finally:
        if close := getattr(chunks, "close", None):
            close()
    body = b"".join(written)
    # moto sets the length in some answers only; it is needed to keep the connection.
    if environ["REQUEST_METHOD"] != "HEAD":
        headers = (
            *((name, value) for name, value in headers if name.lower() != "content-length"),
            ("Content-Length", str(len(body))),
        )
    return Answer(status, headers, body)


def _is_page(answer: Answer) -> bool:
    """Return whether this is an error page of the web framework, moto's answer to unknown paths and operations."""
    page = answer.body[:200].lstrip().lower()
    return answer.status in {404, 405, 500, 501} and (
        page.startswith((b"<!doctype html", b"<html")) or answer.body == b"Not yet implemented"
    )


def _reason(status: int) -> str:
    return "OK" if status < 400 else "Error"  # noqa: PLR2004 - where HTTP's errors begin
