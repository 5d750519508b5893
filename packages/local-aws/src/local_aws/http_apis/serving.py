"""Serving HTTP APIs on the local AWS's port, to any caller, unsigned."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from moto.apigatewayv2.models import apigatewayv2_backends
from moto.utilities.utils import get_partition

from local_aws.delivery.permissions import Sender, service_may
from local_aws.delivery.targets import UndeliverableError, find_function, parse_arn
from local_aws.functions.invoke import MOST_REQUEST_BYTES, TooManyRequestsError, run
from local_aws.functions.sandbox import InvocationOutcome
from local_aws.http.request_identification import Environ
from local_aws.http_apis import proxy_answers
from local_aws.http_apis.proxy_answers import HttpAnswer, MalformedAnswerError, message
from local_aws.http_apis.proxy_events import HttpApiRequest, new_request_id, proxy_event, read_request
from local_aws.http_apis.routes import RouteMatch, choose
from local_aws.http_apis.stages import buckets
from local_aws.time.activity import doing

PREFIX = "/_local/apis"

MOST_BODY_BYTES = 10_485_760

_log = logging.getLogger(__name__)

NOT_FOUND = message(404, "Not Found")
FAILED = message(500, "Internal Server Error")
TOO_MANY = message(429, "Too Many Requests")
UNAVAILABLE = message(503, "Service Unavailable")
TOO_LARGE = message(413, "Request Entity Too Large")


def serve(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request to an API, as a WSGI application."""
    request_id = new_request_id()
    answer = _answer(environ, request_id)
    reason = "OK" if answer.status < 400 else "Error"  # noqa: PLR2004 - HTTP's errors
    headers = [("Apigw-Requestid", request_id), ("Content-Length", str(len(answer.body))), *answer.headers]
    start_response(f"{answer.status} {reason}", headers)
    return [answer.body]


def _answer(environ: Environ, request_id: str) -> HttpAnswer:
    api_id, _, path = environ["PATH_INFO"].removeprefix(PREFIX).lstrip("/").partition("/")
    found = _find(api_id)
    if found is None:
        return NOT_FOUND
    account_id, region, api = found
    stage = api.stages.get("$default")
    if stage is None or not stage.auto_deploy:
        return NOT_FOUND
    request = read_request(environ, api_id=api_id, account_id=account_id, region=region, path=f"/{path}")
    match = choose(api.get_routes(), request.method, request.path)
    if match is None:
        return NOT_FOUND
    if not buckets.admit(api_id, stage, match.key):
        return TOO_MANY
    if len(request.body) > MOST_BODY_BYTES:
        return TOO_LARGE
    # In flight from here to the answer, without a gap before and after the invocation.
    with doing("API requests"):
        return _invoke(api, match, request, request_id)


def _find(api_id: str) -> tuple[str, str, Any] | None:
    for account_id, regions in list(apigatewayv2_backends.items()):
        for region, backend in list(regions.items()):
            if api_id in backend.apis:
                return account_id, region, backend.apis[api_id]
    return None


def _invoke(api: Any, match: RouteMatch, request: HttpApiRequest, request_id: str) -> HttpAnswer:
    integration = api.integrations.get(str(match.route.target or "").removeprefix("integrations/"))
    function = _function(integration, request, match) if integration else None
    if function is None:
        return FAILED
    payload = json.dumps(proxy_event(request, match, request_id)).encode()
    if len(payload) > MOST_REQUEST_BYTES:
        return TOO_LARGE
    try:
        outcome = _Run(function, payload).wait(integration.timeout_in_millis / 1000)
    except TooManyRequestsError:
        outcome = None
    return UNAVAILABLE if outcome is None else _read(function, outcome)


def _read(function: Any, outcome: InvocationOutcome) -> HttpAnswer:
    if outcome.error is not None:
        return FAILED
    try:
        return proxy_answers.read(outcome.payload)
    except MalformedAnswerError as error:
        _log.warning("%s: the function's answer is malformed: %s", function.function_name, error)
        return FAILED


def _function(integration: Any, request: HttpApiRequest, match: RouteMatch) -> Any:
    """Return the function, if its policy allows this API's route to invoke it; None otherwise."""
    partition = get_partition(request.region)
    source = f"arn:{partition}:execute-api:{request.region}:{request.account_id}:{request.api_id}/$default/"
    sender = Sender("apigateway.amazonaws.com", source + match.source(request.method), request.account_id)
    try:
        function = find_function(parse_arn(integration.integration_uri))
    except UndeliverableError:
        return None
    policy = {"Statement": function.policy.statements}
    return function if service_may(sender, "lambda:InvokeFunction", integration.integration_uri, policy) else None


@dataclass
class _Run:
    """An invocation that goes on after nobody waits for it, as behind an API that timed out."""

    function: Any
    payload: bytes
    outcome: InvocationOutcome | None = None
    failure: BaseException | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def wait(self, seconds: float) -> InvocationOutcome | None:
        """Run the function; return None if it is not done after this many real seconds, in which functions run too."""
        threading.Thread(target=self._run, name="api-invocation", daemon=True).start()
        if not self.done.wait(seconds):
            return None
        if self.failure is not None:
            raise self.failure
        return self.outcome

    def _run(self) -> None:
        try:
            self.outcome = run(self.function, self.payload)
        except BaseException as failure:  # noqa: BLE001 - raised in the waiting thread
            self.failure = failure
        finally:
            self.done.set()
