"""Requests' history in memory."""

from collections.abc import Iterable

from drawbridge.record.history import HistoryItem


class InMemoryHistory:
    """Keeps the first item of each name."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], HistoryItem] = {}

    def add(self, item: HistoryItem) -> None:
        self.kept.setdefault((item.request_id, item.name), item)

    def add_all(self, items: Iterable[HistoryItem]) -> None:
        for item in items:
            self.add(item)

    @property
    def items(self) -> list[HistoryItem]:
        return [*self.kept.values()]
