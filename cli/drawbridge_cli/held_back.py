"""Letting go what sweeps hold back, because so much of what is connected would go at once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import typer

from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.request.announced import whole
from drawbridge.request.held_back import HeldBack, held_back
from drawbridge_cli.commanding import How, tell_to_sweep
from drawbridge_cli.screen import accounting, ask, complain, say, show_table
from drawbridge_cli.stack import Stack
from drawbridge_cli.withdrawable_screen import request_document, show_documents

_COLUMNS = ("subject", "account", "what", "since", "why")


def let_go(stack: Stack, how: How) -> None:
    """Let go what is held back: each is looked at once more before it goes."""
    now = datetime.now(UTC)
    followed = sorted(stack.ledger.followed(), key=lambda row: row.request_id)
    capped = [(row, held) for row in followed if (held := held_back(row, now)) is not None]
    if not how.as_json:
        if not capped:
            say("nothing is held back")
            return
        rows = [(row.request.subject, row.account_id, *told) for row, held in capped for told in _told(row, held)]
        show_table(_COLUMNS, rows)
    done: list[LedgerRow] = []
    if capped and not how.dry_run:
        if not how.yes:
            ask(f"Withdraw {len(capped)}?")
        with accounting(lambda: f"{len(done)} of {len(capped)} are let go; the same command does the rest"):
            for row, held in capped:
                if _confirm(stack, row, held):
                    done.append(row)
                else:
                    complain(f"{row.request_id}: it has changed meanwhile; look again")
        tell_to_sweep(stack)
    if how.as_json:
        documents = [_held_document(row, held, how.result(done=row in done)) for row, held in capped]
        show_documents(documents, dry_run=how.dry_run)
    elif not how.dry_run:
        say(f"{len(done)} are let go: each is asked for once more before it goes", "good")
    if not how.dry_run and len(done) < len(capped):
        raise typer.Exit(1)


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
