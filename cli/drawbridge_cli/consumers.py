"""``drawbridge consumers``: the registry of known consumers."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from drawbridge.decision.consumer_standing import Standing, standing_of
from drawbridge.decision.facts import Consumer
from drawbridge.decision.registration import Registration, check_account_id, registration
from drawbridge.discovery.withdrawable import ConsumerConnections, RequestStanding, Withdrawable, connections_of
from drawbridge.errors import AccessDeniedError, InvalidInputError
from drawbridge.intake.offering.account_offers import AccountOffers
from drawbridge.intake.registration.off_boarding import EntryRemoval, OffBoarded
from drawbridge_cli.command_group import CommandGroup
from drawbridge_cli.command_lines import command
from drawbridge_cli.commanding import complain_of_changed, tell_to_sweep
from drawbridge_cli.consumer_import import import_file
from drawbridge_cli.consumer_proof import challenge, proof
from drawbridge_cli.consumer_removal import broken_off, finishing, remove_consumer
from drawbridge_cli.consumer_screen import COLUMNS, cells, entry_document, say_what_it_means, show_entry
from drawbridge_cli.consumer_suspension import resume, suspend
from drawbridge_cli.leaving_offers import leaving_documents, leaving_offers, leaving_text
from drawbridge_cli.missing_targets import warn_of_missing
from drawbridge_cli.offers_screen import offer_documents, offers_to, show_offers
from drawbridge_cli.options import Account, Json, check_service
from drawbridge_cli.screen import ask, check_that_nobody_is_asked, complain, say, show_json, show_table
from drawbridge_cli.stack import Stack
from drawbridge_cli.withdrawable_screen import (
    request_document,
    show_connections,
    withdrawable_document,
)

app = CommandGroup(no_args_is_help=True, help="Consumers: the accounts that are known, their tiers and their services.")

app.command()(challenge)
app.command()(proof)

Replace = Annotated[bool, typer.Option("--replace", help="Overwrite what is registered already.")]


@app.command()
def add(
    context: typer.Context,
    account: Account,
    services: Annotated[
        list[str] | None,
        typer.Option("--service", help="Id of a service it may reach, or *; repeat for more. None, if its tier says."),
    ] = None,
    tier: Annotated[str, typer.Option(help="Its tier: it may reach the services that are tagged with it.")] = "",
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    notes: Annotated[str, typer.Option(help="Whatever else is worth knowing.")] = "",
    principals: Annotated[
        list[str] | None,
        typer.Option("--principal", help="ARN of a role or user of it that services are offered to; repeat for more."),
    ] = None,
    proof_required: Annotated[
        bool | None,
        typer.Option(
            "--require-proof/--no-require-proof", help="Whether it has to prove who it is before it is let in."
        ),
    ] = None,
    proof_file: Annotated[
        Path | None,
        typer.Option(
            "--proof",
            help="Take the proof of an account that is registered from this file, as consumers proof does.",
            metavar="FILE",
        ),
    ] = None,
    replace: Replace = False,
    as_json: Json = False,
) -> None:
    """Register an account, or take its proof. Takes effect at once."""
    stack: Stack = context.obj
    if proof_file is not None:
        if any((services, tier, name, notes, principals, proof_required is not None, replace)):
            raise InvalidInputError(
                "--proof: an entry is written without it, and its proof taken then: say only --proof"
            )
        proof(context, account, proof_file, as_json)
        return
    entry = registration(
        account,
        tier=tier,
        services=services or (),
        name=name,
        notes=notes,
        since=datetime.now(UTC),
        principals=principals or None,
        proof_required=proof_required,
    )
    if principals:
        stack.check_that_it_knows("--principal")
    if proof_required:
        stack.check_that_it_knows("--require-proof")
    if not stack.consumers.add(entry, replace=replace):
        shows = f"{command('consumers', 'show', account)} shows it"
        raise InvalidInputError(f"{account} is registered already; {shows}, --replace overwrites it")
    # What was there already keeps what nothing was said of.
    there = (stack.consumers.registration(account) if replace else None) or entry
    if as_json:
        show_json(entry_document(there))
    else:
        say(f"registered  {account}", "good")
        say_what_it_means(there)
    tell_to_sweep(stack)
    warn_of_missing(stack, [there])


@app.command("list")
def list_all(
    context: typer.Context,
    tier: Annotated[str, typer.Option(help="Only those of this tier.")] = "",
    service: Annotated[
        str, typer.Option(help="Only those that may reach this service: by its id, *, or its tier.")
    ] = "",
    standing: Annotated[Standing | None, typer.Option(help="Only those that stand so.")] = None,
    as_json: Json = False,
) -> None:
    """List who is registered."""
    stack: Stack = context.obj
    tags = _tags_of(stack, service) if service else None
    entries = sorted(stack.consumers.all(), key=lambda entry: entry.account_id)
    chosen = [
        entry
        for entry in entries
        if (not tier or entry.consumer.tier == tier)
        and (not service or entry.consumer.may_reach(service, tags))
        and standing in {None, standing_of(entry.consumer)}
    ]
    if as_json:
        show_json([entry_document(entry) for entry in chosen])
        return
    show_table(COLUMNS, [cells(entry) for entry in chosen])
    say(f"{len(chosen)} of {len(entries)} consumers")


def _tags_of(stack: Stack, service_id: str) -> Mapping[str, str] | None:
    """Return the tags of a managed service; ``None`` if they are unknown, which is told.

    Raises:
        InvalidInputError: it is no service's id.
    """
    check_service(service_id)
    try:
        managed = {each.service_id: each.tags for each in stack.services}
    except AccessDeniedError as denied:
        complain(f"who reaches {service_id} by its tier is left out: {denied}")
        return None
    if service_id not in managed:
        complain(f"{service_id} is no managed service of this account in {stack.region}: its tier is unknown")
    return managed.get(service_id)


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
    entry = stack.consumers.registration(account)
    if entry is None:
        complain(f"{account} is not registered")
        raise typer.Exit(1)
    if as_handout:
        # Only this asks for all of it.
        from drawbridge_cli.consumer_handout import show_handout  # noqa: PLC0415

        show_handout(stack, entry, as_json=as_json)
        return
    leaving = [each for each in leaving_offers(stack) if each.account_id == account]
    if as_json:
        show_json(entry_document(entry) | {"leaving": leaving_documents(leaving)})
        return
    show_entry(entry)
    for each in leaving:
        if each.leaving is not None:
            say(leaving_text(each, each.leaving), "doubtful")


@app.command()
def remove(
    context: typer.Context,
    account: Account,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    as_json: Json = False,
) -> None:
    """Remove an account, and have withdrawn what it is connected to, and offered. Exit code 1: not all of it goes."""
    stack: Stack = context.obj
    check_that_nobody_is_asked(as_json=as_json, yes=yes, dry_run=dry_run)
    consumer = stack.consumers.consumer(account)
    if consumer is None:
        # What somebody registered by hand under another key can be removed all the same.
        check_account_id(account)
    shown = connections_of(stack.ledger, account, stack.managed_services)
    removed = None if consumer is not None else broken_off(stack, account)
    if consumer is None and removed is None:
        _complain_of_unregistered(account, shown, as_json=as_json)
        raise typer.Exit(1)
    entry = Registration(account_id=account, consumer=consumer or Consumer())
    offers = offers_to(stack, account)
    if not as_json:
        if removed is None:
            show_entry(entry)
        else:
            say(f"{account} was removed at {removed.removed_at:%Y-%m-%d %H:%M} UTC, and not all that goes with it")
        show_connections(shown)
        show_offers(offers)
    if dry_run:
        if as_json:
            documents = [withdrawable_document(each, "would-be-commanded") for each in shown.going]
            _show_removal(entry, shown, offers, documents, dry_run=True)
        if not _is_whole(shown, offers):
            raise typer.Exit(1)
        return
    if (going := _what_is_cut_off(shown, offers)) and not yes:
        ask(f"Remove {account}, and {going}?")
    done = remove_consumer(stack, account, shown, removed, as_json=as_json)
    if not _show_removed(entry, shown, offers, done, as_json=as_json):
        raise typer.Exit(1)


def _what_is_cut_off(shown: ConsumerConnections, offers: AccountOffers | None) -> str:
    """Return what of a removal takes down what is connected, to be asked about; empty if nothing does."""
    going = [f"withdraw {len(shown.going)}"] if shown.going else []
    if offers is None:
        going.append("take it out of shares, which can't be shown")
    elif shares := sum(each.is_of_share for each in offers.going):
        going.append(f"take it out of {shares} share{'s' if shares > 1 else ''}")
    return ", and ".join(going)


def _is_whole(shown: ConsumerConnections, offers: AccountOffers | None) -> bool:
    """Return whether all goes that is known to be connected, and offered."""
    return not shown.unmanaged and not (offers and offers.staying)


def _show_removed(
    entry: Registration,
    shown: ConsumerConnections,
    offers: AccountOffers | None,
    done: OffBoarded[Withdrawable],
    *,
    as_json: bool,
) -> bool:
    """Show what became of a removal; return whether all connections go, and all that is known to be offered."""
    account = entry.account_id
    if done.entry is EntryRemoval.NEWER:
        complain(f"{account}: it was registered again just now; look again")
        return False
    complain_of_changed(done.changing, ())
    if as_json:
        documents = [withdrawable_document(each, "commanded") for each in done.commanded]
        documents += [withdrawable_document(each, "changed-meanwhile") for each in done.changing]
        _show_removal(entry, shown, offers, documents, dry_run=False)
    elif done.commanded:
        say(f"{len(done.commanded)} withdrawn by the next sweep", "good")
    if done.changing:
        complain(f"{finishing(account)} does the rest")
    return not done.changing and _is_whole(shown, offers)


def _complain_of_unregistered(account: str, shown: ConsumerConnections, *, as_json: bool) -> None:
    complain(f"{account} is not registered")
    if shown.going:
        if not as_json:
            show_connections(shown)
        complain(f"{len(shown.going)} of its endpoints are connected; {finishing(account)} takes them down")


def _show_removal(
    entry: Registration,
    shown: ConsumerConnections,
    offers: AccountOffers | None,
    documents: list[dict[str, Any]],
    *,
    dry_run: bool,
) -> None:
    """Print for programs what was removed, or would be; and what of it goes already, or can't."""
    others = [request_document(row, RequestStanding.COMMANDED) for row in shown.commanded]
    others += [request_document(row, RequestStanding.NOT_MANAGED) for row in shown.unmanaged]
    show_json(
        {
            "consumer": entry_document(entry),
            "dry_run": dry_run,
            "requests": [*documents, *others],
            "offers": offer_documents(offers),
        }
    )


app.command()(suspend)
app.command()(resume)
app.command("import")(import_file)
