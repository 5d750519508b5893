"""Requests as people name them: by all that somebody may know of them. All commands look for them here."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence

import typer
from msgspec import Struct

from drawbridge.arns import Arn
from drawbridge.aws.history_table import HistoryTable
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.errors import InvalidInputError
from drawbridge.legible import legible
from drawbridge.record.entry import Entry
from drawbridge.request import EndpointConnectionRequest
from drawbridge_cli.request_status import bindings_of
from drawbridge_cli.screen import complain
from drawbridge_cli.stack import Stack

LOOKED_FOR = (
    "a request's id, a share's ARN or id, an endpoint's id, a published parameter or its path, a binding, an account, "
    "an endpoint service, a shared resource or an association"
)

NAMED = "The request: its id, share ARN, endpoint id, a name that is published for it, or whatever only it has."
"""The help of arguments that name one request."""

_REQUEST_ID = re.compile(r"(?:share|connection|orphan)-[A-Za-z0-9-]{1,100}")
_SHARE_ARN = re.compile(r"arn:[a-z-]+:ram:[a-z0-9-]+:[0-9]{12}:resource-share/([A-Za-z0-9-]{1,60})")
_SHARE_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CONSUMERS_NAME = re.compile(r"/[^/]+/consumers/[0-9]{12}/(vpce-[0-9a-f]{8,17})(/.*)?")
_MOST_NEAREST = 3
_MOST_CANDIDATES = 10


class UnknownRequest(Struct, frozen=True):
    """The ledger has nothing of that name."""

    named: str
    where: str
    nearest: tuple[str, ...]

    def __str__(self) -> str:
        or_meant = f"; did you mean {' or '.join(map(legible, self.nearest))}?" if self.nearest else ""
        return (
            f"{legible(self.named)}: the ledger of {self.where} knows nothing of it. "
            f"Looked for it as {LOOKED_FOR}{or_meant}"
        )


class UnreadableRequest(Struct, frozen=True):
    """The row of that name can't be read, so that somebody has to mend it."""

    named: str
    why: str

    def __str__(self) -> str:
        return self.why


def requests_named(stack: Stack, named: str) -> Sequence[Entry] | UnknownRequest | UnreadableRequest:
    """Return the requests that a name is of, those first that changed last; also those that had it before."""
    wanted, ledger = _wanted(named), stack.ledger
    try:
        entry = ledger.entry(request_id) if (request_id := id_in(wanted)) else None
    except InvalidInputError as error:
        return UnreadableRequest(named, str(error))
    if entry is not None:
        return (entry,)
    every = [*ledger.entries()]
    found = entries_named(wanted, every) or _named_earlier(stack, wanted)
    return found or UnknownRequest(named, stack.where, _nearest(named, every))


def the_request(stack: Stack, named: str) -> Entry:
    """Return the one request that a name is of, or exit with 1: there is none, or several, or it can't be read."""
    found = requests_named(stack, named)
    if isinstance(found, UnknownRequest | UnreadableRequest):
        complain(str(found))
        raise typer.Exit(1)
    wanted = _wanted(named)
    candidates = [each for each in found if wanted in _own_names(each)] or found
    if len(candidates) > 1:
        ids = [each.request_id for each in candidates]
        more = f" and {len(ids) - _MOST_CANDIDATES} more" if len(ids) > _MOST_CANDIDATES else ""
        told = ", ".join(ids[:_MOST_CANDIDATES])
        complain(f"{legible(named)}: {len(ids)} requests are of that name, say which by its id: {told}{more}")
        raise typer.Exit(1)
    return candidates[0]


def the_row(stack: Stack, named: str) -> LedgerRow:
    """Return the row of the one request that a name is of, read consistently; exits with 1 as ``the_request`` does."""
    request_id = the_request(stack, named).request_id
    row = stack.ledger.rows([request_id]).get(request_id)
    if row is None:
        # Why it can't be read was complained of.
        raise typer.Exit(1)
    return row


def entries_named(wanted: str, entries: Iterable[Entry]) -> Sequence[Entry]:
    """Return those that a name is of, those first that changed last."""
    found = (each for each in entries if wanted in _names(each) or _is_published(wanted, each))
    return sorted(found, key=lambda each: each.updated_at, reverse=True)


def id_in(named: str) -> str:
    """Return the id of the request that a name is of, as far as the name alone tells it; else an empty text."""
    if _REQUEST_ID.fullmatch(named):
        return named
    if share := _SHARE_ARN.fullmatch(named):
        return f"share-{share.group(1)}"
    return f"share-{named}" if _SHARE_ID.fullmatch(named) else ""


def _named_earlier(stack: Stack, wanted: str) -> Sequence[Entry]:
    """Return the requests that had something of that name before: what is taken down is in the history alone."""
    if not isinstance(stack.history, HistoryTable):
        return ()
    entries: list[Entry] = []
    for request_id in sorted(stack.history.requests_naming(wanted)):
        try:
            entry = stack.ledger.entry(request_id)
        except InvalidInputError as error:
            complain(str(error))
        else:
            entries += [] if entry is None else [entry]
    return sorted(entries, key=lambda each: each.updated_at, reverse=True)


def _nearest(named: str, entries: Iterable[Entry]) -> tuple[str, ...]:
    names = {name for each in entries for name in (*_names(each), *each.published)}
    return tuple(difflib.get_close_matches(named, sorted(names), n=_MOST_NEAREST))


def _wanted(named: str) -> str:
    """Return the name under which the ledger has it: of a consumer's parameter the endpoint that it is of."""
    found = _CONSUMERS_NAME.fullmatch(named)
    return found.group(1) if found else named.rstrip("/")


def _is_published(wanted: str, entry: Entry) -> bool:
    return wanted.startswith("/") and any(name == wanted or name.startswith(f"{wanted}/") for name in entry.published)


def _own_names(entry: Entry) -> frozenset[str]:
    """Return the names that are of no other request."""
    return frozenset({entry.request_id, entry.subject, _id_of(entry.subject)} - {""})


def _names(entry: Entry) -> frozenset[str]:
    service = entry.request.service_id if isinstance(entry.request, EndpointConnectionRequest) else ""
    others = {entry.account_id, service, *bindings_of(entry), *_names_of_attachments(entry)}
    return _own_names(entry) | (others - {""})


def _names_of_attachments(entry: Entry) -> Iterator[str]:
    for each in entry.attachments:
        yield each.resource_arn
        yield _id_of(each.resource_arn)
        yield each.made.network_arn
        yield _id_of(each.made.network_arn)
        yield from each.made.ids


def _id_of(arn: str) -> str:
    """Return the id in an ARN; empty if it is none."""
    try:
        return Arn.parse(arn).resource_id
    except InvalidInputError:
        return ""
