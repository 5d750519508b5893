"""Proofs of ownership as a consumer's credentials make them, and doubles of what checks them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from drawbridge.intake.ownership.challenge import Challenge, Provider, new_challenge
from drawbridge.intake.ownership.proof import SIGNED_HEADERS, SignedCall
from drawbridge.intake.ownership.prove import CallerIdentity

AT = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
PROVIDER = Provider(prefix="drawbridge", account_id="111122223333", region="eu-central-1")
CONSUMER = "444455556666"
ARN = f"arn:aws:sts::{CONSUMER}:assumed-role/admin/alice"
CHALLENGE = new_challenge(PROVIDER, CONSUMER, lambda size: "5f" * size)
HOST = "sts.eu-central-1.amazonaws.com"


def parameters(at: datetime = AT, region: str = "eu-central-1", **changes: str) -> dict[str, str]:
    """Return the parameters of a pre-signed call, in botocore's order; of a signature only the form is right."""
    made = {
        "Action": "GetCallerIdentity",
        "Version": "2011-06-15",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"ASIAEXAMPLEEXAMPLE12/{at:%Y%m%d}/{region}/sts/aws4_request",
        "X-Amz-Date": f"{at:%Y%m%dT%H%M%SZ}",
        "X-Amz-Expires": "900",
        "X-Amz-SignedHeaders": SIGNED_HEADERS,
        "X-Amz-Security-Token": "IQoJb3JpZ2luX2VjEXAMPLE//////////w+EaDK/i3S2k==",
        "X-Amz-Signature": "0123456789abcdef" * 4,
    }
    return made | {name.replace("_", "-"): value for name, value in changes.items()}


def query_of(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in pairs)


def url_of(given: dict[str, str], host: str = HOST) -> str:
    return f"https://{host}/?{query_of([*given.items()])}"


def document(url: str = "", challenge: str = "", **more: Any) -> bytes:
    text = challenge or CHALLENGE.text
    return json.dumps({"challenge": text, "url": url or url_of(parameters()), **more}).encode()


@dataclass
class InMemoryChallenges:
    """The registry's challenges, in memory."""

    open: dict[str, str] = field(default_factory=lambda: {CONSUMER: CHALLENGE.text})
    proved: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    looked: list[str] = field(default_factory=list)

    def challenge(self, account_id: str) -> str | None:
        self.looked.append(account_id)
        return self.open.get(account_id)

    def prove(self, account_id: str, challenge: str, *, by: str, at: datetime) -> bool:
        if self.open.get(account_id) != challenge:
            return False
        del self.open[account_id]
        self.proved[account_id] = (by, at)
        return True


@dataclass
class Sts:
    """STS, which says what it is told to."""

    answer: CallerIdentity | Exception = field(
        default_factory=lambda: CallerIdentity(account_id=CONSUMER, arn=ARN),
    )
    asked: list[SignedCall] = field(default_factory=list)
    meanwhile: Any = None

    def caller(self, call: SignedCall) -> CallerIdentity:
        self.asked.append(call)
        if self.meanwhile is not None:
            self.meanwhile()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def challenge_for(account_id: str = CONSUMER, provider: Provider = PROVIDER) -> Challenge:
    return new_challenge(provider, account_id)
