"""Secrets Manager: the secret with our credentials for Slack."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from drawbridge.aws.errors import translated
from drawbridge.errors import AccessDeniedError, GoneError
from drawbridge.parsing import UnreadableError, read_json

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_KEPT_FOR = timedelta(minutes=5)
"""A secret that was rotated is noticed within this time."""


class SlackSecret(Struct, frozen=True, rename="camel"):
    """What the secret holds, as JSON. It is shown nowhere."""

    bot_token: Annotated[str, Meta(min_length=1)]
    signing_secret: Annotated[str, Meta(min_length=1)]

    def __repr__(self) -> str:
        return "SlackSecret(...)"


class Secrets:
    """The secret, read when it is needed and kept for a while."""

    def __init__(self, secrets: SecretsManagerClient, name: str, *, now: Callable[[], datetime]) -> None:
        self._secrets = secrets
        self._name = name
        self._now = now
        self._kept: tuple[datetime, SlackSecret] | None = None

    def slack(self) -> SlackSecret:
        """Return the secret.

        Raises:
            AccessDeniedError: it is not there, or not what it should be; the message says what to mend.
        """
        if self._kept is not None and self._now() - self._kept[0] < _KEPT_FOR:
            return self._kept[1]
        try:
            with translated(f"read the secret {self._name}"):
                text = self._secrets.get_secret_value(SecretId=self._name).get("SecretString", "")
        except GoneError as error:
            missing = f"the secret {self._name} is not there, or has no value; see docs/slack.md"
            raise AccessDeniedError(missing) from error
        try:
            secret = read_json(text, SlackSecret)
        except UnreadableError as error:
            # Not with its words, which may quote it.
            wrong = f"the secret {self._name} is not JSON with botToken and signingSecret; see docs/slack.md"
            raise AccessDeniedError(wrong) from error
        self._kept = (self._now(), secret)
        return secret
