"""What is left behind: made by Drawbridge, there still, and called for by no binding any longer."""

from __future__ import annotations

import msgspec
import pytest

from drawbridge.association.binding import Binding, Match
from drawbridge.association.observed_attachment import ObservedServiceNetwork
from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.configuration import Broken, InForce
from drawbridge.decision.cedar import PolicySet
from drawbridge.record.outcome import Ended, Planned, outcome_of
from drawbridge.request.shares import Share
from drawbridge.status import Status
from tests.builders import EVALUATION_TIME, PROVIDER, RESOURCE_ARN, SHARE_ARN, entity, requester
from tests.builders import VPC_ID as VPC
from tests.unit.planning import SECOND_ARN, World, binding, undescribed

MADE = OwnedObject(id="vpce-1", kind=OwnedKind.ENDPOINT, binding="orders", resource_arn=RESOURCE_ARN, vpc_id=VPC)
OTHER_VPC = "vpc-0fedcba9876543210"
NET = "arn:aws:vpc-lattice:us-east-1:222222222222:servicenetwork/sn-0123456789abcdef0"
IN_NETWORK = OwnedObject(
    id="snra-1", kind=OwnedKind.RESOURCE_ASSOCIATION, arn="arn:1", resource_arn=RESOURCE_ARN, network_arn=NET
)
VPC_OF_NETWORK = OwnedObject(id="snva-1", kind=OwnedKind.VPC_ASSOCIATION, arn="arn:2", network_arn=NET, vpc_id=VPC)
TO_NETWORK = OwnedObject(id="vpce-2", kind=OwnedKind.NETWORK_ENDPOINT, network_arn=NET, vpc_id=VPC)


def by_network(mode: str = "service-network", vpc: str = VPC) -> Binding:
    return binding("central", attach={"mode": mode, "vpc": vpc, "serviceNetwork": {"name": "central"}})


def left(world: World, *bindings: Binding) -> list[str]:
    """Return the ids that the plan reports, which are those that the command line shows."""
    planner = world.planner(*bindings)
    plan = planner.plan(SHARE_ARN, requester(), [], EVALUATION_TIME)
    ids = [each.id for each in plan.left_behind or ()]
    reasons = [each for each in plan.refused if each.code == "left-behind"]
    assert [each.text.partition(",")[0] for each in reasons] == ids
    assert [each.id for each in planner.left_behind()] == ids
    return ids


@pytest.mark.parametrize(
    ("bindings", "ids"),
    [
        ([binding()], []),
        ([binding(attach={"mode": "resource-endpoint", "vpc": OTHER_VPC})], ["vpce-1"]),
        ([binding("renamed")], ["vpce-1"]),
        ([], ["vpce-1"]),
        ([binding(match={"resource": "billing-*"})], ["vpce-1"]),
        ([binding(match={"share": "another"})], ["vpce-1"]),
        ([binding(match={"types": ["GROUP"]})], ["vpce-1"]),
        ([binding(attach={"mode": "resource-endpoint", "vpc": {"tag": {"Environment": "prod"}}})], []),
        ([by_network()], ["vpce-1"]),
    ],
)
def test_an_endpoint_that_no_binding_calls_for_any_longer_is_left_behind(
    bindings: list[Binding], ids: list[str]
) -> None:
    world = World(entity())
    world.owned_objects.marked = [MADE]

    assert left(world, *bindings) == ids


def test_a_vpc_that_lost_its_tag_leaves_its_endpoint_behind() -> None:
    world = World(entity())
    world.owned_objects.marked = [MADE, msgspec.structs.replace(MADE, id="vpce-9", vpc_id=OTHER_VPC)]

    assert left(world, binding(attach={"mode": "resource-endpoint", "vpc": {"tag": {"A": "b"}}})) == ["vpce-9"]


@pytest.mark.parametrize(
    ("bindings", "ids"),
    [
        ([by_network()], ["vpce-2"]),
        ([by_network("service-network-endpoint")], ["snva-1"]),
        ([by_network(vpc=OTHER_VPC)], ["snva-1", "vpce-2"]),
        ([binding()], ["snra-1", "snva-1", "vpce-2"]),
        # Somebody else's resource is in the network too: its VPC is called for by the binding for that.
        ([binding(), msgspec.structs.replace(by_network(), match=Match(resource="billing"))], ["snra-1", "vpce-2"]),
    ],
)
def test_what_was_made_of_a_network_is_left_behind_where_no_binding_calls_for_it(
    bindings: list[Binding], ids: list[str]
) -> None:
    world = World(entity())
    world.networks.append(ObservedServiceNetwork(arn=NET, name="central"))
    world.owned_objects.marked, world.owned_objects.there = [TO_NETWORK], [IN_NETWORK, VPC_OF_NETWORK]

    assert left(world, *bindings) == ids


def test_what_others_made_is_never_left_behind() -> None:
    world = World(entity())
    world.owned_objects.there = [IN_NETWORK, VPC_OF_NETWORK]
    world.owned_objects.not_ours = {"snra-1", "snva-1"}

    assert left(world) == []


def test_what_a_binding_calls_for_by_another_share_is_not_left_behind() -> None:
    world = World(entity())
    world.also_shared = Share(arn=SHARE_ARN + "0", name="another", owner=PROVIDER)
    world.owned_objects.marked = [MADE]

    assert left(world, binding(match={"share": "another"})) == []


def test_what_is_not_known_is_not_left_behind() -> None:
    world = World(entity())
    world.owned_objects.marked = [MADE, msgspec.structs.replace(MADE, id="vpce-3", resource_arn=SECOND_ARN)]
    world.undescribed = [undescribed(may_pass=False)]
    broken: InForce[Binding] = InForce((), (), (Broken("orders", "binding orders, line 2: bad", None),))

    plan = world.planner_of(broken, PolicySet([])).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert plan.left_behind == ()


def test_what_is_left_behind_holds_nothing_up() -> None:
    world = World(entity())
    world.owned_objects.marked = [msgspec.structs.replace(MADE, binding="renamed")]
    plan = world.planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)
    nothing = world.planner().plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    ended = outcome_of(Ended(plan.refused, ()))

    assert (len(plan.associations), ended.incomplete) == (1, False)
    assert [each.code for each in ended.reasons] == ["left-behind"]
    accepted = outcome_of(Planned(nothing))
    assert (accepted.status, [each.code for each in accepted.reasons]) == (
        Status.ACCEPTED,
        ["no-binding-wants-it", "left-behind"],
    )
