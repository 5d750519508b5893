"""The event that a function gets of a request: payload format 2.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import secrets
import string
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from local_aws.http.request_identification import Environ
from local_aws.http_apis.routes import Taken
from local_aws.time.clock import clock

# What AWS was seen to take for text; a form is none, and neither is a body of no type.
_TEXT = frozenset({"application/json", "application/xml", "application/javascript"})
_UNSENT = frozenset({"connection", "transfer-encoding", "keep-alive", "upgrade", "te", "trailer"})
_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Received:
    """A request, as it came to the API at ``path``."""

    api_id: str
    account_id: str
    region: str
    method: str
    path: str
    query: str
    protocol: str
    source_ip: str
    headers: dict[str, str]
    cookies: tuple[str, ...]
    body: bytes

    @property
    def domain(self) -> str:
        return f"{self.api_id}.execute-api.{self.region}.amazonaws.com"


def received(environ: Environ, *, api_id: str, account_id: str, region: str, path: str) -> Received:
    """Read a request that came to this API, at the path below its endpoint."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or (name == "CONTENT_TYPE" and value)
    }
    cookies = tuple(each.strip() for each in headers.pop("cookie", "").split(";") if each.strip())
    return Received(
        api_id=api_id,
        account_id=account_id,
        region=region,
        method=environ["REQUEST_METHOD"],
        path=path,
        query=environ.get("QUERY_STRING", ""),
        protocol=environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
        source_ip=environ.get("REMOTE_ADDR", "127.0.0.1"),
        headers={name: value for name, value in headers.items() if name not in _UNSENT},
        cookies=cookies,
        body=environ["wsgi.input"].read(),
    )


def event_of(request: Received, taken: Taken, request_id: str) -> dict[str, Any]:
    """Make the event. What is empty is left out, as AWS leaves it out."""
    moment = clock.now()
    seconds = int(moment.timestamp())
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": taken.key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": {
            **request.headers,
            # As it arrives there, whatever this machine's port is called.
            "host": request.domain,
            "content-length": str(len(request.body)),
            "x-amzn-trace-id": f"Root=1-{seconds:08x}-{secrets.token_hex(12)}",
            "x-forwarded-for": request.source_ip,
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": request.account_id,
            "apiId": request.api_id,
            "domainName": request.domain,
            "domainPrefix": request.api_id,
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": request.protocol,
                "sourceIp": request.source_ip,
                "userAgent": request.headers.get("user-agent", ""),
            },
            "requestId": request_id,
            "routeKey": taken.key,
            "stage": "$default",
            "time": f"{moment:%d/%b/%Y:%H:%M:%S +0000}",
            "timeEpoch": int(moment.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    if request.cookies:
        event["cookies"] = list(request.cookies)
    if request.query:
        event["queryStringParameters"] = _parameters(request.query)
    if taken.parameters:
        event["pathParameters"] = dict(taken.parameters)
    if request.body:
        event["body"], event["isBase64Encoded"] = _body(request)
    return event


def new_request_id() -> str:
    """Make an id as API Gateway's are: it ends in an equals sign."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(15)) + "="


def is_text(content_type: str) -> bool:
    """Return whether API Gateway hands a body of this type on as text."""
    plain = content_type.split(";", 1)[0].strip().lower()
    return plain.startswith("text/") or plain in _TEXT


def _parameters(query: str) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(request: Received) -> tuple[str, bool]:
    if is_text(request.headers.get("content-type", "")):
        return request.body.decode(errors="replace"), False
    return base64.b64encode(request.body).decode(), True
