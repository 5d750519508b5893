"""The door of ``associate_resource``: a wanted association in, its endpoint out."""

from __future__ import annotations

import pytest

from drawbridge.association import WantedAssociation
from drawbridge.association.associate import EndpointState, ResourceEndpoint, client_token
from drawbridge.errors import NotReadyError
from functions.associate_resource import app
from tests.builders import ENDPOINT_ID, wanted
from tests.functions.invocations import invoke, refuses, step

STEP = step(wanted=wanted(), attempt=2)


class Endpoints:
    def __init__(self) -> None:
        self.made: list[ResourceEndpoint] = []
        self.groups: frozenset[str] = frozenset()

    def find(self, wanted: WantedAssociation) -> list[ResourceEndpoint]:
        return [ResourceEndpoint(endpoint_id=each.endpoint_id, state=EndpointState.AVAILABLE) for each in self.made]

    def create(self, wanted: WantedAssociation, token: str) -> ResourceEndpoint:
        assert token == client_token(wanted, 2)
        self.made.append(ResourceEndpoint(endpoint_id=ENDPOINT_ID, state=EndpointState.PENDING))
        return self.made[-1]

    def change_groups(self, endpoint_id: str, *, add: frozenset[str], remove: frozenset[str]) -> None:
        assert (endpoint_id, remove) == (ENDPOINT_ID, frozenset())
        self.groups = add


@pytest.fixture(autouse=True)
def endpoints(monkeypatch: pytest.MonkeyPatch) -> Endpoints:
    endpoints = Endpoints()
    monkeypatch.setattr(app, "endpoints", lambda: endpoints)
    return endpoints


def test_an_endpoint_is_made_and_told_once_it_is_available(endpoints: Endpoints) -> None:
    with pytest.raises(NotReadyError, match=ENDPOINT_ID):
        invoke(app.lambda_handler, STEP)

    answer = invoke(app.lambda_handler, STEP)

    assert answer == {"endpoint": {"endpointId": ENDPOINT_ID}}
    assert len(endpoints.made) == 1


def test_an_endpoint_that_is_there_gets_the_groups_that_are_wanted_now(endpoints: Endpoints) -> None:
    endpoints.made.append(ResourceEndpoint(endpoint_id=ENDPOINT_ID, state=EndpointState.AVAILABLE))
    group = "sg-0123456789abcdef0"

    answer = invoke(app.lambda_handler, step(wanted=wanted(security_group_ids=(group,)), attempt=2))

    assert answer == {"endpoint": {"endpointId": ENDPOINT_ID}}
    assert endpoints.groups == {group}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("wanted", ...),
        ("wanted.vpcId", ...),
        ("wanted.resourceArn", 7),
        ("wanted.subnetIds", "subnet-0123456789abcdef0"),
        ("wanted.perVpc", "no"),
        ("attempt", ...),
        ("attempt", "1"),
    ],
)
def test_a_broken_step_is_refused_by_its_field(path: str, value: object) -> None:
    refuses(app.lambda_handler, STEP, path, value)
