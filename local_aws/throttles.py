"""AWS's published request throttles, as token buckets that fill on the clock.

EC2: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html. Parameter Store:
https://docs.aws.amazon.com/general/latest/gr/ssm.html (the default throughput). Step Functions:
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from local_aws.clock import clock
from local_aws.recognition import Call


@dataclass(frozen=True)
class Limit:
    """A bucket's size, in requests, and how many are put back each second; ``shared`` names a bucket of several."""

    size: float
    refill: float
    shared: str | None = None


def _each(service: str, names: str, limit: Limit) -> Iterable[tuple[str, Limit]]:
    return ((f"{service}:{name}", limit) for name in names.split())


_LIMITS: dict[str, Limit] = {
    **dict(
        _each(
            "ec2",
            "AcceptVpcEndpointConnections RejectVpcEndpointConnections CreateVpcEndpointServiceConfiguration"
            " ModifyVpcEndpointServiceConfiguration ModifyVpcEndpointServicePermissions"
            " DeleteVpcEndpointServiceConfigurations",
            Limit(10, 1),
        )
    ),
    **dict(
        _each(
            "ssm",
            "PutParameter DescribeParameters GetParameterHistory LabelParameterVersion UnlabelParameterVersion",
            Limit(3, 3, shared="writes"),
        )
    ),
    **dict(_each("ssm", "GetParameter GetParameters GetParametersByPath", Limit(40, 40, shared="reads"))),
    **dict(_each("ssm", "DeleteParameter DeleteParameters", Limit(5, 5))),
    "states:StartExecution": Limit(1300, 300),
    "states:SendTaskSuccess": Limit(3000, 500),
    "states:SendTaskFailure": Limit(3000, 500),
    "states:SendTaskHeartbeat": Limit(3000, 500),
}
_EC2_READS = Limit(100, 20)
_EC2_WRITES = Limit(50, 5)


def limit_of(operation: str) -> Limit | None:
    """Tell the throttle of an operation, ``service:Operation``; None where none is published."""
    found = _LIMITS.get(operation)
    if found is None and operation.startswith("ec2:"):
        return _EC2_READS if operation.startswith(("ec2:Describe", "ec2:Get")) else _EC2_WRITES
    return found


class Throttles:
    """The buckets of all accounts and Regions. ``now`` gives the time in seconds."""

    def __init__(self, now: Callable[[], float] = clock.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str, str], tuple[float, float]] = {}

    def admit(self, call: Call) -> bool:
        """Take a token for the call; False if there is none.

        Only roles that the account has are throttled: a person stands for all the world around the stack, which on AWS
        is many accounts, each with buckets of its own.
        """
        limit = limit_of(call.name)
        if limit is None or call.role_name is None:
            return True
        key = (call.account_id, call.region, limit.shared or call.name)
        with self._lock:
            now = self._now()
            left, since = self._buckets.get(key, (limit.size, now))
            left = min(limit.size, left + (now - since) * limit.refill)
            admitted = left >= 1
            self._buckets[key] = (left - 1 if admitted else left, now)
        return admitted


throttles = Throttles()
"""The buckets of this process."""
