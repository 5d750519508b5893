"""``drawbridge consumers``: the registry of known consumers."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from drawbridge.decision.registration import Registration, read_registrations, registration
from drawbridge.errors import InvalidInputError
from drawbridge.legible import legible
from drawbridge_cli.screen import complain, say, show_json, show_table
from drawbridge_cli.stack import Stack

app = typer.Typer(no_args_is_help=True, help="Consumers: the accounts that are known, their tiers and their services.")

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
) -> None:
    """Register an account. Takes effect at once."""
    stack: Stack = context.obj
    entry = registration(account, tier=tier, services=services, name=name, notes=notes, since=datetime.now(UTC))
    if not stack.consumers.add(entry, replace=replace):
        raise InvalidInputError(f"{account} is registered already; look with 'show', overwrite with --replace")
    say(f"registered  {account}", "good")
    _sweep_now(stack)


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
def show(context: typer.Context, account: Account, as_json: Json = False) -> None:
    """Show what is registered of an account. Exit code 1: nothing."""
    stack: Stack = context.obj
    consumer = stack.consumers.consumer(account)
    if consumer is None:
        complain(f"{account} is not registered")
        raise typer.Exit(1)
    entry = Registration(account_id=account, consumer=consumer)
    if as_json:
        show_json(_document(entry))
        return
    for name, text in zip(
        ("account", "tier", "services", "name", "since", "notes"), (account, *_texts(entry)), strict=True
    ):
        say(f"{name:<9} {text}")


@app.command()
def remove(context: typer.Context, account: Account) -> None:
    """Remove an account. What it was let in for stays connected, and is reviewed. Exit code 1: it is not there."""
    stack: Stack = context.obj
    if not stack.consumers.remove(account):
        complain(f"{account} is not registered")
        raise typer.Exit(1)
    say(f"removed  {account}", "good")
    _sweep_now(stack)


@app.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV; header: account_id,tier,services,name,notes.")],
    keep_good: Annotated[bool, typer.Option("--keep-good", help="Register the good lines all the same.")] = False,
    replace: Replace = False,
) -> None:
    """Register accounts from a CSV file. Bad lines are told by number; if there are any, nothing is registered."""
    stack: Stack = context.obj
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInputError(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{file}: not UTF-8; save it as 'CSV UTF-8'") from error
    try:
        good, bad = read_registrations(text, datetime.now(UTC))
    except InvalidInputError as error:
        raise InvalidInputError(f"{file}, {error}") from error
    for line in bad:
        complain(f"{file}, line {line.number}: {line.reason}")
    if bad and not keep_good:
        complain(f"{len(bad)} bad lines, {len(good)} good: nothing is registered; mend them, or say --keep-good")
        raise typer.Exit(1)
    there = 0
    for entry in good:
        if stack.consumers.add(entry, replace=replace):
            say(f"registered  {entry.account_id}")
        else:
            there += 1
            complain(f"{entry.account_id} is registered already, and left as it is; overwrite with --replace")
    say(
        f"{len(good) - there} registered, {there} there already, {len(bad)} bad lines",
        "bad" if bad or there else "good",
    )
    _sweep_now(stack)
    if bad or there:
        raise typer.Exit(1)


def _sweep_now(stack: Stack) -> None:
    if not stack.sweep_now():
        complain("Drawbridge could not be told at once (sqs:SendMessage is denied); it will notice within its schedule")


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
