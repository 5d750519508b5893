"""Printing what operators have withdrawn, and returning it as documents for programs."""

from collections.abc import Collection, Iterator
from typing import Any

from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.withdrawable import ConsumerConnections, RequestStanding, Withdrawable
from drawbridge.legible import legible
from drawbridge.request import EndpointConnectionRequest, OrphanRequest, kind_of, what_connects
from drawbridge_cli.command_lines import command
from drawbridge_cli.screen import complain, say, show_json

_LONGEST = 2000

NOT_MANAGED = (
    "its service is not managed any longer, so that Drawbridge leaves it as it is, and may not reject it; tag the "
    "service drawbridge:managed = true again, or reject the connection in EC2"
)


def show_withdrawable(each: Withdrawable) -> None:
    """Print a request, and below it what was made and published for it, in the order in which it goes."""
    say(f"- {title_of(each.row)}", "bad")
    for what in _made(each):
        say(f"    - {legible(what, _LONGEST)}", "bad")
    if each.standing is RequestStanding.DELAYED:
        say("    . it is permitted, and not let in yet: so it is kept out", "doubtful")
    if each.standing is RequestStanding.UNDER_WAY:
        say("    . an attempt is under way: it is withdrawn once that has settled", "doubtful")


def show_connections(connections: ConsumerConnections) -> None:
    """Print the connections of an account: what goes, what goes already, what can't, and what is not let in yet."""
    for each in connections.going:
        show_withdrawable(each)
    for row in connections.commanded:
        say(f". {title_of(row)}: {commanded_text(row)}", "doubtful")
    for row in connections.unmanaged:
        complain(f"{title_of(row)}: {NOT_MANAGED}")
    for row in connections.undecided:
        say(f". {title_of(row)}: nothing is connected yet", "doubtful")


def title_of(row: LedgerRow) -> str:
    """Return a line that names a request: its subject, whose it is, and its status."""
    return f"{row.request.subject} of {legible(row.account_id)}: {row.status}"


def commanded_text(row: LedgerRow) -> str:
    """Return who had it withdrawn, and when; empty if nobody did."""
    command = row.commanded
    return "" if command is None else f"{legible(command.by)} had it withdrawn at {command.at:%Y-%m-%d %H:%M} UTC"


def say_what_next(done: Collection[Withdrawable]) -> None:
    """Print how to look at what was commanded, and how to bring it back."""
    named = next(iter(done)).row.request_id if len(done) == 1 else "REQUEST"
    say(f"look at it with     {command('policy', 'explain', named)}")
    if not all(isinstance(each.row.request, OrphanRequest) for each in done):
        say(f"bring it back with  {command('retry', named)}")
    if any(each.is_connection for each in done):
        say("once a connection is rejected, nothing brings it back: its consumer makes a new endpoint or attachment")


def withdrawable_document(each: Withdrawable, result: str) -> dict[str, Any]:
    """Return a request for programs, with what became of it."""
    return request_document(each.row, result) | {
        "attachments": [
            {
                "name": one.name,
                "resource_arn": one.resource_arn,
                "ids": sorted(one.made.ids),
                "aliases": [record.name for record in one.records],
            }
            for one in each.made.attachments
        ],
        "published": each.made.published,
    }


def request_document(row: LedgerRow, result: str) -> dict[str, Any]:
    """Return what names a request for programs, with what became of it."""
    return {
        "request_id": row.request_id,
        "kind": kind_of(row.request),
        "subject": row.request.subject,
        "account_id": row.account_id,
        "status": row.status,
        "settled": row.settled,
        "commanded": row.commanded,
        "result": result,
    }


def show_documents(documents: list[dict[str, Any]], *, dry_run: bool) -> None:
    """Print requests as one document for programs."""
    show_json({"dry_run": dry_run, "requests": documents})


def _made(each: Withdrawable) -> Iterator[str]:
    yield from each.made.published
    for one in each.made.attachments:
        yield from (f"{record.name} in {record.zone_id}" for record in one.records)
    for one in each.made.attachments:
        yield f"{one.name}: {', '.join(sorted(one.made.ids)) or 'nothing of ours'}"
    request = each.row.request
    if isinstance(request, EndpointConnectionRequest):
        what = what_connects(request.endpoint_id)
        yield f"the connection to {request.service_id} is rejected, for good: the consumer would make a new {what}"
