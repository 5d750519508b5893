"""The bus that others build on, in memory; ``aws.event_bus.EventBus`` is the one of EventBridge."""

from __future__ import annotations

from collections.abc import Sequence

from drawbridge.discovery.announcements import RequestReview, WithdrawalAnnouncement
from drawbridge.record.record import StatusChange
from tests.fakes.interruptions import Interruptions


class InMemoryStatusBus:
    """What was announced."""

    def __init__(self, interruptions: Interruptions | None = None) -> None:
        self._interruptions = interruptions or Interruptions()
        self.announced: list[StatusChange] = []
        self.refused: set[str] = set()
        """The ids of changes that the bus does not take."""
        self.reviews: list[RequestReview] = []
        self.withdrawals: list[WithdrawalAnnouncement] = []

    def announce(self, change: StatusChange) -> None:
        self._interruptions.before_write()
        self.announced.append(change)

    def announce_all(self, changes: Sequence[StatusChange]) -> frozenset[str]:
        taken = [each for each in changes if each.id not in self.refused]
        self._interruptions.before_write()
        self.announced += taken
        return frozenset(each.id for each in taken)

    def announce_review(self, review: RequestReview) -> None:
        self._interruptions.before_write()
        self.reviews.append(review)

    def announce_withdrawal(self, announcement: WithdrawalAnnouncement) -> None:
        self._interruptions.before_write()
        self.withdrawals.append(announcement)
