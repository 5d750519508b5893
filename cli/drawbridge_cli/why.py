"""``drawbridge why``: the story of a request, whatever of it somebody knows."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from drawbridge.aws.history_table import HistoryTable
from drawbridge.record.entry import Entry
from drawbridge.record.history import KeptHistory
from drawbridge_cli.named_requests import id_in
from drawbridge_cli.request_status import Known
from drawbridge_cli.screen import complain, say, say_lines, show_json, width
from drawbridge_cli.stack import Stack
from drawbridge_cli.story import Story, story_of
from drawbridge_cli.story_subjects import (
    LOOKED_FOR,
    UnknownSubject,
    newest_first,
    subjects_named,
    tells_of,
    wanted_name,
)
from drawbridge_cli.why_screen import why_lines

_FIRST_ITEMS, _LAST_ITEMS = 20, 480
"""Of one request's history: as many are told of its beginning, and of its end."""
_MOST_TOLD = 5
"""Requests whose whole story is told; of more, only their status."""


def why(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(help=f"{LOOKED_FOR[0].upper()}{LOOKED_FOR[1:]}.", metavar="X")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Tell a request's story, from the first hint to now, and what comes next.

    Exit code 1: it needs somebody, or nothing of that name is known.
    """
    stack: Stack = context.obj
    reads = StackReads(stack)
    now = datetime.now(UTC)
    found = find_subjects(reads, subject, now)
    if as_json:
        show_json(why_document(reads, subject, found, now))
    if isinstance(found, UnknownSubject):
        complain(str(found))
        raise typer.Exit(1)
    if not as_json:
        for known in found[:_MOST_TOLD]:
            say_lines(why_lines(known, _story(reads, known, now), width(), now))
        _say_others(stack, found[_MOST_TOLD:])
    if any(known.status.urgency.needs_somebody for known in found):
        raise typer.Exit(1)


class StackReads:
    """What is read of a stack to find requests and tell their stories."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def everything(self, now: datetime) -> Sequence[Known]:
        """Return all requests that the ledger has."""
        return self.stack.known(self.stack.ledger.entries(), now)

    def requests_that_had(self, named: str) -> frozenset[str]:
        """Return the ids of the requests that had something of that name: the whole history is read."""
        history, wanted = self.stack.history, wanted_name(named)
        if not isinstance(history, HistoryTable) or not wanted:
            return frozenset()
        return frozenset(item.request_id for item in history.items_containing(wanted) if tells_of(item.happened, named))

    def history(self, entry: Entry) -> KeptHistory:
        """Return what is told of a request's history."""
        history = self.stack.history
        if not isinstance(history, HistoryTable):
            return KeptHistory()
        return history.kept(entry.request_id, first=_FIRST_ITEMS, last=_LAST_ITEMS)


def find_subjects(reads: StackReads, subject: str, now: datetime) -> Sequence[Known] | UnknownSubject:
    """Return the requests that a name is of, also those that had something of that name before."""
    stack, request_id = reads.stack, id_in(subject)
    entry = stack.ledger.entry(request_id) if request_id else None
    # Of a subject that names one request, only that is read.
    known = reads.everything(now) if entry is None else stack.known([entry], now)
    found = subjects_named(subject, known)
    if not isinstance(found, UnknownSubject):
        return found
    earlier = filter(None, map(stack.ledger.entry, sorted(reads.requests_that_had(subject))))
    return newest_first(stack.known(earlier, now)) or found


def why_document(
    reads: StackReads, subject: str, found: Sequence[Known] | UnknownSubject, now: datetime
) -> dict[str, Any]:
    """Return the stories of what was found as ``--json`` prints them."""
    if isinstance(found, UnknownSubject):
        return {"named": subject, "requests": [], "looked_for": LOOKED_FOR, "nearest": found.nearest}
    return {"named": subject, "requests": [_document(known, _story(reads, known, now)) for known in found]}


def _story(reads: StackReads, known: Known, now: datetime) -> Story:
    entry = known.entry
    return story_of(entry, reads.history(entry), links=reads.stack.console_links, now=now)


def _say_others(stack: Stack, others: Sequence[Known]) -> None:
    if others:
        say(f"and {len(others)} more; each by its id:", "aside")
    for known in others:
        say(f"  {known.entry.request_id}  {known.status.status}")


def _document(known: Known, story: Story) -> dict[str, Any]:
    entry = known.entry
    return {
        "status": known.status,
        "story": story.events,
        "has_earlier": story.has_earlier,
        "published": entry.published,
        "attachments": [
            {"name": each.name, "resource_arn": each.resource_arn, "ids": sorted(each.made.ids)}
            for each in entry.attachments
        ],
    }
