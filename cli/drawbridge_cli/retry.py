"""``drawbridge retry``: another attempt, and the end of a command to withdraw."""

from typing import Annotated

import typer

from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.request import EndpointConnectionRequest, OrphanRequest, what_connects
from drawbridge.status import Status
from drawbridge_cli.command_lines import command
from drawbridge_cli.commanding import tell_to_sweep
from drawbridge_cli.named_requests import NAMED, the_row
from drawbridge_cli.options import Json
from drawbridge_cli.screen import ask, check_that_nobody_is_asked, complain, say, show_json
from drawbridge_cli.stack import Stack
from drawbridge_cli.withdrawable_screen import commanded_text, request_document, title_of


def retry(
    context: typer.Context,
    request: Annotated[str, typer.Argument(help=NAMED)],
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    as_json: Json = False,
) -> None:
    """Have a request tried again, and end a command to withdraw it. Exit code 1: there is nothing to be tried."""
    stack: Stack = context.obj
    check_that_nobody_is_asked(as_json=as_json, yes=yes)
    row = the_row(stack, request)
    if why := _why_not(row):
        complain(f"{row.request_id} is {row.status}: {why}")
        raise typer.Exit(1)
    if not as_json:
        _show(row)
    if not yes:
        ask("Try it again?")
    if not stack.ledger.retry(row, by=stack.caller()):
        complain(f"{row.request_id}: it has changed meanwhile; look again")
        raise typer.Exit(1)
    if as_json:
        show_json(request_document(row, "tried-again"))
    else:
        still = ", if AWS lists it still" if row.status is Status.WITHDRAWN else ""
        say(f"the next sweep starts another attempt{still}", "good")
        say(f"look at it with  {command('policy', 'explain', row.request_id)}")
    tell_to_sweep(stack)


def _show(row: LedgerRow) -> None:
    say(title_of(row), "title")
    if row.commanded is not None:
        say(f"  {commanded_text(row)}; this ends that command", "doubtful")


def _why_not(row: LedgerRow) -> str:
    """Return why no attempt can change anything, and what does; empty if one can."""
    if not row.settled:
        after = f"; {commanded_text(row)}: once it has settled, this ends that command" if row.commanded else ""
        return f"an attempt is under way already{after}"
    if isinstance(row.request, OrphanRequest):
        return "nobody shares what it was made for, so that there is nothing to try"
    if isinstance(row.request, EndpointConnectionRequest):
        if row.status not in {Status.REJECTED, Status.EXPIRED, Status.WITHDRAWN}:
            return ""
        what = what_connects(row.request.endpoint_id)
        return f"AWS opens no connection again that was rejected, deleted or expired; the consumer makes a new {what}"
    if row.status in {Status.REJECTED, Status.EXPIRED}:
        return "that invitation is over; the provider takes this account out of the share, and shares it once more"
    return ""
