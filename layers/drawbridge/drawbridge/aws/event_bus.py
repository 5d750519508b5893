"""EventBridge: the bus that others build on, and the notifications that are relayed to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from drawbridge.aws.errors import error_for, translated
from drawbridge.bounds import in_parts
from drawbridge.errors import DrawbridgeError
from drawbridge.hint.notification import CONNECTION_NOTIFICATION
from drawbridge.intake.notices.offer_event import OfferAnnouncement, OfferChange, OfferEvent

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

    # The function that relays notifications needs none of what these come with.
    from drawbridge.discovery.announcements import RequestReview, WithdrawalAnnouncement
    from drawbridge.record.record import StatusChange

SOURCE = "drawbridge"
STATUS_CHANGED = "Request Status Changed"
REVIEWED = "Request Reviewed"
WITHDRAWAL_ANNOUNCED = "Withdrawal Announced"
WITHDRAWAL_CANCELLED = "Withdrawal Cancelled"

_AT_ONCE = 10
"""Events that one call takes."""

_MOST_BYTES = 256 * 1024
"""Of all of a call's."""


class EventBus:
    """The ``drawbridge`` bus."""

    def __init__(self, events: EventBridgeClient, name: str) -> None:
        self._events = events
        self._name = name

    def announce(self, change: StatusChange) -> None:
        """Put a change of status on the bus."""
        self._put(STATUS_CHANGED, msgspec.to_builtins(change), resources=[change.subject])

    def announce_all(self, changes: Sequence[StatusChange]) -> dict[str, DrawbridgeError]:
        """Put changes of status on the bus, ten in one call; return what went wrong, by the ids of changes.

        Each of those that are not named there is on the bus.
        """
        failures: dict[str, DrawbridgeError] = {}
        entries = [
            (each.id, self._entry(STATUS_CHANGED, msgspec.to_builtins(each), resources=[each.subject]))
            for each in changes
        ]
        for some in _in_calls(entries):
            failures |= self._put_entries(STATUS_CHANGED, some)
        return failures

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

    def _put_entries(
        self, detail_type: str, entries: Sequence[tuple[str, PutEventsRequestEntryTypeDef]]
    ) -> dict[str, DrawbridgeError]:
        """Put entries on the bus, in one call; return what went wrong with each, by its id."""
        what = f"put {detail_type!r} on {self._name}"
        try:
            with translated(what):
                results = self._events.put_events(Entries=[entry for _, entry in entries])["Entries"]
        except DrawbridgeError as error:
            return {name: error for name, _ in entries}
        # In the order of the request, each with its own failure.
        return {
            name: error_for(code)(f"{what}: {code}: {result.get('ErrorMessage')}")
            for (name, _), result in zip(entries, results, strict=True)
            if (code := result.get("ErrorCode", ""))
        }

    def _put_offers(self, detail_type: str, changes: Sequence[OfferChange]) -> set[str]:
        entries = [self._entry(detail_type, msgspec.to_builtins(each), resources=[each.subject]) for each in changes]
        with translated(f"put {detail_type!r} on {self._name}"):
            answer = self._events.put_events(Entries=entries)
        # In the order of the request, each with its own failure.
        results = zip(changes, answer["Entries"], strict=True)
        return {each.id for each, result in results if not result.get("ErrorCode")}

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
    """Yield as many entries at once as one call takes, by their number and their bytes."""
    some: list[tuple[str, PutEventsRequestEntryTypeDef]] = []
    room = _MOST_BYTES
    for name, entry in entries:
        size = _bytes(entry)
        if some and (len(some) == _AT_ONCE or size > room):
            yield some
            some, room = [], _MOST_BYTES
        some.append((name, entry))
        room -= size
    if some:
        yield some


def _bytes(entry: PutEventsRequestEntryTypeDef) -> int:
    """Return how many bytes EventBridge counts of an entry (user guide, "Calculating PutEvents event entry size")."""
    texts = (entry["Source"], entry["DetailType"], entry["Detail"], *entry["Resources"])
    return sum(len(each.encode()) for each in texts)
