"""Letting go what sweeps hold back, because so much of what is connected would go at once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import typer

from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.intake.offering.offers import OfferRecord
from drawbridge.request.announced import whole
from drawbridge.request.held_back import HeldBack, held_back
from drawbridge_cli.commanding import How, tell_to_sweep
from drawbridge_cli.leaving_offers import held_back_offers, held_back_row, leaving_documents, let_offer_go
from drawbridge_cli.screen import accounting, ask, complain, say, show_json, show_table
from drawbridge_cli.stack import Stack
from drawbridge_cli.withdrawable_screen import request_document

_COLUMNS = ("subject", "account", "what", "since", "why")


def let_go(stack: Stack, how: How) -> None:
    """Let go what is held back: each is looked at once more before it goes."""
    now = datetime.now(UTC)
    followed = sorted(stack.ledger.followed(), key=lambda row: row.request_id)
    capped = [(row, held) for row in followed if (held := held_back(row, now)) is not None]
    offers = held_back_offers(stack)
    if not how.as_json:
        if not capped and not offers:
            say("nothing is held back")
            return
        rows = [(row.request.subject, row.account_id, *told) for row, held in capped for told in _told(row, held)]
        show_table(_COLUMNS, [*rows, *map(held_back_row, offers)])
    done: list[LedgerRow] = []
    left: list[OfferRecord] = []
    if (capped or offers) and not how.dry_run:
        if not how.yes:
            ask(f"Withdraw {len(capped) + len(offers)}?")
        done = _confirm_all(stack, capped)
        left = _let_all_go(stack, offers)
        tell_to_sweep(stack)
    if how.as_json:
        documents = [_held_document(row, held, how.result(done=row in done)) for row, held in capped]
        of_offers = [
            document | {"result": how.result(done=offer in left)}
            for offer, document in zip(offers, leaving_documents(offers), strict=True)
        ]
        show_json({"dry_run": how.dry_run, "requests": documents, "offers": of_offers})
    elif not how.dry_run:
        say(f"{len(done) + len(left)} are let go: each is asked for once more before it goes", "good")
    if not how.dry_run and len(done) + len(left) < len(capped) + len(offers):
        raise typer.Exit(1)


def _let_all_go(stack: Stack, offers: list[OfferRecord]) -> list[OfferRecord]:
    """Let accounts leave shares; return those that may: the others have changed meanwhile, which is told."""
    done: list[OfferRecord] = []
    with accounting(lambda: f"{len(done)} of {len(offers)} accounts may leave shares; the same command does the rest"):
        for each in offers:
            done += [each] if let_offer_go(stack, each) else []
    for each in offers:
        if each not in done:
            complain(f"{each.account_id} of {each.target}: it has changed meanwhile; look again")
    return done


def _confirm_all(stack: Stack, capped: list[tuple[LedgerRow, HeldBack]]) -> list[LedgerRow]:
    """Confirm what is held back; return what is confirmed: the others have changed meanwhile, which is told."""
    done: list[LedgerRow] = []
    with accounting(lambda: f"{len(done)} of {len(capped)} are let go; the same command does the rest") as show:
        for number, (row, held) in enumerate(capped, 1):
            show(f"letting go {number} of {len(capped)}")
            done += [row] if _confirm(stack, row, held) else []
    for row, _ in capped:
        if row not in done:
            complain(f"{row.request_id}: it has changed meanwhile; look again")
    return done


def _told(row: LedgerRow, held: HeldBack) -> Iterator[tuple[str, str, str]]:
    """Yield what of it is held back, since when, and why."""
    if absent := held.absent:
        is_all = any(mark.of == row.request.subject for mark in absent)
        what = "all of it" if is_all else f"{len(absent)} resources"
        yield what, _time(min(mark.since for mark in absent)), "gone"
    if announced := held.announced:
        what = "all of it" if whole(announced) else f"{len({mark.key for mark in announced})} associations"
        yield what, _time(min(mark.since for mark in announced)), "no longer permitted"


def _held_document(row: LedgerRow, held: HeldBack, result: str) -> dict[str, Any]:
    return request_document(row, result) | {"absent": held.absent, "announced": held.announced}


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _confirm(stack: Stack, row: LedgerRow, held: HeldBack) -> bool:
    """Confirm what is held back; ``False`` if it is not any longer as it was read."""
    replace = msgspec.structs.replace
    if held.absent:
        absent = tuple(replace(mark, confirmed=True) for mark in row.absent)
        if not stack.ledger.note_absent(row, absent, capped=True):
            return False
    if not held.announced:
        return True
    announced = tuple(replace(mark, confirmed=mark.confirmed or mark in held.announced) for mark in row.announced)
    return stack.ledger.note_announced(row, announced, capped=True)
