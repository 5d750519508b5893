"""Many names at once: few reads, the plain names of all before any JSON, and an outcome for each."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import pytest

from drawbridge.association import DesiredAttachment, MadeAttachment
from drawbridge.errors import (
    AccessDeniedError,
    ConflictError,
    DrawbridgeError,
    GoneError,
    NotReadyError,
    RequestGoneError,
    ThrottledError,
)
from drawbridge.publication import Publication
from drawbridge.publication.named import NamedResource
from drawbridge.publication.names import consumer_path, document_parameter, name_parameter
from drawbridge.publication.parameters import ObservedParameter
from drawbridge.publication.publish import Association, Publisher
from drawbridge.request import EndpointConnectionRequest
from drawbridge.request.connections import ConnectionState, EndpointConnection
from tests.builders import CONSUMER, NOW, RESOURCE_ARN, SERVICE_ID, desired, entity
from tests.fakes.listed_connections import InMemoryListedConnections
from tests.fakes.parameter_store import InMemoryPublicationStore
from tests.unit.publishing import World, named, publish_consumers


class Counting(InMemoryPublicationStore):
    """Notes how many parameters were asked for in each read, and does what AWS may do to a write."""

    def __init__(self, **there: ObservedParameter) -> None:
        super().__init__(**there)
        self.asked: list[int] = []
        self.refused: dict[str, DrawbridgeError] = {}
        """Why a write of a parameter is refused, by its name."""

    def read_all(self, names: Iterable[str]) -> dict[str, ObservedParameter]:
        names = [*names]
        self.asked.append(len(names))
        return super().read_all(names)

    def overwrite(self, name: str, value: str, *, subject: str) -> None:
        if name in self.refused:
            raise self.refused[name]
        super().overwrite(name, value, subject=subject)


def request(number: int) -> EndpointConnectionRequest:
    return EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=f"vpce-{number:017x}")


def connection(number: int, state: ConnectionState = ConnectionState.AVAILABLE) -> EndpointConnection:
    return EndpointConnection(
        asked_at=NOW,
        service_id=SERVICE_ID,
        endpoint_id=request(number).endpoint_id,
        owner=CONSUMER,
        state=state,
        region="us-east-1",
        dns_names=((f"{number}.example", "Z"),),
    )


def path(number: int) -> str:
    return consumer_path("drawbridge", CONSUMER, request(number).endpoint_id)


def plain(*numbers: int) -> list[str]:
    return [name_parameter(path(each)) for each in numbers]


def documents(*numbers: int) -> list[str]:
    return [document_parameter(path(each)) for each in numbers]


def published(
    store: InMemoryPublicationStore, connections: InMemoryListedConnections, numbers: Collection[int]
) -> list[Publication | DrawbridgeError]:
    asked = [request(each) for each in numbers]
    return publish_consumers(asked, connections, store, prefix="drawbridge", now=NOW)


def connected(number: int) -> InMemoryListedConnections:
    return InMemoryListedConnections(*map(connection, range(number)))


def test_many_are_published_by_two_listings_and_a_read_for_five_with_all_plain_names_first() -> None:
    store, connections = Counting(), connected(12)

    outcomes = published(store, connections, range(12))

    assert store.writes == [*plain(*range(12)), *documents(*range(12))]
    assert [each.dns_name for each in outcomes if isinstance(each, Publication)] == [f"{n}.example" for n in range(12)]
    assert (connections.listings, store.asked) == (2, [10, 10, 4, 10, 2])


def test_what_is_published_already_is_read_and_not_written() -> None:
    store, connections = Counting(), connected(3)
    published(store, connections, range(3))
    store.writes.clear()

    assert [type(each) for each in published(store, connections, range(4))] == [*[Publication] * 3, RequestGoneError]
    assert store.writes == []


def test_each_has_an_outcome_of_its_own() -> None:
    store = Counting(**{name_parameter(path(1)): ObservedParameter(value="mine", subject="")})
    connections = InMemoryListedConnections(
        connection(0), connection(1), connection(2, ConnectionState.PENDING), connection(3, ConnectionState.DELETED)
    )
    outcomes = published(store, connections, [0, 1, 2, 3, 4, 0])

    kinds = [type(each) for each in outcomes]
    assert kinds == [Publication, ConflictError, NotReadyError, RequestGoneError, RequestGoneError, Publication]
    assert store.writes.count(plain(0)[0]) == 1
    assert store.there[plain(1)[0]].value == "mine"
    assert store.there.keys() == {*plain(0, 1), *documents(0)}


def test_a_plain_name_that_is_not_written_has_no_json_and_keeps_no_other() -> None:
    store = Counting()
    store.refused = {plain(1)[0]: ThrottledError("slowly")}

    outcomes = published(store, connected(3), range(3))

    assert [type(each) for each in outcomes] == [Publication, ThrottledError, Publication]
    assert store.there.keys() == {*plain(0, 2), *documents(0, 2)}


@pytest.mark.parametrize(
    ("error", "stays"), [(AccessDeniedError("no"), False), (ThrottledError("slowly"), True), (GoneError("x"), True)]
)
def test_a_plain_name_stays_without_its_json_only_if_that_is_tried_again(error: DrawbridgeError, stays: bool) -> None:
    store = Counting()
    store.refused = {documents(1)[0]: error}

    outcomes = published(store, connected(2), range(2))

    assert outcomes[1] is error
    assert (plain(1)[0] in store.there) is stays
    assert {*plain(0), *documents(0)} <= store.there.keys()


def test_a_plain_name_that_was_there_before_stays_whatever_becomes_of_its_json() -> None:
    store, connections = Counting(), connected(1)
    published(store, connections, [0])
    del store.there[documents(0)[0]]
    store.refused = {documents(0)[0]: AccessDeniedError("no")}

    assert [type(each) for each in published(store, connections, [0])] == [AccessDeniedError]
    assert store.there.keys() == {*plain(0)}


def test_a_read_that_is_refused_for_some_falls_back_to_each() -> None:
    class Denied(Counting):
        def read(self, name: str) -> ObservedParameter | None:
            if name.startswith(path(1)):
                raise AccessDeniedError(name)
            return super().read(name)

    store = Denied()

    outcomes = published(store, connected(3), range(3))

    assert [type(each) for each in outcomes] == [Publication, AccessDeniedError, Publication]


def of_endpoint(number: int) -> tuple[DesiredAttachment, NamedResource]:
    arn = f"{RESOURCE_ARN[:-2]}{number:02x}"
    return desired(resource_arn=arn, resource_name=f"db-{number}"), named(arn, dns_name=f"{number}.example")


class Endpoints(World):
    """Endpoints that each lead to one resource, and that are listed together."""

    def __init__(self, **leading_to: NamedResource) -> None:
        super().__init__()
        self.leading_to = leading_to
        self.listed: list[list[str]] = []

    def named(self, endpoint_id: str) -> list[NamedResource]:
        return self.named_all([endpoint_id])[endpoint_id]

    def named_all(self, endpoint_ids: Iterable[str]) -> dict[str, list[NamedResource]]:
        ids = sorted(endpoint_ids)
        self.listed.append(ids)
        if missing := {*ids} - self.leading_to.keys():
            raise GoneError(f"InvalidVpcEndpointId.NotFound: {missing}")
        return {each: [self.leading_to[each]] for each in ids}


def of_endpoints(number: int) -> tuple[Endpoints, list[Association]]:
    due = [of_endpoint(each) for each in range(number)]
    world = Endpoints(**{f"vpce-{each}": found for each, (_, found) in enumerate(due)})
    asked = [
        Association(wanted, MadeAttachment(endpoint_id=f"vpce-{each}"), patient=False)
        for each, (wanted, _) in enumerate(due)
    ]
    return world, asked


def test_what_many_endpoints_lead_to_is_listed_together_and_published_with_all_plain_names_first() -> None:
    world, asked = of_endpoints(4)
    store = InMemoryPublicationStore()

    outcomes = Publisher(world, world, store, world, prefix="drawbridge").publish_all(asked, now=NOW)

    assert [type(each) for each in outcomes] == [Publication] * 4
    assert [each.rpartition("/")[2] for each in store.writes] == ["dns-name"] * 4 + ["connection"] * 4
    assert world.listed == [["vpce-0", "vpce-1", "vpce-2", "vpce-3"]]


def test_an_endpoint_that_is_gone_keeps_no_other_from_its_name() -> None:
    world, asked = of_endpoints(3)
    del world.leading_to["vpce-1"]
    store = InMemoryPublicationStore()

    outcomes = Publisher(world, world, store, world, prefix="drawbridge").publish_all(asked, now=NOW)

    assert [type(each) for each in outcomes] == [Publication, GoneError, Publication]
    assert len(store.there) == 4


def test_the_children_of_a_group_have_all_their_plain_names_before_any_json() -> None:
    arns = [f"{RESOURCE_ARN}{each}" for each in range(7)]
    world = World(*(named(arn, group_arn=RESOURCE_ARN, dns_name=f"{arn[-1]}.example") for arn in arns))
    for arn in arns:
        world.entities[arn] = entity(f"child-{arn[-1]}", arn)
    store = Counting()
    group = Association(desired(resource_type="GROUP"), MadeAttachment(endpoint_id="vpce-0"), patient=False)

    (outcome,) = Publisher(world, world, store, world, prefix="drawbridge").publish_all([group], now=NOW)

    assert isinstance(outcome, Publication)
    assert [each.rpartition("/")[2] for each in store.writes] == ["dns-name"] * 7 + ["connection"] * 7
    assert store.asked[:2] == [10, 4]
