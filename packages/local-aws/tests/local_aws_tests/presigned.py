"""Pre-signed calls of STS, made by botocore, and sent as they are."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REGION = "us-east-1"
HOST = f"sts.{REGION}.amazonaws.com"
ACTION = "Action=GetCallerIdentity&Version=2011-06-15"


class _SignedAt(SigV4QueryAuth):
    """Signs at a given time."""

    at: datetime

    def _modify_request_before_signing(self, request: Any) -> None:
        request.context["timestamp"] = f"{self.at:%Y%m%dT%H%M%SZ}"
        super()._modify_request_before_signing(request)  # type: ignore[misc]  # its stubs lack it


@dataclass(frozen=True)
class Answered:
    """What STS said."""

    status: int
    content_type: str
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def signed_url(
    credentials: Any,
    at: datetime,
    *,
    headers: Mapping[str, str] | None = None,
    region: str = REGION,
    service: str = "sts",
    host: str = HOST,
    action: str = ACTION,
    method: str = "GET",
    token: str | None = "",
) -> str:
    """Return the URL that a caller with these credentials signs; an empty token is theirs."""
    keys = Credentials(
        credentials.access_key_id,
        credentials.secret_access_key,
        credentials.session_token or None if token == "" else token,
    )
    signer = _SignedAt(keys, service, region, expires=60)
    signer.at = at
    request = AWSRequest(method=method, url=f"https://{host}/?{action}", headers=dict(headers or {}))
    signer.add_auth(request)
    return str(request.url)


def send(
    server: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    method: str = "GET",
    accept: str = "application/json",
    host: str = "",
) -> Answered:
    """Send it to the server, with the host that the URL names."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=20)
    try:
        sent = {"Host": host or parts.netloc, "Accept": accept, **(headers or {})}
        connection.request(method, f"{parts.path}?{parts.query}", headers=sent)
        response = connection.getresponse()
        return Answered(response.status, response.getheader("Content-Type", ""), response.read())
    finally:
        connection.close()
