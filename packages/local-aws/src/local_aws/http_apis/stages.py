"""The throttling of a stage: token buckets by the clock, one for each route with settings, one for all others.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from local_aws.throttling.throttles import throttles
from local_aws.time.clock import clock

MOST_BURST = 5000
MOST_RATE = 10_000.0
"""The quotas of an account in a Region, for a stage without settings."""


class Buckets:
    """The token buckets of all stages. ``now`` returns the time in seconds."""

    def __init__(self, now: Callable[[], float] = clock.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._left: dict[tuple[str, str], tuple[float, float]] = {}

    def admit(self, api_id: str, stage: Any, route_key: str) -> bool:
        """Take a token for a request, and return whether there was one."""
        if not throttles.enabled:
            return True
        own = (stage.route_settings or {}).get(route_key)
        settings = {**(stage.default_route_settings or {}), **(own or {})}
        bucket = (api_id, route_key if own else "")
        size = float(settings.get("throttlingBurstLimit", MOST_BURST))
        refill = float(settings.get("throttlingRateLimit", MOST_RATE))
        with self._lock:
            now = self._now()
            left, since = self._left.get(bucket, (size, now))
            left = min(size, left + (now - since) * refill)
            admitted = left >= 1
            self._left[bucket] = (left - 1 if admitted else left, now)
        return admitted


buckets = Buckets()
"""The token buckets of this process."""
