"""Values that did not exist when this was written: whatever AWS answers, the rest of a listing is as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drawbridge.association.observed_attachment import State
from drawbridge.aws import service_networks, vpc_endpoints
from drawbridge.aws.endpoint_services import EndpointServices
from drawbridge.aws.lattice_entities import LatticeEntities
from drawbridge.aws.resource_shares import ResourceShares
from drawbridge.aws.vpc_endpoints import VpcEndpoints
from drawbridge.request.shares import InvitationStatus
from tests.builders import ENDPOINT_ID, NETWORK_ARN, NOW, PROVIDER, RESOURCE_ARN, SERVICE_ID, SHARE_ARN, invitation
from tests.contracts.accounts import Account, answering

SERVICE = {
    "ServiceId": SERVICE_ID,
    "ServiceName": "a service",
    "AcceptanceRequired": True,
    "ServiceType": [{"ServiceType": "Interface"}],
    "ServiceState": "Available",
    "PayerResponsibility": "ServiceOwner",
    "Tags": [{"Key": "drawbridge:managed", "Value": "true"}],
}
CONNECTION = {
    "ServiceId": SERVICE_ID,
    "VpcEndpointId": ENDPOINT_ID,
    "VpcEndpointOwner": PROVIDER,
    "VpcEndpointState": "available",
    "IpAddressType": "ipv4",
    "CreationTimestamp": NOW,
    "PayerResponsibilities": [{"Scope": "vpc-endpoint-charges", "PayerResponsibilityType": "vpc-endpoint-account"}],
}
INVITATION = {
    "resourceShareInvitationArn": invitation().arn,
    "resourceShareArn": SHARE_ARN,
    "senderAccountId": PROVIDER,
    "invitationTimestamp": NOW,
    "status": "PENDING",
}
SHARE = {"resourceShareArn": SHARE_ARN, "owningAccountId": PROVIDER, "status": "ACTIVE", "featureSet": "STANDARD"}
RESOURCE = {"arn": RESOURCE_ARN, "type": "a", "resourceShareArn": SHARE_ARN, "status": "AVAILABLE"}
IN_NETWORK = {"id": "snra-0123456789abcdef0", "resourceConfigurationArn": RESOURCE_ARN, "status": "ACTIVE"}
LED_TO = {"Id": "a", "AssociatedResourceArn": RESOURCE_ARN, "AssociatedResourceAccessibility": "Accessible"}

Listing = Callable[[Account], list[Any]]


def in_ec2(listed: Callable[[EndpointServices], Any]) -> Listing:
    return lambda account: list(listed(EndpointServices(account.ec2)))


def in_ram(listed: Callable[[ResourceShares], Any]) -> Listing:
    return lambda account: list(listed(ResourceShares(account.ram)))


LISTINGS: dict[str, tuple[str, str, str, dict[str, Any], tuple[str, ...], Listing]] = {
    "services": (
        "ec2",
        "describe_vpc_endpoint_service_configurations",
        "ServiceConfigurations",
        SERVICE,
        ("ServiceState", "PayerResponsibility", "ServiceType"),
        in_ec2(lambda services: services.managed()),
    ),
    "connections": (
        "ec2",
        "describe_vpc_endpoint_connections",
        "VpcEndpointConnections",
        CONNECTION,
        ("VpcEndpointState", "IpAddressType", "PayerResponsibilities"),
        in_ec2(lambda services: services.connections()),
    ),
    "invitations": (
        "ram",
        "get_resource_share_invitations",
        "resourceShareInvitations",
        INVITATION,
        ("status",),
        in_ram(lambda shares: shares.invitations()),
    ),
    "shares": (
        "ram",
        "get_resource_shares",
        "resourceShares",
        SHARE,
        ("status", "featureSet"),
        in_ram(lambda shares: shares.shares()),
    ),
    "resources": (
        "ram",
        "list_resources",
        "resources",
        RESOURCE,
        ("status", "type"),
        in_ram(lambda shares: shares.resources()),
    ),
    "what is in a network": (
        "vpc-lattice",
        "list_service_network_resource_associations",
        "items",
        IN_NETWORK,
        ("status", "failureCode"),
        lambda account: LatticeEntities(account.lattice).named_in_network(NETWORK_ARN, RESOURCE_ARN),
    ),
    "what an endpoint leads to": (
        "ec2",
        "describe_vpc_endpoint_associations",
        "VpcEndpointAssociations",
        LED_TO,
        ("AssociatedResourceAccessibility", "FailureCode"),
        lambda account: VpcEndpoints(account.ec2, owner="drawbridge").named(ENDPOINT_ID),
    ),
}
"""By listing: the service, the operation, the member that it lists under, one item, its words, the adapter's call."""


def put(member: str, value: str) -> Any:
    """Return a word in the form that the member has."""
    match member:
        case "ServiceType":
            return [{"ServiceType": value}]
        case "PayerResponsibilities":
            return [{"Scope": value, "PayerResponsibilityType": value}]
        case _:
            return value


@pytest.fixture(scope="module")
def someone(new_account: Callable[[], Account]) -> Account:
    return new_account()


@pytest.mark.parametrize("listing", LISTINGS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_word_in_the_place_of_one_that_aws_has_leaves_the_rest_as_it_is(
    someone: Account, listing: str, data: st.DataObject
) -> None:
    service, operation, under, one, members, list_all = LISTINGS[listing]
    member = data.draw(st.sampled_from(members))
    odd = one | {member: put(member, data.draw(st.text(max_size=20)))}
    client = someone.client(service)

    with answering(client, operation, {under: [one]}):
        alone = list_all(someone)
    with answering(client, operation, {under: [one, odd, one]}):
        with_odd_one = list_all(someone)

    assert len(alone) == 1
    # A share that ends, or the odd one, may be left out; the others are as they are.
    assert (with_odd_one[0], with_odd_one[-1]) == (alone[0], alone[0])
    assert len(with_odd_one) in {2, 3}


@given(st.text())
def test_a_status_of_an_invitation_that_nobody_knows_is_none_that_is_known(word: str) -> None:
    known = {str(each): each for each in InvitationStatus}

    assert InvitationStatus.parse(word) is known.get(word, InvitationStatus.UNKNOWN)


@pytest.mark.parametrize(
    ("status", "listed"),
    [("PENDING", True), ("FAILED", True), ("FROZEN", True), ("DELETING", False), ("DELETED", False)],
)
def test_a_share_that_is_not_active_is_neither_in_effect_nor_gone(someone: Account, status: str, listed: bool) -> None:
    answer = {"resourceShares": [SHARE | {"status": status}]}
    shares = ResourceShares(someone.ram)

    with answering(someone.ram, "get_resource_shares", answer, answer):
        found = shares.share(SHARE_ARN)
        in_effect = shares.is_shared(SHARE_ARN)

    assert (found is not None) is listed
    assert not in_effect
    assert found is None or not found.in_effect


@given(st.text())
def test_an_endpoint_or_association_in_a_state_that_is_new_is_waited_for_and_nothing_is_made_beside_it(
    word: str,
) -> None:
    endpoint = {"VpcEndpointId": ENDPOINT_ID, "VpcEndpointType": "Resource", "VpcId": "vpc-1", "State": word}
    known = word.lower() in vpc_endpoints._STATES

    assert known or VpcEndpoints(cast(Any, None), owner="drawbridge")._endpoint(endpoint).state is State.PENDING
    assert word in service_networks._STATES or service_networks._state(word) is State.PENDING
