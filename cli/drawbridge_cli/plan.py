"""``drawbridge plan``: what would be done, and why."""

from typing import Annotated

import typer

from drawbridge.errors import InvalidInputError
from drawbridge_cli.bindings_screen import instead
from drawbridge_cli.command_lines import command
from drawbridge_cli.options import Json
from drawbridge_cli.plan_screen import documents, show_outstanding, show_share_plans, show_unknown, summary
from drawbridge_cli.screen import complain, say, show_json
from drawbridge_cli.share_plans import paths_to_publish, unknown_places
from drawbridge_cli.stack import Stack
from drawbridge_cli.withdrawal_screen import show_withdrawal, withdrawal_documents

_EXIT_CODE = (
    "Exit with 1 if not everything is as wanted: something is to be made or taken down, is refused, or stays for now, "
    "a binding is broken, or a request is under way or needs somebody, as status says."
)


def plan(
    context: typer.Context,
    binding: Annotated[str, typer.Option(help="Only what this binding wants.")] = "",
    fail: Annotated[bool, typer.Option("--exit-code", help=_EXIT_CODE)] = False,
    as_json: Json = False,
) -> None:
    """Show what would be associated and published for every share, what taken down, and why; and which requests wait.

    Changes nothing.
    """
    stack: Stack = context.obj
    bindings = stack.bindings_in_force()
    if binding and binding not in {each.name for each in bindings.things}:
        lists = f"{command('bindings', 'list')} lists them"
        raise InvalidInputError(f"--binding: there is no binding {binding!r} in force; {lists}")
    share_plans = stack.plan_context().share_plans(bindings)
    withdrawal = stack.withdrawal_context().withdrawal(bindings, paths_to_publish(share_plans, stack.prefix))
    outstanding, broken = stack.outstanding(), bindings.broken
    if binding:
        broken = tuple(each for each in broken if each.name == binding)
        (wanting,) = (each for each in bindings.things if each.name == binding)
        outstanding = tuple(each for each in outstanding if each.concerns(wanting))
        share_plans = [each.of(binding) for each in share_plans]
        share_plans = [each for each in share_plans if each.candidates]
        withdrawal = withdrawal.of(binding)
    as_wanted = all(each.is_as_desired for each in share_plans) and withdrawal.is_empty
    as_wanted = as_wanted and not outstanding and not broken
    if as_json:
        show_json(
            {
                "asWanted": as_wanted,
                "broken": broken,
                "placesUnknown": unknown_places(share_plans),
                "shares": documents(share_plans),
                "outstanding": [each.status for each in outstanding],
            }
            | withdrawal_documents(withdrawal)
        )
    else:
        for each in broken:
            complain(f"{each.reason}; {instead(each.in_force)}")
        show_share_plans(share_plans, stack.prefix)
        show_withdrawal(withdrawal)
        if not withdrawal.is_empty:
            say()
        show_outstanding(outstanding)
        if outstanding:
            say()
        show_unknown(share_plans)
        say(summary(share_plans, withdrawal, outstanding, broken=len(broken)), "good" if as_wanted else "")
    if fail and not as_wanted:
        raise typer.Exit(1)
