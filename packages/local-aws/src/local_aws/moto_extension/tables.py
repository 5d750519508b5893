"""The services' state: in memory, under one lock, until the process ends or ``forget_everything`` is called."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from typing import Any

from local_aws.time.clock import Due, clock

lock = threading.RLock()
"""Held by every operation of this package and by every delayed change."""

_tables: list[dict[Any, Any]] = []
_others: list[Callable[[], None]] = []


def table() -> dict[Any, Any]:
    """Return a dictionary that ``forget_everything`` empties."""
    new: dict[Any, Any] = {}
    _tables.append(new)
    return new


def also_forget(forget: Callable[[], None]) -> None:
    """Make ``forget_everything`` call this too, for state that is kept elsewhere."""
    _others.append(forget)


def forget_everything() -> None:
    with lock:
        for each in _tables:
            each.clear()
    for forget in _others:
        forget()


def later(seconds: float, action: Callable[[], None], *, background: bool = False) -> Due:
    """Schedule a change of state, which runs with the lock held."""

    def run() -> None:
        with lock:
            action()

    return clock.call_later(seconds, run, background=background)


def new_id(prefix: str) -> str:
    """Make an id in AWS's present form: 17 hexadecimal digits, the first of which is 0."""
    return f"{prefix}-0{secrets.token_hex(8)}"
