"""``drawbridge withdraw``: having what is connected taken down, and letting go what sweeps hold back."""

from typing import Annotated, Any

import typer

from drawbridge.decision.registration import check_account_id
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.withdrawable import (
    RequestStanding,
    Withdrawable,
    connections_of,
    request_standing_of,
    withdrawable,
)
from drawbridge.errors import InvalidInputError
from drawbridge.request import EndpointConnectionRequest, what_connects
from drawbridge.status import Status
from drawbridge_cli.command_lines import CommandLine, command
from drawbridge_cli.commanding import How, command_all, command_of_caller, complain_of_changed, tell_to_sweep
from drawbridge_cli.held_back import let_go
from drawbridge_cli.named_requests import NAMED, the_row
from drawbridge_cli.options import Json
from drawbridge_cli.put_in_force import remove_binding
from drawbridge_cli.screen import ask, check_that_nobody_is_asked, complain, say
from drawbridge_cli.stack import Stack
from drawbridge_cli.withdrawable_screen import (
    NOT_MANAGED,
    commanded_text,
    request_document,
    say_what_next,
    show_connections,
    show_documents,
    show_withdrawable,
    title_of,
    withdrawable_document,
)


def withdraw(
    context: typer.Context,
    request: Annotated[str | None, typer.Argument(help=NAMED)] = None,
    consumer: Annotated[
        str | None,
        typer.Option(help="All connections of this account.", metavar="ACCOUNT"),
    ] = None,
    binding: Annotated[
        str | None, typer.Option(help="What this binding calls for: the binding is removed.", metavar="NAME")
    ] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Let go what is held back because too much would go at once.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go, and no more.")] = False,
    as_json: Json = False,
) -> None:
    """Withdraw what is connected, at once. What another share holds as well stays. Exit code 1: not all of it goes."""
    stack: Stack = context.obj
    given = [each for each in (request, consumer, binding) if each is not None]
    if len(given) + confirm != 1 or "" in given:
        raise InvalidInputError("withdraw: name one of REQUEST, --consumer ACCOUNT, --binding NAME and --confirm")
    check_that_nobody_is_asked(as_json=as_json, yes=yes, dry_run=dry_run)
    how = How(yes=yes, dry_run=dry_run, as_json=as_json)
    if request is not None:
        _withdraw_request(stack, request, how)
    elif consumer is not None:
        _withdraw_consumer(stack, consumer, how)
    elif binding is not None:
        remove_binding(stack, binding, yes=yes, dry_run=dry_run, as_json=as_json)
    else:
        let_go(stack, how)


def _withdraw_request(stack: Stack, request: str, how: How) -> None:
    row = the_row(stack, request)
    standing = request_standing_of(row, stack.managed_services)
    if standing is RequestStanding.COMMANDED:
        if how.as_json:
            show_documents([request_document(row, standing)], dry_run=how.dry_run)
        else:
            say(f"{title_of(row)}: {commanded_text(row)}; it goes already", "doubtful")
        return
    if standing is RequestStanding.NOT_MANAGED:
        complain(f"{title_of(row)}: {NOT_MANAGED}")
        raise typer.Exit(1)
    if not standing.can_go:
        complain(f"{row.request_id} is {row.status}: nothing of it is connected; {_instead(row)}")
        raise typer.Exit(1)
    going = withdrawable(stack.ledger, [row], stack.managed_services)
    if not how.as_json:
        show_withdrawable(going[0])
    _withdraw(stack, going, how, again=command("withdraw", row.request_id))


def _withdraw_consumer(stack: Stack, account: str, how: How) -> None:
    check_account_id(account)
    connections = connections_of(stack.ledger, account, stack.managed_services)
    others = [request_document(row, RequestStanding.COMMANDED) for row in connections.commanded]
    others += [request_document(row, RequestStanding.NOT_MANAGED) for row in connections.unmanaged]
    if not how.as_json:
        show_connections(connections)
    if connections.going:
        again = command("withdraw", "--consumer", account)
        _withdraw(stack, connections.going, how, again=again, others=others)
    elif not others:
        complain(f"{account}: no endpoint or attachment of that account is connected")
        raise typer.Exit(1)
    elif how.as_json:
        show_documents(others, dry_run=how.dry_run)
    else:
        say("nothing more of it goes")
    if connections.unmanaged:
        raise typer.Exit(1)


def _withdraw(
    stack: Stack,
    going: tuple[Withdrawable, ...],
    how: How,
    *,
    again: CommandLine,
    others: list[dict[str, Any]] | None = None,
) -> None:
    """Ask, command it, and say what became of each; ``others`` is told to programs besides."""
    done: list[Withdrawable] = []
    if not how.dry_run:
        if not how.yes:
            ask(f"Withdraw {len(going)}?")
        done = command_all(stack, going, command_of_caller(stack), finish=again)
        complain_of_changed(going, done)
    if how.as_json:
        documents = (withdrawable_document(each, how.result(done=each in done)) for each in going)
        show_documents([*documents, *(others or ())], dry_run=how.dry_run)
    elif done:
        say(f"{len(done)} withdrawn by the next sweep", "good")
        say_what_next(done)
    if done:
        tell_to_sweep(stack)
    if not how.dry_run and len(done) < len(going):
        raise typer.Exit(1)


def _instead(row: LedgerRow) -> str:
    """Return what to do about a request of which nothing is connected."""
    match row.status:
        case Status.WAITING_FOR_APPROVAL:
            return f"{command('deny', row.request_id)} keeps it out"
        case Status.WITHDRAWN if isinstance(row.request, EndpointConnectionRequest):
            return f"the consumer would make a new {what_connects(row.request.endpoint_id)}"
        case Status.WITHDRAWN if row.commanded is not None:
            return f"{commanded_text(row)}; {command('retry', row.request_id)} ends that command"
        case Status.REJECTED | Status.EXPIRED | Status.WITHDRAWN:
            return "it is over"
        case Status.ACCEPTED:
            return "it was let in, and no binding has anything of it connected"
        case _:
            return f"{command('policy', 'explain', row.request_id)} says why"
