"""Question slots, in memory; ``aws.question_slot_items.QuestionSlotItems`` keeps them in DynamoDB."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Mapping


class InMemoryQuestionSlots:
    """The requests of each account that took a slot, and those whose question is closed since."""

    def __init__(self, taken: Mapping[str, Collection[str]] | None = None) -> None:
        self._lock = threading.Lock()
        self._taken: dict[str, set[str]] = defaultdict(set)
        for account_id, request_ids in (taken or {}).items():
            self._taken[account_id] = {*request_ids}
        self._closed: set[str] = set()

    def take(self, account_id: str, request_id: str, *, most: int) -> bool:
        with self._lock:
            taken = self._taken[account_id]
            if request_id in taken:
                return True
            still = taken if len(taken) < most else taken - self._closed
            if len(still) >= most:
                return False
            self._taken[account_id] = {*still, request_id}
            return True

    def close(self, request_id: str) -> None:
        """Have nobody asked about the request any longer."""
        self._closed.add(request_id)
