"""EventBridge: the bus that others build on, and the notifications that are relayed to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from drawbridge.aws.errors import error_for, translated
from drawbridge.bounds import in_parts
from drawbridge.discovery.announcements import RequestReview, WithdrawalAnnouncement
from drawbridge.errors import DrawbridgeError
from drawbridge.hint.notification import CONNECTION_NOTIFICATION
from drawbridge.intake.notices.tell import OfferAnnouncement, OfferChange, OfferEvent
from drawbridge.observability import logger
from drawbridge.record.record import StatusChange

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "drawbridge"
STATUS_CHANGED = "Request Status Changed"
REVIEWED = "Request Reviewed"
WITHDRAWAL_ANNOUNCED = "Withdrawal Announced"
WITHDRAWAL_CANCELLED = "Withdrawal Cancelled"

_AT_ONCE = 10
"""Events that one call takes."""
_MOST_BYTES = 256_000
"""Of all events that one call takes."""
_BESIDES_DETAIL = 1_000
"""Bytes of an event that are not its detail: its source, its type and what it is about."""


class EventBus:
    """The ``drawbridge`` bus."""

    def __init__(self, events: EventBridgeClient, name: str) -> None:
        self._events = events
        self._name = name

    def announce(self, change: StatusChange) -> None:
        """Put a change of status on the bus."""
        self._put(STATUS_CHANGED, msgspec.to_builtins(change), resources=[change.subject])

    def announce_all(self, changes: Sequence[StatusChange]) -> frozenset[str]:
        """Put changes of status on the bus, as many in a call as it takes; return the ids of those that are on it."""
        entries = [
            (each.id, self._entry(STATUS_CHANGED, msgspec.to_builtins(each), resources=[each.subject]))
            for each in changes
        ]
        on_bus: set[str] = set()
        for some in _in_calls(entries):
            try:
                on_bus |= self._put_all(STATUS_CHANGED, some)
            except DrawbridgeError as error:
                logger.warning("not put on the bus", number_of_events=len(some), reason=str(error))
        return frozenset(on_bus)

    def announce_review(self, review: RequestReview) -> None:
        """Put what a review came to on the bus."""
        self._put(REVIEWED, msgspec.to_builtins(review), resources=[review.subject])

    def announce_withdrawal(self, announcement: WithdrawalAnnouncement) -> None:
        """Put on the bus that something is to be taken down, or is not any longer."""
        name = WITHDRAWAL_ANNOUNCED if announcement.withdraw_after else WITHDRAWAL_CANCELLED
        self._put(name, msgspec.to_builtins(announcement), resources=[announcement.subject])

    def announce_offers(self, announcements: Sequence[OfferAnnouncement]) -> frozenset[str]:
        """Put on the bus what became of shares that accounts are offered; return the ids of what is on it."""
        on_bus: set[str] = set()
        # IAM allows by detail-type, and what it makes of a call with several is not documented.
        for detail_type in OfferEvent:
            changes = [each.change for each in announcements if each.event is detail_type]
            for some in in_parts(changes, _AT_ONCE):
                on_bus |= self._put_offers(detail_type, some)
        return frozenset(on_bus)

    def relay(self, details: list[dict[str, Any]]) -> None:
        """Put connection notifications on the bus."""
        for detail in details:
            self._put(CONNECTION_NOTIFICATION, detail, resources=[])

    def _put(self, detail_type: str, detail: dict[str, Any], *, resources: list[str]) -> None:
        with translated(f"put {detail_type!r} on {self._name}"):
            answer = self._events.put_events(Entries=[self._entry(detail_type, detail, resources=resources)])
        # The call succeeds as a whole and reports each entry's failure in its body.
        if answer["FailedEntryCount"]:
            failed = answer["Entries"][0]
            code = failed.get("ErrorCode", "")
            raise error_for(code)(f"put {detail_type!r} on {self._name}: {code}: {failed.get('ErrorMessage')}")

    def _put_offers(self, detail_type: str, changes: Sequence[OfferChange]) -> set[str]:
        return self._put_all(
            detail_type,
            [
                (each.id, self._entry(detail_type, msgspec.to_builtins(each), resources=[each.subject]))
                for each in changes
            ],
        )

    def _put_all(self, detail_type: str, entries: Sequence[tuple[str, PutEventsRequestEntryTypeDef]]) -> set[str]:
        """Put entries on the bus; return the ids of those that it took."""
        with translated(f"put {detail_type!r} on {self._name}"):
            answer = self._events.put_events(Entries=[entry for _, entry in entries])
        # In the order of the request, each with its own failure.
        results = zip(entries, answer["Entries"], strict=True)
        return {each for (each, _), result in results if not result.get("ErrorCode")}

    def _entry(self, detail_type: str, detail: dict[str, Any], *, resources: list[str]) -> PutEventsRequestEntryTypeDef:
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": detail_type,
            "Detail": msgspec.json.encode(detail).decode(),
            "Resources": [each for each in resources if each.startswith("arn:")],
        }


def _in_calls(
    entries: Sequence[tuple[str, PutEventsRequestEntryTypeDef]],
) -> Iterator[list[tuple[str, PutEventsRequestEntryTypeDef]]]:
    """Yield the entries by calls: of each at most so many, and so many bytes together, but one at least."""
    some: list[tuple[str, PutEventsRequestEntryTypeDef]] = []
    size = 0
    for each in entries:
        more = len(each[1]["Detail"].encode()) + _BESIDES_DETAIL
        if some and (len(some) == _AT_ONCE or size + more > _MOST_BYTES):
            yield some
            some, size = [], 0
        some.append(each)
        size += more
    if some:
        yield some
