"""Printing the story of requests."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from drawbridge.legible import legible
from drawbridge_cli.reason_screen import as_recorded, reason_text
from drawbridge_cli.request_status import Known
from drawbridge_cli.screen import Line, wrapped
from drawbridge_cli.status_screen import status_lines
from drawbridge_cli.story import Story, StoryEvent
from drawbridge_cli.turns import Command, is_command

_LONGEST = 4000


def why_lines(known: Known, story: Story, width: int | None, now: datetime) -> Iterator[Line]:
    """Yield what a request is about, what happened to it, and what it is waiting for now."""
    entry = known.entry
    about = f"{entry.kind} of account {legible(entry.account_id)}: {legible(entry.subject)}"
    yield from wrapped(entry.request_id, width, indent=0, mark="title")
    yield from wrapped(about, width, indent=2)
    yield "", ""
    if story.has_earlier:
        yield from wrapped("… what happened before is not kept any longer", width, indent=2)
    for event in story.events:
        yield from _event_lines(event, width)
    yield "", ""
    yield "Now", "title"
    status = known.status
    if is_command(status.next, Command.WHY, status.request_id):
        # This is it.
        status = msgspec.structs.replace(status, next="")
    yield from status_lines([status], width, now)


def _event_lines(event: StoryEvent, width: int | None) -> Iterator[Line]:
    if event.what == "left-out":
        yield from wrapped(event.text, width, indent=2, mark="aside")
        return
    mark = "aside" if event.what in {"attempt", "repeated"} else ""
    # The text of marks is a reason's.
    text = as_recorded(event.text) if event.what == "marks" else legible(event.text, _LONGEST)
    yield from wrapped(f"{_time(event.at)}  {text}", width, indent=2, mark=mark)
    for reason in event.reasons:
        yield from wrapped(reason_text(reason), width, indent=6)
    for detail in event.details:
        yield from wrapped(legible(detail, _LONGEST), width, indent=6)
    for link in event.links:
        yield from wrapped(link.address, width, indent=6, mark="aside")


def _time(at: str) -> str:
    try:
        return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return legible(at)
