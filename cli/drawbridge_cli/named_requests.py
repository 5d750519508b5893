"""Requests as operators name them: by id, or by subject: share ARN, share id, endpoint id."""

import difflib
import re
from collections.abc import Iterable

from msgspec import Struct

from drawbridge.arns import Arn
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.legible import legible
from drawbridge.record.entry import Entry

_REQUEST_ID = re.compile(r"(?:share|connection|orphan)-[A-Za-z0-9-]{1,100}")
_SHARE_ARN = re.compile(r"arn:[a-z-]+:ram:[a-z0-9-]+:[0-9]{12}:resource-share/([A-Za-z0-9-]{1,60})")
_SHARE_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MOST_NEAREST = 3


class UnknownRequest(Struct, frozen=True):
    """The ledger has no request of that name."""

    named: str
    nearest: tuple[str, ...]

    def __str__(self) -> str:
        or_meant = f"; did you mean {' or '.join(map(legible, self.nearest))}?" if self.nearest else ""
        by = "by id, share ARN, share id or endpoint id"
        return f"{legible(self.named)}: the ledger has no such request, {by}{or_meant}"


def find_row(ledger: LedgerTable, named: str) -> LedgerRow | UnknownRequest:
    """Return the row of a request, read consistently; the whole ledger is read only if nothing quicker finds it."""
    request_id = id_in(named)
    if request_id and (row := ledger.rows([request_id]).get(request_id)) is not None:
        return row
    followed = next((row.request_id for row in ledger.followed() if row.request.subject == named), "")
    entries = () if followed else tuple(ledger.entries())
    found = followed or next((each.request_id for each in entries if each.subject == named), "")
    if found and (row := ledger.rows([found]).get(found)) is not None:
        return row
    return UnknownRequest(named, tuple(difflib.get_close_matches(named, _names(entries), n=_MOST_NEAREST)))


def id_in(named: str) -> str:
    """Return the id of the request that a name is of, as far as the name alone tells it; else an empty text."""
    if _REQUEST_ID.fullmatch(named):
        return named
    if share := _SHARE_ARN.fullmatch(named):
        return f"share-{share.group(1)}"
    return f"share-{named}" if _SHARE_ID.fullmatch(named) else ""


def _names(entries: Iterable[Entry]) -> Iterable[str]:
    """Yield all by which requests can be named."""
    for each in entries:
        yield each.request_id
        yield each.subject
        if _SHARE_ARN.fullmatch(each.subject):
            yield Arn.parse(each.subject).resource_id
