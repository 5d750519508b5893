"""Delivery at least once: retried within limits, then put on a dead-letter queue, or dropped.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.delivery.background import in_background
from local_aws.delivery.targets import UndeliverableError
from local_aws.time.clock import clock

_log = logging.getLogger(__name__)

_FIRST_BACKOFF = 1.0
_MOST_BACKOFF = 600.0


@dataclass(frozen=True)
class RetryPolicy:
    """The limits of retries; AWS's defaults are 185 in 24 hours."""

    most_attempts: int = 185
    most_age: float = 86_400

    @staticmethod
    def of(target: Mapping[str, Any]) -> RetryPolicy:
        policy = target.get("RetryPolicy") or {}
        return RetryPolicy(
            int(policy.get("MaximumRetryAttempts", RetryPolicy.most_attempts)),
            float(policy.get("MaximumEventAgeInSeconds", RetryPolicy.most_age)),
        )


@dataclass(frozen=True)
class Failure:
    """A delivery that was given up; ``exhausted`` names the limit that ended the retries, if one did."""

    code: str
    message: str
    exhausted: str | None
    retries: int

    def attributes(self) -> dict[str, str]:
        """Return the attributes of EventBridge's dead letter."""
        attributes = {"ERROR_CODE": self.code, "ERROR_MESSAGE": self.message, "RETRY_ATTEMPTS": str(self.retries)}
        return {**attributes, "EXHAUSTED_RETRY_CONDITION": self.exhausted} if self.exhausted else attributes


@dataclass(frozen=True)
class Delivery:
    """One delivery, and what to do if it fails."""

    send: Callable[[], None]
    bury: Callable[[Failure], None] | None
    """Puts it on the dead-letter queue; may raise UndeliverableError itself. None: no such queue is configured."""
    note: Callable[[str], None]
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    started: float = field(default_factory=clock.time)


def attempt(delivery: Delivery, retries: int = 0) -> None:
    """Deliver now; plan the next attempt if it fails and may succeed later."""
    try:
        delivery.send()
    except UndeliverableError as error:
        _after_failure(delivery, error, retries)
    else:
        delivery.note("delivered")


def _after_failure(delivery: Delivery, error: UndeliverableError, retries: int) -> None:
    if not error.retryable:
        _give_up(delivery, Failure(error.code, error.message, None, retries))
        return
    backoff = min(_MOST_BACKOFF, _FIRST_BACKOFF * 2.0**retries)
    if retries >= delivery.policy.most_attempts:
        _give_up(delivery, Failure(error.code, error.message, "MaximumRetryAttempts", retries))
    elif clock.time() + backoff - delivery.started > delivery.policy.most_age:
        _give_up(delivery, Failure(error.code, error.message, "MaximumEventAgeInSeconds", retries))
    else:
        delivery.note(f"retrying: {error.code}")
        clock.call_later(backoff, lambda: in_background("deliveries", lambda: attempt(delivery, retries + 1)))


def _give_up(delivery: Delivery, failure: Failure) -> None:
    fate = "dropped"
    if delivery.bury is not None:
        try:
            delivery.bury(failure)
            fate = "dead letter"
        except UndeliverableError as error:
            _log.warning("a dead letter was lost: %s", error.message)
    delivery.note(f"{fate}: {failure.code}: {failure.message}")
