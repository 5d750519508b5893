"""Requests as people name them: by all that somebody may know of them. All commands look for them here."""

from collections.abc import Iterator, Sequence

import typer
from msgspec import Struct

from drawbridge.aws.history_table import HistoryTable
from drawbridge.bounds import some_of
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.errors import InvalidInputError
from drawbridge.legible import legible
from drawbridge.record.entry import Entry
from drawbridge_cli.request_names import (
    LOOKED_FOR,
    entries_named,
    id_in,
    nearest_names,
    newest_first,
    own_names,
    tells_of,
    wanted_name,
)
from drawbridge_cli.screen import complain
from drawbridge_cli.stack import Stack

NAMED = "The request: its id, share ARN, endpoint or attachment id, a published name, or whatever only it has."
"""The help of arguments that name one request."""

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


class RequestReads:
    """What is read of a stack to find requests by name."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def entries(self) -> Sequence[Entry]:
        """Return all requests that the ledger has."""
        return [*self.stack.ledger.entries()]

    def requests_that_had(self, named: str) -> frozenset[str]:
        """Return the ids of the requests that had something of that name: the whole history is read."""
        history, wanted = self.stack.history, wanted_name(named)
        if not isinstance(history, HistoryTable) or not wanted:
            return frozenset()
        return frozenset(item.request_id for item in history.items_containing(wanted) if tells_of(item.happened, named))


def requests_named(reads: RequestReads, named: str) -> Sequence[Entry] | UnknownRequest | UnreadableRequest:
    """Return the requests that a name is of, those first that changed last; else those that had it before."""
    wanted, ledger = wanted_name(named), reads.stack.ledger
    try:
        # Of a name that only one request can have, only that is read.
        entry = ledger.entry(request_id) if (request_id := id_in(wanted)) else None
    except InvalidInputError as error:
        return UnreadableRequest(named, str(error))
    if entry is not None:
        return (entry,)
    entries = reads.entries()
    found = entries_named(wanted, entries) or newest_first(_named_earlier(reads, named))
    return found or UnknownRequest(named, reads.stack.where, nearest_names(named, entries))


def the_request(stack: Stack, named: str) -> Entry:
    """Return the one request that a name is of, or exit with 1: there is none, or several, or it can't be read."""
    found = requests_named(RequestReads(stack), named)
    if isinstance(found, UnknownRequest | UnreadableRequest):
        complain(str(found))
        raise typer.Exit(1)
    wanted = wanted_name(named)
    candidates = [each for each in found if wanted in own_names(each)] or found
    if len(candidates) > 1:
        ids = [each.request_id for each in candidates]
        told = some_of(ids, _MOST_CANDIDATES)
        complain(f"{legible(named)}: {len(ids)} requests are of that name, say which by its id: {told}")
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


def _named_earlier(reads: RequestReads, named: str) -> Iterator[Entry]:
    """Yield the requests that had something of that name before: what is taken down is in the history alone."""
    for request_id in reads.requests_that_had(named):
        try:
            entry = reads.stack.ledger.entry(request_id)
        except InvalidInputError as error:
            complain(str(error))
        else:
            if entry is not None:
                yield entry
