"""Whose story is asked for: requests, by all that somebody may know of them."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from drawbridge.arns import Arn
from drawbridge.errors import InvalidInputError
from drawbridge.legible import legible
from drawbridge.record.entry import Entry
from drawbridge_cli.request_status import Known

_MOST_NEAREST = 3
_CONSUMERS_NAME = re.compile(r"/[^/]+/consumers/[0-9]{12}/(vpce-[0-9a-f]{8,17})(/.*)?")

LOOKED_FOR = (
    "a request's id, a share's ARN or id, an endpoint's id, a published parameter or its path, a binding, an account, "
    "an endpoint service, a shared resource or an association"
)


class UnknownSubject(Struct, frozen=True):
    """The ledger has nothing of that name."""

    named: str
    nearest: tuple[str, ...]

    def __str__(self) -> str:
        or_meant = f"; did you mean {' or '.join(map(legible, self.nearest))}?" if self.nearest else ""
        return f"{legible(self.named)}: the ledger knows nothing of it. Looked for it as {LOOKED_FOR}{or_meant}"


def subjects_named(named: str, ledger: Iterable[Known]) -> Sequence[Known] | UnknownSubject:
    """Return the requests that a name is of, those first that changed last; or the nearest names there are."""
    every = [*ledger]
    wanted = _wanted(named)
    found = [each for each in every if wanted in _names(each) or _is_published(wanted, each.entry)]
    if found:
        return sorted(found, key=lambda each: each.entry.updated_at, reverse=True)
    names = {name for each in every for name in (*_names(each), *each.entry.published)}
    return UnknownSubject(named, tuple(difflib.get_close_matches(named, sorted(names), n=_MOST_NEAREST)))


def _wanted(named: str) -> str:
    """Return the name under which the ledger has it: of a consumer's parameter the endpoint that it is of."""
    found = _CONSUMERS_NAME.fullmatch(named)
    return found.group(1) if found else named.rstrip("/")


def _is_published(wanted: str, entry: Entry) -> bool:
    return wanted.startswith("/") and any(name == wanted or name.startswith(f"{wanted}/") for name in entry.published)


def _names(known: Known) -> frozenset[str]:
    entry = known.entry
    return frozenset(
        {
            entry.request_id,
            entry.subject,
            _id_of(entry.subject),
            entry.account_id,
            known.status.service,
            *known.status.bindings,
            *_names_of_attachments(entry),
        }
        - {""}
    )


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
