"""The members of user groups, in memory; ``aws.user_group_items.UserGroupItems`` keeps them in DynamoDB."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tests.builders import NOW


class InMemoryKnownGroupMembers:
    """The members that each group had, and when that was said."""

    def __init__(self, now: Callable[[], datetime] = lambda: NOW) -> None:
        self._now = now
        self.kept: dict[str, tuple[datetime, frozenset[str]]] = {}

    def members(self, group_id: str) -> tuple[datetime, frozenset[str]] | None:
        return self.kept.get(group_id)

    def keep_members(self, group_id: str, members: frozenset[str]) -> None:
        self.kept[group_id] = (self._now(), members)
