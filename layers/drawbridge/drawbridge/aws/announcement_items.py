"""The records of the messages about announced withdrawals: one item a request, in the table of the approvals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from drawbridge.approval.announcement import AnnouncementRecord
from drawbridge.approval.announcement_message import Announcement
from drawbridge.approval.ask import Posted
from drawbridge.aws.errors import translated
from drawbridge.aws.table_writes import Write, apply_write
from drawbridge.errors import InvalidInputError, UpstreamError
from drawbridge.parsing import UnreadableError, read_json

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_KEPT_FOR = timedelta(days=90)
"""After it was to be taken down, and after the message was changed last."""

_CLAIM_LASTS = timedelta(seconds=45)
"""Longer than Slack takes, and shorter than the minute that Lambda waits before it repeats what failed.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html: whoever claimed it and was stopped
finds, repeated, that the claim has run out.
"""


class AnnouncementItems:
    """Items beside those of the questions, under keys that no request has."""

    def __init__(self, table: Table, *, now: Callable[[], datetime]) -> None:
        self._table = table
        self._now = now

    def announcement(self, request_id: str) -> AnnouncementRecord | None:
        """Return the record of the message about the last announcement of a request.

        Raises:
            InvalidInputError: somebody wrote it by hand, and it is none.
        """
        with translated(f"read the announcement of {request_id}", missing=UpstreamError):
            item = self._table.get_item(Key={"request_id": _key(request_id)}, ConsistentRead=True).get("Item")
        return None if item is None else _record(item, request_id)

    def claim(self, wanted: AnnouncementRecord, before: AnnouncementRecord | None) -> AnnouncementRecord | None:
        """Keep what is about to be told; ``None`` if the record is another one by now, or is claimed."""
        now = self._now()
        if before is not None and before.claimed_until is not None and before.claimed_until > now:
            return None
        until = now + _CLAIM_LASTS
        claimed = msgspec.structs.replace(
            wanted, revision=before.revision + 1 if before else 1, is_shown=False, claimed_until=until
        )
        kept_until = max(now, claimed.announcement.withdraw_after) + _KEPT_FOR
        write = Write(
            announcement=msgspec.json.encode(claimed.announcement).decode(),
            newest_since=claimed.newest_since.isoformat(),
            ending=claimed.ending,
            is_over=claimed.is_over,
            is_shown=False,
            revision=claimed.revision,
            claimed_until=until.isoformat(),
            expires_at=int(kept_until.timestamp()),
        )
        if claimed.posted is None:
            write.remove("channel")
            write.remove("ts")
        if before is None:
            write.only_if_missing("revision")
        else:
            write.only_if(revision=before.revision)
        return claimed if self._update(claimed, write) else None

    def note_shown(self, claimed: AnnouncementRecord, posted: Posted) -> AnnouncementRecord:
        """Note where the message is, and that it says what was claimed."""
        self._end_claim(claimed, Write(is_shown=True, channel=posted.channel, ts=posted.ts))
        return msgspec.structs.replace(claimed, is_shown=True, posted=posted, claimed_until=None)

    def give_back(self, claimed: AnnouncementRecord) -> None:
        """Let others tell it at once."""
        self._end_claim(claimed, Write())

    def _end_claim(self, claimed: AnnouncementRecord, write: Write) -> None:
        write.remove("claimed_until")
        # Nothing if the claim had run out and somebody else has it.
        write.only_if(revision=claimed.revision)
        self._update(claimed, write)

    def _update(self, record: AnnouncementRecord, write: Write) -> bool:
        with translated(f"write the announcement of {record.request_id}", missing=UpstreamError):
            return apply_write(self._table, _key(record.request_id), write) is not None


def _key(request_id: str) -> str:
    return f"announcement/{request_id}"


def _record(item: dict[str, Any], request_id: str) -> AnnouncementRecord:
    try:
        return _record_of(item, request_id)
    except (LookupError, TypeError, ValueError, ArithmeticError, UnreadableError) as error:
        raise InvalidInputError(
            f"the announcement of {request_id[:200]!r} can't be read: {str(error)[:300]}; delete it"
        ) from error


def _record_of(item: dict[str, Any], request_id: str) -> AnnouncementRecord:
    announcement = read_json(item["announcement"], Announcement)
    if announcement.about.request_id != request_id:
        raise UnreadableError(f"it is about {announcement.about.request_id}")
    return AnnouncementRecord(
        announcement=announcement,
        newest_since=_time(item["newest_since"]),
        ending=str(item["ending"]),
        is_over=item["is_over"] is True,
        is_shown=item["is_shown"] is True,
        posted=Posted(str(item["channel"]), str(item["ts"])) if "ts" in item else None,
        revision=int(item["revision"]),
        claimed_until=_time(item["claimed_until"]) if "claimed_until" in item else None,
    )


def _time(text: str) -> datetime:
    # One without a time zone was written by hand, and could not be compared.
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
