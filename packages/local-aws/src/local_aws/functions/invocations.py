"""The recent invocations of functions."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

RECENT = 5000


@dataclass(frozen=True)
class Invocation:
    """An ended invocation; ``started`` is in seconds since 1970 on the clock, ``error`` the error's type."""

    account_id: str
    region: str
    function: str
    request_id: str
    started: float
    duration_ms: float
    error: str | None


_lock = threading.Lock()
_recent: deque[Invocation] = deque(maxlen=RECENT)


def add(invocation: Invocation) -> None:
    with _lock:
        _recent.append(invocation)


def recent() -> list[Invocation]:
    """Return the last invocations, the oldest first."""
    with _lock:
        return list(_recent)
