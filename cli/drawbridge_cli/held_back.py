"""Letting go what sweeps hold back, because so much of what is connected would go at once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import typer

from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.request.announced import Announced
from drawbridge_cli.commanding import How, tell_to_sweep
from drawbridge_cli.screen import accounting, ask, complain, say, show_table
from drawbridge_cli.stack import Stack
from drawbridge_cli.withdrawable_screen import request_document, show_documents

_COLUMNS = ("subject", "account", "what", "since", "why")


def let_go(stack: Stack, how: How) -> None:
    """Let go what is held back: each is looked at once more before it goes."""
    now = datetime.now(UTC)
    followed = (row for row in stack.ledger.followed() if row.withdrawal_capped)
    capped = sorted((row for row in followed if row.absent or _due(row, now)), key=lambda row: row.request_id)
    if not how.as_json:
        if not capped:
            say("nothing is held back")
            return
        show_table(
            _COLUMNS, [(row.request.subject, row.account_id, *held) for row in capped for held in _held(row, now)]
        )
    done: list[LedgerRow] = []
    if capped and not how.dry_run:
        if not how.yes:
            ask(f"Withdraw {len(capped)}?")
        done = _confirm_all(stack, capped, now)
        tell_to_sweep(stack)
    if how.as_json:
        show_documents([_held_document(row, now, how.result(done=row in done)) for row in capped], dry_run=how.dry_run)
    elif not how.dry_run:
        say(f"{len(done)} are let go: each is asked for once more before it goes", "good")
    if not how.dry_run and len(done) < len(capped):
        raise typer.Exit(1)


def _confirm_all(stack: Stack, capped: list[LedgerRow], now: datetime) -> list[LedgerRow]:
    """Confirm what is held back; return what is confirmed: the others have changed meanwhile, which is told."""
    done: list[LedgerRow] = []
    with accounting(lambda: f"{len(done)} of {len(capped)} are let go; the same command does the rest") as show:
        for number, row in enumerate(capped, 1):
            show(f"letting go {number} of {len(capped)}")
            done += [row] if _confirm(stack, row, now) else []
    for row in capped:
        if row not in done:
            complain(f"{row.request_id}: it has changed meanwhile; look again")
    return done


def _due(row: LedgerRow, now: datetime) -> tuple[Announced, ...]:
    """Return what of it is not permitted any longer, and was announced long enough ago."""
    return tuple(mark for mark in row.announced if mark.is_due(now))


def _held(row: LedgerRow, now: datetime) -> Iterator[tuple[str, str, str]]:
    """Yield what of it is held back, since when, and why."""
    if row.absent:
        whole = any(mark.of == row.request.subject for mark in row.absent)
        what = "all of it" if whole else f"{len(row.absent)} resources"
        yield what, _time(min(mark.since for mark in row.absent)), "gone"
    if due := _due(row, now):
        whole = any(mark.is_whole for mark in due)
        what = "all of it" if whole else f"{len({mark.key for mark in due})} associations"
        yield what, _time(min(mark.since for mark in due)), "no longer permitted"


def _held_document(row: LedgerRow, now: datetime, result: str) -> dict[str, Any]:
    return request_document(row, result) | {"absent": row.absent, "announced": _due(row, now)}


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _confirm(stack: Stack, row: LedgerRow, now: datetime) -> bool:
    """Confirm what is held back; ``False`` if it is not any longer as it was read."""
    replace = msgspec.structs.replace
    absent = tuple(replace(mark, confirmed=True) for mark in row.absent)
    if absent and not stack.ledger.note_absent(row, absent, capped=True):
        return False
    if not _due(row, now):
        return True
    announced = tuple(replace(mark, confirmed=mark.confirmed or mark.is_due(now)) for mark in row.announced)
    return stack.ledger.note_announced(row, announced, capped=True)
