"""The objects of ``relay_notification``."""

from functools import cache

from drawbridge.aws.event_bus import EventBus
from drawbridge.bootstrap.clients import client
from drawbridge.environment import Environment


@cache
def bus() -> EventBus:
    return EventBus(client("events"), Environment().bus)
