"""The records of announcements, in memory; ``aws.announcement_items.AnnouncementItems`` keeps them in DynamoDB."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from drawbridge.approval.announcement import AnnouncementRecord
from drawbridge.approval.ask import Posted


class InMemoryAnnouncements:
    """The records. Each write is atomic, as a conditional write is."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._lock = threading.Lock()
        self._now = now
        self.records: dict[str, AnnouncementRecord] = {}

    def announcement(self, request_id: str) -> AnnouncementRecord | None:
        return self.records.get(request_id)

    def claim(self, wanted: AnnouncementRecord, before: AnnouncementRecord | None) -> AnnouncementRecord | None:
        with self._lock:
            there = self.records.get(wanted.request_id)
            if (there and there.revision) != (before and before.revision):
                return None
            if there is not None and there.claimed_until is not None and there.claimed_until > self._now():
                return None
            return self._put(
                wanted,
                is_shown=False,
                revision=before.revision + 1 if before else 1,
                claimed_until=self._now() + timedelta(seconds=45),
            )

    def note_shown(self, claimed: AnnouncementRecord, posted: Posted) -> AnnouncementRecord:
        return self._end_claim(claimed, is_shown=True, posted=posted)

    def give_back(self, claimed: AnnouncementRecord) -> None:
        self._end_claim(claimed)

    def _end_claim(self, claimed: AnnouncementRecord, **changes: object) -> AnnouncementRecord:
        with self._lock:
            if self.records[claimed.request_id].revision != claimed.revision:
                return msgspec.structs.replace(claimed, claimed_until=None, **changes)
            return self._put(claimed, claimed_until=None, **changes)

    def _put(self, record: AnnouncementRecord, **changes: object) -> AnnouncementRecord:
        new = msgspec.structs.replace(record, **changes)
        self.records[record.request_id] = new
        return new
