"""Untold: what consumers are to be told of shares, and have not been: a pure comparison."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from drawbridge.intake.offering.leaving import LeavingCause
from drawbridge.intake.offering.offers import OfferRecord, PrincipalStatus, SharePrincipal
from drawbridge.intake.offering.share_notice import ShareNotice, ShareNoticeType

INVITATION_LASTS = timedelta(hours=12)
"""As long as an invitation to a share of VPC Lattice's resources waits.

https://docs.aws.amazon.com/ram/latest/userguide/working-with-shared-invitations.html
"""

_OF_MEMBERS = frozenset({ShareNoticeType.AVAILABLE, ShareNoticeType.ANNOUNCED, ShareNoticeType.CANCELLED})


def with_notice(record: OfferRecord, found: SharePrincipal | None, now: datetime) -> OfferRecord:
    """Return the record of an account in a share with what the account is to be told of it by now.

    ``found`` is the account as the share has it; ``None``, where that is not known, changes nothing but for who is out.
    """
    due = _due(record, found)
    before = record.notice
    if due is None or (before is not None and (before.type, before.until) == due):
        return record
    kind, until = due
    return replace(record, notice=ShareNotice(type=kind, since=now, until=until))


def is_untold(record: OfferRecord, found: SharePrincipal | None, now: datetime) -> bool:
    """Return whether the account has not been told of the share as it is."""
    notice = with_notice(record, found, now).notice
    return notice is not None and not notice.is_told


def of_deleted_share(record: OfferRecord, now: datetime) -> OfferRecord:
    """Return the record of an account in a share that is deleted, with what the account is to be told of it."""
    was_there = record.notice is not None or record.is_confirmed
    if not was_there or (record.notice is not None and _is_end(record.notice)):
        return record
    return replace(record, notice=ShareNotice(type=ShareNoticeType.WITHDRAWN, since=now))


def knows_of_end(record: OfferRecord) -> bool:
    """Return whether the account has been told that it has nothing of the share any longer."""
    return record.notice is not None and _is_end(record.notice) and record.notice.is_told


def _is_end(notice: ShareNotice) -> bool:
    return notice.type is ShareNoticeType.WITHDRAWN


_Due = tuple[ShareNoticeType, datetime | None]


def _due(record: OfferRecord, found: SharePrincipal | None) -> _Due | None:
    """Return what an account is to be told, and until when; ``None`` if it is what it was told last."""
    leaving = record.leaving
    if record.is_out and leaving is not None:
        is_clear = leaving.clear_since is not None
        withdrawing = ShareNoticeType.WITHDRAWING, leaving.announced.withdraw_after
        return (ShareNoticeType.WITHDRAWN, None) if is_clear else withdrawing
    if found is None or not record.is_confirmed:
        return None
    if found.is_invited:
        return ShareNoticeType.OFFERED, record.offered_at + INVITATION_LASTS
    if found.status is PrincipalStatus.ASSOCIATED:
        return _due_in_share(record)
    is_out = found.status in {PrincipalStatus.FAILED, PrincipalStatus.DISASSOCIATED}
    # Somebody else took it out. Who has never been in it was told until when the invitation lasts.
    was_in = record.notice is not None and record.notice.type in _OF_MEMBERS
    return (ShareNoticeType.WITHDRAWN, None) if is_out and was_in else None


def _due_in_share(record: OfferRecord) -> _Due | None:
    leaving = record.leaving
    if leaving is not None and leaving.cause is LeavingCause.FORBIDDEN:
        return ShareNoticeType.ANNOUNCED, leaving.announced.withdraw_after
    if record.notice is None or record.notice.type not in {ShareNoticeType.ANNOUNCED, ShareNoticeType.CANCELLED}:
        return ShareNoticeType.AVAILABLE, None
    # Who leaves for another cause by now, and is held back by the cap, does not stay for good.
    return (ShareNoticeType.CANCELLED, None) if leaving is None else None
