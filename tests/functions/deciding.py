"""Question slots as ``decide_request`` takes them: there is always a free one."""

from __future__ import annotations


class Slots:
    def take(self, account_id: str, request_id: str, *, most: int) -> bool:
        return most > 0
