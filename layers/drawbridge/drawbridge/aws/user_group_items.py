"""The user groups' members, as they were last looked up: in the table of the approvals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from drawbridge.aws.errors import translated
from drawbridge.errors import UpstreamError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


class UserGroupItems:
    """Items beside those of the questions, under keys that no request has."""

    def __init__(self, table: Table, *, now: Callable[[], datetime]) -> None:
        self._table = table
        self._now = now

    def members(self, group_id: str) -> tuple[datetime, frozenset[str]] | None:
        """Return the members of a user group as they were last looked up, and when."""
        with translated(f"read the members of {group_id}", missing=UpstreamError):
            item: Any = self._table.get_item(Key={"request_id": f"user-group/{group_id}"}).get("Item")
        if item is None:
            return None
        return datetime.fromisoformat(item["looked_up_at"]), frozenset(item.get("members", ()))

    def keep_members(self, group_id: str, members: frozenset[str]) -> None:
        """Keep the members of a user group as they were just looked up."""
        now = self._now()
        item: dict[str, Any] = {
            "request_id": f"user-group/{group_id}",
            "looked_up_at": now.isoformat(),
            "expires_at": int((now + timedelta(days=1)).timestamp()),
        }
        with translated(f"keep the members of {group_id}", missing=UpstreamError):
            self._table.put_item(Item=item | ({"members": set(members)} if members else {}))
