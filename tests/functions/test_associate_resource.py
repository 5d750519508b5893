"""The door of ``associate_resource``: a wanted association in, what makes it out."""

from __future__ import annotations

from typing import Any

import pytest

from drawbridge.association import Mode, NetworkRef, PrivateDns, WantedAssociation
from drawbridge.association.associate import Ways, endpoint_token
from drawbridge.association.observed import Endpoint, InNetwork, Network, State, VpcInNetwork
from drawbridge.errors import NotReadyError
from functions.associate_resource import app
from tests.builders import ENDPOINT_ID, NETWORK, VPC_ID, wanted, wanted_by_network
from tests.functions.invocations import invoke, refuses, step

STEP = step(wanted=wanted(), attempt=2)


class Aws:
    """Endpoints, and a service network that has everything in it."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.groups: frozenset[str] = frozenset()

    def find(self, wanted: WantedAssociation, network: Network | None) -> list[Endpoint]:
        return [Endpoint(id=each, state=State.AVAILABLE) for each in self.made]

    def beside(self, wanted: WantedAssociation) -> list[Endpoint]:
        return []

    def create(self, wanted: WantedAssociation, network: Network | None, client_token: str) -> Endpoint:
        assert client_token == endpoint_token(wanted, network, (), 2)
        self.made.append(ENDPOINT_ID)
        return Endpoint(id=ENDPOINT_ID, state=State.PENDING)

    def change_groups(self, endpoint_id: str, *, add: frozenset[str], remove: frozenset[str]) -> None:
        assert (endpoint_id, remove) == (ENDPOINT_ID, frozenset())
        self.groups = add

    def change_private_dns(self, endpoint_id: str, private_dns: PrivateDns, domains: frozenset[str]) -> None:
        raise AssertionError(endpoint_id)

    def add_subnets(self, endpoint_id: str, subnet_ids: frozenset[str]) -> None:
        raise AssertionError(endpoint_id)


class Networks:
    def network(self, ref: NetworkRef) -> Network | None:
        return NETWORK

    def in_network(self, network: Network, wanted: WantedAssociation) -> InNetwork | None:
        return InNetwork(id="snra-1", state=State.AVAILABLE)

    def of_vpc(self, vpc_id: str) -> VpcInNetwork | None:
        return VpcInNetwork(id="snva-1", state=State.AVAILABLE, network_arn=NETWORK.arn)


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    aws = Aws()
    networks = Networks()
    monkeypatch.setattr(app, "ways", lambda: Ways(networks, aws))  # type: ignore[arg-type]  # nothing is made in it
    return aws


def by(
    endpoint_id: str = "", network_arn: str = "", in_network: str = "", vpc_association: str = "", groups: Any = ()
) -> object:
    told = {
        "endpointId": endpoint_id,
        "networkArn": network_arn,
        "securityGroupIds": [*groups],
        "settings": "" if network_arn else "off",
    }
    return {"by": told | {"inNetwork": in_network, "vpcAssociation": vpc_association}}


def test_an_endpoint_is_made_and_told_once_it_is_available(aws: Aws) -> None:
    with pytest.raises(NotReadyError, match=ENDPOINT_ID):
        invoke(app.lambda_handler, STEP)

    answer = invoke(app.lambda_handler, STEP)

    assert answer == by(ENDPOINT_ID)
    assert aws.made == [ENDPOINT_ID]


def test_an_endpoint_that_is_there_gets_the_groups_that_are_wanted_now(aws: Aws) -> None:
    aws.made.append(ENDPOINT_ID)
    group = "sg-0123456789abcdef0"

    answer = invoke(app.lambda_handler, step(wanted=wanted(security_group_ids=(group,)), attempt=2))

    assert answer == by(ENDPOINT_ID, groups=[group])
    assert aws.groups == {group}


@pytest.mark.parametrize("vpc_id", [VPC_ID, ""])
def test_what_a_service_network_makes_reachable_is_told_by_its_associations(vpc_id: str) -> None:
    answer = invoke(app.lambda_handler, step(wanted=wanted_by_network(vpc_id=vpc_id), attempt=2))

    assert answer == by("", NETWORK.arn, "snra-1", "snva-1" if vpc_id else "")


def test_a_service_network_s_endpoint_is_told_with_the_network(aws: Aws) -> None:
    aws.made.append(ENDPOINT_ID)

    answer = invoke(app.lambda_handler, step(wanted=wanted_by_network(Mode.SERVICE_NETWORK_ENDPOINT), attempt=2))

    assert answer == by(ENDPOINT_ID, NETWORK.arn, "snra-1")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("wanted", ...),
        ("wanted.vpcId", ...),
        ("wanted.resourceArn", 7),
        ("wanted.resourceKind", "boat"),
        ("wanted.mode", "teleport"),
        ("wanted.network", "shared"),
        ("wanted.privateDns", "perhaps"),
        ("wanted.subnetIds", "subnet-0123456789abcdef0"),
        ("wanted.perVpc", "no"),
        ("attempt", ...),
        ("attempt", "1"),
    ],
)
def test_a_broken_step_is_refused_by_its_field(path: str, value: object) -> None:
    refuses(app.lambda_handler, STEP, path, value)
