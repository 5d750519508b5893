"""AWS's request throttles, as token buckets that fill by the clock."""

from __future__ import annotations

import threading
from collections.abc import Callable

from local_aws.http.request_identification import IdentifiedCall
from local_aws.throttling.limits import GLOBAL_SERVICES, Limit, limit_of
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
        with self._lock:
            left, now = self._left(call, limit)
            admitted = left >= 1
            self._buckets[_bucket(call, limit)] = (left - 1 if admitted else left, now)
        return admitted

    def seconds_until_admitted(self, call: IdentifiedCall) -> float:
        """Return the time after which there is a token for the call, if nobody else takes it."""
        limit = limit_of(call.name, call.region)
        if limit is None:
            return 0.0
        with self._lock:
            left, _ = self._left(call, limit)
        return max(0.0, (1 - left) / limit.refill)

    def _left(self, call: IdentifiedCall, limit: Limit) -> tuple[float, float]:
        """Return the tokens in the call's bucket, and the time; the lock is held."""
        now = self._now()
        left, since = self._buckets.get(_bucket(call, limit), (limit.size, now))
        return min(limit.size, left + (now - since) * limit.refill), now

    def _is_throttled(self, call: IdentifiedCall) -> bool:
        # CloudFormation is throttled on AWS as well, and retries: a stack only takes longer.
        if not self.enabled or (call.role_arn or "").endswith(f":role/{CLOUDFORMATION}"):
            return False
        return self.persons or call.role_name is not None


def _bucket(call: IdentifiedCall, limit: Limit) -> tuple[str, str, str]:
    region = "" if call.service in GLOBAL_SERVICES else call.region
    return call.account_id, region, f"{call.service}:{limit.shared}" if limit.shared else call.name


throttles = Throttles()
"""The buckets of this process."""
