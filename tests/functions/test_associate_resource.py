"""The door of ``associate_resource``: a desired attachment in, the made one out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from drawbridge.association import AttachedResource, DesiredAttachment, Mode, NetworkRef, Plan
from drawbridge.association.actions import CreateEndpoint
from drawbridge.association.client_tokens import endpoint_token
from drawbridge.association.observed_attachment import (
    Endpoint,
    EndpointTarget,
    ObservedServiceNetwork,
    ResourceAssociation,
    ResourceTarget,
    ServiceNetworkVpcAssociation,
    State,
)
from drawbridge.association.reconcile import AttachmentReconciler
from drawbridge.errors import NotReadyError
from drawbridge.lattice import PrivateDns
from functions.associate_resource import app
from tests.builders import ENDPOINT_ID, NETWORK, NOW, VPC_ID, creation_of, desired, desired_by_network, execution_input
from tests.fakes.attempts import InMemoryAttempts
from tests.functions.invocations import invoke, refuses, step

INPUT = execution_input(attempt=2)
STEP = step(request=INPUT, item=0)


class Aws:
    """Endpoints, and a service network that has everything in it."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.groups: frozenset[str] = frozenset()

    def find(self, target: EndpointTarget, vpc_id: str) -> list[Endpoint]:
        return [Endpoint(id=each, state=State.AVAILABLE) for each in self.made]

    def unowned(self, target: ResourceTarget, vpc_id: str) -> list[Endpoint]:
        return []

    def create(self, action: CreateEndpoint, client_token: str) -> Endpoint:
        assert client_token == endpoint_token(creation_of(desired(), attempt=2))
        self.made.append(ENDPOINT_ID)
        return Endpoint(id=ENDPOINT_ID, state=State.PENDING)

    def modify_security_groups(self, endpoint_id: str, *, add: frozenset[str], remove: frozenset[str]) -> None:
        assert (endpoint_id, remove) == (ENDPOINT_ID, frozenset())
        self.groups = add

    def modify_private_dns(self, endpoint_id: str, private_dns: PrivateDns, domains: frozenset[str]) -> None:
        raise AssertionError(endpoint_id)

    def add_subnets(self, endpoint_id: str, subnet_ids: frozenset[str]) -> None:
        raise AssertionError(endpoint_id)


class Networks:
    def network(self, ref: NetworkRef) -> ObservedServiceNetwork | None:
        return NETWORK

    def resource_association(
        self, network: ObservedServiceNetwork, resource: AttachedResource
    ) -> ResourceAssociation | None:
        return ResourceAssociation(id="snra-1", state=State.AVAILABLE)

    def vpc_association(self, vpc_id: str) -> ServiceNetworkVpcAssociation | None:
        return ServiceNetworkVpcAssociation(id="snva-1", state=State.AVAILABLE, network_arn=NETWORK.arn)


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    aws = Aws()
    networks = Networks()
    monkeypatch.setattr(app, "reconciler", lambda: AttachmentReconciler(networks, aws))  # type: ignore[arg-type]  # nothing is made in it
    monkeypatch.setattr(app, "now", lambda: NOW)
    return aws


@pytest.fixture(autouse=True)
def attempts(monkeypatch: pytest.MonkeyPatch) -> InMemoryAttempts:
    attempts = InMemoryAttempts()
    monkeypatch.setattr(app, "attempts", lambda: attempts)
    planned(attempts, desired())
    return attempts


def planned(attempts: InMemoryAttempts, attachment: DesiredAttachment, at: datetime = NOW) -> None:
    plan = Plan(associations=(attachment,), refused=(), observed_fingerprint="", bindings_fingerprint="")
    attempts.keep_plan(INPUT, plan, at)


def by(
    endpoint_id: str = "", network_arn: str = "", in_network: str = "", vpc_association: str = "", groups: Any = ()
) -> object:
    fields = {
        "endpointId": endpoint_id,
        "networkArn": network_arn,
        "securityGroupIds": [*groups],
        "settings": "" if network_arn else "off",
    }
    return {"next": "publish", "by": fields | {"inNetwork": in_network, "vpcAssociation": vpc_association}}


def test_an_endpoint_is_made_and_returned_once_it_is_available(aws: Aws) -> None:
    with pytest.raises(NotReadyError, match=ENDPOINT_ID):
        invoke(app.lambda_handler, STEP)

    answer = invoke(app.lambda_handler, STEP)

    assert answer == by(ENDPOINT_ID)
    assert aws.made == [ENDPOINT_ID]


@pytest.mark.parametrize("seconds", [59, 60, 3600])
def test_nothing_is_made_by_a_plan_that_is_a_minute_old(aws: Aws, attempts: InMemoryAttempts, seconds: int) -> None:
    planned(attempts, desired(), NOW - timedelta(seconds=seconds))

    if seconds < 60:
        with pytest.raises(NotReadyError):
            invoke(app.lambda_handler, STEP)
    else:
        assert invoke(app.lambda_handler, STEP) == {"next": "decide-again", "by": None}
    assert aws.made == ([ENDPOINT_ID] if seconds < 60 else [])


def test_what_is_only_waited_for_is_not_decided_again(aws: Aws, attempts: InMemoryAttempts) -> None:
    aws.made.append(ENDPOINT_ID)
    planned(attempts, desired(), NOW - timedelta(days=1))

    assert invoke(app.lambda_handler, STEP) == by(ENDPOINT_ID)


def test_nothing_is_changed_by_a_plan_that_is_a_minute_old(aws: Aws, attempts: InMemoryAttempts) -> None:
    aws.made.append(ENDPOINT_ID)
    planned(attempts, desired(security_group_ids=("sg-0123456789abcdef0",)), NOW - timedelta(minutes=1))

    assert invoke(app.lambda_handler, STEP) == {"next": "decide-again", "by": None}
    assert aws.groups == frozenset()


def test_an_endpoint_that_is_there_gets_the_groups_that_are_desired_now(aws: Aws, attempts: InMemoryAttempts) -> None:
    aws.made.append(ENDPOINT_ID)
    group = "sg-0123456789abcdef0"
    planned(attempts, desired(security_group_ids=(group,)))

    answer = invoke(app.lambda_handler, STEP)

    assert answer == by(ENDPOINT_ID, groups=[group])
    assert aws.groups == {group}


@pytest.mark.parametrize("vpc_id", [VPC_ID, ""])
def test_what_a_service_network_makes_reachable_is_returned_by_its_associations(
    attempts: InMemoryAttempts, vpc_id: str
) -> None:
    planned(attempts, desired_by_network(vpc_id=vpc_id))

    answer = invoke(app.lambda_handler, STEP)

    assert answer == by("", NETWORK.arn, "snra-1", "snva-1" if vpc_id else "")


def test_a_service_network_s_endpoint_is_returned_with_the_network(aws: Aws, attempts: InMemoryAttempts) -> None:
    aws.made.append(ENDPOINT_ID)
    planned(attempts, desired_by_network(Mode.SERVICE_NETWORK_ENDPOINT))

    answer = invoke(app.lambda_handler, STEP)

    assert answer == by(ENDPOINT_ID, NETWORK.arn, "snra-1")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("request", ...),
        ("request.attempt", "1"),
        ("request.request.shareArn", "orders"),
        ("item", ...),
        ("item", "0"),
    ],
)
def test_a_broken_step_is_refused_by_its_field(path: str, value: object) -> None:
    refuses(app.lambda_handler, STEP, path, value)
