"""A journal of the events that were put on a bus, and of their deliveries."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from local_aws.time.clock import clock

RECENT = 5000

_lock = threading.Lock()


@dataclass
class Entry:
    """One event on one bus; ``copies`` is how often the faults in force have it delivered."""

    event: dict[str, Any]
    bus: str
    emitted: float
    copies: int = 1
    deliveries: list[dict[str, Any]] = field(default_factory=list)

    def delivered(self, rule: str, target: str, status: str) -> None:
        """Add the status at one target: ``delivered``, ``retrying: ...``, ``dropped: ...``."""
        with _lock:
            self.deliveries.append({"rule": rule, "target": target, "status": status, "time": clock.time()})


_recent: deque[Entry] = deque(maxlen=RECENT)


def emitted(event: dict[str, Any], bus: str) -> Entry:
    entry = Entry(event, bus, clock.time())
    with _lock:
        _recent.append(entry)
    return entry


def describe(last: int = RECENT) -> list[dict[str, Any]]:
    """Return the last events, the oldest first."""
    with _lock:
        entries = list(_recent)[-last:]
        return [
            {
                "id": entry.event["id"],
                "time": entry.event["time"],
                "account": entry.event["account"],
                "region": entry.event["region"],
                "bus": entry.bus,
                "source": entry.event["source"],
                "detail-type": entry.event["detail-type"],
                "resources": entry.event["resources"],
                "detail": entry.event["detail"],
                "emitted": entry.emitted,
                "copies": entry.copies,
                "deliveries": list(entry.deliveries),
            }
            for entry in entries
        ]


def clear() -> None:
    with _lock:
        _recent.clear()
