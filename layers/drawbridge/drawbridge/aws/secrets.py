"""Secrets Manager: the secret with our credentials for Slack."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from drawbridge.aws.kept_secret import KeptSecret
from drawbridge.parsing import read_json

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class SlackSecret(Struct, frozen=True, rename="camel"):
    """What the secret holds, as JSON. It is shown nowhere."""

    bot_token: Annotated[str, Meta(min_length=1)]
    signing_secret: Annotated[str, Meta(min_length=1)]

    def __repr__(self) -> str:
        return "SlackSecret(...)"


class Secrets:
    """The secret for Slack."""

    def __init__(self, secrets: SecretsManagerClient, name: str, *, now: Callable[[], datetime]) -> None:
        self._kept = KeptSecret(
            secrets,
            name,
            lambda text: read_json(text, SlackSecret),
            now=now,
            fields="botToken and signingSecret",
            see="docs/slack.md",
        )

    def slack(self) -> SlackSecret:
        """Return the secret.

        Raises:
            AccessDeniedError: it is not there, or not what it should be; the message says what to mend.
        """
        return self._kept.value()
