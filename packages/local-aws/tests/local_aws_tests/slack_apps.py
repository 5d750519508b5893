"""Slack apps for tests, with a receiver for their callbacks."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs
from urllib.request import Request, urlopen

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from local_aws import slack
from local_aws.slack import App

_numbers = itertools.count(560000000000)

Json = dict[str, Any]

APPROVAL: list[Json] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*orders-db* is asked for"}},
    {
        "type": "actions",
        "block_id": "decision",
        "elements": [
            {
                "type": "button",
                "action_id": "approve",
                "text": {"type": "plain_text", "text": "Approve"},
                "style": "primary",
                "value": "request-1",
            },
            {"type": "button", "action_id": "deny", "text": {"type": "plain_text", "text": "Deny"}, "style": "danger"},
        ],
    },
]

REASON_MODAL: Json = {
    "type": "modal",
    "callback_id": "why",
    "private_metadata": '{"request": 1}',
    "title": {"type": "plain_text", "text": "Deny"},
    "submit": {"type": "plain_text", "text": "Deny"},
    "blocks": [
        {
            "type": "input",
            "block_id": "reason",
            "label": {"type": "plain_text", "text": "Why?"},
            "element": {"type": "plain_text_input", "action_id": "text", "max_length": 20},
        },
        {
            "type": "input",
            "block_id": "more",
            "optional": True,
            "label": {"type": "plain_text", "text": "More"},
            "element": {"type": "plain_text_input", "action_id": "text", "multiline": True},
        },
    ],
}


@dataclass(frozen=True)
class Got:
    """A request that an app received."""

    headers: dict[str, str]
    body: bytes

    @property
    def payload(self) -> Any:
        return json.loads(parse_qs(self.body.decode())["payload"][0])


@dataclass
class Receiver:
    """The HTTP server at an app's callback URL."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    status: int = 200
    answer: bytes = b""
    held: threading.Event | None = None
    """An event to wait for before answering."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append(Got({name.lower(): value for name, value in self.headers.items()}, body))
            if receiver.held is not None:
                receiver.held.wait(20)
            self.send_response(receiver.status)
            self.send_header("Content-Length", str(len(receiver.answer)))
            self.end_headers()
            self.wfile.write(receiver.answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Ignore callers that did not wait for the answer."""

    with Quiet(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/slack"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class Bot:
    """An app of an account that nobody else uses."""

    app: App
    client: WebClient

    def post(self, text: str = "x", **arguments: Any) -> str:
        """Post a message; return its ts."""
        return str(self.client.chat_postMessage(**{"channel": slack.APPROVALS, "text": text, **arguments})["ts"])


def bot(callback_url: str = "", scopes: tuple[str, ...] = slack.DEFAULT_SCOPES) -> Bot:
    app = slack.install(str(next(_numbers)), callback_url, scopes=scopes)
    return Bot(app, WebClient(app.bot_token, base_url=slack.api_url()))


def refused(call: Any, *args: Any, **kwargs: Any) -> Any:
    """Make a call that Slack refuses; return its answer."""
    try:
        call(*args, **kwargs)
    except SlackApiError as error:
        answer = error.response.data
        return answer if isinstance(answer, dict) else {}
    raise AssertionError("the call was not refused")


def http_call(
    url: str, payload: Any = None, headers: dict[str, str] | None = None, method: str = ""
) -> tuple[int, Any]:
    """Send an HTTP request, its payload as JSON unless it is bytes; return status and body."""
    data = payload if isinstance(payload, (bytes, type(None))) else json.dumps(payload).encode()
    request = Request(url, data, headers or {}, method=method or None)  # noqa: S310 - http
    try:
        with urlopen(request) as answer:  # noqa: S310 - http
            return answer.status, _read(answer.read())
    except HTTPError as error:
        with error:
            return error.code, _read(error.read())


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode()
