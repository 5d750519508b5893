"""The HTTP answer that API Gateway makes of a function's response."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any


class MalformedAnswerError(Exception):
    """A function's response that API Gateway can't send."""


@dataclass(frozen=True)
class HttpAnswer:
    """The answer that the caller receives."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


def message(status: int, text: str) -> HttpAnswer:
    """Return an answer of API Gateway's own."""
    return HttpAnswer(status, json.dumps({"message": text}).encode(), (("Content-Type", "application/json"),))


def read(payload: bytes) -> HttpAnswer:
    """Read a function's response: with a ``statusCode`` it is the answer, without one it is the answer's body.

    Raises:
        MalformedAnswerError: it is no JSON, or has a ``statusCode`` and a part that can't be sent.
    """
    try:
        response = json.loads(payload)
    except ValueError as error:
        raise MalformedAnswerError("no JSON") from error
    if isinstance(response, dict) and "statusCode" in response:
        return _structured_answer(response)
    body = response if isinstance(response, str) else json.dumps(response, separators=(",", ":"))
    return HttpAnswer(200, body.encode(), (("Content-Type", "application/json"),))


def _structured_answer(response: dict[str, Any]) -> HttpAnswer:
    headers = [*_headers(response), *_cookies(response)]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "text/plain;charset=UTF-8"))
    return HttpAnswer(_status(response["statusCode"]), _body(response), tuple(headers))


def _status(status_code: Any) -> int:
    try:
        status = int(status_code)
    except (TypeError, ValueError) as error:
        raise MalformedAnswerError("statusCode") from error
    if isinstance(status_code, (bool, float)) or not 100 <= status <= 599:  # noqa: PLR2004 - HTTP's
        raise MalformedAnswerError("statusCode")
    return status


def _headers(response: dict[str, Any]) -> list[tuple[str, str]]:
    headers = response.get("headers") or {}
    if not isinstance(headers, dict):
        raise MalformedAnswerError("headers")
    return [(_text(name), _text(value)) for name, value in headers.items() if name.lower() not in _NOT_FORWARDED]


def _cookies(response: dict[str, Any]) -> list[tuple[str, str]]:
    cookies = response.get("cookies") or []
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


def _body(response: dict[str, Any]) -> bytes:
    body = response.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedAnswerError("body")
    if not response.get("isBase64Encoded"):
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedAnswerError("body") from error


_NOT_FORWARDED = frozenset({"content-length", "connection", "transfer-encoding"})
