"""Errors of the web API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class SlackError(Exception):
    """``{"ok": false, "error": code}`` and further details, with HTTP 200."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.details: Mapping[str, Any] = details


class RateLimitedError(SlackError):
    """HTTP 429, with the seconds to wait."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after


def invalid(code: str, findings: Sequence[str]) -> SlackError:
    """Return the error for invalid arguments, blocks or views; each finding names its place."""
    return SlackError(
        code, errors=list(findings), response_metadata={"messages": [f"[ERROR] {one}" for one in findings]}
    )


def missing(*arguments: str) -> SlackError:
    return invalid("invalid_arguments", [f"missing required field: {name}" for name in arguments])
