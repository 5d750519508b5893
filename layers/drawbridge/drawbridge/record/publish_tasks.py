"""Publishing what waits for it in queues: first the plain names, later the JSON beside them, and then the record.

Applications wait for the names, nobody for the rest. What waited for long is looked at again before it is published.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct

from drawbridge.association import MadeAttachment, PlannedAssociation
from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge.pacing.pace import Pacing
from drawbridge.publication import Publication
from drawbridge.publication.consumers import ConnectionNames, PlainlyNamed, detail_consumers, name_consumers
from drawbridge.publication.parameters import PublicationStore
from drawbridge.publication.publish import Association, Publisher
from drawbridge.record.answer_kept import RecordPorts
from drawbridge.record.outcome import Ended, ItemResult, Published, outcome_of
from drawbridge.record.record import StatusChange
from drawbridge.record.record_all import record_all
from drawbridge.request import EndpointConnectionRequest, ExecutionInput

LOOKED_AT_AGAIN = timedelta(minutes=1)
"""How long a name may wait without anybody asking whether it is still wanted."""


class PublishConnection(Struct, frozen=True, tag="connection", tag_field="of"):
    """A consumer's endpoint that was accepted."""

    named: bool = False
    """Whether its plain name was written, for which the JSON is missing."""


class PublishAssociation(Struct, frozen=True, tag="association", tag_field="of"):
    """A shared resource that was associated."""

    item: int
    made: MadeAttachment = msgspec.field(name="by")


PublishTask = PublishConnection | PublishAssociation


class ToPublish(Struct, frozen=True, kw_only=True):
    """What is to be published of an attempt."""

    execution: ExecutionInput
    of: PublishTask
    since: datetime
    """Since when it waits."""
    patient: bool = False
    """Whether, of a group, what has no name yet is waited for."""


class CommandedMeanwhile(Struct, frozen=True):
    """It is to be withdrawn, as an operator said while it waited."""

    words: str = "An operator had it withdrawn while its name waited."


class IsPublished(Struct, frozen=True):
    """It is published, and that is recorded, or kept for the record."""

    publication: Publication
    change: StatusChange | None = None
    """What was recorded, of a connection; ``None`` if a later attempt has begun."""


NameResult = PlainlyNamed | IsPublished | CommandedMeanwhile | DrawbridgeError
DetailResult = IsPublished | CommandedMeanwhile | DrawbridgeError


class AttemptPlaces(Protocol):
    """What attempts keep of their associations."""

    def planned(self, execution: ExecutionInput, item: int) -> PlannedAssociation: ...

    def keep_result(self, execution: ExecutionInput, item: int, result: ItemResult) -> None: ...


class PublishPorts(Struct, frozen=True, kw_only=True):
    """The ports of publishing."""

    connections: ConnectionNames
    store: PublicationStore
    publisher: Publisher
    attempts: AttemptPlaces
    commanded: Callable[[Collection[str]], Collection[str]]
    """Returns those of the requests whose withdrawal an operator commanded, read consistently."""
    records: RecordPorts
    pace: Pacing
    prefix: str
    now: Callable[[], datetime]


def publish_names(asked: Sequence[ToPublish], ports: PublishPorts) -> list[NameResult]:
    """Publish the plain names; return what became of each, in their order. Safe to repeat."""
    results: dict[int, NameResult] = {}
    places = _wanted_still(asked, ports, results)
    connections = _connections(asked, places, results)
    named = _of_each(connections, partial(name_consumers, prefix=ports.prefix, now=ports.now(), pace=ports.pace), ports)
    # What is published as it is due already is only recorded.
    published = {place: each for place, each in named.items() if isinstance(each, Publication)}
    results |= {place: each for place, each in named.items() if not isinstance(each, Publication)}
    results |= _recorded(asked, published, ports)
    planned = _planned(asked, places, ports, results)
    failures = ports.publisher.name_all([*planned.values()], now=ports.now()) if planned else []
    results |= {place: each or PlainlyNamed() for place, each in zip(planned, failures, strict=True)}
    return [results[place] for place in range(len(asked))]


def publish_details(asked: Sequence[ToPublish], ports: PublishPorts) -> list[DetailResult]:
    """Write the JSON beside the names, and record; return what became of each, in their order. Safe to repeat."""
    results: dict[int, DetailResult] = {}
    places = _wanted_still(asked, ports, results)
    connections = _connections(asked, places, results)
    named = [request for place, request in connections.items() if _was_named(asked[place].of)]
    detail = partial(detail_consumers, named=named, prefix=ports.prefix, now=ports.now(), pace=ports.pace)
    detailed = _of_each(connections, detail, ports)
    published = {place: each for place, each in detailed.items() if isinstance(each, Publication)}
    results |= {place: each for place, each in detailed.items() if isinstance(each, DrawbridgeError)}
    results |= _recorded(asked, published, ports)
    planned = _planned(asked, places, ports, results)
    publications = ports.publisher.publish_all([*planned.values()], now=ports.now()) if planned else []
    for place, each in zip(planned, publications, strict=True):
        results[place] = each if isinstance(each, DrawbridgeError) else _kept(asked[place], each, ports)
    return [results[place] for place in range(len(asked))]


Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


def _wanted_still(
    asked: Sequence[ToPublish],
    ports: PublishPorts,
    results: "dict[int, NameResult] | dict[int, DetailResult]",
) -> list[int]:
    """Return the places of what is to be published even now; note what became of the others.

    One call tells it of all that waited for longer than a minute.
    """
    now = ports.now()
    late = [place for place, each in enumerate(asked) if now - each.since > LOOKED_AT_AGAIN]
    try:
        commanded = ports.commanded({asked[place].execution.request_id for place in late}) if late else ()
    except DrawbridgeError as error:
        results |= dict.fromkeys(late, error)
        return [place for place in range(len(asked)) if place not in late]
    results |= {place: CommandedMeanwhile() for place in late if asked[place].execution.request_id in commanded}
    return [place for place in range(len(asked)) if place not in results]


def _connections(
    asked: Sequence[ToPublish],
    places: Iterable[int],
    results: "dict[int, NameResult] | dict[int, DetailResult]",
) -> dict[int, EndpointConnectionRequest]:
    """Return the connections; note the error of what is said to be one, and is none."""
    connections: dict[int, EndpointConnectionRequest] = {}
    for place in places:
        request = asked[place].execution.request
        if not isinstance(asked[place].of, PublishConnection):
            continue
        if isinstance(request, EndpointConnectionRequest):
            connections[place] = request
        else:
            results[place] = InvalidInputError(f"task: of is 'connection', and {request.subject} is none")
    return connections


def _was_named(of: PublishTask) -> bool:
    return isinstance(of, PublishConnection) and of.named


class _Publishes(Protocol[Result_co]):
    def __call__(
        self, requests: Sequence[EndpointConnectionRequest], connections: ConnectionNames, store: PublicationStore
    ) -> Sequence[Result_co]: ...


def _of_each(
    connections: Mapping[int, EndpointConnectionRequest], publish: _Publishes[Result], ports: PublishPorts
) -> dict[int, Result | DrawbridgeError]:
    """Return what became of each, or the error of all."""
    if not connections:
        return {}
    try:
        done = publish([*connections.values()], ports.connections, ports.store)
    except DrawbridgeError as error:
        return dict.fromkeys(connections, error)
    return dict(zip(connections, done, strict=True))


def _recorded(
    asked: Sequence[ToPublish], published: dict[int, Publication], ports: PublishPorts
) -> dict[int, IsPublished | DrawbridgeError]:
    """Record the publications of connections; return the change of each, or its error."""
    if not published:
        return {}
    progress = [
        (asked[place].execution, outcome_of(Ended((), (Published(each),)))) for place, each in published.items()
    ]
    records = ports.records
    changes = record_all(progress, records.ledger, records.history, records.bus)
    return {
        place: change if isinstance(change, DrawbridgeError) else IsPublished(published[place], change)
        for place, change in zip(published, changes, strict=True)
    }


def _planned(
    asked: Sequence[ToPublish],
    places: Iterable[int],
    ports: PublishPorts,
    results: "dict[int, NameResult] | dict[int, DetailResult]",
) -> dict[int, Association]:
    """Return the associations as they were planned; note the error of those of which that is not known."""
    planned: dict[int, Association] = {}
    for place in places:
        each = asked[place]
        if isinstance(each.of, PublishAssociation):
            try:
                desired = ports.attempts.planned(each.execution, each.of.item).desired
            except DrawbridgeError as error:
                results[place] = error
                continue
            planned[place] = Association(desired, each.of.made, each.patient)
    return planned


def _kept(asked: ToPublish, publication: Publication, ports: PublishPorts) -> IsPublished | DrawbridgeError:
    """Keep the publication of an association for the record at the end."""
    if not isinstance(asked.of, PublishAssociation):
        raise TypeError(f"{asked.of} is no association")
    try:
        ports.attempts.keep_result(asked.execution, asked.of.item, Published(publication))
    except DrawbridgeError as error:
        return error
    return IsPublished(publication)
