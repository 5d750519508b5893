"""Signing a proof of ownership: with the caller's credentials, for STS's own host, whatever endpoint they use."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest

from drawbridge.intake.ownership.challenge import Challenge, sts_host
from drawbridge.intake.ownership.proof import CHALLENGE_HEADER, LONGEST_LIFE

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials


class _SignedAt(SigV4QueryAuth):
    """Signs for a given time: that of STS, where this machine's clock is wrong."""

    def __init__(self, credentials: Any, region: str, at: datetime) -> None:
        super().__init__(credentials, "sts", region, expires=int(LONGEST_LIFE.total_seconds()))
        self._at = at

    def _modify_request_before_signing(self, request: Any) -> None:
        request.context["timestamp"] = f"{self._at:%Y%m%dT%H%M%SZ}"
        super()._modify_request_before_signing(request)  # type: ignore[misc]  # its stubs lack it


def signed_document(challenge: Challenge, credentials: ReadOnlyCredentials, at: datetime, region: str = "") -> str:
    """Return the document that answers a challenge; ``region`` is that whose STS vouches, if not the provider's."""
    where = region or challenge.provider.region
    request = AWSRequest(
        method="GET",
        url=f"https://{sts_host(where)}/?Action=GetCallerIdentity&Version=2011-06-15",
        headers={CHALLENGE_HEADER: challenge.text},
    )
    _SignedAt(credentials, where, at).add_auth(request)
    return json.dumps({"challenge": challenge.text, "url": request.url}, indent=2) + "\n"
