"""``drawbridge plan``: what would be done, and why."""

from typing import Annotated

import typer

from drawbridge.errors import InvalidInputError
from drawbridge_cli.ahead import unknown_places
from drawbridge_cli.bindings_screen import instead
from drawbridge_cli.plan_screen import documents, show_ahead, show_left_behind, show_unknown, summary
from drawbridge_cli.screen import complain, say, show_json
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
    lookout = stack.lookout()
    aheads, left = lookout.ahead(bindings), lookout.left_behind(bindings)
    if binding:
        aheads = [each.of(binding) for each in aheads]
        aheads = [each for each in aheads if each.wishes]
        left = tuple(each for each in left if each.binding == binding)
    as_wanted = all(each.is_as_wanted for each in aheads) and not left
    if as_json:
        show_json(
            {
                "asWanted": as_wanted,
                "broken": bindings.broken,
                "placesUnknown": unknown_places(aheads),
                "shares": documents(aheads),
                "leftBehind": left,
            }
        )
    else:
        for each in bindings.broken:
            complain(f"{each.reason}; {instead(each.in_force)}")
        show_ahead(aheads, stack.prefix)
        show_left_behind(left)
        show_unknown(aheads)
        say(summary(aheads, left), "good" if as_wanted else "")
    if fail and not as_wanted:
        raise typer.Exit(1)
