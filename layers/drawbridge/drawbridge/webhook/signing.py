"""Signing, as Standard Webhooks has it: what is signed is the id, the time and the body."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime

from drawbridge.errors import InvalidInputError

_PREFIX = "whsec_"
_FEWEST, _MOST = 24, 64
"""Bytes of a key (Standard Webhooks, "Signature scheme")."""


def key_of(secret: str) -> bytes:
    """Return the key that a signing secret stands for.

    Raises:
        InvalidInputError: it is none; the message says nothing of it but that.
    """
    wrong = f"signingSecret: it is {_PREFIX} and {_FEWEST} to {_MOST} random bytes in Base64"
    if not secret.startswith(_PREFIX):
        raise InvalidInputError(wrong)
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInputError(wrong) from None
    if not _FEWEST <= len(key) <= _MOST:
        raise InvalidInputError(wrong)
    return key


def signed_headers(keys: Iterable[bytes], message_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """Return the headers of a message; it has a signature by each key, any of which its reader may know."""
    timestamp = str(int(at.timestamp()))
    content = b".".join((message_id.encode(), timestamp.encode(), body))
    signatures = [f"v1,{base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()}" for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }
