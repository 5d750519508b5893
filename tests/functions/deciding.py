"""Turns to ask people, as deciding takes them: everybody gets one, where there are any."""

from __future__ import annotations


class Turns:
    def take(self, account_id: str, request_id: str, *, most: int) -> bool:
        return most > 0
