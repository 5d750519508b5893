"""What ``drawbridge ui`` shows of a stack, as its commands print it with ``--json``."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from drawbridge.errors import AccessDeniedError, InvalidInputError
from drawbridge.publication.names import connections_path, consumers_path, document_parameter
from drawbridge.record.entry import Entry
from drawbridge.request import EndpointConnectionRequest
from drawbridge.status import Status
from drawbridge_cli.bindings import bindings_document, look_at_bindings
from drawbridge_cli.stack import Stack
from drawbridge_cli.status import EVERYTHING, look_at, status_document
from drawbridge_cli.ui_site import Query, View
from drawbridge_cli.why import look_for, why_document

_SOON = 2.0
"""Seconds that what was read may be shown again: several windows cost no more than one."""
_LATER = 20.0
"""The same, of what takes many calls."""


def views_of(stack: Stack) -> Mapping[str, View]:
    """Return the views of a stack, by their names."""
    return {
        "stack": _Kept(stack, stack_view, _LATER),
        "status": _Kept(stack, status_view, _SOON),
        "why": _Asked(stack, why_view),
        "names": _Kept(stack, names_view, _LATER),
        "endpoints": _Kept(stack, endpoints_view, _SOON),
        "bindings": _Kept(stack, lambda stack: bindings_view(stack.anew()), _LATER),
    }


class _Asked:
    """A view that is asked for by a query; one at a time, as AWS's clients have state."""

    def __init__(self, stack: Stack, view: Callable[[Stack, Query], Any]) -> None:
        self._stack = stack.anew()
        self._view = view
        self._lock = threading.Lock()

    def __call__(self, query: Query) -> Any:
        with self._lock:
            return self._view(self._stack, query)


class _Kept:
    """A view that is the same for everybody, and for some seconds."""

    def __init__(self, stack: Stack, view: Callable[[Stack], Any], seconds: float) -> None:
        self._stack = stack.anew()
        self._view = view
        self._seconds = seconds
        self._lock = threading.Lock()
        self._shown: Any = None
        self._until = 0.0

    def __call__(self, query: Query) -> Any:
        with self._lock:
            if self._shown is None or time.monotonic() >= self._until:
                self._shown = self._view(self._stack)
                self._until = time.monotonic() + self._seconds
            return self._shown


def stack_view(stack: Stack) -> Any:
    """Return which stack it is."""
    return stack.place_document


def status_view(stack: Stack) -> Any:
    """Return what ``drawbridge status --all --json`` prints."""
    return status_document(look_at(stack, EVERYTHING), stack)


def why_view(stack: Stack, query: Query) -> Any:
    """Return what ``drawbridge why X --json`` prints, of ``of`` in the query."""
    subject = query.get("of", "")
    if not subject:
        raise InvalidInputError("of: name a request, or something that it is about")
    now = datetime.now(UTC)
    return why_document(stack, subject, look_for(stack, subject, now), now)


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
    """``endpoint``, ``resource association`` or ``VPC association``."""
    attachment: str
    """The binding and the resource; empty of a consumer's connection."""
    resource_arn: str
    account_id: str
    request_id: str
    status: Status
    state: str | None
    """What AWS says of an endpoint; ``None`` where it was not asked, or does not list it."""


def endpoints_view(stack: Stack) -> Any:
    """Return what connections are made of, with the states of endpoints as far as AWS tells them to the caller."""
    try:
        states, unknown = stack.endpoint_states(), ""
    except AccessDeniedError as error:
        states, unknown = {}, str(error)
    unreadable: list[str] = []
    entries = stack.ledger_telling(unreadable.append).followed_entries()
    made = [each for entry in entries for each in _made(entry, states)]
    return {"endpoints": made, "states_unknown": unknown, "unreadable": unreadable}


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
        yield _object(entry, states, entry.request.endpoint_id, "endpoint", "", entry.request.service_id)


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
