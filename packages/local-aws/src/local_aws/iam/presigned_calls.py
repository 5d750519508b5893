"""Verification of pre-signed calls of STS: the signature, its time, and the session's token.

Calls that are signed by a header are taken from anybody. A pre-signed one is handed on, as a proof of who made it: who
checks such proofs could do it in any wrong way if no signature were verified here.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

from local_aws.http import answers
from local_aws.http.answers import Answer
from local_aws.http.request_identification import IdentifiedCall
from local_aws.time.clock import clock

WINDOW = timedelta(minutes=15)
"""By which a signature may be old, or ahead; STS ignores X-Amz-Expires (https://github.com/aws/aws-sdk-go/issues/2167)."""

_NEEDED = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
_ALGORITHM = "AWS4-HMAC-SHA256"
_HOST = re.compile(r"sts(?:\.(?P<region>[a-z0-9-]+))?\.amazonaws\.com(?:\.cn)?")
_INVALID = "The security token included in the request is invalid."


class _CallRefusedError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def refusal(call: IdentifiedCall) -> Answer | None:
    """Return STS's error for a pre-signed call that nobody has signed so, or not lately; None for any other call."""
    if not call.presigned or call.request is None:
        return None
    try:
        _verify(call.request, clock.now())
    except _CallRefusedError as refused:
        return answers.error(call, refused.code, str(refused), 403)
    return None


def _verify(request: Any, now: datetime) -> None:
    pairs = parse_qsl(request.query_string.decode("latin-1"), keep_blank_values=True)
    query = dict(pairs)
    for name in _NEEDED:
        if not query.get(name) or [each for each, _ in pairs].count(name) > 1:
            words = f"AWS query-string parameters must include '{name}'. Re-examine the query-string parameters."
            raise _CallRefusedError("IncompleteSignature", words)
    if query["X-Amz-Algorithm"] != _ALGORITHM:
        raise _CallRefusedError("IncompleteSignature", f"Unsupported AWS 'algorithm': '{query['X-Amz-Algorithm']}'.")
    key_id, _, scope = query["X-Amz-Credential"].partition("/")
    date, region = f"{scope}//".split("/")[:2]
    _check_scope(query, date, region, str(request.headers.get("Host", "")))
    _check_time(query["X-Amz-Date"], now)
    secret = _secret(key_id, region, query.get("X-Amz-Security-Token"), now)
    signed = query["X-Amz-SignedHeaders"].split(";")
    if "host" not in signed:
        raise _mismatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    canonical = _canonical(request, pairs, signed)
    to_sign = "\n".join((_ALGORITHM, query["X-Amz-Date"], scope, hashlib.sha256(canonical.encode()).hexdigest()))
    if not hmac.compare_digest(_signature(secret, scope, to_sign), query["X-Amz-Signature"]):
        raise _mismatch(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details."
        )


def _check_scope(query: Mapping[str, str], date: str, region: str, host: str) -> None:
    if query["X-Amz-Credential"].split("/")[3:] != ["sts", "aws4_request"]:
        raise _mismatch("Credential should be scoped to correct service: 'sts'.")
    found = _HOST.fullmatch(host.lower())
    if found and region != (found["region"] or "us-east-1"):
        raise _mismatch("Credential should be scoped to a valid region.")
    if date != query["X-Amz-Date"][:8]:
        raise _mismatch(
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{date}' != "
            f"'{query['X-Amz-Date'][:8]}', from '{query['X-Amz-Date']}'."
        )


def _check_time(written: str, now: datetime) -> None:
    try:
        signed_at = datetime.strptime(written, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise _CallRefusedError(
            "IncompleteSignature",
            f"Date must be in ISO-8601 'basic format'. Got '{written}'. See http://en.wikipedia.org/wiki/ISO_8601",
        ) from error
    if signed_at < now - WINDOW:
        raise _mismatch(
            f"Signature expired: {written} is now earlier than {_basic(now - WINDOW)} ({_basic(now)} - 15 min.)"
        )
    if signed_at > now + WINDOW:
        words = f"{written} is still later than {_basic(now + WINDOW)} ({_basic(now)} + 15 min.)"
        raise _mismatch(f"Signature not yet current: {words}")


def _secret(key_id: str, region: str, token: str | None, now: datetime) -> str:
    """Return the secret of an access key that is in force, with its session's token if it is temporary."""
    partition = get_partition(region)
    for account_id, backends in list(iam_backends.items()):
        key = backends[partition].access_keys.get(key_id)
        if key is None:
            continue
        assumed = sts_backends[account_id][partition].get_assumed_role_from_access_key(key_id)
        if assumed is None:
            if key.status != "Active" or token:
                break
        elif assumed.session_token != token:
            break
        elif assumed.expiration.replace(tzinfo=UTC) <= now:
            raise _CallRefusedError("ExpiredToken", "The security token included in the request is expired")
        return str(key.secret_access_key)
    raise _CallRefusedError("InvalidClientTokenId", _INVALID)


def _canonical(request: Any, pairs: Sequence[tuple[str, str]], signed: Sequence[str]) -> str:
    escaped = sorted((_escaped(name), _escaped(value)) for name, value in pairs if name != "X-Amz-Signature")
    headers = [f"{name}:{' '.join(str(request.headers.get(name, '')).split())}\n" for name in signed]
    return "\n".join(
        (
            request.method,
            quote(request.path, safe="/-_.~"),
            "&".join(f"{name}={value}" for name, value in escaped),
            "".join(headers),
            ";".join(signed),
            hashlib.sha256(request.get_data()).hexdigest(),
        )
    )


def _signature(secret: str, scope: str, to_sign: str) -> str:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def _mismatch(message: str) -> _CallRefusedError:
    return _CallRefusedError("SignatureDoesNotMatch", message)


def _escaped(text: str) -> str:
    return quote(text, safe="-_.~")


def _basic(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%SZ}"
