"""``drawbridge sweep``: having Drawbridge sweep now, and saying what came of it."""

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Annotated

import typer
from msgspec import Struct

from drawbridge.discovery.sweep_record import Mentioned, SweepRecord
from drawbridge.legible import legible
from drawbridge_cli.command_lines import command, told_with
from drawbridge_cli.options import Json
from drawbridge_cli.regions import (
    INCOMPLETE,
    AllRegions,
    StacksByRegion,
    all_regions,
    asked_of_each,
    complain_of_not_asked,
)
from drawbridge_cli.screen import Show, accounting, complain, say, show_json, width
from drawbridge_cli.stack import Stack
from drawbridge_cli.status_screen import quota_lines

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
    in_all_regions: AllRegions = False,
    as_json: Json = False,
) -> None:
    """Have Drawbridge sweep now: look at all that AWS lists, and start what is to be done.

    Exit code 1: something needs somebody, could not be observed, or the sweep is not through. Exit code 3: nothing is
    known to, and a Region could not be asked.
    """
    stack: Stack = context.obj
    command_id = str(uuid.uuid4())
    if in_all_regions:
        with accounting(lambda: "") as show:
            found = all_regions(stack, show)
    else:
        found = StacksByRegion((stack,), (), ())
    asked: list[str] = []
    records: dict[str, SweepRecord] = {}
    with accounting(lambda: _goes_on(stack, asked)) as show:
        found = _asked(found, command_id, orphans, asked, in_all_regions=in_all_regions)
        if not no_wait:
            records, found = awaited(found, command_id, seconds=wait, show=show, in_all_regions=in_all_regions)
    stacks = found.stacks
    complain_of_not_asked(found)
    if as_json and in_all_regions:
        regions = [{"region": each.region, "sweep": records.get(each.region)} for each in stacks]
        show_json({"stack": stack.name, "regions": regions} | found.document)
    elif as_json:
        show_json({"stack": stack.name, "region": stack.region, "sweep": records.get(stack.region)})
    else:
        _show_all(stacks, records, no_wait=no_wait)
    late = [each for each in stacks if each.region not in records and not no_wait]
    for each in late:
        with told_with(each.options):
            says = f"{command('doctor')} says whether it can"
            complain(f"{_where(each)} has not swept within {wait} s; it may yet. {says}")
    if late or any(True for record in records.values() for _ in needs_somebody(record)):
        raise typer.Exit(1)
    if found.not_asked:
        raise typer.Exit(INCOMPLETE)


def _where(stack: Stack) -> str:
    return f"{stack.name} in {stack.region}"


def _goes_on(stack: Stack, asked: list[str]) -> str:
    """Return what goes on regardless."""
    return f"{stack.name} in {', '.join(asked)} was asked to sweep, and will" if asked else ""


def _asked(
    found: StacksByRegion, command_id: str, orphans: bool, asked: list[str], *, in_all_regions: bool
) -> StacksByRegion:
    """Ask the stacks to sweep; of several, one that can't be asked stops no other. ``asked`` gets their Regions."""

    def ask(stack: Stack) -> None:
        stack.ask_to_sweep(command_id, orphans=orphans)
        asked.append(stack.region)

    if not in_all_regions:
        ask(found.stacks[0])
        return found
    return asked_of_each(found, ask, lambda _: None)[1]


def awaited(
    found: StacksByRegion, command_id: str, *, seconds: float, show: Show, in_all_regions: bool
) -> tuple[dict[str, SweepRecord], StacksByRegion]:
    """Return the records of the sweeps that a command led to, by Region, as far as they are there in that time.

    Of several stacks, one whose record can't be read is not asked for it again, and keeps no other's from being told.
    """
    records: dict[str, SweepRecord] = {}
    waited = 0.0

    def look(stack: Stack) -> SweepRecord | None:
        return records.get(stack.region) or stack.sweep_records.of_command(command_id)

    while True:
        if in_all_regions:
            answers, found = asked_of_each(found, look, lambda _: None)
        else:
            answers = [(each, look(each)) for each in found.stacks]
        records |= {stack.region: record for stack, record in answers if record is not None}
        left = [each.region for each in found.stacks if each.region not in records]
        if not left or waited >= seconds:
            return records, found
        show(f"{found.stacks[0].name} in {', '.join(left)} sweeps: {waited:.0f} of at most {seconds} s")
        pause(_PAUSE)
        waited += _PAUSE


def _show_all(stacks: Sequence[Stack], records: Mapping[str, SweepRecord], *, no_wait: bool) -> None:
    for stack in stacks:
        with told_with(stack.options):
            if no_wait:
                say(f"{_where(stack)} was asked to sweep", "good")
            elif (record := records.get(stack.region)) is not None:
                _show(_where(stack), record)


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
            "offers that AWS refuses",
            record.offers_refused,
            "mend what AWS says; what was refused is tried again after an hour, then two, and so on up to a day",
        ),
        Concern("offers held back, as too much would go at once", record.offers_held_back, "as each says"),
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
        Concern("quotas of AWS that are reached", _reached(record), "it is beside each"),
        Concern(
            "still associated by accounts that left a share",
            record.still_associated,
            "the reason is beside each; where it can't go by itself, delete it, or have its account do so",
        ),
    ):
        if concern.of.count:
            yield concern


def _reached(record: SweepRecord) -> Mentioned:
    reached = tuple(f"{each}; {each.to_do}" for each in record.quotas if each.is_reached)
    return Mentioned(len(reached), reached)


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
    for what, offers in (
        ("offered", record.offered),
        ("taken back", record.taken_back),
        ("not offered", record.not_offered),
        ("announced to leave shares", record.announced),
        ("disassociated", record.disassociated),
    ):
        if offers.count:
            say(f"{what}: {offers.count}")
            _show_mentioned(offers)
    for line, mark in quota_lines({"": record.quotas}, width(), reached=False):
        if line:
            say(line, mark)
    for concern in needs_somebody(record):
        say(f"{concern.what}: {concern.of.count}", "bad")
        _show_mentioned(concern.of)
        say(f"  to do: {concern.what_to_do}")


def _show_mentioned(mentioned: Mentioned) -> None:
    for each in mentioned.first:
        say(f"  {legible(each, 2_000)}")
    if left := mentioned.count - len(mentioned.first):
        say(f"  and {left} more, in the log of discover_requests", "aside")
