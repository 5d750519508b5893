"""``drawbridge bindings``: check, list, show, apply, remove, schema."""

from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import Struct

from drawbridge.association.binding import Binding
from drawbridge.association.in_force import PATH
from drawbridge.configuration import ConfigurationParameter, InForce
from drawbridge_cli.account_withdrawal import AccountWithdrawal
from drawbridge_cli.alias_claims import claims_among
from drawbridge_cli.binding_changes import BindingChanges, changes_of
from drawbridge_cli.binding_files import check_bindings, find_bindings
from drawbridge_cli.binding_status import BindingStatus, names_by_binding, statuses_of
from drawbridge_cli.bindings_screen import (
    matches,
    show_binding,
    show_changes,
    show_matches,
    show_statuses,
)
from drawbridge_cli.command_group import CommandGroup
from drawbridge_cli.command_lines import command
from drawbridge_cli.named_files import say_problems
from drawbridge_cli.options import Json
from drawbridge_cli.plan_screen import show_unknown
from drawbridge_cli.put_in_force import put_in_force, remove_binding
from drawbridge_cli.schemas import schema_of
from drawbridge_cli.screen import check_that_nobody_is_asked, complain, say, show_json
from drawbridge_cli.share_plans import SharePlan, paths_to_publish
from drawbridge_cli.stack import Stack
from drawbridge_cli.withdrawal_screen import show_withdrawal, withdrawal_documents

app = CommandGroup(no_args_is_help=True, help="Bindings: which shared resource goes where, and what comes of it.")

Paths = Annotated[list[Path], typer.Argument(help="Files, or folders of .json, .yaml or .yml.", metavar="PATH...")]


class BindingsLook(Struct, frozen=True, kw_only=True):
    """What one look at all bindings found."""

    statuses: list[BindingStatus]
    published: dict[str, dict[str, str]]
    orphans: dict[str, str]
    """The names that are published for bindings that there are not any longer."""
    withdrawal: AccountWithdrawal
    share_plans: list[SharePlan]


@app.command()
def check(paths: Paths, as_json: Json = False) -> None:
    """Check bindings as they would be checked before they take effect. Asks nothing of AWS. Exit code 1: a problem."""
    checked = check_bindings(find_bindings(paths))
    if as_json:
        names = [each.name for each in checked.bindings]
        show_json({"bindings": names, "problems": checked.problems, "notes": checked.notes})
    else:
        say_problems(checked.problems)
        _say_notes(checked.notes)
        if not checked.problems:
            say(f"{len(checked.bindings)} bindings: good", "good")
    if checked.problems:
        raise typer.Exit(1)


@app.command("list")
def list_all(context: typer.Context, as_json: Json = False) -> None:
    """List the bindings, in force and broken, and what each comes to now."""
    look = look_at_bindings(context.obj)
    if as_json:
        show_json(bindings_document(look))
        return
    show_statuses(look.statuses)
    for path, dns_name in sorted(look.orphans.items()):
        say(f"{path}/dns-name is published for a binding that there is not any longer: {dns_name}", "doubtful")
    show_withdrawal(look.withdrawal)
    show_unknown(look.share_plans)


def look_at_bindings(stack: Stack) -> BindingsLook:
    """Return what all bindings come to now."""
    bindings = stack.bindings_in_force()
    share_plans = stack.plan_context().share_plans(bindings)
    withdrawal = stack.withdrawal_context().withdrawal(bindings, paths_to_publish(share_plans, stack.prefix))
    published, orphans = _published(stack, bindings)
    return BindingsLook(
        statuses=statuses_of(bindings, share_plans, published, stack.planning.network, stack.outstanding()),
        published=published,
        orphans=orphans,
        withdrawal=withdrawal,
        share_plans=share_plans,
    )


def bindings_document(look: BindingsLook) -> dict[str, Any]:
    """Return a look as ``list --json`` prints it."""
    document = {"bindings": look.statuses, "published": look.published, "orphans": look.orphans}
    return document | withdrawal_documents(look.withdrawal)


@app.command()
def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The binding's name.", metavar="NAME")],
    as_json: Json = False,
) -> None:
    """Show a binding, and what comes of each resource that it matches. Exit code 1: there is none of that name."""
    stack: Stack = context.obj
    there = {each.name: each for each in stack.configuration.below(PATH)}
    if name not in there:
        complain(f"{name}: there is no binding of that name; {command('bindings', 'list')} lists them")
        raise typer.Exit(1)
    bindings = stack.bindings_in_force()
    share_plans = stack.plan_context().share_plans(bindings)
    withdrawal = stack.withdrawal_context().withdrawal(bindings, paths_to_publish(share_plans, stack.prefix)).of(name)
    published, _ = _published(stack, bindings)
    statuses = statuses_of(bindings, share_plans, published, stack.planning.network, stack.outstanding())
    (status,) = (each for each in statuses if each.name == name)
    text = _text_in_force(stack, there[name], status.version)
    matched = [
        each for each in (share_plan.of(name) for share_plan in share_plans) if each.candidates or each.not_ready
    ]
    if as_json:
        names = published.get(name, {})
        document = {"binding": status, "text": text, "shares": matches(matched), "published": names}
        show_json(document | withdrawal_documents(withdrawal))
        return
    show_binding(status, text, there[name].value)
    show_matches(matched, stack.prefix)
    show_withdrawal(withdrawal)
    show_unknown(matched)


@app.command()
def apply(
    context: typer.Context,
    paths: Paths,
    prune: Annotated[bool, typer.Option("--prune", help="The files are the whole set: others go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    as_json: Json = False,
) -> None:
    """Check bindings, show what they would change, and put them in force. The second time it does nothing."""
    stack: Stack = context.obj
    check_that_nobody_is_asked(as_json=as_json, yes=yes, dry_run=dry_run)
    checked = check_bindings(find_bindings(paths))
    if checked.problems:
        say_problems(checked.problems)
        raise typer.Exit(1)
    if not as_json:
        _say_notes(checked.notes)
    there = {each.name: each.value for each in stack.configuration.below(PATH)}
    in_force = stack.bindings_in_force()
    changes = changes_of(checked.bindings, checked.texts, there, in_force, prune=prune)
    _refuse_claims(changes)
    if not as_json:
        show_changes(changes)
    document: dict[str, Any] = {"removals": (), "unconfirmed": (), "outstanding": ()}
    if not changes.is_empty:
        document = put_in_force(stack, in_force, changes, yes=yes, dry_run=dry_run, as_json=as_json)
    if as_json:
        show_json(_changes_document(changes) | document | {"notes": checked.notes, "dry_run": dry_run})


@app.command()
def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The binding's name.", metavar="NAME")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    as_json: Json = False,
) -> None:
    """Show a binding and what goes with it, and remove it. Exit code 1: there is none of that name."""
    check_that_nobody_is_asked(as_json=as_json, yes=yes, dry_run=dry_run)
    remove_binding(context.obj, name, yes=yes, dry_run=dry_run, as_json=as_json)


@app.command()
def schema(
    as_json: Annotated[bool, typer.Option("--json", help="It is JSON in any case.")] = False,
) -> None:
    """Print the JSON Schema of a binding, for editors. Asks nothing of AWS."""
    show_json(schema_of("binding"))


def _changes_document(changes: BindingChanges) -> dict[str, Any]:
    return {
        "new": changes.new,
        "changed": changes.changed,
        "removed": changes.to_remove,
        "same": changes.same,
        "others": changes.others,
    }


def _say_notes(notes: tuple[str, ...]) -> None:
    for note in notes:
        say(note, "doubtful")


def _refuse_claims(changes: BindingChanges) -> None:
    """Refuse what would claim a name that another binding in force can claim, unless both are there already."""
    touched = {name for name, _ in changes.to_write}
    claims = [each for each in claims_among(changes.then.things) if touched & {each.first, each.second}]
    for claim in claims:
        complain(f"binding {claim.second}: {claim}")
    if claims:
        raise typer.Exit(1)


def _published(stack: Stack, bindings: InForce[Binding]) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    names = (each.name for each in bindings.things)
    return names_by_binding(stack.published.below(f"/{stack.prefix}/connections"), stack.prefix, names)


def _text_in_force(stack: Stack, there: ConfigurationParameter, version: int | None) -> str:
    """Return the text of the version in force; empty if none is."""
    if version == there.version:
        return there.value
    earlier = stack.configuration.earlier(PATH, there.name, than=there.version) if version else []
    return next((each.value for each in earlier if each.version == version), "")
