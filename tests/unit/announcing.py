"""What is announced to be withdrawn, as tests mark and read it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from drawbridge.approval.announcement_message import AnnouncedRequest
from drawbridge.request.announced import Announced
from drawbridge.request.status_reached import StatusReached
from drawbridge.status import Reason, Status
from tests.builders import CONNECTION, CONSUMER, NOW, PROVIDER, RESOURCE_ARN, SHARE, SHARE_ARN

ID = SHARE.request_id
WEEK = timedelta(days=7)
WHY = Reason("policy", "No databases of this provider.", source="no-databases")
ABOUT = AnnouncedRequest(request_id=ID, kind="resource-share", subject=SHARE_ARN, account_id=PROVIDER)
ABOUT_CONNECTION = AnnouncedRequest(
    request_id=CONNECTION.request_id,
    kind="endpoint-connection",
    subject=CONNECTION.endpoint_id,
    account_id=CONSUMER,
)


def mark(binding: str = "orders", resource_arn: str = RESOURCE_ARN, **changes: Any) -> Announced:
    fields: dict[str, Any] = {
        "binding": binding,
        "resource_arn": resource_arn,
        "since": NOW,
        "withdraw_after": NOW + WEEK,
        "forbidden": True,
        "reasons": (WHY,),
    }
    return Announced(**(fields | changes))


def of_whole(**changes: Any) -> Announced:
    return mark("", "", **changes)


def marked(*marks: Announced, status: Status = Status.AVAILABLE, reasons: tuple[Reason, ...] = ()) -> StatusReached:
    """Return a row with these marks."""
    return StatusReached(request_id=ID, status=status, attempt=1, reasons=reasons, announced=marks)


def later(hours: int) -> datetime:
    return NOW + timedelta(hours=hours)
