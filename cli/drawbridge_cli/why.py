"""``drawbridge why``: the story of a request, whatever of it somebody knows."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from drawbridge.aws.history_table import HistoryTable
from drawbridge.record.entry import Entry
from drawbridge.record.history import KeptHistory
from drawbridge_cli.named_requests import RequestReads, UnknownRequest, UnreadableRequest, requests_named
from drawbridge_cli.offer_stories import offer_documents, offer_lines, offer_needs_somebody, offers_named
from drawbridge_cli.options import Json
from drawbridge_cli.request_names import LOOKED_FOR
from drawbridge_cli.request_status import Known
from drawbridge_cli.screen import complain, say, say_lines, show_json, width
from drawbridge_cli.stack import Stack
from drawbridge_cli.story import Story, story_of
from drawbridge_cli.why_screen import why_lines

_FIRST_ITEMS, _LAST_ITEMS = 20, 480
"""Of one request's history: as many are told of its beginning, and of its end."""
_MOST_TOLD = 5
"""Requests whose whole story is told; of more, only their status."""


def why(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(help=f"{LOOKED_FOR[0].upper()}{LOOKED_FOR[1:]}.", metavar="X")],
    as_json: Json = False,
) -> None:
    """Tell a request's story, from the first hint to now, and what comes next.

    Of an account, a share or a service also what is offered: since when, how far it is, and what leaves when and why.

    Exit code 1: it needs somebody, its row can't be read, or nothing of that name is known.
    """
    stack: Stack = context.obj
    reads = StoryReads(stack)
    now = datetime.now(UTC)
    found = look_for(reads, subject, now)
    offers = offers_named(stack, subject)
    if as_json:
        show_json(why_document(reads, subject, found, now) | {"offers": offer_documents(offers)})
    requests: Sequence[Known] = ()
    if not isinstance(found, UnknownRequest | UnreadableRequest):
        requests = found
    elif isinstance(found, UnreadableRequest) or not offers:
        complain(str(found))
        raise typer.Exit(1)
    if not as_json:
        say(stack.where, "aside")
        say_lines(offer_lines(offers, width(), now))
        for known in requests[:_MOST_TOLD]:
            say_lines(why_lines(known, _story(reads, known, now), width(), now))
        _say_others(stack, requests[_MOST_TOLD:])
    if any(known.status.urgency.needs_somebody for known in requests) or any(map(offer_needs_somebody, offers)):
        raise typer.Exit(1)


class StoryReads(RequestReads):
    """What is read of a stack to tell stories of requests, whatever of them somebody knows."""

    def history(self, entry: Entry) -> KeptHistory:
        """Return what is told of a request's history."""
        history = self.stack.history
        if not isinstance(history, HistoryTable):
            return KeptHistory()
        return history.kept(entry.request_id, first=_FIRST_ITEMS, last=_LAST_ITEMS)


Found = Sequence[Known] | UnknownRequest | UnreadableRequest


def look_for(reads: StoryReads, subject: str, now: datetime) -> Found:
    """Return the requests that a name is of, with their statuses."""
    found = requests_named(reads, subject)
    return found if isinstance(found, UnknownRequest | UnreadableRequest) else reads.stack.known(found, now)


def why_document(reads: StoryReads, subject: str, found: Found, now: datetime) -> dict[str, Any]:
    """Return the stories of what was found as ``--json`` prints them, without what is offered."""
    document: dict[str, Any] = {"named": subject, "requests": [], "unreadable": [], **reads.stack.place_document}
    match found:
        case UnknownRequest():
            return document | {"looked_for": LOOKED_FOR, "nearest": found.nearest}
        case UnreadableRequest():
            return document | {"unreadable": [found.why]}
        case _:
            return document | {"requests": [_document(known, _story(reads, known, now)) for known in found]}


def _story(reads: StoryReads, known: Known, now: datetime) -> Story:
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
