"""Deciding again on what was planned: it is still shared, desired, permitted and possible, or it is refused."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from drawbridge.association import DesiredAttachment
from drawbridge.association.binding import Binding
from drawbridge.association.coverage import Coverage
from drawbridge.association.subnets import Vpc
from drawbridge.decision import Accept, DecidedOn
from drawbridge.decision.let_in import LetIn
from drawbridge.errors import NotReadyError
from drawbridge.lattice import NOT_VISIBLE, Entity, Undescribed
from drawbridge.request.shares import SharedResource
from drawbridge.status import Reason
from tests.builders import EVALUATION_TIME, NETWORK, NOW, RESOURCE_ARN, SHARE_ARN, VPC_ID, entity, requester
from tests.unit.planning import ATTACH, DENIED, World, binding, through_network, vpc_with

OTHER = RESOURCE_ARN + "0"
ALL = Coverage(
    let_in=LetIn(at=NOW, because=(), arns=(RESOURCE_ARN, OTHER, OTHER + "0")),
    decision=Accept(()),
    decided_on=DecidedOn(at=NOW),
)
FORBID = 'permit(principal, action, resource); @reason("closed") forbid(principal, action, resource);'


class Counting(World):
    """The same, and which resources VPC Lattice was asked of."""

    def __init__(self, *described: Entity, vpcs: tuple[Vpc, ...] | None = None) -> None:
        super().__init__(*described, vpcs=vpcs)
        self.ready = True
        self.asked: list[str] = []

    def describe(self, resources: object) -> list[Entity | Undescribed]:
        assert isinstance(resources, Iterable)
        asked = [each.arn for each in resources if isinstance(each, SharedResource)]
        self.asked += asked
        if self.ready:
            return [each for each in self.described if each.arn in asked]
        return [Undescribed(arn=arn, code=NOT_VISIBLE, words="not ready for use", may_pass=True) for arn in asked]


def planned(world: World) -> DesiredAttachment:
    """Return what was planned of the first resource, and forget what it took."""
    plan = world.planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)
    if isinstance(world, Counting):
        world.asked.clear()
    return plan.associations[0]


def test_what_is_desired_as_before_is_as_before() -> None:
    world = Counting(entity())
    before = planned(world)

    assert world.planner(binding()).plan_again(SHARE_ARN, requester(), before, EVALUATION_TIME, ALL) == before


def test_only_the_one_that_is_asked_for_is_described() -> None:
    world = Counting(entity(), entity("other", OTHER), entity("third", OTHER + "0"))
    before = planned(world)

    again = world.planner(binding("before"), binding(), binding("later")).plan_again(
        SHARE_ARN, requester(), before, EVALUATION_TIME, ALL
    )

    assert again == before
    assert world.asked == [before.resource.arn]


def test_a_binding_that_was_changed_is_followed() -> None:
    world = Counting(entity())
    world.group_vpcs = {"sg-0123456789abcdef0": VPC_ID}
    before = planned(world)

    changed = binding(attach=ATTACH | {"securityGroups": ["sg-0123456789abcdef0"]})
    again = world.planner(changed).plan_again(SHARE_ARN, requester(), before, EVALUATION_TIME, ALL)

    assert not isinstance(again, Reason)
    assert again.security_group_ids == ("sg-0123456789abcdef0",)


def refusal(
    world: World, before: DesiredAttachment, now: Binding, policy: str = "permit(principal, action, resource);"
) -> str:
    again = world.planner(now, policy=policy).plan_again(SHARE_ARN, requester(), before, EVALUATION_TIME, ALL)
    assert isinstance(again, Reason)
    assert again.source == before.binding
    return again.code


def test_what_a_policy_forbids_by_now_is_refused() -> None:
    world = Counting(entity())

    assert refusal(world, planned(world), binding(), policy=FORBID) == "association-not-permitted"


@pytest.mark.parametrize("match", [{"resource": "billing-*"}, {"provider": "333333333333"}])
def test_what_its_binding_does_not_match_any_longer_is_refused(match: dict[str, str]) -> None:
    world = Counting(entity())

    assert refusal(world, planned(world), binding(match=match)) == "no-binding-wants-it"


def test_what_no_binding_of_that_name_is_there_for_is_refused() -> None:
    world = Counting(entity())

    assert refusal(world, planned(world), binding("another")) == "no-binding-wants-it"


def test_what_is_desired_in_another_vpc_by_now_is_refused_here() -> None:
    elsewhere = vpc_with("subnet-0c", vpc_id="vpc-0fedcba9876543210")
    world = Counting(entity(), vpcs=(vpc_with("subnet-0a"), elsewhere))
    before = planned(world)

    moved = binding(attach=ATTACH | {"vpc": elsewhere.vpc_id})

    assert refusal(world, before, moved) == "no-binding-wants-it"


def test_what_is_hindered_by_now_is_refused() -> None:
    world = Counting(entity())
    before = planned(world)

    changed = binding(attach=ATTACH | {"securityGroups": ["sg-0123456789abcdef0"]})

    assert refusal(world, before, changed) == "no-security-group"


def test_what_was_taken_out_of_the_share_is_refused() -> None:
    world = Counting(entity(), entity("other", OTHER))
    before = planned(world)
    world.described = [each for each in world.described if each.arn != before.resource.arn]

    assert refusal(world, before, binding()) == "no-longer-shared"


def test_a_share_that_is_not_listed_and_a_resource_that_is_not_described_are_waited_for() -> None:
    world = Counting(entity())
    before = planned(world)
    world.ready = False
    with pytest.raises(NotReadyError, match="not ready"):
        world.planner(binding()).plan_again(SHARE_ARN, requester(), before, EVALUATION_TIME, ALL)

    world.in_effect = False
    with pytest.raises(NotReadyError, match="not in effect"):
        world.planner(binding()).plan_again(SHARE_ARN, requester(), before, EVALUATION_TIME, ALL)


def test_what_is_denied_when_one_is_decided_again_is_refused_for_that_one() -> None:
    world = World(entity())
    world.networks.append(NETWORK)
    planner = world.planner(through_network())
    (planned,) = planner.plan(SHARE_ARN, requester(), [], EVALUATION_TIME).associations
    world.denied[NETWORK.name] = DENIED

    again = planner.plan_again(SHARE_ARN, requester(), planned, EVALUATION_TIME, ALL)

    assert isinstance(again, Reason)
    assert again.code == "AccessDeniedError"
