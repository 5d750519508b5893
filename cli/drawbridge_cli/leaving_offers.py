"""Accounts that leave offered shares, by the records of the offers: shown, and let go where too many would leave."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from drawbridge.errors import AccessDeniedError
from drawbridge.intake.offering.entry_standing import stays_in_shares
from drawbridge.intake.offering.leaving import Leaving, LeavingCause
from drawbridge.intake.offering.offers import OfferRecord, is_share
from drawbridge.legible import legible
from drawbridge_cli.screen import complain
from drawbridge_cli.stack import Stack

_WHY = {
    LeavingCause.COMMANDED: "removed",
    LeavingCause.NO_ENTRY: "its entry is gone",
    LeavingCause.OTHER_TIER: "of another tier",
    LeavingCause.FORBIDDEN: "forbidden",
}


def leaving_offers(stack: Stack) -> list[OfferRecord]:
    """Return the accounts that leave shares, each with its share; none if the caller may not read it, which is told."""
    try:
        return [*_leaving(stack)]
    except AccessDeniedError as error:
        complain(f"who leaves shares can't be shown: {error}")
        return []


def _leaving(stack: Stack) -> Iterator[OfferRecord]:
    if stack.offers is None:
        return
    for target in sorted(each for each in stack.offers.targets() if is_share(each)):
        for _, record in sorted(stack.offers.of(target).items()):
            if record.leaving is not None:
                yield record


def held_back_offers(stack: Stack) -> list[OfferRecord]:
    """Return the accounts that leave shares once somebody lets them go: none that stays anyway, as who is suspended."""
    held_back = [each for each in leaving_offers(stack) if is_held_back(each)]
    if not held_back:
        return []
    try:
        entries = stack.consumers.entries({each.account_id for each in held_back})
    except AccessDeniedError as error:
        complain(f"who of them is suspended, and stays in shares, can't be shown: {error}")
        return held_back
    return [
        each for each in held_back if each.account_id not in entries or not stays_in_shares(entries[each.account_id])
    ]


def is_held_back(record: OfferRecord) -> bool:
    """Return whether an account stays in a share since too many would leave at once, and nobody has let it go."""
    return record.leaving is not None and _waits(record.leaving)


def _waits(leaving: Leaving) -> bool:
    return leaving.is_capped and not leaving.announced.confirmed


def let_offer_go(stack: Stack, record: OfferRecord) -> bool:
    """Let an account leave a share; ``False`` if its record is not any longer as it was read."""
    if stack.offers is None or record.leaving is None:
        return False
    confirmed = replace(record.leaving, announced=replace(record.leaving.announced, confirmed=True))
    return bool(stack.offers.note([replace(record, leaving=confirmed)], after=[record]))


def held_back_row(record: OfferRecord) -> tuple[str, str, str, str, str]:
    """Return a row of the table of what is held back."""
    return legible(record.target), record.account_id, "its place in the share", _since(record), _why(record)


def leaving_text(record: OfferRecord, leaving: Leaving) -> str:
    """Return a line that says how an account leaves a share."""
    of = legible(record.target)
    due = f"{leaving.announced.withdraw_after:%Y-%m-%d %H:%M} UTC"
    reasons = "".join(f" {legible(each.text)}" for each in leaving.announced.reasons)
    if _waits(leaving):
        return f"{of}: it stays, as too many would leave at once ({_why(record)}).{reasons}"
    if record.is_out:
        return f"{of}: it has left ({_why(record)}); what it has associated of it goes at {due}.{reasons}"
    return f"{of}: it leaves at {due} ({_why(record)}), with what it has associated of it.{reasons}"


def leaving_documents(records: Sequence[OfferRecord]) -> list[dict[str, Any]]:
    """Return accounts that leave shares, for programs."""
    return [
        {
            "target": each.target,
            "account_id": each.account_id,
            "cause": each.leaving.cause,
            "since": each.leaving.announced.since,
            "withdraw_after": each.leaving.announced.withdraw_after,
            "taken_out_at": each.leaving.taken_out_at,
            "held_back": each.leaving.is_capped,
            "confirmed": each.leaving.announced.confirmed,
            "reasons": each.leaving.announced.reasons,
        }
        for each in records
        if each.leaving is not None
    ]


def _since(record: OfferRecord) -> str:
    return "" if record.leaving is None else f"{record.leaving.announced.since:%Y-%m-%d %H:%M}"


def _why(record: OfferRecord) -> str:
    return "" if record.leaving is None else _WHY[record.leaving.cause]
