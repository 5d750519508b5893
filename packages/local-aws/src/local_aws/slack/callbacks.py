"""Sending interactions to apps, signed: https://docs.slack.dev/authentication/verifying-requests-from-slack."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from local_aws.slack.apps import App
from local_aws.time.activity import doing
from local_aws.time.clock import clock

ACKNOWLEDGED_WITHIN = 3.0
"""Real seconds, as functions run in real time: speeding up the clock makes no computer faster."""

USER_AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"


@dataclass(frozen=True)
class Signed:
    """A request that is ready to be sent; a test that attacks an app can alter it first."""

    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Delivered:
    """The outcome of a callback. Without an answer in time, ``status`` is None and ``error`` says why."""

    status: int | None
    body: str
    seconds: float
    error: str = ""

    @property
    def ok(self) -> bool:
        return self.status == 200  # noqa: PLR2004 - nothing else acknowledges

    def described(self) -> dict[str, Any]:
        description: dict[str, Any] = {"status": self.status, "body": self.body, "seconds": round(self.seconds, 3)}
        return {**description, "error": self.error} if self.error else description


def form_of(payload: Mapping[str, Any]) -> bytes:
    return urlencode({"payload": json.dumps(payload, separators=(",", ":"))}).encode()


def signature(secret: str, timestamp: int, body: bytes) -> str:
    signed = f"v0:{timestamp}:".encode() + body
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def sign(app: App, body: bytes, *, secret: str | None = None, at: float | None = None) -> Signed:
    """Sign a body for the app, by default with its own secret and at the present time."""
    timestamp = int(clock.time() if at is None else at)
    return Signed(
        app.callback_url,
        body,
        {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json,*/*",
            "User-Agent": USER_AGENT,
            "X-Slack-Request-Timestamp": str(timestamp),
            "X-Slack-Signature": signature(app.signing_secret if secret is None else secret, timestamp, body),
        },
    )


def send(request: Signed, *, within: float = ACKNOWLEDGED_WITHIN) -> Delivered:
    """Send a callback once, as Slack does, and wait for the answer."""
    address = urlsplit(request.url)
    if not address.hostname:
        return Delivered(None, "", 0.0, "no_callback_url")
    connect = HTTPSConnection if address.scheme == "https" else HTTPConnection
    connection = connect(address.hostname, address.port, timeout=within)
    began = time.monotonic()
    with doing("Slack callbacks"):
        try:
            connection.request("POST", address.path or "/", request.body, dict(request.headers))
            answer = connection.getresponse()
            body = answer.read().decode(errors="replace")
            seconds = time.monotonic() - began
            if seconds > within:
                return Delivered(None, "", seconds, "operation_timeout")
            return Delivered(answer.status, body, seconds)
        except TimeoutError:
            return Delivered(None, "", time.monotonic() - began, "operation_timeout")
        except (OSError, HTTPException) as failure:
            return Delivered(None, "", time.monotonic() - began, f"connection_failed: {failure}")
        finally:
            connection.close()
