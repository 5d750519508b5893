"""``drawbridge plan``: what would be done, and why."""

from typing import Annotated

import typer

from drawbridge.errors import InvalidInputError
from drawbridge_cli.bindings_screen import instead
from drawbridge_cli.plan_screen import documents, show_left_behind, show_share_plans, show_unknown, summary
from drawbridge_cli.screen import complain, say, show_json
from drawbridge_cli.share_plans import unknown_places
from drawbridge_cli.stack import Stack


def plan(
    context: typer.Context,
    binding: Annotated[str, typer.Option(help="Only what this binding wants.")] = "",
    fail: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 if not everything is as wanted.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Show what would be associated and published for every share in effect, and why. Changes nothing."""
    stack: Stack = context.obj
    bindings = stack.bindings_in_force()
    if binding and binding not in {each.name for each in bindings.things}:
        raise InvalidInputError(f"--binding: there is no binding {binding!r} in force; 'bindings list' lists them")
    plan_context = stack.plan_context()
    share_plans, left = plan_context.share_plans(bindings), plan_context.left_behind(bindings)
    if binding:
        share_plans = [each.of(binding) for each in share_plans]
        share_plans = [each for each in share_plans if each.candidates]
        left = tuple(each for each in left if each.binding == binding)
    as_wanted = all(each.is_as_desired for each in share_plans) and not left
    if as_json:
        show_json(
            {
                "asWanted": as_wanted,
                "broken": bindings.broken,
                "placesUnknown": unknown_places(share_plans),
                "shares": documents(share_plans),
                "leftBehind": left,
            }
        )
    else:
        for each in bindings.broken:
            complain(f"{each.reason}; {instead(each.in_force)}")
        show_share_plans(share_plans, stack.prefix)
        show_left_behind(left)
        show_unknown(share_plans)
        say(summary(share_plans, left), "good" if as_wanted else "")
    if fail and not as_wanted:
        raise typer.Exit(1)
