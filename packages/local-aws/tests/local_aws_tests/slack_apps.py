"""Apps that Slack calls back: what they got, and what they answer."""

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

ASKS: Json = {
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
    """A request that an app got."""

    headers: dict[str, str]
    body: bytes

    @property
    def payload(self) -> Any:
        return json.loads(parse_qs(self.body.decode())["payload"][0])


@dataclass
class Receiver:
    """What stands at an app's callback URL."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    status: int = 200
    answer: bytes = b""
    held: threading.Event | None = None
    """What it waits for before it answers."""


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
            """Say nothing of a caller who has not waited."""

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

    def post(self, text: str = "x", **told: Any) -> str:
        """Post a message; give its ts."""
        return str(self.client.chat_postMessage(**{"channel": slack.APPROVALS, "text": text, **told})["ts"])


def bot(callback_url: str = "", scopes: tuple[str, ...] = slack.DEFAULT_SCOPES) -> Bot:
    app = slack.install(str(next(_numbers)), callback_url, scopes=scopes)
    return Bot(app, WebClient(app.bot_token, base_url=slack.api_url()))


def refused(call: Any, *arguments: Any, **named: Any) -> Any:
    """Make a call that Slack refuses; return what it answers."""
    try:
        call(*arguments, **named)
    except SlackApiError as error:
        told = error.response.data
        return told if isinstance(told, dict) else {}
    raise AssertionError("the call was not refused")


def ask(url: str, told: Any = None, headers: dict[str, str] | None = None, method: str = "") -> tuple[int, Any]:
    """Ask as a plain HTTP client; what is told is sent as JSON if it is no bytes."""
    data = told if isinstance(told, (bytes, type(None))) else json.dumps(told).encode()
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
