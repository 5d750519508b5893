"""A bus that keeps what is put on it."""

from __future__ import annotations

from tests.functions.invocations import Json


class Bus:
    def __init__(self) -> None:
        self.relayed: list[Json] = []

    def relay(self, details: list[Json]) -> None:
        self.relayed += details
