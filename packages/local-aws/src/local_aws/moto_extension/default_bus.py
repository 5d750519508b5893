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
    """Have events put on buses by this, which delivery gives: it stands on the services, not they on it."""
    _buses[:] = [put]


_buses: list[Callable[..., None]] = []
