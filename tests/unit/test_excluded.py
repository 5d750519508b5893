"""What is shared and wanted and all the same not called for: policies or an operator say so."""

from __future__ import annotations

from typing import Any

import pytest

from drawbridge.association.binding import Binding
from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.configuration import InForce
from drawbridge.publication.documents import ConnectionDocument
from drawbridge.publication.names import connection_path
from drawbridge.publication.published import PublishedName
from drawbridge.withdrawal import Cause
from drawbridge.withdrawal.called_for import CalledFor, Demand, Excluded, NotCalledFor
from tests.builders import CONSUMER, NOW, PROVIDER, RESOURCE_ARN, SHARE_ARN, SHARED_NETWORK_ARN, entity
from tests.builders import VPC_ID as VPC
from tests.unit.planning import SECOND_ARN, binding
from tests.unit.withdrawing import ENDPOINT, IN_NETWORK, NET, PREFIX, TO_NETWORK, VPC_OF_NETWORK, WithdrawalWorld

REFUSED = NotCalledFor(Cause.NOT_PERMITTED, "the block list names it")
COMMANDED = NotCalledFor(Cause.COMMANDED, "on command")
BY_NETWORK = {"mode": "service-network", "serviceNetwork": NET, "vpc": VPC}
BY_NETWORK_ENDPOINT = {"mode": "service-network-endpoint", "serviceNetwork": NET, "vpc": VPC}
TO_SHARED_NETWORK = OwnedObject(
    id="vpce-3", kind=OwnedKind.NETWORK_ENDPOINT, network_arn=SHARED_NETWORK_ARN, vpc_id=VPC
)
KEY = ("orders", RESOURCE_ARN)
NETWORK_KEY = ("orders", SHARED_NETWORK_ARN)


@pytest.fixture
def world() -> WithdrawalWorld:
    return WithdrawalWorld()


def demand(world: WithdrawalWorld, *bindings: Binding, **excluded: Any) -> Demand:
    """Return what is called for; of a share that is excluded ``shared_as`` has nothing, as in the real one."""
    return Demand(
        InForce(tuple(bindings), (), ()),
        prefix=PREFIX,
        account_id=CONSUMER,
        shared_as=world.shared_as,
        tags_of_vpc=world.vpcs.get,
        network_of=lambda named: world.networks.get(named.identifier),
        entity_of=world.entities.get,
        excluded=Excluded(**excluded),
    )


def published() -> PublishedName:
    document = ConnectionDocument(
        dns_name="db.example",
        hosted_zone_id="Z0",
        private_dns_name=None,
        port_ranges=(),
        protocol="TCP",
        mode="resource-endpoint",
        vpc_id=VPC,
        endpoint_id="vpce-1",
        association_id="vpce-rsc-asc-1",
        resource_configuration_arn=RESOURCE_ARN,
        provider=PROVIDER,
        published_at=NOW.isoformat(),
    )
    return PublishedName(path=connection_path(PREFIX, "orders", "orders-db", None), document=document)


def test_what_one_binding_may_not_have_is_not_called_for_by_it(world: WithdrawalWorld) -> None:
    wanted = demand(world, binding(), associations={KEY: REFUSED})

    assert wanted.of_object(ENDPOINT) == wanted.of_name(published()) == REFUSED


@pytest.mark.parametrize("key", [("other", RESOURCE_ARN), ("orders", SECOND_ARN)])
def test_what_is_refused_to_another_binding_or_of_another_resource_is_called_for(
    world: WithdrawalWorld, key: tuple[str, str]
) -> None:
    wanted = demand(world, binding(), associations={key: REFUSED})

    assert wanted.of_object(ENDPOINT) == wanted.of_name(published()) == CalledFor()


def test_what_nobody_wants_is_not_called_for_by_the_binding_and_not_for_being_refused(world: WithdrawalWorld) -> None:
    elsewhere = binding(match={"resource": "users-*"})

    verdict = demand(world, elsewhere, associations={KEY: REFUSED}).of_object(ENDPOINT)

    assert isinstance(verdict, NotCalledFor)
    assert verdict.cause is Cause.BINDING


def test_in_a_network_a_resource_stays_as_long_as_one_binding_may_have_it(world: WithdrawalWorld) -> None:
    bindings = (binding(attach=BY_NETWORK), binding("other", attach=BY_NETWORK))
    one = {KEY: REFUSED}

    for made in (IN_NETWORK, VPC_OF_NETWORK):
        assert demand(world, *bindings, associations=one).of_object(made) == CalledFor()
        both = one | {("other", RESOURCE_ARN): REFUSED}
        assert demand(world, *bindings, associations=both).of_object(made) == REFUSED


def test_what_leads_to_a_network_stays_as_long_as_anything_is_wanted_through_it(world: WithdrawalWorld) -> None:
    wanted = demand(world, binding(attach=BY_NETWORK_ENDPOINT), associations={KEY: REFUSED})
    assert (wanted.of_object(IN_NETWORK), wanted.of_object(TO_NETWORK)) == (REFUSED, REFUSED)
    world.shared_as[SECOND_ARN] = {"orders"}
    world.entities[SECOND_ARN] = entity("users", SECOND_ARN)

    assert (wanted.of_object(IN_NETWORK), wanted.of_object(TO_NETWORK)) == (REFUSED, CalledFor())


def test_of_a_share_that_is_excluded_all_goes_for_the_reason_it_is_excluded_for(world: WithdrawalWorld) -> None:
    world.shared_as.clear()
    excluded: dict[str, Any] = {"share_arn": SHARE_ARN, "resources": {RESOURCE_ARN: COMMANDED}}

    wanted = demand(world, binding(), **excluded)
    by_network = demand(world, binding(attach=BY_NETWORK), **excluded)

    assert wanted.of_object(ENDPOINT) == wanted.of_name(published()) == COMMANDED
    assert by_network.of_object(IN_NETWORK) == by_network.of_object(VPC_OF_NETWORK) == COMMANDED


def test_what_another_share_holds_is_called_for_although_one_is_excluded(world: WithdrawalWorld) -> None:
    wanted = demand(world, binding(), share_arn=SHARE_ARN, resources={RESOURCE_ARN: COMMANDED})

    assert wanted.of_object(ENDPOINT) == CalledFor()


def test_what_an_excluded_share_did_not_hold_is_not_shared_as_before(world: WithdrawalWorld) -> None:
    world.shared_as.clear()

    verdict = demand(world, binding(), share_arn=SHARE_ARN, resources={SECOND_ARN: COMMANDED}).of_object(ENDPOINT)

    assert isinstance(verdict, NotCalledFor)
    assert verdict.cause is Cause.NOT_SHARED


def test_a_shared_network_that_is_excluded_goes_with_what_leads_to_it(world: WithdrawalWorld) -> None:
    bindings = binding(attach={"mode": "service-network-endpoint", "vpc": VPC})
    network = entity("net", SHARED_NETWORK_ARN, type="SERVICE_NETWORK", protocol="", port_ranges=())
    world.entities[SHARED_NETWORK_ARN] = network
    world.shared_as[SHARED_NETWORK_ARN] = {"orders"}
    assert demand(world, bindings).of_object(TO_SHARED_NETWORK) == CalledFor()
    refused = demand(world, bindings, associations={NETWORK_KEY: REFUSED}).of_object(TO_SHARED_NETWORK)
    world.shared_as.clear()

    of_share = demand(world, bindings, share_arn=SHARE_ARN, resources={SHARED_NETWORK_ARN: COMMANDED})

    assert refused == REFUSED
    assert of_share.of_object(TO_SHARED_NETWORK) == COMMANDED
