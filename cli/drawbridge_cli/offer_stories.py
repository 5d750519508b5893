"""What is on record of offers, for ``drawbridge why``: since when, how far each is, and what leaves when and why."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from drawbridge.arns import is_of
from drawbridge.errors import AccessDeniedError
from drawbridge.intake.offering.offers import OfferRecord, is_share
from drawbridge.intake.offering.share_notice import ShareNotice, ShareNoticeType
from drawbridge.legible import legible
from drawbridge_cli.command_lines import command
from drawbridge_cli.leaving_offers import is_held_back, leaving_documents, leaving_text
from drawbridge_cli.screen import Line, complain, wrapped
from drawbridge_cli.stack import Stack

_ACCOUNT = re.compile(r"[0-9]{12}")
_TARGET = re.compile(r"vpce-svc-[0-9a-f]{8,17}|arn:[a-z-]+:ram:[a-z0-9-]+:[0-9]{12}:resource-share/[A-Za-z0-9-]{1,60}")
_MOST_TOLD = 20
"""Offers that are told of; programs get all."""


def offers_named(stack: Stack, named: str) -> list[OfferRecord]:
    """Return what is offered to an account, or of a share or service; nothing if the caller may not read it."""
    try:
        return [*_named(stack, named)]
    except AccessDeniedError as error:
        complain(f"what is offered can't be shown: {error}")
        return []


def _named(stack: Stack, named: str) -> Iterator[OfferRecord]:
    is_account = _ACCOUNT.fullmatch(named) is not None
    # A share of another account is what somebody else offers.
    is_target = _TARGET.fullmatch(named) is not None and not (is_share(named) and not is_of(named, stack.account_id))
    if stack.offers is None or not (is_account or is_target):
        return
    for target in sorted(stack.offers.targets()) if is_account else [named]:
        for _, record in sorted(stack.offers.of(target).items()):
            if not is_account or record.account_id == named:
                yield record


def offer_needs_somebody(record: OfferRecord) -> bool:
    """Return whether AWS refuses it, or the cap holds it back."""
    return record.refused_at is not None or is_held_back(record)


def offer_lines(records: Sequence[OfferRecord], width: int | None, now: datetime) -> Iterator[Line]:
    """Yield what is offered, those first that need somebody, as lines of a width."""
    if not records:
        return
    yield f"Offered ({len(records)})", "title"
    for record in sorted(records, key=lambda each: not offer_needs_somebody(each))[:_MOST_TOLD]:
        mark = "doubtful" if offer_needs_somebody(record) or record.leaving is not None else ""
        yield from wrapped(f"{legible(record.target)}: {legible(record.principal)}", width, indent=2)
        for text in _texts(record, now):
            yield from wrapped(text, width, indent=4, mark=mark)
        if is_held_back(record):
            yield from wrapped(str(command("withdraw", "--confirm")), width, indent=6, end=" \\")
    if len(records) > _MOST_TOLD:
        yield f"  and {len(records) - _MOST_TOLD} more: --json", "aside"
    yield "", ""


def offer_documents(records: Sequence[OfferRecord]) -> list[dict[str, Any]]:
    """Return what is offered, for programs."""
    return [
        {
            "target": each.target,
            "principal": each.principal,
            "account_id": each.account_id,
            "tier": each.tier or None,
            "offered_at": each.offered_at,
            "is_confirmed": each.is_confirmed,
            "refused_at": each.refused_at,
            "awaited_since": each.awaited_since,
            "status": each.notice.type.status if each.notice is not None else None,
            "since": each.notice.since if each.notice is not None else None,
            "until": each.notice.until if each.notice is not None else None,
            "leaving": next(iter(leaving_documents([each])), None),
        }
        for each in records
    ]


def _texts(record: OfferRecord, now: datetime) -> Iterator[str]:
    tier = f" as {legible(record.tier)}" if record.tier else ""
    yield f"offered at {_time(record.offered_at)}{tier}; {_state(record, now)}"
    if record.leaving is not None:
        yield leaving_text(record, record.leaving)
    if record.awaited_since is not None:
        since = _time(record.awaited_since)
        yield f"of another tier: since {since} it stays until another share has taken it, for a day at most"


def _state(record: OfferRecord, now: datetime) -> str:
    if record.refused_at is not None:
        words = f" ({legible(record.quota)})" if record.quota else ""
        return f"AWS refused it last at {_time(record.refused_at)}{words}; it is tried again within a day"
    if record.is_begun:
        return "a sweep is at it, or the next one will be"
    if not record.is_of_share:
        return "it may find the service"
    return "the next sweep finds how far it is" if record.notice is None else _state_in_share(record.notice, now)


def _state_in_share(notice: ShareNotice, now: datetime) -> str:
    since = _time(notice.since)
    match notice.type:
        case ShareNoticeType.OFFERED:
            until = f"{_time(notice.until)}" if notice.until is not None else ""
            if notice.until is not None and notice.until <= now:
                return f"it did not accept the invitation until {until}; where its entry calls for it, another follows"
            return f"invited at {since}: it can accept the invitation until {until}"
        case ShareNoticeType.AVAILABLE:
            return f"in the share since {since}"
        case ShareNoticeType.ANNOUNCED:
            return f"in the share; that it leaves was announced at {since}"
        case ShareNoticeType.CANCELLED:
            return f"in the share; that it leaves was called off at {since}"
        case ShareNoticeType.WITHDRAWING | ShareNoticeType.WITHDRAWN:
            return f"out of the share, as of {since}"


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
