"""Faults of Slack, injected on purpose."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from local_aws.http.control_input import ControlInput, Count
from local_aws.slack.errors import RateLimitedError, SlackError

MethodPattern = Annotated[
    str, Meta(pattern=r"^([a-zA-Z]+(\.[a-zA-Z]+)+|\*)\Z", description="a method such as chat.postMessage")
]
SlackErrorCode = Annotated[str, Meta(pattern=r"^[a-z_]+\Z", description="an error such as channel_not_found")]


class RateLimited(ControlInput, frozen=True):
    """The next ``times`` calls are answered 429."""

    times: Count
    retry_after: Count = 1


class MethodError(ControlInput, frozen=True, omit_defaults=True):
    """The next ``times`` calls of a method, ``*`` for any, end with this error; None for all calls from now on."""

    method: MethodPattern
    error: SlackErrorCode
    times: Count | None = None


class SlackFaults(ControlInput, frozen=True, omit_defaults=True):
    """``down``: no call is answered by Slack, but by what stands before it, with 503."""

    down: bool = False
    rate_limited: RateLimited | None = None
    error: MethodError | None = None


class PostedFaults(ControlInput, frozen=True):
    """The posted faults; an empty object ends all faults."""

    faults: SlackFaults = SlackFaults()


class DownError(Exception):
    """Slack is down."""


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
        """Put these faults in force, and no others, as long as the block runs."""
        with self._lock:
            before, self._now = self._now, SlackFaults(down, rate_limited, error)
        try:
            yield
        finally:
            self.replace(before)

    def strike(self, method: str) -> None:
        """Apply the faults in force to a call, which uses up one of their times.

        Raises:
            DownError, RateLimitedError, SlackError: the fault that struck.
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
        """Return the faults that are left, in the form in which they are posted."""
        described: dict[str, Any] = msgspec.to_builtins(self._now)
        return described
