"""The bus that others build on, in memory; ``aws.event_bus.EventBus`` is the one of EventBridge."""

from __future__ import annotations

from drawbridge.discovery.announcements import RequestReview, WithdrawalAnnouncement
from drawbridge.record.record import StatusChange
from tests.fakes.interruptions import Interruptions


class InMemoryStatusBus:
    """What was announced."""

    def __init__(self, interruptions: Interruptions | None = None) -> None:
        self._interruptions = interruptions or Interruptions()
        self.announced: list[StatusChange] = []
        self.reviews: list[RequestReview] = []
        self.withdrawals: list[WithdrawalAnnouncement] = []

    def announce(self, change: StatusChange) -> None:
        self._interruptions.before_write()
        self.announced.append(change)

    def announce_review(self, review: RequestReview) -> None:
        self._interruptions.before_write()
        self.reviews.append(review)

    def announce_withdrawal(self, announcement: WithdrawalAnnouncement) -> None:
        self._interruptions.before_write()
        self.withdrawals.append(announcement)
