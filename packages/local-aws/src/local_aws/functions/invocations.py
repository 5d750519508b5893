"""The recent invocations of functions."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict, deque
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
_counts: Counter[str] = Counter()
_seconds: defaultdict[str, float] = defaultdict(float)


def add(invocation: Invocation) -> None:
    with _lock:
        _recent.append(invocation)
        _counts[invocation.account_id] += 1
        _seconds[invocation.account_id] += invocation.duration_ms / 1000


def recent() -> list[Invocation]:
    """Return the last invocations, the oldest first."""
    with _lock:
        return list(_recent)


def of_account(account_id: str) -> tuple[int, float]:
    """Return how many invocations of an account have ended, and the seconds that they took in all."""
    with _lock:
        return _counts[account_id], _seconds[account_id]
