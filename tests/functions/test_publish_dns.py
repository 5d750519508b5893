"""The door of ``publish_dns``: a connection that was made in, the names published for it out."""

from __future__ import annotations

import msgspec
import pytest

from drawbridge.association import DesiredAttachment, MadeAttachment, Plan
from drawbridge.environment import Environment
from drawbridge.errors import NotReadyError
from drawbridge.publication import Publication
from drawbridge.publication.named import NamedResource
from drawbridge.publication.parameters import ObservedParameter
from drawbridge.publication.publish import Publisher
from drawbridge.record.outcome import Published
from drawbridge.request.connections import ConnectionState, EndpointConnection
from functions.publish_dns import app
from tests.builders import CONNECTION, CONSUMER, ENDPOINT_ID, NOW, RESOURCE_ARN, SERVICE_ID, desired, execution_input
from tests.fakes.alias_records import InMemoryAliasRecords
from tests.fakes.attempts import InMemoryAttempts
from tests.fakes.listed_connections import InMemoryListedConnections
from tests.fakes.named_resources import InMemoryNamedResources
from tests.fakes.parameter_store import InMemoryPublicationStore
from tests.functions.invocations import Json, invoke, refuses, step

INPUT = execution_input()
ASSOCIATED = step(of="association", request=INPUT, item=0, by=MadeAttachment(endpoint_id=ENDPOINT_ID))
CONNECTED = step(of="connection", request=CONNECTION)


def named(arn: str, **changes: str) -> NamedResource:
    fields = {"association_id": "a", "resource_arn": arn, "dns_name": "db.example", "hosted_zone_id": "Z"}
    return NamedResource(**(fields | changes), accessible=True)


AVAILABLE = EndpointConnection(
    asked_at=NOW,
    service_id=SERVICE_ID,
    endpoint_id=ENDPOINT_ID,
    owner=CONSUMER,
    state=ConnectionState.AVAILABLE,
    region="us-east-1",
    dns_names=(("service.example", "Z"),),
)


@pytest.fixture(autouse=True)
def resources() -> InMemoryNamedResources:
    """Return what the endpoint leads to."""
    return InMemoryNamedResources(named(RESOURCE_ARN), shared=False)


@pytest.fixture(autouse=True)
def parameters(monkeypatch: pytest.MonkeyPatch, resources: InMemoryNamedResources) -> InMemoryPublicationStore:
    parameters, connections = InMemoryPublicationStore(), InMemoryListedConnections(AVAILABLE)
    publisher = Publisher(resources, resources, parameters, InMemoryAliasRecords(), prefix="bridge")
    environment = Environment({"PREFIX": "bridge"})
    monkeypatch.setattr(app, "publisher", lambda: publisher)
    monkeypatch.setattr(app, "names", lambda: parameters)
    monkeypatch.setattr(app, "connections", lambda: connections)
    monkeypatch.setattr(app, "environment", lambda: environment)
    return parameters


@pytest.fixture(autouse=True)
def attempts(monkeypatch: pytest.MonkeyPatch) -> InMemoryAttempts:
    attempts = InMemoryAttempts()
    monkeypatch.setattr(app, "attempts", lambda: attempts)
    planned(attempts, desired())
    return attempts


def planned(attempts: InMemoryAttempts, attachment: DesiredAttachment) -> None:
    attempts.keep_plan(
        INPUT, Plan(associations=(attachment,), refused=(), observed_fingerprint="", bindings_fingerprint="")
    )


def publication_of(attempts: InMemoryAttempts, answer: Json) -> Publication:
    """Return the publication: of a consumer it is in the answer, of an association it is kept."""
    if "publication" in answer:
        return msgspec.convert(answer["publication"], Publication)
    assert answer == {}
    result = attempts.kept(INPUT).results[0]
    assert isinstance(result, Published)
    return result.publication


@pytest.mark.parametrize(
    ("written", "name", "path", "subject"),
    [
        (ASSOCIATED, "db.example", "/bridge/connections/orders/orders-db", RESOURCE_ARN),
        (CONNECTED, "service.example", f"/bridge/consumers/{CONSUMER}/{ENDPOINT_ID}", ENDPOINT_ID),
    ],
    ids=["association", "connection"],
)
def test_a_connection_is_published_where_its_side_reads_it(
    parameters: InMemoryPublicationStore,
    resources: InMemoryNamedResources,
    attempts: InMemoryAttempts,
    written: Json,
    name: str,
    path: str,
    subject: str,
) -> None:
    answer = invoke(app.lambda_handler, written)

    published_in = [f"{path}/dns-name", f"{path}/connection"]
    published = publication_of(attempts, answer)
    assert (published.dns_name, [*published.parameters], published.pending) == (name, published_in, ())
    assert (published.attachment is not None) is (written["of"] == "association")
    assert parameters.there[published_in[0]] == ObservedParameter(value=name, subject=subject)
    assert sorted(parameters.there) == sorted(published_in)
    assert resources.asked == ([ENDPOINT_ID] if written["of"] == "association" else [])


def test_what_is_in_a_group_without_a_name_is_waited_for_and_then_reported(
    resources: InMemoryNamedResources, attempts: InMemoryAttempts
) -> None:
    child = f"{RESOURCE_ARN}c"
    resources.found = [named(child, group_arn=RESOURCE_ARN, dns_name="")]
    planned(attempts, desired(resource_type="GROUP"))

    with pytest.raises(NotReadyError):
        invoke(app.lambda_handler, ASSOCIATED | {"tries": 5})
    answer = invoke(app.lambda_handler, ASSOCIATED | {"tries": 6})

    published = publication_of(attempts, answer)
    assert (published.dns_name, published.parameters, published.pending) == ("", (), (child,))


@pytest.mark.parametrize(
    ("written", "path", "value"),
    [
        (ASSOCIATED, "of", "wish"),
        (ASSOCIATED, "item", ...),
        (ASSOCIATED, "request.attempt", ...),
        (ASSOCIATED, "by", ...),
        (ASSOCIATED, "by.endpointId", None),
        (ASSOCIATED | {"tries": 1}, "tries", "1"),
        (CONNECTED, "of", ...),
        (CONNECTED, "request", ...),
        (CONNECTED, "request.serviceId", SERVICE_ID.upper()),
        (CONNECTED, "request.endpointId", SERVICE_ID),
    ],
)
def test_a_broken_step_is_refused_by_its_field(written: Json, path: str, value: object) -> None:
    refuses(app.lambda_handler, written, path, value)
