"""``drawbridge consumers``: the registry of known consumers."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from drawbridge.decision.registration import BadLine, Registration, check_account_id, read_registrations, registration
from drawbridge.errors import InvalidInputError
from drawbridge.legible import legible
from drawbridge.request.announced import WithdrawalCommand
from drawbridge_cli.command_group import CommandGroup
from drawbridge_cli.command_lines import CommandLine, command
from drawbridge_cli.commanding import command_all, command_of_caller, complain_of_changed, tell_to_sweep
from drawbridge_cli.screen import accounting, ask, check_that_nobody_is_asked, complain, say, show_json, show_table
from drawbridge_cli.stack import Stack
from drawbridge_cli.withdrawable import ConsumerConnections, Standing, Withdrawable, connections_of
from drawbridge_cli.withdrawable_screen import (
    request_document,
    show_connections,
    show_withdrawable,
    withdrawable_document,
)

app = CommandGroup(no_args_is_help=True, help="Consumers: the accounts that are known, their tiers and their services.")

Account = Annotated[str, typer.Argument(help="The account's id, 12 digits.", metavar="ACCOUNT")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Replace = Annotated[bool, typer.Option("--replace", help="Overwrite what is registered already.")]


_COLUMNS = ("account", "tier", "services", "name", "since", "notes")


@app.command()
def add(
    context: typer.Context,
    account: Account,
    services: Annotated[
        list[str], typer.Option("--service", help="Id of a service it may reach, or *; repeat for more.")
    ],
    tier: Annotated[str, typer.Option(help="Its tier, for policies that go by it.")] = "",
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    notes: Annotated[str, typer.Option(help="Whatever else is worth knowing.")] = "",
    replace: Replace = False,
    as_json: Json = False,
) -> None:
    """Register an account. Takes effect at once."""
    stack: Stack = context.obj
    entry = registration(account, tier=tier, services=services, name=name, notes=notes, since=datetime.now(UTC))
    if not stack.consumers.add(entry, replace=replace):
        shows = f"{command('consumers', 'show', account)} shows it"
        raise InvalidInputError(f"{account} is registered already; {shows}, --replace overwrites it")
    if as_json:
        show_json(_document(entry))
    else:
        say(f"registered  {account}", "good")
    tell_to_sweep(stack)


@app.command("list")
def list_all(
    context: typer.Context,
    tier: Annotated[str, typer.Option(help="Only those of this tier.")] = "",
    service: Annotated[str, typer.Option(help="Only those that may reach this service.")] = "",
    as_json: Json = False,
) -> None:
    """List who is registered."""
    stack: Stack = context.obj
    entries = sorted(stack.consumers.all(), key=lambda entry: entry.account_id)
    chosen = [
        entry
        for entry in entries
        if (not tier or entry.consumer.tier == tier) and (not service or {service, "*"} & entry.consumer.services)
    ]
    if as_json:
        show_json([_document(entry) for entry in chosen])
        return
    show_table(_COLUMNS, [(entry.account_id, *_texts(entry)) for entry in chosen])
    say(f"{len(chosen)} of {len(entries)} consumers")


@app.command()
def show(
    context: typer.Context,
    account: Account,
    as_handout: Annotated[
        bool, typer.Option("--handout", help="Print what the consumer needs to connect, to be handed over: Markdown.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what is registered of an account. Exit code 1: nothing; or, as a handout, that nothing is offered to it."""
    stack: Stack = context.obj
    consumer = stack.consumers.consumer(account)
    if consumer is None:
        complain(f"{account} is not registered")
        raise typer.Exit(1)
    entry = Registration(account_id=account, consumer=consumer)
    if as_handout:
        # Only this asks for all of it.
        from drawbridge_cli.consumer_handout import show_handout  # noqa: PLC0415

        show_handout(stack, entry, as_json=as_json)
        return
    if as_json:
        show_json(_document(entry))
        return
    _show(entry)


@app.command()
def remove(
    context: typer.Context,
    account: Account,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    as_json: Json = False,
) -> None:
    """Remove an account, and have its connections withdrawn. Exit code 1: it is not there, or not all of it goes."""
    stack: Stack = context.obj
    check_that_nobody_is_asked(as_json=as_json, yes=yes, dry_run=dry_run)
    consumer = stack.consumers.consumer(account)
    if consumer is None:
        # What somebody registered by hand under another key can be removed all the same.
        check_account_id(account)
    shown = connections_of(stack.ledger, account, stack.managed_services)
    if consumer is None:
        _complain_of_unregistered(account, shown, as_json=as_json)
        raise typer.Exit(1)
    entry = Registration(account_id=account, consumer=consumer)
    if not as_json:
        _show(entry)
        show_connections(shown)
    if dry_run:
        if as_json:
            documents = [withdrawable_document(each, "would-be-commanded") for each in shown.going]
            _show_removal(entry, shown, documents, dry_run=True)
        return
    if shown.going and not yes:
        ask(f"Remove {account}, and withdraw {len(shown.going)}?")
    if not _remove(stack, entry, shown, as_json=as_json):
        raise typer.Exit(1)


def _remove(stack: Stack, entry: Registration, shown: ConsumerConnections, *, as_json: bool) -> bool:
    """Remove an entry, and have its connections withdrawn; return whether all of them go."""
    account = entry.account_id
    command = command_of_caller(stack)
    # The door is shut first: whatever asks from now on is decided on without the entry.
    if not stack.consumers.remove(account):
        complain(f"{account}: somebody else has removed it just now")
    elif not as_json:
        say(f"removed  {account}", "good")
    done, changed = _withdraw_connections(stack, account, command, shown, as_json=as_json)
    if as_json:
        documents = [withdrawable_document(each, "commanded") for each in done]
        documents += [withdrawable_document(each, "changed-meanwhile") for each in changed]
        _show_removal(entry, shown, documents, dry_run=False)
    tell_to_sweep(stack)
    if changed:
        complain(f"{_finish(account)} does the rest")
    return not changed and not shown.unmanaged


def _complain_of_unregistered(account: str, shown: ConsumerConnections, *, as_json: bool) -> None:
    complain(f"{account} is not registered")
    if shown.going:
        if not as_json:
            show_connections(shown)
        complain(f"{len(shown.going)} of its endpoints are connected; {_finish(account)} takes them down")


def _show_removal(
    entry: Registration, shown: ConsumerConnections, documents: list[dict[str, Any]], *, dry_run: bool
) -> None:
    """Print for programs what was removed, or would be; and what of it goes already, or can't."""
    others = [request_document(row, Standing.COMMANDED) for row in shown.commanded]
    others += [request_document(row, Standing.NOT_MANAGED) for row in shown.unmanaged]
    show_json({"consumer": _document(entry), "dry_run": dry_run, "requests": [*documents, *others]})


@app.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV; header: account_id,tier,services,name,notes.")],
    keep_good: Annotated[bool, typer.Option("--keep-good", help="Register the good lines all the same.")] = False,
    replace: Replace = False,
    as_json: Json = False,
) -> None:
    """Register accounts from a CSV file. Bad lines are told by number; if there are any, nothing is registered."""
    stack: Stack = context.obj
    good, bad = _read(file)
    for line in bad:
        complain(f"{file}, line {line.number}: {line.reason}")
    if bad and not keep_good:
        complain(f"{len(bad)} bad lines, {len(good)} good: nothing is registered; mend them, or say --keep-good")
        raise typer.Exit(1)
    registered: list[str] = []
    there: list[str] = []
    with accounting(lambda: f"{len(registered)} of {len(good)} are registered; the same command registers the rest"):
        for entry in good:
            if not stack.consumers.add(entry, replace=replace):
                there.append(entry.account_id)
                complain(f"{entry.account_id} is registered already, and left as it is; overwrite with --replace")
                continue
            registered.append(entry.account_id)
            if not as_json:
                say(f"registered  {entry.account_id}")
    if as_json:
        bad_lines = [{"line": line.number, "reason": line.reason} for line in bad]
        show_json({"registered": registered, "there_already": there, "bad_lines": bad_lines})
    else:
        say(
            f"{len(registered)} registered, {len(there)} there already, {len(bad)} bad lines",
            "bad" if bad or there else "good",
        )
    tell_to_sweep(stack)
    if bad or there:
        raise typer.Exit(1)


def _read(file: Path) -> tuple[list[Registration], list[BadLine]]:
    """Return what is to be registered, and the lines that can't be."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInputError(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{file}: not UTF-8; save it as 'CSV UTF-8'") from error
    try:
        return read_registrations(text, datetime.now(UTC))
    except InvalidInputError as error:
        raise InvalidInputError(f"{file}, {error}") from error


_LOOKS = 3
"""What settles, or begins, between a look and its command is found by the next look."""


def _withdraw_connections(
    stack: Stack, account: str, command: WithdrawalCommand, shown: ConsumerConnections, *, as_json: bool
) -> tuple[list[Withdrawable], list[Withdrawable]]:
    """Command that what is connected or under way by now be withdrawn.

    Return what is, and what is not, because it goes on changing meanwhile.
    """
    known = {each.row.request_id for each in shown.going}
    going: tuple[Withdrawable, ...] = ()
    done: list[Withdrawable] = []
    commanded: list[Withdrawable] = []
    for _ in range(_LOOKS):
        going = _going(stack, account)
        for each in going:
            if each.row.request_id not in known and not as_json:
                show_withdrawable(each)
        known |= {each.row.request_id for each in going}
        done = command_all(stack, going, command, finish=_finish(account))
        commanded += done
        if len(done) == len(going):
            break
    complain_of_changed(going, done)
    if commanded and not as_json:
        say(f"{len(commanded)} withdrawn by the next sweep", "good")
    return commanded, [each for each in going if each not in done]


def _going(stack: Stack, account: str) -> tuple[Withdrawable, ...]:
    """Return what is connected or under way by now, and not commanded yet."""
    finish = f"its connections are not commanded to be withdrawn yet; {_finish(account)} does that"
    with accounting(lambda: finish):
        return connections_of(stack.ledger, account, stack.managed_services).going


def _finish(account: str) -> CommandLine:
    return command("withdraw", "--consumer", account)


def _show(entry: Registration) -> None:
    for name, text in zip(_COLUMNS, (entry.account_id, *_texts(entry)), strict=True):
        say(f"{name:<9} {text}")


_LONGEST = 2000


def _texts(entry: Registration) -> tuple[str, str, str, str, str]:
    consumer = entry.consumer
    since = f"{consumer.since:%Y-%m-%d %H:%M}" if consumer.since else ""
    services = legible(" ".join(sorted(consumer.services)), _LONGEST)
    return consumer.tier, services, legible(consumer.name), since, legible(consumer.notes, _LONGEST)


def _document(entry: Registration) -> dict[str, object]:
    consumer = entry.consumer
    return {
        "account_id": entry.account_id,
        "tier": consumer.tier,
        "services": sorted(consumer.services),
        "name": consumer.name,
        "notes": consumer.notes,
        "since": consumer.since,
    }
