"""What the services keep: in memory, under one lock, gone with the process or with ``forget_everything``."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from typing import Any

from local_aws.time.clock import Due, clock

lock = threading.RLock()
"""Held by every operation of ours and by everything that happens later."""

_tables: list[dict[Any, Any]] = []
_others: list[Callable[[], None]] = []


def table() -> dict[Any, Any]:
    """Return a dictionary that ``forget_everything`` empties."""
    new: dict[Any, Any] = {}
    _tables.append(new)
    return new


def also_forget(forget: Callable[[], None]) -> None:
    """Have ``forget_everything`` call this too, for what is kept elsewhere."""
    _others.append(forget)


def forget_everything() -> None:
    with lock:
        for each in _tables:
            each.clear()
    for forget in _others:
        forget()


def later(seconds: float, action: Callable[[], None], *, background: bool = False) -> Due:
    """Plan a change of state: it runs at its moment, with the lock held."""

    def run() -> None:
        with lock:
            action()

    return clock.call_later(seconds, run, background=background)


def new_id(prefix: str) -> str:
    """Make an id as AWS makes them today: 17 hexadecimal digits, the first of which is 0."""
    return f"{prefix}-0{secrets.token_hex(8)}"
