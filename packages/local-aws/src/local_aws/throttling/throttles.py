"""AWS's request throttles, as token buckets that fill by the clock."""

from __future__ import annotations

import threading
from collections.abc import Callable

from local_aws.http.request_identification import IdentifiedCall
from local_aws.throttling.limits import GLOBAL_SERVICES, limit_of
from local_aws.time.clock import clock

CLOUDFORMATION = "cloudformation"
"""The role with which stacks are deployed."""


class Throttles:
    """The buckets of all accounts and Regions. ``now`` returns the time in seconds."""

    def __init__(self, now: Callable[[], float] = clock.time) -> None:
        self.enabled = True
        self.persons = True
        """Whether persons are throttled too; existing roles always are."""
        self._now = now
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str, str], tuple[float, float]] = {}

    def admit(self, call: IdentifiedCall) -> bool:
        """Take a token for the call, and return whether there was one. AWS throttles the account, not the caller."""
        limit = limit_of(call.name, call.region)
        if limit is None or not self._is_throttled(call):
            return True
        region = "" if call.service in GLOBAL_SERVICES else call.region
        bucket = f"{call.service}:{limit.shared}" if limit.shared else call.name
        key = (call.account_id, region, bucket)
        with self._lock:
            now = self._now()
            left, since = self._buckets.get(key, (limit.size, now))
            left = min(limit.size, left + (now - since) * limit.refill)
            admitted = left >= 1
            self._buckets[key] = (left - 1 if admitted else left, now)
        return admitted

    def _is_throttled(self, call: IdentifiedCall) -> bool:
        # CloudFormation is throttled on AWS as well, and retries: a stack only takes longer.
        if not self.enabled or (call.role_arn or "").endswith(f":role/{CLOUDFORMATION}"):
            return False
        return self.persons or call.role_name is not None


throttles = Throttles()
"""The buckets of this process."""
