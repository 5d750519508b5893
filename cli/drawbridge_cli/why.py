"""``drawbridge why``: the story of a request, whatever of it somebody knows."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from drawbridge.aws.history_table import HistoryTable
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
    now = datetime.now(UTC)
    found = find_subjects(stack, subject, now)
    if as_json:
        show_json(why_document(stack, subject, found, now))
    if isinstance(found, UnknownSubject):
        complain(str(found))
        raise typer.Exit(1)
    if not as_json:
        for known in found[:_MOST_TOLD]:
            say_lines(why_lines(known, _story(stack, known, now), width(), now))
        _say_others(stack, found[_MOST_TOLD:])
    if any(known.status.urgency.needs_somebody for known in found):
        raise typer.Exit(1)


def find_subjects(stack: Stack, subject: str, now: datetime) -> Sequence[Known] | UnknownSubject:
    """Return the requests that a name is of, also those that had something of that name before."""
    found = subjects_named(subject, _known(stack, subject, now))
    if isinstance(found, UnknownSubject):
        return _known_earlier(stack, subject, now) or found
    return found


def why_document(stack: Stack, subject: str, found: Sequence[Known] | UnknownSubject, now: datetime) -> dict[str, Any]:
    """Return the stories of what was found as ``--json`` prints them."""
    if isinstance(found, UnknownSubject):
        return {"named": subject, "requests": [], "looked_for": LOOKED_FOR, "nearest": found.nearest}
    return {"named": subject, "requests": [_document(known, _story(stack, known, now)) for known in found]}


def _known(stack: Stack, subject: str, now: datetime) -> list[Known]:
    """Return what the ledger knows; of a subject that names one request, only that is read."""
    request_id = id_in(subject)
    entry = stack.ledger.entry(request_id) if request_id else None
    entries = stack.ledger.entries() if entry is None else (entry,)
    return stack.known(entries, now)


def _known_earlier(stack: Stack, subject: str, now: datetime) -> Sequence[Known]:
    """Return the requests that had something of that name before: what is taken down is in the history alone."""
    if not isinstance(stack.history, HistoryTable) or not wanted_name(subject):
        return ()
    items = stack.history.items_containing(wanted_name(subject))
    requests = {item.request_id for item in items if tells_of(item.happened, subject)}
    entries = filter(None, map(stack.ledger.entry, requests))
    return newest_first(stack.known(entries, now))


def _story(stack: Stack, known: Known, now: datetime) -> Story:
    return story_of(known.entry, kept_history(stack, known.entry.request_id), links=stack.console_links, now=now)


def kept_history(stack: Stack, request_id: str) -> KeptHistory:
    """Return what is told of a request's history."""
    history = stack.history
    if not isinstance(history, HistoryTable):
        return KeptHistory()
    return history.kept(request_id, first=_FIRST_ITEMS, last=_LAST_ITEMS)


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
