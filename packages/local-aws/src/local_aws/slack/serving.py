"""The routes below ``/_local/slack``: the web API, the page, and the routes for tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qs

import msgspec
from msgspec import Meta

from local_aws.http import control_input
from local_aws.http.control_input import ControlInput, InvalidInputError, Text
from local_aws.http.request_identification import Environ
from local_aws.http.strangers import refuse_strangers
from local_aws.slack import page, response_urls, web_api
from local_aws.slack.callbacks import Delivered
from local_aws.slack.faults import PostedFaults
from local_aws.slack.page import Page, accepts_json
from local_aws.slack.web_api import MethodRequest, SlackAnswer
from local_aws.slack.workspace import site_url, workspace
from local_aws.time.activity import doing

PREFIX = "/_local/slack"

_NO_STORE = ("Cache-Control", "no-store")

TypedByAction = Annotated[dict[str, str | None], Meta(description="{action_id: value}")]


@dataclass(frozen=True)
class SlackRequest:
    """A request below ``/_local/slack``, at ``route``."""

    route: str
    method: str
    query: Mapping[str, list[str]]
    body: bytes
    environ: Environ

    def header(self, name: str) -> str:
        return str(self.environ.get(f"HTTP_{name.upper().replace('-', '_')}", ""))

    def parameter(self, name: str) -> str:
        return self.query.get(name, [""])[0]


class Click(ControlInput, frozen=True):
    """A click on a button, which is named by its action and block."""

    user: Text
    ts: Text
    action_id: Text = msgspec.field(name="action_id")
    channel: Text | None = None
    block_id: Text | None = None


class Submission(ControlInput, frozen=True):
    """The submission of a modal, with the typed values by block and action."""

    user: Text
    view_id: Text
    values: dict[str, TypedByAction] = msgspec.field(default_factory=dict)


class Closing(ControlInput, frozen=True):
    """The closing of a modal."""

    user: Text
    view_id: Text


def serve(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request, as a WSGI application."""
    request = SlackRequest(
        environ["PATH_INFO"].removeprefix(PREFIX).strip("/"),
        environ["REQUEST_METHOD"],
        parse_qs(environ.get("QUERY_STRING", "")),
        environ["wsgi.input"].read(),
        environ,
    )
    try:
        answer = _answer(request)
    except InvalidInputError as wrong:
        answer = SlackAnswer(400, {"error": str(wrong)})
    body = answer.body.encode() if isinstance(answer.body, str) else json.dumps(answer.body).encode() + b"\n"
    headers = {"Content-Type": "application/json; charset=utf-8", **dict(answer.headers)}
    start_response(
        f"{answer.status} {'OK' if answer.status < 400 else 'Error'}",  # noqa: PLR2004 - HTTP's errors
        [*headers.items(), ("Content-Length", str(len(body))), ("X-Content-Type-Options", "nosniff")],
    )
    return [body]


def _answer(request: SlackRequest) -> SlackAnswer:
    kind, _, rest = request.route.partition("/")
    if kind == "api" and rest:
        with doing("Slack calls"):
            return web_api.answer(workspace.state, _method_request(request, rest), site_url())
    if kind == "response" and rest and request.method == "POST":
        with doing("Slack calls"):
            return response_urls.respond(workspace.state, rest, request.body)
    routes = _ROUTES.get(request.route)
    if routes is None:
        return SlackAnswer(404, {"error": f"slack/{request.route}: there is no such route"})
    route = routes.get(request.method)
    if route is None:
        allowed = ", ".join(routes)
        return SlackAnswer(
            405, {"error": f"slack/{request.route}: use {allowed}, not {request.method}"}, (("Allow", allowed),)
        )
    refuse_strangers(request.environ)
    return route(request)


def _method_request(request: SlackRequest, method: str) -> MethodRequest:
    environ = request.environ
    return MethodRequest(
        method,
        request.method,
        environ.get("QUERY_STRING", ""),
        environ.get("CONTENT_TYPE", ""),
        request.header("authorization"),
        request.body,
    )


def _show(request: SlackRequest) -> SlackAnswer:
    if accepts_json(request.header("accept")):
        return SlackAnswer(200, workspace.describe(), (_NO_STORE,))
    return _html(_page(request).whole())


def _page(request: SlackRequest) -> Page:
    return Page(workspace.state, PREFIX, request.parameter("channel"), request.parameter("as"))


def _html(text: str) -> SlackAnswer:
    return SlackAnswer(
        200, text, (("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", page.POLICY), _NO_STORE)
    )


def _change_faults(request: SlackRequest) -> SlackAnswer:
    workspace.faults.replace(control_input.read(request.body, PostedFaults, "slack").faults)
    return SlackAnswer(200, {"faults": workspace.faults.describe()})


def _click(request: SlackRequest) -> SlackAnswer:
    click = control_input.read(request.body, Click, "click")
    return _delivered(
        workspace.click(click.user, click.ts, click.action_id, channel=click.channel, block_id=click.block_id)
    )


def _submit(request: SlackRequest) -> SlackAnswer:
    submission = control_input.read(request.body, Submission, "submit")
    return _delivered(workspace.submit(submission.user, submission.view_id, submission.values))


def _close(request: SlackRequest) -> SlackAnswer:
    closing = control_input.read(request.body, Closing, "close")
    delivered = workspace.close(closing.user, closing.view_id)
    return _delivered(delivered) if delivered else SlackAnswer(200, {})


def _delivered(delivered: Delivered) -> SlackAnswer:
    return SlackAnswer(200, delivered.described())


_Route = Callable[[SlackRequest], SlackAnswer]

_ROUTES: Mapping[str, Mapping[str, _Route]] = {
    "": {"GET": _show, "POST": _change_faults},
    "page": {"GET": lambda request: _html(_page(request).sections())},
    "page.css": {"GET": lambda _: SlackAnswer(200, page.STYLE, (("Content-Type", "text/css; charset=utf-8"),))},
    "page.js": {"GET": lambda _: SlackAnswer(200, page.SCRIPT, (("Content-Type", "text/javascript; charset=utf-8"),))},
    "click": {"POST": _click},
    "submit": {"POST": _submit},
    "close": {"POST": _close},
}
