"""``drawbridge sweep``: having Drawbridge sweep now, and saying what came of it."""

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Annotated

import typer
from msgspec import Struct

from drawbridge.discovery.sweep_record import Mentioned, SweepRecord
from drawbridge.legible import legible
from drawbridge_cli.command_lines import command
from drawbridge_cli.screen import accounting, complain, say, show_json, waiting
from drawbridge_cli.stack import Stack

_LONGEST_WAIT = 900
"""A sweep may take five minutes, and the batch of hints before it as long."""
_PAUSE = 1.0

pause = time.sleep


def sweep(
    context: typer.Context,
    wait: Annotated[
        int, typer.Option(min=1, max=_LONGEST_WAIT, help="How long to wait for the sweep.", metavar="SECONDS")
    ] = 60,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Only ask for it.")] = False,
    orphans: Annotated[
        bool, typer.Option("--orphans", help="Look for what is ours and belongs to no request, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Have Drawbridge sweep now: look at all that AWS lists, and start what is to be done.

    Exit code 1: something needs somebody, could not be observed, or the sweep is not through.
    """
    stack: Stack = context.obj
    command_id = str(uuid.uuid4())
    stack.ask_to_sweep(command_id, orphans=orphans)
    where = f"{stack.name} in {stack.region}"
    record = None
    if not no_wait:
        with accounting(lambda: f"{where} was asked to sweep, and will"), waiting() as show_wait:
            record = awaited(
                lambda: stack.sweep_records.of_command(command_id),
                seconds=wait,
                meanwhile=lambda waited: show_wait(f"{where} sweeps: {waited:.0f} of at most {wait} s"),
            )
    if as_json:
        show_json({"stack": stack.name, "region": stack.region, "sweep": record})
    elif no_wait:
        say(f"{where} was asked to sweep", "good")
    elif record is not None:
        _show(where, record)
    if no_wait:
        return
    if record is None:
        complain(f"{where} has not swept within {wait} s; it may yet. {command('doctor')} says whether it can")
        raise typer.Exit(1)
    if any(True for _ in needs_somebody(record)):
        raise typer.Exit(1)


def awaited(
    read: Callable[[], SweepRecord | None], *, seconds: float, meanwhile: Callable[[float], None] = lambda _: None
) -> SweepRecord | None:
    """Return the record once it is there, or ``None`` after so many seconds; ``meanwhile`` gets those that passed."""
    waited = 0.0
    while (record := read()) is None and waited < seconds:
        meanwhile(waited)
        pause(_PAUSE)
        waited += _PAUSE
    return record


class Concern(Struct, frozen=True):
    """Something of a sweep's record that needs somebody, or is not known."""

    what: str
    of: Mentioned
    what_to_do: str


def needs_somebody(record: SweepRecord) -> Iterator[Concern]:
    """Yield what of a sweep needs somebody, or could not be found out."""
    explain = command("policy", "explain", "REQUEST")
    for concern in (
        Concern(
            "not observed or not reconciled",
            record.failures,
            "it is tried again by itself; if it stays, mend what AWS says",
        ),
        Concern("unreadable", record.broken, "correct the parameter, or mend or delete the row"),
        Concern(
            "held back, as too much would go at once",
            record.withdrawals_capped,
            f"look at them, then let them go: {command('withdraw', '--confirm')}",
        ),
        Concern("expiring, and nobody has let them in", record.expiring, str(explain)),
        Concern(
            "no longer permitted",
            record.no_longer_permitted,
            f"permit them again, or let them go: {explain}",
        ),
        Concern(
            "not reviewed under the policies in force",
            record.reviews_open,
            "the next sweep tries again; the reason is beside each",
        ),
        Concern(
            "not listed, and not known to be gone",
            record.existence_unknown,
            "they stay; AWS, asked by their ids, has to say that they are there or gone",
        ),
        Concern(
            "attachments of transit gateways that wait at a managed service",
            record.attachments_waiting,
            "accept or reject them by hand: Drawbridge does not answer them",
        ),
    ):
        if concern.of.count:
            yield concern


def _show(where: str, record: SweepRecord) -> None:
    seconds = (record.ended_at - record.began_at).total_seconds()
    say(f"{where} swept at {record.began_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, in {seconds:.1f} s", "title")
    if record.observed is None:
        say("it broke off before anything was observed", "bad")
    else:
        orphans = ", and looked for orphans" if record.orphans else ""
        attempts = "1 attempt" if record.started.count == 1 else f"{record.started.count or 'no'} attempts"
        requests = "1 request" if record.observed == 1 else f"{record.observed} requests"
        say(f"it observed {requests}, started {attempts}{orphans}", "good")
    _show_mentioned(record.started)
    for concern in needs_somebody(record):
        say(f"{concern.what}: {concern.of.count}", "bad")
        _show_mentioned(concern.of)
        say(f"  to do: {concern.what_to_do}")


def _show_mentioned(mentioned: Mentioned) -> None:
    for each in mentioned.first:
        say(f"  {legible(each, 2_000)}")
    if left := mentioned.count - len(mentioned.first):
        say(f"  and {left} more, in the log of discover_requests", "aside")
