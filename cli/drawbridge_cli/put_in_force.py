"""Putting changes of bindings in force: what they change and take down is shown, and asked about."""

from typing import Any

import typer
from msgspec import Struct

from drawbridge.association.binding import Binding
from drawbridge.association.in_force import PATH
from drawbridge.configuration import InForce
from drawbridge.legible import legible
from drawbridge_cli.account_withdrawal import AccountWithdrawal
from drawbridge_cli.binding_changes import BindingChanges, BindingEffects, effects_of, removal_of
from drawbridge_cli.bindings_screen import show_effects, show_going
from drawbridge_cli.command_lines import command
from drawbridge_cli.outstanding import Outstanding
from drawbridge_cli.parameter_changes import write_changes
from drawbridge_cli.plan_screen import show_unknown
from drawbridge_cli.screen import ask, complain, say, show_json
from drawbridge_cli.share_plans import SharePlan, paths_to_publish
from drawbridge_cli.stack import Stack
from drawbridge_cli.withdrawal_screen import withdrawal_documents


class _Effects(Struct, frozen=True, kw_only=True):
    """What changes of bindings come to."""

    on_plans: BindingEffects
    going: AccountWithdrawal
    already: AccountWithdrawal
    """What is taken down whatever becomes of the changes."""
    then: list[SharePlan]
    outstanding: tuple[Outstanding, ...]
    """What of the ledger's requests the bindings that change may match, and is not at rest."""


def put_in_force(
    stack: Stack,
    in_force: InForce[Binding],
    changes: BindingChanges,
    *,
    yes: bool,
    dry_run: bool,
    as_json: bool = False,
    question: str = "Put them in force",
) -> dict[str, Any]:
    """Show what becomes of it, ask, and write. Return for programs what is taken down with it, and what waits."""
    effects = _effects(stack, in_force, changes)
    if not as_json:
        show_effects(effects.on_plans, stack.prefix, effects.outstanding)
        show_going(effects.going, effects.already)
        show_unknown(effects.then)
    if not dry_run:
        if not yes:
            and_go = f", and have {effects.going.number} taken down" if effects.going.number else ""
            ask(f"{question}{and_go}?")
        write_changes(stack.configuration, PATH, changes.to_write, changes.to_remove, as_json=as_json)
    return withdrawal_documents(effects.going) | {"outstanding": [each.status for each in effects.outstanding]}


def remove_binding(stack: Stack, name: str, *, yes: bool, dry_run: bool, as_json: bool = False) -> None:
    """Show a binding's document and what it takes with it, ask, and remove it. Exits with 1 if there is none."""
    there = {each.name: each.value for each in stack.configuration.below(PATH)}
    if name not in there:
        complain(f"{legible(name)}: there is no binding of that name; {command('bindings', 'list')} lists them")
        raise typer.Exit(1)
    in_force = stack.bindings_in_force()
    changes = removal_of(name, there, in_force)
    if as_json:
        document = put_in_force(stack, in_force, changes, yes=True, dry_run=dry_run, as_json=True)
        show_json({"binding": {"name": name, "text": there[name]}, "dry_run": dry_run} | document)
        return
    say(f"to have it back, save this as {name}.yaml, and: {command('bindings', 'apply', f'{name}.yaml')}", "title")
    # What a terminal would be steered by is escaped: tabs and line ends of other systems would be, and are only space.
    for line in there[name].expandtabs().splitlines():
        say(line)
    put_in_force(stack, in_force, changes, yes=yes, dry_run=dry_run, question=f"Remove {name}")


def _effects(stack: Stack, in_force: InForce[Binding], changes: BindingChanges) -> _Effects:
    plan_context, withdrawal_context = stack.plan_context(), stack.withdrawal_context()
    now, then = plan_context.share_plans(in_force), plan_context.share_plans(changes.then, asked_anew=True)
    going_now = withdrawal_context.withdrawal(in_force, paths_to_publish(now, stack.prefix))
    going_then = withdrawal_context.withdrawal(
        changes.then, paths_to_publish(then, stack.prefix), removed=changes.to_remove
    )
    going, already = going_then.split_by(going_now)
    names = {*changes.new, *changes.changed}
    written = [each for each in changes.then.things if each.name in names]
    outstanding = tuple(each for each in stack.outstanding() if any(map(each.concerns, written))) if written else ()
    return _Effects(on_plans=effects_of(now, then), going=going, already=already, then=then, outstanding=outstanding)
