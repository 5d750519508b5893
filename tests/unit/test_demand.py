"""Nothing that the plan of associations makes is ever taken for what nothing calls for, and the other way round."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, assert_never

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.association import (
    DesiredAttachment,
    NetworkAttachment,
    Plan,
    ResourceEndpointAttachment,
    ServiceNetworkAttachment,
    ServiceNetworkEndpointAttachment,
)
from drawbridge.association.binding import Binding
from drawbridge.association.observed_attachment import ObservedServiceNetwork
from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.association.parse_binding import InvalidBindingError, parse_binding
from drawbridge.association.subnets import Vpc
from drawbridge.configuration import InForce
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.policies import parse_policy
from drawbridge.lattice import Entity, ResourceKind
from drawbridge.publication.documents import ConnectionDocument
from drawbridge.publication.names import connection_path
from drawbridge.publication.published import PublishedName
from drawbridge.withdrawal import Cause
from drawbridge.withdrawal.called_for import CalledFor, Demand, NotCalledFor, NotKnown, Verdict
from tests.builders import (
    CONSUMER,
    EVALUATION_TIME,
    NOW,
    PROVIDER,
    RESOURCE_ARN,
    SERVICE_ARN,
    SHARE_ARN,
    SHARED_NETWORK_ARN,
    VPC_ID,
    entity,
    requester,
)
from tests.unit.planning import SECOND_ARN, World, vpc_with
from tests.unit.withdrawing import NET, OTHER_VPC, PREFIX

DB, GROUP = entity(), entity("users", SECOND_ARN, type="GROUP")
SERVICE = entity("api", SERVICE_ARN, kind=ResourceKind.SERVICE, type="SERVICE", protocol="", port_ranges=())
NETWORK = entity(
    "net", SHARED_NETWORK_ARN, kind=ResourceKind.SERVICE_NETWORK, type="SERVICE_NETWORK", protocol="", port_ranges=()
)
CENTRAL = ObservedServiceNetwork(arn=NET, name="central")
PERMIT = PolicySet([parse_policy("test", "permit(principal, action, resource);")])
TAG = {"Environment": "prod"}


class TaggedWorld(World):
    """The same, and VPCs have the tags that they have."""

    def __init__(self, *described: Entity, tags: Mapping[str, dict[str, str]]) -> None:
        subnets = {VPC_ID: ("subnet-0a", "subnet-0b"), OTHER_VPC: ("subnet-0c",)}
        super().__init__(*described, vpcs=tuple(vpc_with(*subnets[each], vpc_id=each) for each in sorted(tags)))
        self.tags_of = tags
        self.networks += [CENTRAL, ObservedServiceNetwork(arn=SHARED_NETWORK_ARN, name="net")]

    def tagged(self, tags: dict[str, str]) -> list[Vpc]:
        return [each for each in self.vpcs_there if tags.items() <= self.tags_of[each.vpc_id].items()]

    def network_made(self, name: str) -> ObservedServiceNetwork:
        """Return the network of that name, which is made if there is none."""
        found = next((each for each in self.networks if each.name == name), None)
        if found is None:
            found = ObservedServiceNetwork(arn=f"{NET.rpartition('/')[0]}/sn-{name:0>17}", name=name)
            self.networks.append(found)
        return found

    def plan(self, bindings: InForce[Binding]) -> Plan:
        planner = self.planner_of(bindings, PERMIT)
        return planner.plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    def demand(self, bindings: InForce[Binding], shared_as: Mapping[str, set[str]] | None = None) -> Demand:
        return Demand(
            bindings,
            prefix=PREFIX,
            account_id=CONSUMER,
            shared_as={each.arn: {"orders"} for each in self.described} if shared_as is None else shared_as,
            tags_of_vpc=self.tags_of.get,
            network_of=self.reconciler.network,
            entity_of=cache(self.entity),
        )


def in_force(bindings: tuple[Binding, ...]) -> InForce[Binding]:
    return InForce(bindings, tuple((each.name, 1) for each in bindings), ())


def made_for(attachment: DesiredAttachment, world: TaggedWorld) -> Iterator[OwnedObject]:
    """Yield what is made for an attachment."""
    match attachment:
        case ResourceEndpointAttachment():
            yield OwnedObject(
                id="vpce-1",
                kind=OwnedKind.ENDPOINT,
                binding=attachment.binding,
                resource_arn=attachment.resource.arn,
                vpc_id=attachment.vpc_id,
            )
        case ServiceNetworkAttachment() | ServiceNetworkEndpointAttachment():
            yield from _made_by_network(attachment, world)
        case _:
            assert_never(attachment)


def _made_by_network(attachment: NetworkAttachment, world: TaggedWorld) -> Iterator[OwnedObject]:
    named = attachment.network
    known = world.reconciler.network(named) or world.network_made(named.name)
    arn = known.arn
    if not attachment.resource.is_network:
        yield OwnedObject(
            id="snra-1",
            kind=OwnedKind.RESOURCE_ASSOCIATION,
            arn="arn:1",
            resource_arn=attachment.resource.arn,
            network_arn=arn,
        )
        yield OwnedObject(id=arn.rpartition("/")[2], kind=OwnedKind.SERVICE_NETWORK, arn=arn, network_arn=arn)
    if isinstance(attachment, ServiceNetworkEndpointAttachment):
        yield OwnedObject(id="vpce-2", kind=OwnedKind.NETWORK_ENDPOINT, network_arn=arn, vpc_id=attachment.vpc_id)
    elif attachment.vpc_id:
        vpc_id = attachment.vpc_id
        yield OwnedObject(id="snva-1", kind=OwnedKind.VPC_ASSOCIATION, arn="arn:2", network_arn=arn, vpc_id=vpc_id)


def published_for(attachment: DesiredAttachment) -> PublishedName:
    """Return the name that is published for an attachment."""
    per_vpc = attachment.vpc_id if attachment.per_vpc else None
    return PublishedName(
        path=connection_path(PREFIX, attachment.binding, attachment.resource.name, per_vpc),
        document=ConnectionDocument(
            dns_name="db.example",
            hosted_zone_id="Z0",
            private_dns_name=None,
            port_ranges=(),
            protocol="TCP",
            mode=attachment.mode,
            vpc_id=attachment.vpc_id or None,
            endpoint_id="vpce-1",
            association_id="vpce-rsc-asc-1",
            resource_configuration_arn=attachment.resource.arn,
            provider=PROVIDER,
            published_at=NOW.isoformat(),
        ),
    )


_everything: st.SearchStrategy[dict[str, object]] = st.just({})
matches = _everything | st.fixed_dictionaries(
    {},
    optional={
        "resource": st.sampled_from(["*", "orders-*", "users", "net", "api"]),
        "share": st.sampled_from(["*", "orders", "another"]),
        "provider": st.sampled_from(["*", PROVIDER, "333333333333"]),
        "types": st.lists(st.sampled_from(["SINGLE", "GROUP", "SERVICE", "SERVICE_NETWORK"]), max_size=2, unique=True),
    },
)
attaches = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["resource-endpoint", "service-network", "service-network-endpoint"]),
        "vpc": st.sampled_from([VPC_ID, OTHER_VPC, {"tag": TAG}, None]),
    },
    optional={
        "serviceNetwork": st.sampled_from(
            [
                {"name": "central"},
                {"name": "made", "create": True},
                NET,
                NET.rpartition("/")[2],
                SHARED_NETWORK_ARN,
            ]
        ),
    },
)


def _binding(document: dict[str, Any]) -> Binding | None:
    try:
        return parse_binding("any", json.dumps(document))
    except InvalidBindingError:
        return None


bindings_that_can_be_read = (
    st.fixed_dictionaries({"match": matches, "attach": attaches}).map(_binding).filter(lambda each: each is not None)
)
bindings_by_name = st.dictionaries(
    st.sampled_from(["orders", "users", "central"]), bindings_that_can_be_read, min_size=1, max_size=3
).map(
    lambda found: in_force(
        tuple(
            Binding(name=name, match=each.match, attach=each.attach) for name, each in found.items() if each is not None
        )
    )
)
worlds = st.builds(
    lambda described, tags: TaggedWorld(*described, tags=tags),
    st.lists(st.sampled_from([DB, GROUP, SERVICE, NETWORK]), unique_by=lambda each: each.arn, min_size=2),
    st.dictionaries(st.sampled_from([VPC_ID, OTHER_VPC]), st.sampled_from([{}, TAG, TAG | {"Team": "a"}]), min_size=1),
)


@given(worlds, bindings_by_name)
def test_whatever_is_planned_to_be_made_is_called_for_with_its_name(
    world: TaggedWorld, bindings: InForce[Binding]
) -> None:
    planned = world.plan(bindings).associations
    made = [(each, made) for each in planned for made in made_for(each, world)]

    demand = world.demand(bindings)

    for attachment, each in made:
        assert demand.of_object(each) == CalledFor(), (attachment, each)
    for attachment in planned:
        assert demand.of_name(published_for(attachment)) == CalledFor(), attachment


@given(worlds, bindings_by_name, st.sampled_from(["orders", "users", "central", "gone"]), st.data())
def test_an_endpoint_that_is_called_for_is_planned_or_refused(
    world: TaggedWorld, bindings: InForce[Binding], name: str, data: st.DataObject
) -> None:
    resource, vpc_id = data.draw(st.sampled_from(world.described)), data.draw(st.sampled_from([VPC_ID, OTHER_VPC]))
    endpoint = OwnedObject(id="vpce-1", kind=OwnedKind.ENDPOINT, binding=name, resource_arn=resource.arn, vpc_id=vpc_id)
    plan = world.plan(bindings)
    planned = {(each.binding, each.resource.arn, each.vpc_id) for each in plan.associations}

    verdict = world.demand(bindings).of_object(endpoint)

    if verdict == CalledFor():
        assert (name, resource.arn, vpc_id) in planned or name in {each.source for each in plan.refused}
    else:
        assert isinstance(verdict, NotCalledFor)
        assert verdict.cause in {Cause.BINDING, Cause.OTHER_SHARE}


@given(worlds, bindings_by_name)
def test_what_is_shared_in_any_way_is_never_said_not_to_be(world: TaggedWorld, bindings: InForce[Binding]) -> None:
    """A share that is deleted and made anew, or a second one of it, interrupts nothing."""
    planned = world.plan(bindings).associations
    made = [each for attachment in planned for each in made_for(attachment, world)]
    both = {each.arn: {"orders", "elsewhere"} for each in world.described}

    assert [world.demand(bindings, both).of_object(each) for each in made] == [CalledFor()] * len(made)
    for each in made:
        verdict = world.demand(bindings, {}).of_object(each)
        assert isinstance(verdict, NotCalledFor), each
        # A network that is ours, and names nobody, is only kept by what is wanted in it.
        assert verdict.cause is Cause.NOT_SHARED, each


@given(worlds, bindings_by_name)
def test_what_lattice_does_not_describe_is_never_said_not_to_be_called_for(
    world: TaggedWorld, bindings: InForce[Binding]
) -> None:
    planned = world.plan(bindings).associations
    made = [each for attachment in planned for each in made_for(attachment, world)]
    shared_as = {each.arn: {"orders"} for each in world.described}
    world.described = []

    verdicts: list[Verdict] = [world.demand(bindings, shared_as).of_object(each) for each in made]

    assert all(isinstance(each, CalledFor | NotKnown) for each in verdicts), verdicts


@pytest.mark.parametrize("kind", OwnedKind)
def test_without_bindings_nothing_is_called_for(kind: OwnedKind) -> None:
    world = TaggedWorld(DB, NETWORK, tags={VPC_ID: TAG})
    made = OwnedObject(
        id="id", kind=kind, arn=NET, binding="orders", resource_arn=RESOURCE_ARN, network_arn=NET, vpc_id=VPC_ID
    )

    verdict = world.demand(in_force(())).of_object(made)

    assert isinstance(verdict, NotCalledFor)
    assert verdict.cause is Cause.BINDING


@pytest.mark.parametrize("mode", ["service-network", "service-network-endpoint"])
def test_a_shared_network_that_lattice_does_not_describe_is_not_taken_for_one_that_nobody_matches(mode: str) -> None:
    world = TaggedWorld(NETWORK, tags={VPC_ID: TAG})
    bindings = in_force((parse_binding("orders", json.dumps({"attach": {"mode": mode, "vpc": VPC_ID}})),))
    (made,) = (made for each in world.plan(bindings).associations for made in made_for(each, world))
    shared_as = {NETWORK.arn: {"orders"}}
    assert world.demand(bindings, shared_as).of_object(made) == CalledFor()
    world.described = []

    assert isinstance(world.demand(bindings, shared_as).of_object(made), NotKnown)
    # What could not be matched in any case is not called for, described or not.
    others = (
        {"attach": {"mode": mode, "vpc": OTHER_VPC}},
        {"attach": {"mode": mode, "vpc": VPC_ID}, "match": {"share": "another"}},
        {"attach": {"mode": mode, "vpc": VPC_ID, "serviceNetwork": {"name": "central"}}},
    )
    for other in others:
        binding = in_force((parse_binding("orders", json.dumps(other)),))
        assert isinstance(world.demand(binding, shared_as).of_object(made), NotCalledFor), other


def test_a_shared_network_that_one_binding_names_in_vain_and_another_may_match_is_not_known() -> None:
    world = TaggedWorld(tags={VPC_ID: TAG})
    to_vpc = {"mode": "service-network", "vpc": VPC_ID}
    in_vain = {"match": {"share": "another"}, "attach": {**to_vpc, "serviceNetwork": SHARED_NETWORK_ARN}}
    written = {"orders": {"attach": to_vpc}, "users": in_vain}
    bindings = in_force(tuple(parse_binding(name, json.dumps(each)) for name, each in written.items()))
    made = OwnedObject(id="snva-1", kind=OwnedKind.VPC_ASSOCIATION, network_arn=SHARED_NETWORK_ARN, vpc_id=VPC_ID)

    verdict = world.demand(bindings, {SHARED_NETWORK_ARN: {"orders"}, RESOURCE_ARN: {"orders"}}).of_object(made)

    assert isinstance(verdict, NotKnown)


def test_an_endpoint_whose_tags_name_no_binding_is_known_not_to_be_called_for_only_if_nobody_shares_it() -> None:
    world = TaggedWorld(DB, tags={VPC_ID: TAG})
    endpoint = OwnedObject(id="vpce-1", kind=OwnedKind.ENDPOINT, resource_arn=RESOURCE_ARN, vpc_id=VPC_ID)

    gone = world.demand(in_force(()), {}).of_object(endpoint)

    assert isinstance(world.demand(in_force(())).of_object(endpoint), NotKnown)
    assert isinstance(gone, NotCalledFor)
    assert gone.cause is Cause.NOT_SHARED
