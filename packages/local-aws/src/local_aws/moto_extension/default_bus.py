"""Events that AWS services put on an account's default bus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def announce(
    account_id: str,
    region: str,
    *,
    source: str,
    detail_type: str,
    detail: dict[str, Any],
    resources: Sequence[str] = (),
) -> None:
    put_on_bus(account_id, region, source=source, detail_type=detail_type, detail=detail, resources=resources)


def put_on_bus(account_id: str, region: str, **event: Any) -> None:
    for put in _buses:
        put(account_id, region, **event)


def deliver_with(put: Callable[..., None]) -> None:
    """Set the function that puts events on buses; delivery provides it, as it depends on the services."""
    _buses[:] = [put]


_buses: list[Callable[..., None]] = []
