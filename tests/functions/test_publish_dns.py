"""The door of ``publish_dns``: a connection that was made in, the names published for it out."""

from __future__ import annotations

import pytest

from drawbridge.association import Endpoint
from drawbridge.publication.publish import AssociatedResource, Owned
from drawbridge.request.connections import Connection, ConnectionState
from functions.publish_dns import app
from tests.builders import CONNECTION, CONSUMER, ENDPOINT_ID, NOW, RESOURCE_ARN, SERVICE_ID, wanted
from tests.functions.invocations import Json, invoke, refuses, step

ASSOCIATED = step(of="association", wanted=wanted(), endpoint=Endpoint(endpoint_id=ENDPOINT_ID))
CONNECTED = step(of="connection", request=CONNECTION)


class Aws:
    """An endpoint, a connection and the parameters."""

    prefix = "bridge"

    def __init__(self) -> None:
        self.parameters: dict[str, Owned] = {}

    def associated(self, endpoint_id: str) -> list[AssociatedResource]:
        assert endpoint_id == ENDPOINT_ID
        found = AssociatedResource(
            association_id="a",
            resource_arn=RESOURCE_ARN,
            accessible=True,
            dns_name="db.example",
            hosted_zone_id="Z",
            private_dns_name=None,
        )
        return [found]

    def connection(self, service_id: str, endpoint_id: str) -> Connection:
        return Connection(
            asked_at=NOW,
            service_id=service_id,
            endpoint_id=endpoint_id,
            owner=CONSUMER,
            state=ConnectionState.AVAILABLE,
            region="us-east-1",
            dns_names=(("service.example", "Z"),),
        )

    def read(self, name: str) -> Owned | None:
        return self.parameters.get(name)

    def create(self, name: str, value: str, *, subject: str) -> bool:
        self.parameters[name] = Owned(value=value, subject=subject)
        return True


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    aws = Aws()
    for name in ("endpoints", "connections", "configurations", "names", "environment"):
        monkeypatch.setattr(app, name, lambda: aws)
    return aws


@pytest.mark.parametrize(
    ("written", "name", "path", "subject"),
    [
        (ASSOCIATED, "db.example", "/bridge/connections/orders/orders-db", RESOURCE_ARN),
        (CONNECTED, "service.example", f"/bridge/consumers/{CONSUMER}/{ENDPOINT_ID}", ENDPOINT_ID),
    ],
    ids=["association", "connection"],
)
def test_a_connection_is_published_where_its_side_reads_it(
    aws: Aws, written: Json, name: str, path: str, subject: str
) -> None:
    answer = invoke(app.lambda_handler, written)

    parameters = [f"{path}/dns-name", f"{path}/connection"]
    assert answer == {"publication": {"dnsName": name, "parameters": parameters}}
    assert aws.parameters[parameters[0]] == Owned(value=name, subject=subject)
    assert sorted(aws.parameters) == sorted(parameters)


@pytest.mark.parametrize(
    ("written", "path", "value"),
    [
        (ASSOCIATED, "of", "wish"),
        (ASSOCIATED, "wanted", ...),
        (ASSOCIATED, "wanted.perVpc", ...),
        (ASSOCIATED, "endpoint.endpointId", None),
        (CONNECTED, "of", ...),
        (CONNECTED, "request", ...),
        (CONNECTED, "request.serviceId", SERVICE_ID.upper()),
        (CONNECTED, "request.endpointId", SERVICE_ID),
    ],
)
def test_a_broken_step_is_refused_by_its_field(written: Json, path: str, value: object) -> None:
    refuses(app.lambda_handler, written, path, value)
