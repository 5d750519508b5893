"""What goes wrong at Slack, on purpose."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from local_aws.http import control_input
from local_aws.slack.errors import RateLimitedError, SlackError

_METHOD = re.compile(r"[a-zA-Z]+(\.[a-zA-Z]+)+|\*")
_CODE = re.compile(r"[a-z_]+")


@dataclass(frozen=True)
class RateLimited:
    """The next ``times`` calls are answered 429."""

    times: int
    retry_after: int = 1


@dataclass(frozen=True)
class MethodError:
    """The next ``times`` calls of a method, ``*`` for any, end with this error; None for all calls from now on."""

    method: str
    error: str
    times: int | None = None


@dataclass(frozen=True)
class SlackFaults:
    """``down``: no call is answered by Slack, but by what stands before it, with 503."""

    down: bool = False
    rate_limited: RateLimited | None = None
    error: MethodError | None = None


class DownError(Exception):
    """Slack is not there."""


class SlackFaultsInForce:
    """The faults in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = SlackFaults()

    @property
    def in_force(self) -> SlackFaults:
        return self._now

    def replace(self, faults: SlackFaults) -> None:
        with self._lock:
            self._now = faults

    @contextmanager
    def injected(
        self, *, down: bool = False, rate_limited: RateLimited | None = None, error: MethodError | None = None
    ) -> Iterator[None]:
        """Have these in force, and no others, as long as the block runs."""
        with self._lock:
            before, self._now = self._now, SlackFaults(down, rate_limited, error)
        try:
            yield
        finally:
            self.replace(before)

    def strike(self, method: str) -> None:
        """Have happen to a call what is to happen; that uses one of its times up.

        Raises:
            DownError, RateLimitedError, SlackError: what befell it.
        """
        with self._lock:
            now = self._now
            if now.down:
                raise DownError
            limited = now.rate_limited
            if limited is not None and limited.times > 0:
                self._now = replace(now, rate_limited=replace(limited, times=limited.times - 1))
                raise RateLimitedError(limited.retry_after)
            failing = now.error
            if failing is not None and failing.method in {method, "*"} and failing.times != 0:
                left = None if failing.times is None else failing.times - 1
                self._now = replace(now, error=replace(failing, times=left))
                raise SlackError(failing.error)

    def describe(self) -> dict[str, Any]:
        """Return what is left, in the form in which it is posted."""
        now = self._now
        told: dict[str, Any] = {}
        if now.down:
            told["down"] = True
        if now.rate_limited is not None:
            told["rateLimited"] = {"times": now.rate_limited.times, "retryAfter": now.rate_limited.retry_after}
        if now.error is not None:
            told["error"] = {"method": now.error.method, "error": now.error.error}
            if now.error.times is not None:
                told["error"]["times"] = now.error.times
        return told


def parse(told: Any) -> SlackFaults:
    """Read what is posted: ``{"faults": {...}}``, or ``{}`` for none.

    Raises:
        InvalidInputError: the first thing that is wrong.
    """
    body = control_input.fields("slack", told, ("faults",))
    faults = control_input.fields("faults", body.get("faults", {}), ("down", "rateLimited", "error"))
    limited = error = None
    if "rateLimited" in faults:
        fields = control_input.fields("faults.rateLimited", faults["rateLimited"], ("times", "retryAfter"))
        limited = RateLimited(
            control_input.whole("faults.rateLimited.times", fields.get("times")),
            control_input.whole("faults.rateLimited.retryAfter", fields.get("retryAfter", 1)),
        )
    if "error" in faults:
        fields = control_input.fields("faults.error", faults["error"], ("method", "error", "times"))
        error = MethodError(
            control_input.text(
                "faults.error.method", fields.get("method"), _METHOD, "a method such as chat.postMessage"
            ),
            control_input.text("faults.error.error", fields.get("error"), _CODE, "an error such as channel_not_found"),
            control_input.whole("faults.error.times", fields["times"]) if "times" in fields else None,
        )
    return SlackFaults(control_input.flag("faults.down", faults.get("down", False)), limited, error)
