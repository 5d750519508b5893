"""The event by which an HTTP API of API Gateway hands a request to a function, read whatever it holds."""

import base64
from collections.abc import Mapping
from typing import Any


def body_of(event: Mapping[str, Any]) -> bytes:
    """Return the body as it was sent; empty if there is none, or none that can be decoded.

    API Gateway encodes what is not text in Base64, a form among it.
    """
    body = event.get("body")
    if not isinstance(body, str):
        return b""
    if event.get("isBase64Encoded"):
        try:
            return base64.b64decode(body, validate=True)
        except ValueError:
            return b""
    return body.encode("utf-8", "surrogatepass")


def headers_of(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers, their names in lower case."""
    headers = event.get("headers")
    return {str(name).lower(): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
