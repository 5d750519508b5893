"""Secrets Manager: a secret of ours, read when it is needed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

from drawbridge.aws.errors import translated
from drawbridge.errors import AccessDeniedError, GoneError
from drawbridge.parsing import UnreadableError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_KEPT_FOR = timedelta(minutes=5)
"""A secret that was rotated is noticed within this time."""

Secret = TypeVar("Secret")


class KeptSecret(Generic[Secret]):
    """A secret, read when it is needed and kept for a while."""

    def __init__(
        self,
        secrets: SecretsManagerClient,
        name: str,
        read: Callable[[str], Secret],
        *,
        now: Callable[[], datetime],
        fields: str,
        see: str,
    ) -> None:
        """``fields`` is what is in it, and ``see`` the page about it, for whoever has to mend it."""
        self._secrets = secrets
        self._name = name
        self._read = read
        self._now = now
        self._fields = fields
        self._see = see
        self._kept: tuple[datetime, Secret] | None = None

    def value(self) -> Secret:
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
            missing = f"the secret {self._name} is not there, or has no value; see {self._see}"
            raise AccessDeniedError(missing) from error
        try:
            secret = self._read(text)
        except UnreadableError as error:
            # Not with its words, which may quote it.
            wrong = f"the secret {self._name} is not JSON with {self._fields}; see {self._see}"
            raise AccessDeniedError(wrong) from error
        self._kept = (self._now(), secret)
        return secret
