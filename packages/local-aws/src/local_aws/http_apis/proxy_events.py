"""The event that a function receives for a request: payload format 2.0.

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
from local_aws.http_apis.routes import RouteMatch
from local_aws.time.clock import clock

# The types that AWS was observed to treat as text; a form is none, and neither is a body without a type.
_TEXT = frozenset({"application/json", "application/xml", "application/javascript"})
_NOT_FORWARDED = frozenset({"connection", "transfer-encoding", "keep-alive", "upgrade", "te", "trailer"})
_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True)
class HttpApiRequest:
    """A request to an API, at ``path`` below its endpoint."""

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


def read_request(environ: Environ, *, api_id: str, account_id: str, region: str, path: str) -> HttpApiRequest:
    """Read a request to this API, at the path below its endpoint."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or (name == "CONTENT_TYPE" and value)
    }
    cookies = tuple(each.strip() for each in headers.pop("cookie", "").split(";") if each.strip())
    return HttpApiRequest(
        api_id=api_id,
        account_id=account_id,
        region=region,
        method=environ["REQUEST_METHOD"],
        path=path,
        query=environ.get("QUERY_STRING", ""),
        protocol=environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
        source_ip=environ.get("REMOTE_ADDR", "127.0.0.1"),
        headers={name: value for name, value in headers.items() if name not in _NOT_FORWARDED},
        cookies=cookies,
        body=environ["wsgi.input"].read(),
    )


def proxy_event(request: HttpApiRequest, match: RouteMatch, request_id: str) -> dict[str, Any]:
    """Return the event, without empty fields, as on AWS."""
    time = clock.now()
    seconds = int(time.timestamp())
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": {
            **request.headers,
            # AWS's own domain, not this machine's address.
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
            "routeKey": match.key,
            "stage": "$default",
            "time": f"{time:%d/%b/%Y:%H:%M:%S +0000}",
            "timeEpoch": int(time.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    if request.cookies:
        event["cookies"] = list(request.cookies)
    if request.query:
        event["queryStringParameters"] = _parameters(request.query)
    if match.parameters:
        event["pathParameters"] = dict(match.parameters)
    if request.body:
        event["body"], event["isBase64Encoded"] = _body(request)
    return event


def new_request_id() -> str:
    """Return an id in API Gateway's form, which ends in an equals sign."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(15)) + "="


def is_text(content_type: str) -> bool:
    """Return whether API Gateway passes a body of this type as text."""
    plain = content_type.split(";", 1)[0].strip().lower()
    return plain.startswith("text/") or plain in _TEXT


def _parameters(query: str) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(request: HttpApiRequest) -> tuple[str, bool]:
    if is_text(request.headers.get("content-type", "")):
        return request.body.decode(errors="replace"), False
    return base64.b64encode(request.body).decode(), True
