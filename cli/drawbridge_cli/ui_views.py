"""What ``drawbridge ui`` shows of a stack, as its commands print it with ``--json``."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from msgspec import Struct

from drawbridge.discovery.ledger_row import is_followed
from drawbridge.errors import AccessDeniedError, InvalidInputError
from drawbridge.publication.names import connections_path, consumers_path, document_parameter
from drawbridge.record.entry import Entry
from drawbridge.record.history import KeptHistory
from drawbridge.request import EndpointConnectionRequest, what_connects
from drawbridge.status import Status
from drawbridge_cli.bindings import bindings_document, look_at_bindings
from drawbridge_cli.command_lines import told_with
from drawbridge_cli.request_status import Known
from drawbridge_cli.scheduled_sweeps import ScheduledSweeps, SweepsUnknown
from drawbridge_cli.stack import Stack
from drawbridge_cli.status import EVERYTHING, look_among, status_document, sweeps_of
from drawbridge_cli.status_screen import sweeps_line
from drawbridge_cli.ui_kept import Clock, Kept
from drawbridge_cli.ui_site import Query, Shown, View
from drawbridge_cli.ui_words import TONES, words_document
from drawbridge_cli.urgency import Urgency
from drawbridge_cli.why import StoryReads, look_for, why_document

_NAMES_KEPT = 32
"""Names whose stories are kept."""
_STORY = 60.0
"""Seconds that a story is told again as long as the row is the same: a question is kept in it after the row says so."""
_SEARCH = 600.0
"""Seconds after which the history is searched again for what the ledger has not: it is read whole for that."""


def views_of(stack: Stack, clock: Clock = time.monotonic) -> Mapping[str, View]:
    """Return the views of a stack, by their names."""
    ledger = Kept(partial(read_ledger, stack.anew()), soon=4, late=30, clock=clock, is_moving=_is_moving)
    described = stack.anew()
    # A sweep changes its record, and mostly nothing else.
    sweeps = Kept(partial(sweeps_of, stack.anew()), soon=30, late=60, clock=clock)
    asking = stack.anew()
    states = Kept(partial(_states, asking), soon=10, late=60, clock=clock)
    return {
        "words": lambda _: Shown(words_document()),
        "stack": _view(Kept(partial(stack_view, stack.anew()), soon=20, late=3600, clock=clock)),
        "status": _of_ledger(ledger, lambda read: status_view(described, read, sweeps().value)),
        "why": Stories(stack.anew(), ledger, clock),
        "names": _view(Kept(partial(names_view, stack.anew()), soon=20, late=120, clock=clock)),
        "endpoints": _of_ledger(ledger, lambda read: endpoints_view(read, states().value)),
        "bindings": _view(Kept(lambda: bindings_view(stack.anew()), soon=20, late=20, clock=clock)),
    }


def _view(kept: Kept[Any]) -> View:
    """Return the view that shows what was read."""

    def view(_: Query) -> Shown:
        read = kept()
        return Shown(read.value, read.age)

    return view


class ReadLedger(Struct, frozen=True):
    """The ledger as all views have it."""

    known: tuple[Known, ...]
    unreadable: tuple[str, ...]
    """Why rows can't be read, each with the request that it is of."""


def read_ledger(stack: Stack) -> ReadLedger:
    """Read the ledger, and the questions about what waits for people."""
    unreadable: list[str] = []
    known = stack.known(stack.ledger_telling(unreadable.append).entries(), datetime.now(UTC))
    return ReadLedger(tuple(known), tuple(unreadable))


def _is_moving(read: ReadLedger) -> bool:
    return any(each.status.urgency is Urgency.UNDER_WAY for each in read.known)


def _of_ledger(ledger: Kept[ReadLedger], show: Callable[[ReadLedger], Any]) -> View:
    """Return the view that shows something of the ledger, as old as that is."""

    def view(_: Query) -> Shown:
        read = ledger()
        return Shown(show(read.value), read.age)

    return view


class Stories:
    """The stories of what is named in queries."""

    def __init__(self, stack: Stack, ledger: Kept[ReadLedger], clock: Clock) -> None:
        self._reads = _KeptReads(stack, ledger, clock)
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, Kept[dict[str, Any]]] = {}

    def __call__(self, query: Query) -> Shown:
        subject = query.get("of", "")
        if not subject:
            raise InvalidInputError("of: name a request, or something that it is about")
        # One at a time, as AWS's clients have state.
        with self._lock:
            kept = self._kept.pop(subject, None) or Kept(
                partial(self._tell, subject), soon=4, late=30, clock=self._clock, is_moving=_tells_of_moving
            )
            self._kept[subject] = kept
            _forget_oldest(self._kept)
            read = kept()
        return Shown(read.value, read.age)

    def _tell(self, subject: str) -> dict[str, Any]:
        now = datetime.now(UTC)
        # What is offered is not shown: of an account, each look would read the whole table of that.
        return why_document(self._reads, subject, look_for(self._reads, subject, now), now)


def _tells_of_moving(document: dict[str, Any]) -> bool:
    return any(each["status"].urgency is Urgency.UNDER_WAY for each in document["requests"])


def _forget_oldest(kept: dict[str, Any]) -> None:
    while len(kept) > _NAMES_KEPT:
        del kept[next(iter(kept))]


class _KeptReads(StoryReads):
    """What stories are told from, read again only if it may have changed."""

    def __init__(self, stack: Stack, ledger: Kept[ReadLedger], clock: Clock) -> None:
        super().__init__(stack)
        self._ledger = ledger
        self._clock = clock
        self._histories: dict[str, tuple[Entry, Kept[KeptHistory]]] = {}
        self._earlier: dict[str, Kept[frozenset[str]]] = {}

    def entries(self) -> Sequence[Entry]:
        return [each.entry for each in self._ledger().value.known]

    def requests_that_had(self, named: str) -> frozenset[str]:
        search = partial(super().requests_that_had, named)
        kept = self._earlier.pop(named, None) or Kept(search, soon=_SEARCH, late=_SEARCH, clock=self._clock)
        self._earlier[named] = kept
        _forget_oldest(self._earlier)
        return kept().value

    def history(self, entry: Entry) -> KeptHistory:
        before, kept = self._histories.pop(entry.request_id, (None, None))
        if kept is None or before != entry:
            kept = Kept(partial(super().history, entry), soon=_STORY, late=_STORY, clock=self._clock)
        self._histories[entry.request_id] = entry, kept
        _forget_oldest(self._histories)
        return kept().value


def stack_view(stack: Stack) -> Any:
    """Return which stack it is."""
    return stack.place_document


def status_view(stack: Stack, read: ReadLedger, sweeps: ScheduledSweeps | SweepsUnknown) -> Any:
    """Return what ``drawbridge status --all --json`` prints, and in ``sweeps`` what the terminal says of the last."""
    now = datetime.now(UTC)
    look = look_among(read.known, read.unreadable, {stack.region: sweeps}, EVERYTHING, now)
    # Each request of a browser has a thread of its own, which doesn't know the caller's options.
    with told_with(stack.options):
        text, mark = sweeps_line(sweeps, now)
    return status_document(look, stack) | {"sweeps": {"text": text, "tone": TONES[mark]}}


def bindings_view(stack: Stack) -> Any:
    """Return what ``drawbridge bindings list --json`` prints."""
    return bindings_document(look_at_bindings(stack))


class PublishedText(Struct, frozen=True, kw_only=True):
    """A name as it is published, with what is written beside it."""

    path: str
    dns_name: str
    document: str
    """JSON; empty if there is none."""


def names_view(stack: Stack) -> Any:
    """Return the names that are published on both sides."""
    paths = {"connections": connections_path(stack.prefix), "consumers": consumers_path(stack.prefix)}
    return {side: tuple(_published(dict(stack.published.below(path)))) for side, path in paths.items()}


def _published(parameters: Mapping[str, str]) -> Iterator[PublishedText]:
    for name, value in sorted(parameters.items()):
        path, _, last = name.rpartition("/")
        if last == "dns-name":
            yield PublishedText(path=path, dns_name=value, document=parameters.get(document_parameter(path), ""))


class MadeObject(Struct, frozen=True, kw_only=True):
    """What the ledger says that a connection is made of."""

    id: str
    kind: str
    """``endpoint``, ``transit gateway attachment``, ``resource association`` or ``VPC association``."""
    attachment: str
    """The binding and the resource; empty of a consumer's connection."""
    resource_arn: str
    account_id: str
    request_id: str
    status: Status
    state: str | None
    """What AWS says of an endpoint or attachment; ``None`` where it was not asked, or does not list it."""


class EndpointStates(Struct, frozen=True):
    """AWS's states of endpoints, by id; or why they are not known."""

    by_id: Mapping[str, str]
    unknown: str = ""


def _states(stack: Stack) -> EndpointStates:
    try:
        return EndpointStates(stack.endpoint_states())
    except AccessDeniedError as error:
        return EndpointStates({}, str(error))


def endpoints_view(read: ReadLedger, states: EndpointStates) -> Any:
    """Return what connections are made of, with the states of endpoints as far as AWS tells them to the caller."""
    entries = (each.entry for each in read.known)
    followed = (entry for entry in entries if is_followed(entry.status, settled=entry.settled))
    made = [each for entry in followed for each in _made(entry, states.by_id)]
    return {"endpoints": made, "states_unknown": states.unknown, "unreadable": read.unreadable}


def _made(entry: Entry, states: Mapping[str, str]) -> Iterator[MadeObject]:
    for attachment in entry.attachments:
        kinds = {
            "endpoint": attachment.made.endpoint_id,
            "resource association": attachment.made.resource_association,
            "VPC association": attachment.made.vpc_association,
        }
        for kind, made_id in kinds.items():
            if made_id:
                yield _object(entry, states, made_id, kind, attachment.name, attachment.resource_arn)
    if isinstance(entry.request, EndpointConnectionRequest):
        connecting = entry.request.endpoint_id
        yield _object(entry, states, connecting, what_connects(connecting), "", entry.request.service_id)


def _object(
    entry: Entry, states: Mapping[str, str], made_id: str, kind: str, attachment: str, resource_arn: str
) -> MadeObject:
    return MadeObject(
        id=made_id,
        kind=kind,
        attachment=attachment,
        resource_arn=resource_arn,
        account_id=entry.account_id,
        request_id=entry.request_id,
        status=entry.status,
        state=states.get(made_id),
    )
