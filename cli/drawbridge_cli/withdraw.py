"""``drawbridge withdraw``: letting go what sweeps hold back, because so much of what is connected is gone at once."""

from typing import Annotated

import msgspec
import typer

from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.errors import InvalidInputError
from drawbridge_cli.screen import complain, say, show_table
from drawbridge_cli.stack import Stack

_COLUMNS = ("subject", "account", "gone", "since")


def withdraw(
    context: typer.Context,
    request: Annotated[str, typer.Argument(help="Not possible yet: one request, by its id or subject.")] = "",
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Let go what is held back because too much is gone at once.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go, and no more.")] = False,
) -> None:
    """Withdraw what is gone and held back. Exit code 1: something has changed meanwhile, and is held back still."""
    if request or not confirm:
        raise InvalidInputError("withdraw: only what is held back can be let go yet, all of it, with --confirm")
    stack: Stack = context.obj
    capped = sorted((row for row in stack.ledger.followed() if row.withdrawal_capped), key=lambda row: row.request_id)
    if not capped:
        say("nothing is held back")
        return
    show_table(_COLUMNS, [(row.request.subject, row.account_id, *_gone(row)) for row in capped])
    if dry_run:
        return
    if not yes:
        typer.confirm(f"Withdraw {len(capped)}?", abort=True)
    changed = [row for row in capped if not _confirm(stack, row)]
    for row in changed:
        complain(f"{row.request_id}: it has changed meanwhile; look again")
    say(f"{len(capped) - len(changed)} are let go: each is asked for once more before it goes", "good")
    if not stack.sweep_now():
        complain("Drawbridge could not be told at once (sqs:SendMessage is denied); it will notice within its schedule")
    if changed:
        raise typer.Exit(1)


def _gone(row: LedgerRow) -> tuple[str, str]:
    """Return what of it is gone, and since when."""
    since = f"{min(mark.since for mark in row.absent):%Y-%m-%d %H:%M}" if row.absent else ""
    whole = any(mark.of == row.request.subject for mark in row.absent)
    return "all of it" if whole else f"{len(row.absent)} resources", since


def _confirm(stack: Stack, row: LedgerRow) -> bool:
    marks = tuple(msgspec.structs.replace(mark, confirmed=True) for mark in row.absent)
    return stack.ledger.note_absent(row, marks, capped=True)
