"""VPC endpoints, as ``EndpointOperations`` promises to make, find and change them."""

from __future__ import annotations

import pytest

from drawbridge.association import DesiredAttachment, Mode, NetworkRef
from drawbridge.association.observed_attachment import Endpoint, ObservedServiceNetwork, State
from drawbridge.errors import ConflictError, UpstreamError
from drawbridge.lattice import PrivateDns
from tests.builders import creation_of, otherwise, target_of
from tests.contracts.ports.attached import Attaching


@pytest.fixture
def network(attaching: Attaching) -> ObservedServiceNetwork:
    return attaching.networks().create("shared", "token of the network")


def by_network(attachment: DesiredAttachment) -> DesiredAttachment:
    return otherwise(attachment, mode=Mode.SERVICE_NETWORK_ENDPOINT, network=NetworkRef(name="shared"))


def found(
    attaching: Attaching, attachment: DesiredAttachment, network: ObservedServiceNetwork | None = None
) -> list[Endpoint]:
    return attaching.endpoints().find(target_of(attachment, network), attachment.vpc_id)


def test_an_endpoint_that_was_made_is_found_by_what_it_was_made_for_and_comes_about(attaching: Attaching) -> None:
    attachment = attaching.attachment
    assert found(attaching, attachment) == []

    made = attaching.endpoints().create(creation_of(attachment), "token")
    attaching.settle()

    (there,) = found(attaching, attachment)
    assert (there.id, there.ours, there.subnet_ids) == (made.id, True, made.subnet_ids)
    assert (made.state, there.state) == (State.PENDING, State.AVAILABLE)
    for other in ({"binding": "other"}, {"resource_arn": f"{attachment.resource.arn}0"}, {"vpc_id": "vpc-00000000"}):
        assert found(attaching, otherwise(attachment, **other)) == []


def test_an_endpoint_has_what_it_was_made_with(attaching: Attaching) -> None:
    one, _ = attaching.security_groups
    attachment = otherwise(
        attaching.attachment, security_group_ids=(one,), private_dns="listed", private_domains=("a.example",)
    )

    attaching.endpoints().create(creation_of(attachment), "token")

    (there,) = found(attaching, attachment)
    assert there.security_group_ids == {one}
    assert (there.private_dns, there.private_domains) == (PrivateDns.LISTED, frozenset({"a.example"}))


def test_trap_19_the_same_token_gives_the_same_endpoint_as_it_is_by_now(attaching: Attaching) -> None:
    action = creation_of(attaching.attachment)
    first = attaching.endpoints().create(action, "token")
    attaching.settle()

    again, other = attaching.endpoints().create(action, "token"), attaching.endpoints().create(action, "another")

    assert (again.id, again.state) == (first.id, State.AVAILABLE)
    assert other.id != first.id


def test_trap_19_a_token_that_comes_back_with_something_else_is_a_conflict(attaching: Attaching) -> None:
    attaching.endpoints().create(creation_of(attaching.attachment), "token")

    with pytest.raises(ConflictError):
        attaching.endpoints().create(creation_of(otherwise(attaching.attachment, private_dns="verified")), "token")

    assert len(found(attaching, attaching.attachment)) == 1


def test_trap_19_a_token_whose_endpoint_was_deleted_gives_what_is_over(attaching: Attaching) -> None:
    made = attaching.endpoints().create(creation_of(attaching.attachment), "token")
    attaching.delete_endpoint(made.id)

    again = attaching.endpoints().create(creation_of(attaching.attachment), "token")

    assert (again.id, again.state) == (made.id, State.TERMINATED)
    assert [each.state for each in found(attaching, attaching.attachment)] == [State.TERMINATED]


def test_the_oldest_endpoint_is_found_first(attaching: Attaching) -> None:
    made: list[str] = []
    for token in ("a", "b", "c"):
        made.append(attaching.endpoints().create(creation_of(attaching.attachment), token).id)
        attaching.settle()

    assert [each.id for each in found(attaching, attaching.attachment)] == made


def test_an_endpoint_to_a_network_is_found_for_every_binding_ours_before_others(
    attaching: Attaching, network: ObservedServiceNetwork
) -> None:
    attachment = by_network(attaching.attachment)
    theirs = attaching.others_endpoint_to(network)
    ours = attaching.endpoints().create(creation_of(attachment, network), "token").id

    there = found(attaching, otherwise(attachment, binding="other"), network)

    assert [(each.id, each.ours) for each in there] == [(ours, True), (theirs, False)]
    assert found(attaching, attaching.attachment) == []


def test_security_groups_are_added_and_removed(attaching: Attaching) -> None:
    one, other = attaching.security_groups
    attachment = otherwise(attaching.attachment, security_group_ids=(one,))
    made = attaching.endpoints().create(creation_of(attachment), "token")

    attaching.endpoints().modify_security_groups(made.id, add=frozenset({other}), remove=frozenset({one}))

    (there,) = found(attaching, attachment)
    assert there.security_group_ids == {other}


WIDTHS = [
    (PrivateDns.LISTED, frozenset({"a.example", "b.example"})),
    (PrivateDns.VERIFIED_AND_LISTED, frozenset({"b.example"})),
    (PrivateDns.ALL, frozenset[str]()),
    (PrivateDns.OFF, frozenset[str]()),
]


def test_private_dns_is_changed_wider_narrower_and_off(attaching: Attaching) -> None:
    made = attaching.endpoints().create(creation_of(attaching.attachment), "token")

    widths = []
    for private_dns, domains in WIDTHS:
        attaching.endpoints().modify_private_dns(made.id, private_dns, domains)
        (there,) = found(attaching, attaching.attachment)
        widths.append((there.private_dns, there.private_domains))

    assert widths == WIDTHS


def test_an_endpoint_to_a_network_gets_more_subnets_and_keeps_those_it_has(
    attaching: Attaching, network: ObservedServiceNetwork
) -> None:
    attachment = by_network(attaching.attachment)
    made = attaching.endpoints().create(creation_of(attachment, network), "token")

    attaching.endpoints().add_subnets(made.id, attaching.more_subnets)

    (there,) = found(attaching, attachment, network)
    assert there.subnet_ids == made.subnet_ids | attaching.more_subnets
    assert len(there.subnet_ids) == 3


def test_a_change_of_what_is_gone_may_be_tried_again(attaching: Attaching) -> None:
    gone, groups = "vpce-00000000000000000", frozenset({attaching.security_groups[0]})

    with pytest.raises(UpstreamError, match=gone):
        attaching.endpoints().modify_security_groups(gone, add=groups, remove=frozenset())
    with pytest.raises(UpstreamError, match=gone):
        attaching.endpoints().modify_private_dns(gone, PrivateDns.OFF, frozenset())
    with pytest.raises(UpstreamError, match=gone):
        attaching.endpoints().add_subnets(gone, attaching.more_subnets)
