"""A webhook on this machine, which keeps what it is sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""That of Standard Webhooks' own tests."""


class Received:
    """What a webhook got, and what it answers."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 204
        self.headers: dict[str, str] = {}
        self.port = 0

    @property
    def notices(self) -> list[Any]:
        """What was told, of which each signature is right."""
        return [json.loads(body) for _, headers, body in self.requests if verified(headers, body)]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/told?by=drawbridge"


@contextmanager
def listening() -> Iterator[Received]:
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            received.requests.append((self.path, headers, body))
            self.send_response(received.status)
            for name, value in received.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        received.port = serving.server_port
        thread = threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield received
        serving.shutdown()
        thread.join()


def verified(headers: dict[str, str], body: bytes) -> bool:
    """Check a message as its reader does, by what Standard Webhooks says."""
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"].split(" ") == [f"v1,{expected}"]
    assert json.loads(body)["id"] == headers["webhook-id"]
    return True
