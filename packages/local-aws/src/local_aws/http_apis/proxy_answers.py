"""What becomes of a function's answer."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any


class MalformedAnswerError(Exception):
    """A function's answer that API Gateway makes nothing of."""


@dataclass(frozen=True)
class HttpAnswer:
    """What the caller gets."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


def message(status: int, text: str) -> HttpAnswer:
    """Make an answer of API Gateway's own."""
    return HttpAnswer(status, json.dumps({"message": text}).encode(), (("Content-Type", "application/json"),))


def read(payload: bytes) -> HttpAnswer:
    """Read what a function answered: with a ``statusCode`` it is the answer, without it is an answer's body.

    Raises:
        MalformedAnswerError: it has a ``statusCode``, and something of it can't be sent.
    """
    try:
        told = json.loads(payload)
    except ValueError as wrong:
        raise MalformedAnswerError("no JSON") from wrong
    if isinstance(told, dict) and "statusCode" in told:
        return _told(told)
    body = told if isinstance(told, str) else json.dumps(told, separators=(",", ":"))
    return HttpAnswer(200, body.encode(), (("Content-Type", "application/json"),))


def _told(told: dict[str, Any]) -> HttpAnswer:
    headers = [*_headers(told), *_cookies(told)]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "text/plain;charset=UTF-8"))
    return HttpAnswer(_status(told["statusCode"]), _body(told), tuple(headers))


def _status(told: Any) -> int:
    try:
        status = int(told)
    except (TypeError, ValueError) as wrong:
        raise MalformedAnswerError("statusCode") from wrong
    if isinstance(told, (bool, float)) or not 100 <= status <= 599:  # noqa: PLR2004 - HTTP's
        raise MalformedAnswerError("statusCode")
    return status


def _headers(told: dict[str, Any]) -> list[tuple[str, str]]:
    headers = told.get("headers") or {}
    if not isinstance(headers, dict):
        raise MalformedAnswerError("headers")
    return [(str(name), _text(value)) for name, value in headers.items() if name.lower() not in _OURS]


def _cookies(told: dict[str, Any]) -> list[tuple[str, str]]:
    cookies = told.get("cookies") or []
    if not isinstance(cookies, list) or not all(isinstance(each, str) for each in cookies):
        raise MalformedAnswerError("cookies")
    return [("Set-Cookie", _text(each)) for each in cookies]


def _text(value: Any) -> str:
    if isinstance(value, (dict, list)) or value is None:
        raise MalformedAnswerError("headers")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if any(each in text for each in "\r\n"):
        raise MalformedAnswerError("headers")
    return text


def _body(told: dict[str, Any]) -> bytes:
    body = told.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedAnswerError("body")
    if not told.get("isBase64Encoded"):
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise MalformedAnswerError("body") from wrong


_OURS = frozenset({"content-length", "connection", "transfer-encoding"})
