"""Whose story is asked for: requests, by all that somebody may know of them."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from drawbridge.arns import Arn
from drawbridge.errors import InvalidInputError
from drawbridge.legible import legible
from drawbridge.record.entry import Entry
from drawbridge.record.history import Happened, StatusItem
from drawbridge_cli.request_status import Known
from drawbridge_cli.turns import binding_in

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
    wanted = wanted_name(named)
    found = [each for each in every if wanted in _names(each) or _is_above(wanted, each.entry.published)]
    if found:
        return newest_first(found)
    names = {name for each in every for name in (*_names(each), *each.entry.published)}
    return UnknownSubject(named, tuple(difflib.get_close_matches(named, sorted(names), n=_MOST_NEAREST)))


def newest_first(known: Iterable[Known]) -> list[Known]:
    """Return requests, those first that changed last."""
    return sorted(
        known, key=lambda each: (datetime.fromisoformat(each.entry.updated_at), each.entry.request_id), reverse=True
    )


def tells_of(happened: Happened, named: str) -> bool:
    """Return whether it tells of something of that name, by which it is found when the ledger has it no longer."""
    if not isinstance(happened, StatusItem):
        return False
    wanted = wanted_name(named)
    bindings = {binding_in(reason.source) for reason in happened.reasons if "/" in reason.source}
    names = happened.names
    named_so = {*names, *map(_id_of, names), *map(wanted_name, names), *bindings} - {""}
    return wanted in named_so or _is_above(wanted, names)


def wanted_name(named: str) -> str:
    """Return the name under which ledger and history have it: of a consumer's parameter the endpoint that it is of."""
    found = _CONSUMERS_NAME.fullmatch(named)
    return found.group(1) if found else named.rstrip("/")


def _is_above(wanted: str, names: Iterable[str]) -> bool:
    """Return whether it is the name or the path of a parameter among these."""
    return wanted.startswith("/") and any(name == wanted or name.startswith(f"{wanted}/") for name in names)


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
