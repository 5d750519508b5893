"""``drawbridge consumers import``: many entries at once, from a file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from drawbridge.decision.registration import COLUMNS, BadLine, Registration, read_registrations
from drawbridge.errors import InvalidInputError
from drawbridge_cli.commanding import tell_to_sweep
from drawbridge_cli.missing_targets import warn_of_missing
from drawbridge_cli.options import Json
from drawbridge_cli.screen import accounting, complain, say, show_json
from drawbridge_cli.stack import Stack


def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help=f"CSV; header: {','.join(COLUMNS)}; the first and services are needed.")],
    keep_good: Annotated[bool, typer.Option("--keep-good", help="Register the good lines all the same.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Overwrite who is registered already; a suspension or a proof stays.")
    ] = False,
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
    if any(each.consumer.principals for each in good):
        stack.check_that_it_knows("the column principals")
    if any(each.consumer.proof_required for each in good):
        stack.check_that_it_knows("the column proof_required")
    registered: list[str] = []
    there: list[str] = []
    with accounting(
        lambda: f"{len(registered)} of {len(good)} are registered; the same command registers the rest"
    ) as show:
        show(f"registering 0 of {len(good)}")
        for done in stack.consumers.add_all(good, replace=replace):
            registered += done.written
            there += done.there_already
            show("")
            for account_id in done.there_already:
                complain(f"{account_id} is registered already, and left as it is; overwrite with --replace")
            for account_id in () if as_json else done.written:
                say(f"registered  {account_id}")
            show(f"registering {len(registered) + len(there)} of {len(good)}")
    if as_json:
        bad_lines = [{"line": line.number, "reason": line.reason} for line in bad]
        show_json({"registered": registered, "there_already": there, "bad_lines": bad_lines})
    else:
        say(
            f"{len(registered)} registered, {len(there)} there already, {len(bad)} bad lines",
            "bad" if bad or there else "good",
        )
    tell_to_sweep(stack)
    written = {*registered}
    warn_of_missing(stack, [each for each in good if each.account_id in written])
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
