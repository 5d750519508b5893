"""Telling consumers of shares: what is on record of each, and not on the bus, is put there."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol

import msgspec
from msgspec.structs import replace

from drawbridge.bounds import in_parts
from drawbridge.errors import UpstreamError
from drawbridge.intake.notices.notice import share_notice_of
from drawbridge.intake.notices.offer_event import OfferAnnouncement, OfferChange, OfferEvent
from drawbridge.intake.offering.converged import Converged
from drawbridge.intake.offering.offers import OfferedShares, OfferRecord, OfferRecords
from drawbridge.intake.offering.share_notice import ShareNoticeType
from drawbridge.intake.offering.untold import is_untold, of_deleted_share, with_notice
from drawbridge.record.record import reasons_for_status

KIND = "offered-share"


class OfferBus(Protocol):
    """The bus that others build on."""

    def announce_offers(self, announcements: Sequence[OfferAnnouncement]) -> frozenset[str]:
        """Put changes on the bus; return the ids of those that are on it."""
        ...


_EVENTS = {
    ShareNoticeType.ANNOUNCED: OfferEvent.WITHDRAWAL_ANNOUNCED,
    ShareNoticeType.CANCELLED: OfferEvent.WITHDRAWAL_CANCELLED,
}

_AT_ONCE = 100
"""Records that are written together."""


class ShareTeller:
    """Tells consumers of the shares that they are offered.

    It may be broken off anywhere: what is told is on record first, as not told yet, with all that its id is made of.
    """

    def __init__(self, *, shares: OfferedShares, records: OfferRecords, bus: OfferBus) -> None:
        self._shares = shares
        self._records = records
        self._bus = bus

    def tell(
        self, share_arn: str, now: datetime, converged: Converged, is_late: Callable[[], bool], *, of_leavers: bool
    ) -> None:
        """Tell the accounts of a share what they have not been told; as many as there is time for.

        ``of_leavers`` is whether only those may have something new that are out of it.
        """
        records = self._records.of(share_arn)
        there = {} if of_leavers else {each.principal: each for each in self._shares.principals(share_arn)}
        may_be = {name: each for name, each in records.items() if each.is_out or not of_leavers}
        untold = {name: each for name, each in may_be.items() if is_untold(each, there.get(name), now)}
        due = [(each, with_notice(each, there.get(name), now)) for name, each in untold.items()]
        for some in in_parts(due, _AT_ONCE):
            if is_late():
                converged.left.add(share_arn)
                return
            self._tell(some, converged)

    def tell_of_deleted(
        self, records: Collection[OfferRecord], now: datetime, converged: Converged, is_late: Callable[[], bool]
    ) -> list[OfferRecord]:
        """Tell accounts that a share is deleted; return the records that nobody needs any longer."""
        due = [(each, of_deleted_share(each, now)) for each in records]
        untold = [each for each in due if _is_untold(each[1])]
        needless = [after for _, after in due if not _is_untold(after)]
        for some in in_parts(untold, _AT_ONCE):
            if is_late():
                break
            needless += self._tell(some, converged)
        return needless

    def _tell(self, due: Sequence[tuple[OfferRecord, OfferRecord]], converged: Converged) -> list[OfferRecord]:
        """Put on record, and then on the bus, what accounts are to be told; return the records of those that are.

        What a sweep that is at work at the same time has changed is left to that.
        """
        changed = [each for each in due if each[0] != each[1]]
        noted = self._records.note([after for _, after in changed], after=[before for before, _ in changed])
        standing = [*noted, *(after for before, after in due if before == after)]
        announcements = {record.principal: announcement_of(record) for record in standing}
        on_bus = self._bus.announce_offers([each for each in announcements.values() if each is not None])
        put = [
            record
            for record in standing
            if (announcement := announcements[record.principal]) is not None and announcement.change.id in on_bus
        ]
        told = [replace(each, notice=replace(each.notice, is_told=True)) for each in put if each.notice is not None]
        if len(put) < len(standing):
            of = standing[0].target
            why = f"{len(standing) - len(put)} accounts are not told of {of}: EventBridge does not take all events"
            converged.failures.append(UpstreamError(why))
        return self._records.note(told, after=put)


def announcement_of(record: OfferRecord) -> OfferAnnouncement | None:
    """Return the event that tells what is on record of an account in a share; ``None`` if nothing is."""
    notice = share_notice_of(record)
    if record.notice is None or notice is None:
        return None
    is_offered = record.notice.type is ShareNoticeType.OFFERED
    until = notice.until or ""
    reasons = record.leaving.announced.reasons if record.leaving is not None and not is_offered else ()
    change = OfferChange(
        id=notice.id,
        kind=KIND,
        subject=record.target,
        account_id=record.account_id,
        status=notice.status,
        time=notice.time,
        tier=record.tier,
        accept_until=until if is_offered else "",
        withdraw_after="" if is_offered else until,
        reasons=tuple(msgspec.to_builtins(each) for each in reasons_for_status(reasons)),
    )
    return OfferAnnouncement(_EVENTS.get(record.notice.type, OfferEvent.STATUS_CHANGED), change)


def _is_untold(record: OfferRecord) -> bool:
    return record.notice is not None and not record.notice.is_told
