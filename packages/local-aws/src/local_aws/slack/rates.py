"""Slack's rate limits: token buckets on the clock.

https://docs.slack.dev/apis/web-api/rate-limits. The tiers are Slack's; burst sizes are not documented.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

from local_aws.slack.errors import RateLimitedError
from local_aws.throttling.throttles import throttles
from local_aws.time.clock import clock


@dataclass(frozen=True)
class RateLimit:
    """A bucket's size, and its tokens per second."""

    size: float
    refill: float


POSTING = RateLimit(3, 1)
TIER_2 = RateLimit(20, 20 / 60)
TIER_3 = RateLimit(50, 50 / 60)
TIER_4 = RateLimit(100, 100 / 60)
SPECIAL = RateLimit(300, 300 / 60)

LIMITS = {
    "auth.test": SPECIAL,
    "chat.getPermalink": SPECIAL,
    "chat.postEphemeral": TIER_4,
    "chat.update": TIER_3,
    "conversations.info": TIER_3,
    "usergroups.users.list": TIER_2,
    "users.info": TIER_4,
    "views.open": TIER_4,
}


class Rates:
    """The buckets of all apps. ``now`` returns the time in seconds."""

    def __init__(self, now: Callable[[], float] = clock.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._left: dict[tuple[str, str, str], tuple[float, float]] = {}

    def take(self, app_id: str, method: str, channel: str = "") -> None:
        """Take a token.

        Raises:
            RateLimitedError: none is left.
        """
        limit = POSTING if method == "chat.postMessage" else LIMITS[method]
        if not throttles.enabled:
            return
        with self._lock:
            now = self._now()
            left, since = self._left.get((app_id, method, channel), (limit.size, now))
            left = min(limit.size, left + (now - since) * limit.refill)
            self._left[app_id, method, channel] = (left - 1 if left >= 1 else left, now)
        if left < 1:
            raise RateLimitedError(max(1, math.ceil((1 - left) / limit.refill)))

    def clear(self) -> None:
        with self._lock:
            self._left.clear()
