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
class Asked:
    """A request for a method."""

    method: str
    verb: str
    query: str
    content_type: str
    authorization: str
    body: bytes


@dataclass(frozen=True)
class Told:
    """What is answered."""

    status: int
    body: Any
    headers: tuple[tuple[str, str], ...] = ()


def answer(state: State, asked: Asked, site: str) -> Told:
    """Answer a call as Slack does: with HTTP 200, whatever came of it, but for too many and for nobody there."""
    try:
        state.faults.strike(asked.method)
        return _carried_out(state, asked, site)
    except DownError:
        return Told(503, "<html><body>Service Unavailable</body></html>", (("Content-Type", "text/html"),))
    except RateLimitedError as limited:
        return Told(429, {"ok": False, "error": "ratelimited"}, (("Retry-After", str(limited.retry_after)),))
    except SlackError as error:
        return Told(200, {"ok": False, "error": error.code, **error.told})


def _carried_out(state: State, asked: Asked, site: str) -> Told:
    method = METHODS.get(asked.method)
    if method is None:
        raise SlackError("unknown_method", req_method=asked.method)
    arguments, warnings = _arguments(asked, form_only=method.form_only)
    app = _app(state, asked, arguments)
    provided = ",".join(app.scopes)
    if method.scope and method.scope not in app.scopes:
        raise SlackError("missing_scope", needed=method.scope, provided=provided)
    if asked.method != "chat.postMessage":
        state.rates.take(app.app_id, asked.method)
    told = {"ok": True, **method.carry_out(MethodCall(state, app, arguments, site))}
    if warnings:
        told["warning"] = ",".join(warnings)
        told["response_metadata"] = {"warnings": warnings}
    return Told(200, told, (("X-OAuth-Scopes", provided), ("X-Accepted-OAuth-Scopes", method.scope)))


def _arguments(asked: Asked, *, form_only: bool) -> tuple[Mapping[str, Any], list[str]]:
    if asked.verb == "GET":
        return dict(parse_qsl(asked.query, keep_blank_values=True)), []
    kind, _, charset = (part.strip() for part in asked.content_type.lower().partition(";"))
    if kind == _JSON:
        warnings = [] if "charset" in charset else ["missing_charset"]
        return {} if form_only else _json(asked.body), warnings
    if kind == _FORM or not asked.body:
        try:
            return dict(parse_qsl(asked.body.decode(), keep_blank_values=True)), []
        except UnicodeDecodeError as wrong:
            raise SlackError("invalid_form_data") from wrong
    raise SlackError("invalid_post_type")


def _json(body: bytes) -> Mapping[str, Any]:
    if not body:
        return {}
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as wrong:
        raise SlackError("invalid_json") from wrong
    if not isinstance(told, dict):
        raise SlackError("json_not_object")
    return told


def _app(state: State, asked: Asked, arguments: Mapping[str, Any]) -> App:
    scheme, _, token = asked.authorization.partition(" ")
    if scheme.lower() != "bearer":
        # In a form the token may be an argument; in JSON, and in an address, it may not.
        is_form = asked.verb != "GET" and not asked.content_type.lower().startswith(_JSON)
        token = str(arguments.get("token", "")) if is_form else ""
    if not token.strip():
        raise SlackError("not_authed")
    app = state.app_of_token(token.strip())
    if app is None:
        raise SlackError("invalid_auth")
    return app
