"""Requests made up from botocore's models, and clients whose calls go to a WSGI application in this process."""

from __future__ import annotations

import io
import re
import re._constants as sre  # type: ignore[import-not-found]  # the standard library's own, without types
import re._parser as sre_parser  # type: ignore[import-not-found]  # as above
import sys
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_TEXT = "example"
_WORDS = ("example", "example-1", "ex-0123456789abcdef0", "111122223333", "2026-01-01T00:00:00Z", "1", "a")


def params(shape: Any, seen: tuple[str, ...] = ()) -> Any:
    """Make up minimal parameters: required members only, strings that fit enums, patterns and lengths."""
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, (*seen, shape.name))
    if kind == "list":
        return [params(shape.member, seen) for _ in range(max(1, shape.metadata.get("min", 1)))]
    if kind == "map":
        return {_string(shape.key): params(shape.value, seen)}
    simple = {"boolean": True, "timestamp": "2026-01-01T00:00:00Z", "blob": b"example", "float": 1.0, "double": 1.0}
    if kind in {"integer", "long"}:
        return max(1, shape.metadata.get("min", 1))
    return simple[kind] if kind in simple else _string(shape)


def _structure(shape: Any, seen: tuple[str, ...]) -> Any:
    if shape.is_document_type:
        return {}
    names = list(shape.required_members)
    if shape.is_tagged_union and not names:
        names = list(shape.members)[:1]
    return {name: params(shape.members[name], seen) for name in names if seen.count(shape.members[name].name) < 2}


def _string(shape: Any) -> str:
    if shape.enum:
        return str(shape.enum[0])
    if "arn" in shape.name.lower() and _fits(shape, arn := "arn:aws:example:us-east-1:111122223333:example/example"):
        return arn
    found = next((word for word in _WORDS if _fits(shape, word)), None)
    if found is not None:
        return found
    least = int(shape.metadata.get("min", 1))
    pattern = shape.metadata.get("pattern")
    if not pattern:
        return ("e" * least)[: int(shape.metadata.get("max", sys.maxsize))]
    try:
        return _sample(sre_parser.parse(pattern)).ljust(least, "0")
    except (re.error, KeyError, ValueError):
        return _TEXT


def _fits(shape: Any, text: str) -> bool:
    if not shape.metadata.get("min", 0) <= len(text) <= shape.metadata.get("max", sys.maxsize):
        return False
    try:
        return re.fullmatch(shape.metadata.get("pattern", ".*"), text) is not None
    except re.error:
        return True


def _sample(parsed: Any) -> str:
    return "".join(_piece(kind, value) for kind, value in parsed)


def _piece(kind: Any, value: Any) -> str:
    if kind is sre.LITERAL:
        return chr(value)
    if kind is sre.IN:
        return _first_of(value)
    if kind in {sre.MAX_REPEAT, sre.MIN_REPEAT}:
        least, most, inner = value
        return _sample(inner) * max(int(least), min(1, int(most)))
    if kind is sre.SUBPATTERN:
        return _sample(value[-1])
    if kind is sre.BRANCH:
        return _sample(value[1][0])
    return "a" if kind in {sre.ANY, sre.NOT_LITERAL} else ""


def _first_of(members: Any) -> str:
    kind, value = members[0]
    if kind is sre.LITERAL:
        return chr(value)
    if kind is sre.RANGE:
        return chr(value[0])
    if kind is sre.CATEGORY:
        return {sre.CATEGORY_DIGIT: "1", sre.CATEGORY_SPACE: " "}.get(value, "a")
    return "a"


def client(application: Application, service: str, credentials: dict[str, str] | None = None) -> Any:
    """Return a client that does no validation and calls the application without a socket."""
    keys = credentials or {"aws_access_key_id": "anyone", "aws_secret_access_key": "anyone"}
    made: Any = boto3.client(
        service,  # type: ignore[call-overload]  # the services are named by the test
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1",
        config=Config(
            retries={"total_max_attempts": 1},
            parameter_validation=False,
            s3={"addressing_style": "path"},
            inject_host_prefix=False,
        ),
        **keys,
    )
    made.meta.events.register("before-send", lambda request, **_: respond(application, request))
    return made


class _Raw(io.BytesIO):
    def stream(self, **_: Any) -> Iterable[bytes]:
        yield self.read()


def respond(application: Application, request: Any) -> AWSResponse:
    """Return the application's response to a botocore request."""
    url = urlsplit(request.url)
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else body.read()
    started: list[tuple[str, list[tuple[str, str]]]] = []
    headers = {
        name: value.decode() if isinstance(value, bytes) else str(value) for name, value in request.headers.items()
    }
    environ = environment(request.method, url.path or "/", url.query, headers, body)
    chunks = b"".join(application(environ, lambda status, names, *_: started.append((status, names))))
    status, names = started[0]
    return AWSResponse(request.url, int(status.split()[0]), HTTPHeaders.from_pairs(names), _Raw(chunks))


def environment(method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """Return the WSGI environment of a request, as the server has it."""
    named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    return {
        **named,
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path),
        "RAW_URI": path + (f"?{query}" if query else ""),
        "REQUEST_URI": path + (f"?{query}" if query else ""),
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "HTTP_HOST": "127.0.0.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": named.get("HTTP_CONTENT_TYPE", ""),
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
