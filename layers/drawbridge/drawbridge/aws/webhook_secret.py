"""Secrets Manager: the secret with the webhook."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from drawbridge.aws.kept_secret import KeptSecret
from drawbridge.errors import AccessDeniedError, InvalidInputError
from drawbridge.parsing import read_json
from drawbridge.webhook.address import WebhookAddress, webhook_address
from drawbridge.webhook.signing import key_of

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class Webhook(Struct, frozen=True):
    """The webhook of the secret, checked. It is shown nowhere."""

    address: WebhookAddress
    keys: tuple[bytes, ...]
    """That which signs, and one before it that its reader may still know."""

    def __repr__(self) -> str:
        return "Webhook(...)"


class _WebhookSecret(Struct, frozen=True, rename="camel"):
    url: Annotated[str, Meta(min_length=1)]
    signing_secret: Annotated[str, Meta(min_length=1)]
    previous_signing_secret: str = ""

    def __repr__(self) -> str:
        return "_WebhookSecret(...)"


class WebhookSecrets:
    """The secret for the webhook."""

    def __init__(self, secrets: SecretsManagerClient, name: str, *, now: Callable[[], datetime]) -> None:
        self._name = name
        self._kept = KeptSecret(
            secrets, name, _webhook, now=now, fields="url and signingSecret", see="docs/consumers-told.md"
        )

    def webhook(self) -> Webhook:
        """Return the webhook.

        Raises:
            AccessDeniedError: the secret is not there, or not what it should be; the message says what to mend.
        """
        try:
            return self._kept.value()
        except InvalidInputError as error:
            raise AccessDeniedError(f"the secret {self._name}: {error}; see docs/consumers-told.md") from error


def _webhook(text: str) -> Webhook:
    secret = read_json(text, _WebhookSecret)
    signing = (secret.signing_secret, secret.previous_signing_secret)
    return Webhook(webhook_address(secret.url), tuple(key_of(each) for each in signing if each))
