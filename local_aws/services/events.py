"""Events that AWS services put on an account's default bus."""

from __future__ import annotations

from collections.abc import Sequence
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
    # The delivery of events stands on the services: bound late.
    from local_aws.delivery.events import emit  # noqa: PLC0415 - see above

    emit(account_id, region, **event)
