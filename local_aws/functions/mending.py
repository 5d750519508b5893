"""The places where moto's Lambda is patched to run functions for real."""

from __future__ import annotations

import base64
import functools
import json
from typing import Any

from moto.awslambda.models import LambdaFunction, LambdaStorage

from local_aws.functions.asynchronous import invoke_later
from local_aws.functions.fleet import fleet
from local_aws.functions.invoke import MOST_EVENT_BYTES, MOST_REQUEST_BYTES, check, run


def mend_lambda() -> None:
    """Patch; harmless when done already."""
    LambdaFunction._invoke_lambda = _invoke_lambda  # noqa: SLF001 - the one method of moto's that runs functions
    LambdaFunction.invoke = _invoke
    _stop_processes_of_deleted_functions()


def _invoke_lambda(self: Any, event: Any = None) -> tuple[str, bool, str]:
    """Run the function on a parsed event; give its payload, whether it failed, and its log's tail."""
    outcome = run(self, json.dumps({} if event is None else event).encode())
    return outcome.payload.decode(), outcome.error is not None, outcome.log_tail


def _invoke(self: Any, body: Any, request_headers: Any, response_headers: Any) -> bytes:
    """Answer Invoke, in all three invocation types."""
    payload = (body.encode() if isinstance(body, str) else body) or b"{}"
    kind = request_headers.get("x-amz-invocation-type", "RequestResponse")
    check(payload, MOST_EVENT_BYTES if kind == "Event" else MOST_REQUEST_BYTES)
    if kind == "DryRun":
        return b""
    if kind == "Event":
        response_headers["x-amzn-RequestId"] = invoke_later(self, payload)
        return b""
    context = request_headers.get("x-amz-client-context")
    outcome = run(self, payload, client_context=base64.b64decode(context).decode() if context else None)
    if outcome.error is not None:
        response_headers["x-amz-function-error"] = outcome.error
    response_headers["x-amz-executed-version"] = str(self.version)
    response_headers["x-amz-log-result"] = base64.b64encode(outcome.log_tail.encode()).decode()
    return outcome.payload


def _stop_processes_of_deleted_functions() -> None:
    original = LambdaStorage.del_function
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def del_function(self: Any, name_or_arn: str, qualifier: str | None = None) -> None:
        original(self, name_or_arn, qualifier)
        fleet.forget(self.account_id, self.region_name, name_or_arn.rsplit(":function:", 1)[-1].split(":", 1)[0])

    LambdaStorage.del_function = del_function
