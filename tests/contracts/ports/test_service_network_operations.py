"""Service networks and their associations, as ``ServiceNetworkOperations`` promises them."""

from __future__ import annotations

import msgspec
import pytest

from drawbridge.association import NetworkRef, PrivateDnsOptions, VpcAssociationSettings
from drawbridge.association.actions import CreateResourceAssociation, CreateVpcAssociation, UpdateVpcAssociation
from drawbridge.association.observed_attachment import ObservedServiceNetwork, State
from drawbridge.errors import ConflictError, GoneError, UpstreamError
from drawbridge.lattice import PrivateDns
from tests.contracts.ports.attached import Attaching

SETTINGS = VpcAssociationSettings((), PrivateDnsOptions(PrivateDns.OFF))
WITH_NAMES = VpcAssociationSettings((), PrivateDnsOptions(PrivateDns.LISTED, ("a.example",)))


@pytest.fixture
def network(attaching: Attaching) -> ObservedServiceNetwork:
    return attaching.networks().create("shared", "token of the network")


def with_resource(
    attaching: Attaching, network: ObservedServiceNetwork, *, private_dns: bool = False
) -> CreateResourceAssociation:
    return CreateResourceAssociation(network, attaching.attachment.resource, private_dns, 1)


def with_vpc(
    attaching: Attaching, network: ObservedServiceNetwork, settings: VpcAssociationSettings = SETTINGS
) -> CreateVpcAssociation:
    return CreateVpcAssociation(network, attaching.attachment.vpc_id, settings, 1)


def test_a_network_that_was_made_is_found_by_its_id_its_arn_and_its_name(
    attaching: Attaching, network: ObservedServiceNetwork
) -> None:
    refs = [NetworkRef(identifier=network.id), NetworkRef(identifier=network.arn), NetworkRef(name="shared")]

    assert [attaching.networks().network(ref) for ref in refs] == [network] * 3


@pytest.mark.parametrize("ref", [NetworkRef(name="none"), NetworkRef(identifier="sn-00000000000000000")])
def test_a_network_that_is_not_there_is_none(
    attaching: Attaching, network: ObservedServiceNetwork, ref: NetworkRef
) -> None:
    assert attaching.networks().network(ref) is None


def test_an_id_is_no_name(attaching: Attaching, network: ObservedServiceNetwork) -> None:
    assert attaching.networks().network(NetworkRef(name=network.id)) is None


def test_trap_19_the_same_token_makes_one_network_and_another_one_is_a_conflict(attaching: Attaching) -> None:
    first, again = attaching.networks().create("shared", "token"), attaching.networks().create("shared", "token")

    assert first == again
    with pytest.raises(ConflictError, match="shared"):
        attaching.networks().create("shared", "another token")


@pytest.mark.parametrize("private_dns", [True, False])
def test_what_is_associated_is_found_and_comes_about(
    attaching: Attaching, network: ObservedServiceNetwork, private_dns: bool
) -> None:
    resource = attaching.attachment.resource
    assert attaching.networks().resource_association(network, resource) is None

    made = attaching.networks().create_resource_association(
        with_resource(attaching, network, private_dns=private_dns), "token"
    )
    attaching.settle()

    there = attaching.networks().resource_association(network, resource)
    assert there is not None
    assert (made.state, there.state) == (State.PENDING, State.AVAILABLE)
    assert (there.id, there.private_dns) == (made.id, made.private_dns) == (made.id, private_dns)


def test_a_resource_is_associated_with_the_one_network_only(
    attaching: Attaching, network: ObservedServiceNetwork
) -> None:
    other = attaching.networks().create("other", "token of the other")

    attaching.networks().create_resource_association(with_resource(attaching, network), "token")

    assert attaching.networks().resource_association(other, attaching.attachment.resource) is None


def test_trap_18_the_same_token_makes_one_association_and_another_one_is_a_conflict(
    attaching: Attaching, network: ObservedServiceNetwork
) -> None:
    action = with_resource(attaching, network)
    first, again = (attaching.networks().create_resource_association(action, "token") for _ in range(2))

    assert first.id == again.id
    with pytest.raises(ConflictError):
        attaching.networks().create_resource_association(action, "another token")


def test_a_token_that_comes_back_with_something_else_is_a_conflict(
    attaching: Attaching, network: ObservedServiceNetwork
) -> None:
    attaching.networks().create_resource_association(with_resource(attaching, network), "token")
    attaching.networks().create_vpc_association(with_vpc(attaching, network), "token")

    with pytest.raises(ConflictError):
        attaching.networks().create("other", "token of the network")
    with pytest.raises(ConflictError):
        attaching.networks().create_resource_association(with_resource(attaching, network, private_dns=True), "token")
    with pytest.raises(ConflictError):
        attaching.networks().create_vpc_association(with_vpc(attaching, network, WITH_NAMES), "token")


def test_what_is_deleted_is_gone_and_can_be_made_anew(attaching: Attaching, network: ObservedServiceNetwork) -> None:
    action = with_resource(attaching, network)
    made = attaching.networks().create_resource_association(action, "token")
    attaching.settle()

    attaching.networks().delete_resource_association(made.id)
    attaching.settle()

    assert attaching.networks().resource_association(network, action.resource) is None
    with pytest.raises(GoneError):
        attaching.networks().delete_resource_association(made.id)
    attaching.networks().create_resource_association(action, "token")
    assert attaching.networks().resource_association(network, action.resource) is None
    anew = attaching.networks().create_resource_association(msgspec.structs.replace(action, attempt=2), "token of 2")
    assert anew.id != made.id


def test_a_vpc_that_is_associated_is_found_with_its_network_and_settings(
    attaching: Attaching, network: ObservedServiceNetwork
) -> None:
    action = with_vpc(attaching, network, WITH_NAMES)
    assert attaching.networks().vpc_association(action.vpc_id) is None

    made = attaching.networks().create_vpc_association(action, "token")
    attaching.settle()

    there = attaching.networks().vpc_association(action.vpc_id)
    assert there == msgspec.structs.replace(made, state=State.AVAILABLE)
    assert made.state is State.PENDING
    assert (there.network_arn, there.ours) == (network.arn, True)
    assert (there.private_dns, there.private_domains) == (PrivateDns.LISTED, frozenset({"a.example"}))


def test_the_same_token_associates_a_vpc_once(attaching: Attaching, network: ObservedServiceNetwork) -> None:
    action = with_vpc(attaching, network)

    first, again = (attaching.networks().create_vpc_association(action, "token") for _ in range(2))

    assert first.id == again.id


def test_a_vpc_is_with_one_network_only(attaching: Attaching, network: ObservedServiceNetwork) -> None:
    other = attaching.networks().create("other", "token of the other")
    attaching.networks().create_vpc_association(with_vpc(attaching, network), "token")

    with pytest.raises(ConflictError, match=attaching.attachment.vpc_id):
        attaching.networks().create_vpc_association(with_vpc(attaching, other), "another token")

    there = attaching.networks().vpc_association(attaching.attachment.vpc_id)
    assert there is not None
    assert there.network_arn == network.arn


def test_a_vpc_s_association_is_changed_to_what_it_is_to_have(
    attaching: Attaching, network: ObservedServiceNetwork
) -> None:
    one, other = attaching.security_groups
    before = VpcAssociationSettings((one,), PrivateDnsOptions(PrivateDns.OFF))
    after = VpcAssociationSettings((other,), PrivateDnsOptions(PrivateDns.VERIFIED))
    made = attaching.networks().create_vpc_association(with_vpc(attaching, network, before), "token")
    attaching.settle()

    changed = attaching.networks().update_vpc_association(UpdateVpcAssociation(made, "", after))
    attaching.settle()

    there = attaching.networks().vpc_association(attaching.attachment.vpc_id)
    assert changed.state is State.PENDING
    assert there == msgspec.structs.replace(changed, state=State.AVAILABLE)
    assert (there.id, there.security_group_ids, there.private_dns) == (made.id, frozenset({other}), PrivateDns.VERIFIED)


def test_a_change_while_something_is_in_progress_is_a_conflict(
    attaching: Attaching, network: ObservedServiceNetwork
) -> None:
    made = attaching.networks().create_vpc_association(with_vpc(attaching, network), "token")

    with pytest.raises(ConflictError, match=made.id):
        attaching.networks().update_vpc_association(UpdateVpcAssociation(made, "", WITH_NAMES))


def test_a_change_of_what_is_gone_may_be_tried_again(attaching: Attaching, network: ObservedServiceNetwork) -> None:
    made = attaching.networks().create_vpc_association(with_vpc(attaching, network), "token")
    gone = msgspec.structs.replace(made, id="snva-00000000000000000")

    with pytest.raises(UpstreamError, match=gone.id):
        attaching.networks().update_vpc_association(UpdateVpcAssociation(gone, "", WITH_NAMES))
