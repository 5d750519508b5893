"""What ``relay_notification`` works with."""

from functools import cache

from drawbridge.aws.bus import Bus
from drawbridge.bootstrap.clients import client
from drawbridge.environment import Environment


@cache
def bus() -> Bus:
    return Bus(client("events"), Environment().bus)
