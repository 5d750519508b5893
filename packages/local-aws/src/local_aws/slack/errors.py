"""Errors as the web API gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class SlackError(Exception):
    """``{"ok": false, "error": code}``, with what else is told; it comes with HTTP 200."""

    def __init__(self, code: str, **told: Any) -> None:
        super().__init__(code)
        self.code = code
        self.told: Mapping[str, Any] = told


class RateLimitedError(SlackError):
    """HTTP 429, and when to come back."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after


def invalid(code: str, findings: Sequence[str]) -> SlackError:
    """Make the error of arguments, blocks or a view that are none; each finding names its place."""
    return SlackError(
        code, errors=list(findings), response_metadata={"messages": [f"[ERROR] {one}" for one in findings]}
    )


def missing(*arguments: str) -> SlackError:
    return invalid("invalid_arguments", [f"missing required field: {name}" for name in arguments])
