"""All the names by which somebody may know a request: its own, and those of what it has or had."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from drawbridge.arns import Arn
from drawbridge.errors import InvalidInputError
from drawbridge.record.entry import Entry
from drawbridge.record.history import Happened, StatusItem
from drawbridge.request import EndpointConnectionRequest
from drawbridge_cli.request_reasons import bindings_of
from drawbridge_cli.turns import binding_in

LOOKED_FOR = (
    "a request's id, a share's ARN or id, an endpoint's or a transit gateway attachment's id, a published parameter or "
    "its path, a binding, an account, an endpoint service, a shared resource or an association"
)

_REQUEST_ID = re.compile(r"(?:share|connection|orphan)-[A-Za-z0-9-]{1,100}")
_SHARE_ARN = re.compile(r"arn:[a-z-]+:ram:[a-z0-9-]+:[0-9]{12}:resource-share/([A-Za-z0-9-]{1,60})")
_SHARE_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CONSUMERS_NAME = re.compile(r"/[^/]+/consumers/[0-9]{12}/((?:vpce|tgw-attach)-[0-9a-f]{8,17})(/.*)?")
_MOST_NEAREST = 3


def id_in(named: str) -> str:
    """Return the id of the request that a name is of, as far as the name alone tells it; else an empty text."""
    if _REQUEST_ID.fullmatch(named):
        return named
    if share := _SHARE_ARN.fullmatch(named):
        return f"share-{share.group(1)}"
    return f"share-{named}" if _SHARE_ID.fullmatch(named) else ""


def wanted_name(named: str) -> str:
    """Return the name under which ledger and history have it: of a consumer's parameter the endpoint that it is of."""
    found = _CONSUMERS_NAME.fullmatch(named)
    return found.group(1) if found else named.rstrip("/")


def entries_named(wanted: str, entries: Iterable[Entry]) -> Sequence[Entry]:
    """Return those that a name is of, those first that changed last."""
    return newest_first(each for each in entries if wanted in _names(each) or _is_above(wanted, each.published))


def newest_first(entries: Iterable[Entry]) -> list[Entry]:
    """Return requests, those first that changed last."""
    return sorted(entries, key=lambda each: (datetime.fromisoformat(each.updated_at), each.request_id), reverse=True)


def nearest_names(named: str, entries: Iterable[Entry]) -> tuple[str, ...]:
    """Return the names there are that are most like one that nothing has."""
    names = {name for each in entries for name in (*_names(each), *each.published)}
    return tuple(difflib.get_close_matches(named, sorted(names), n=_MOST_NEAREST))


def own_names(entry: Entry) -> frozenset[str]:
    """Return the names that are of no other request."""
    return frozenset({entry.request_id, entry.subject, _id_of(entry.subject)} - {""})


def tells_of(happened: Happened, named: str) -> bool:
    """Return whether it tells of something of that name, by which it is found when the ledger has it no longer."""
    if not isinstance(happened, StatusItem):
        return False
    wanted = wanted_name(named)
    bindings = {binding_in(reason.source) for reason in happened.reasons if "/" in reason.source}
    names = happened.names
    named_so = {*names, *map(_id_of, names), *map(wanted_name, names), *bindings} - {""}
    return wanted in named_so or _is_above(wanted, names)


def _is_above(wanted: str, names: Iterable[str]) -> bool:
    """Return whether it is the name or the path of a parameter among these."""
    return wanted.startswith("/") and any(name == wanted or name.startswith(f"{wanted}/") for name in names)


def _names(entry: Entry) -> frozenset[str]:
    service = entry.request.service_id if isinstance(entry.request, EndpointConnectionRequest) else ""
    others = {entry.account_id, service, *bindings_of(entry), *_names_of_attachments(entry)}
    return own_names(entry) | (others - {""})


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
