"""The web API over HTTP: https://docs.slack.dev/apis/web-api."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from local_aws.slack.apps import App
from local_aws.slack.errors import RateLimitedError, SlackError
from local_aws.slack.faults import DownError
from local_aws.slack.methods import METHODS, MethodCall
from local_aws.slack.state import State

_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


@dataclass(frozen=True)
class MethodRequest:
    """The HTTP request of a method call."""

    method: str
    verb: str
    query: str
    content_type: str
    authorization: str
    body: bytes


@dataclass(frozen=True)
class SlackAnswer:
    """An HTTP answer."""

    status: int
    body: Any
    headers: tuple[tuple[str, str], ...] = ()


def answer(state: State, request: MethodRequest, site: str) -> SlackAnswer:
    """Answer a call as Slack does: with HTTP 200 even for errors, except for rate limits and outages."""
    try:
        state.faults.strike(request.method)
        return _carried_out(state, request, site)
    except DownError:
        return SlackAnswer(503, "<html><body>Service Unavailable</body></html>", (("Content-Type", "text/html"),))
    except RateLimitedError as limited:
        return SlackAnswer(429, {"ok": False, "error": "ratelimited"}, (("Retry-After", str(limited.retry_after)),))
    except SlackError as error:
        return SlackAnswer(200, {"ok": False, "error": error.code, **error.details})


def _carried_out(state: State, request: MethodRequest, site: str) -> SlackAnswer:
    method = METHODS.get(request.method)
    if method is None:
        raise SlackError("unknown_method", req_method=request.method)
    arguments, warnings = _arguments(request, form_only=method.form_only)
    app = _app(state, request, arguments)
    provided = ",".join(app.scopes)
    if method.scope and method.scope not in app.scopes:
        raise SlackError("missing_scope", needed=method.scope, provided=provided)
    if request.method != "chat.postMessage":
        state.rates.take(app.app_id, request.method)
    answered = {"ok": True, **method.carry_out(MethodCall(state, app, arguments, site))}
    if warnings:
        answered["warning"] = ",".join(warnings)
        answered["response_metadata"] = {"warnings": warnings}
    return SlackAnswer(200, answered, (("X-OAuth-Scopes", provided), ("X-Accepted-OAuth-Scopes", method.scope)))


def _arguments(request: MethodRequest, *, form_only: bool) -> tuple[Mapping[str, Any], list[str]]:
    if request.verb == "GET":
        return dict(parse_qsl(request.query, keep_blank_values=True)), []
    kind, _, charset = (part.strip() for part in request.content_type.lower().partition(";"))
    if kind == _JSON:
        warnings = [] if "charset" in charset else ["missing_charset"]
        return {} if form_only else _json(request.body), warnings
    if kind == _FORM or not request.body:
        try:
            return dict(parse_qsl(request.body.decode(), keep_blank_values=True)), []
        except UnicodeDecodeError as wrong:
            raise SlackError("invalid_form_data") from wrong
    raise SlackError("invalid_post_type")


def _json(body: bytes) -> Mapping[str, Any]:
    if not body:
        return {}
    try:
        arguments = json.loads(body)
    except (ValueError, RecursionError) as wrong:
        raise SlackError("invalid_json") from wrong
    if not isinstance(arguments, dict):
        raise SlackError("json_not_object")
    return arguments


def _app(state: State, request: MethodRequest, arguments: Mapping[str, Any]) -> App:
    scheme, _, token = request.authorization.partition(" ")
    if scheme.lower() != "bearer":
        # The token may be an argument in a form, but not in JSON or in a query.
        is_form = request.verb != "GET" and not request.content_type.lower().startswith(_JSON)
        token = str(arguments.get("token", "")) if is_form else ""
    if not token.strip():
        raise SlackError("not_authed")
    app = state.app_of_token(token.strip())
    if app is None:
        raise SlackError("invalid_auth")
    return app
