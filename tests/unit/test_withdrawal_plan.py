"""The withdrawal plan: what goes of what was made and published, what stays, and in which order."""

from __future__ import annotations

import msgspec
import pytest

from drawbridge.association.binding import Binding, Match
from drawbridge.association.owned_object import OwnedKind
from drawbridge.configuration import Broken, InForce
from drawbridge.errors import UpstreamError
from drawbridge.status import Reason
from drawbridge.withdrawal import Cause, ObjectRemoval, Removal, WithdrawalPlan
from tests.builders import PROVIDER, RESOURCE_ARN, entity
from tests.builders import VPC_ID as VPC
from tests.unit.planning import SECOND_ARN, binding
from tests.unit.withdrawing import (
    ENDPOINT,
    IN_NETWORK,
    NET,
    OTHER_VPC,
    TO_NETWORK,
    VPC_OF_NETWORK,
    WithdrawalWorld,
    by_network,
)

replace = msgspec.structs.replace
BY_TAG = {"mode": "resource-endpoint", "vpc": {"tag": {"Environment": "prod"}}}


def going(plan: WithdrawalPlan) -> list[str]:
    """Return what goes: ids of objects, and paths of names that no object takes along."""
    return [one for each in plan.removals for one in _what(each)]


def _what(removal: Removal) -> list[str]:
    return [removal.removed.id] if isinstance(removal, ObjectRemoval) else [each.path for each in removal.names]


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
        ([by_network()], ["vpce-1"]),
    ],
)
def test_an_endpoint_goes_that_its_binding_does_not_call_for_any_longer(
    bindings: list[Binding], ids: list[str]
) -> None:
    world = WithdrawalWorld()
    world.owned_objects.marked = [ENDPOINT]
    world.attach(endpoint_id="vpce-1")

    plan = world.planner(*bindings).plan(world.connected, [RESOURCE_ARN])

    assert going(plan) == ids
    assert {each.cause for each in plan.removals} <= {Cause.BINDING, Cause.OTHER_SHARE}
    assert going(world.planner(*bindings).plan_everywhere(())) == ids


def test_a_vpc_that_lost_its_tag_loses_its_endpoint_as_ec2_tells_of_that_vpc() -> None:
    world = WithdrawalWorld()
    world.owned_objects.marked = [ENDPOINT, replace(ENDPOINT, id="vpce-9", vpc_id=OTHER_VPC)]
    world.vpcs[VPC] = {"Environment": "prod"}

    plan = world.planner(binding(attach=BY_TAG)).plan(world.connected, [RESOURCE_ARN])

    assert going(plan) == ["vpce-9"]


@pytest.mark.parametrize(
    ("bindings", "ids"),
    [
        ([by_network()], ["vpce-2"]),
        ([by_network("service-network-endpoint")], ["snva-1"]),
        ([by_network(vpc=OTHER_VPC)], ["vpce-2", "snva-1"]),
        ([binding()], ["vpce-2", "snva-1", "snra-1", "sn-0123456789abcdef0"]),
    ],
)
def test_of_a_network_goes_what_no_binding_calls_for_and_the_network_with_its_last_association(
    bindings: list[Binding], ids: list[str]
) -> None:
    world = WithdrawalWorld()
    world.attach_by_network()
    world.owned_objects.marked, world.owned_objects.there = [TO_NETWORK], [IN_NETWORK, VPC_OF_NETWORK]

    assert going(world.planner(*bindings).plan(world.connected, [RESOURCE_ARN])) == ids


def test_a_network_of_peoples_stays_and_so_does_what_they_associated() -> None:
    world = WithdrawalWorld()
    by_people = replace(IN_NETWORK, id="snra-2", arn="arn:3", resource_arn=SECOND_ARN)
    world.attach_by_network()
    world.owned_objects.there = [IN_NETWORK, VPC_OF_NETWORK, by_people]
    world.owned_objects.not_ours = {"snra-2", "sn-0123456789abcdef0"}

    assert going(world.planner().plan(world.connected, [RESOURCE_ARN])) == ["snva-1", "snra-1"]


def test_a_network_of_ours_that_people_use_stays() -> None:
    world = WithdrawalWorld()
    by_people = replace(IN_NETWORK, id="snra-2", arn="arn:3", resource_arn=SECOND_ARN)
    world.attach_by_network()
    world.owned_objects.there = [IN_NETWORK, by_people]
    world.owned_objects.not_ours = {"snra-2"}

    assert going(world.planner().plan(world.connected, [RESOURCE_ARN])) == ["snra-1"]


def test_what_a_network_is_reached_by_stays_for_another_binding_that_wants_what_is_shared_through_it() -> None:
    world = WithdrawalWorld()
    world.shared_as[SECOND_ARN] = {"billing"}
    world.entities[SECOND_ARN] = entity(arn=SECOND_ARN, name="billing-db")
    for_billing = replace(by_network(), name="billing", match=Match(resource="billing-*"))
    in_network = replace(IN_NETWORK, id="snra-2", arn="arn:3", resource_arn=SECOND_ARN)
    world.attach_by_network()
    world.owned_objects.there = [IN_NETWORK, VPC_OF_NETWORK, in_network]

    assert going(world.planner(for_billing).plan(world.connected, [RESOURCE_ARN])) == ["snra-1"]


def test_what_others_made_stays() -> None:
    world = WithdrawalWorld()
    world.attach_by_network()
    world.owned_objects.there = [IN_NETWORK, VPC_OF_NETWORK]
    world.owned_objects.not_ours = {"snra-1", "snva-1"}

    plan = world.planner().plan(world.connected, [RESOURCE_ARN])

    assert plan == WithdrawalPlan()


def test_what_a_binding_calls_for_by_another_share_stays() -> None:
    world = WithdrawalWorld()
    world.shared_as[RESOURCE_ARN] |= {"another"}
    world.owned_objects.marked = [ENDPOINT]

    assert going(world.planner(binding(match={"share": "another"})).plan(world.connected, [RESOURCE_ARN])) == []


def test_what_is_not_shared_goes_once_aws_has_said_so_twice_and_says_so_still() -> None:
    world = WithdrawalWorld()
    world.shared_as.clear()
    world.owned_objects.marked = [ENDPOINT]
    world.attach(endpoint_id="vpce-1")

    unmarked = world.planner(binding()).plan(world.connected)
    assert (going(unmarked), len(unmarked.unconfirmed)) == ([], 1)
    world.mark(RESOURCE_ARN, confirmed=False)
    assert going(world.planner(binding()).plan(world.connected)) == []
    world.mark(RESOURCE_ARN)
    gone = world.planner(binding()).plan(world.connected)
    assert (going(gone), gone.removals[0].cause) == (["vpce-1"], Cause.NOT_SHARED)
    world.existences.held.add(RESOURCE_ARN)
    assert going(world.planner(binding()).plan(world.connected)) == []


def test_a_share_that_is_gone_takes_all_along_that_no_other_share_holds() -> None:
    world = WithdrawalWorld()
    world.shared_as = {SECOND_ARN: {"another"}}
    world.entities[SECOND_ARN] = entity(arn=SECOND_ARN)
    world.owned_objects.marked = [ENDPOINT, replace(ENDPOINT, id="vpce-3", resource_arn=SECOND_ARN)]
    world.connected = replace(world.connected, let_in=(RESOURCE_ARN, SECOND_ARN))
    world.mark("arn:share")
    world.existences.held.clear()

    assert going(world.planner(binding()).plan(world.connected.with_all_absent)) == ["vpce-1"]


def test_an_endpoint_that_another_share_s_request_attached_is_left_to_that() -> None:
    world = WithdrawalWorld()
    world.owned_objects.marked = [ENDPOINT]
    by_another = binding(match={"share": "another"})

    assert world.planner(by_another).plan(world.connected, [RESOURCE_ARN]) == WithdrawalPlan()
    world.attach(endpoint_id="vpce-1")
    assert going(world.planner(by_another).plan(world.connected, [RESOURCE_ARN])) == ["vpce-1"]
    # Its own share does not hold it any longer, another one does: AWS never said that it is gone.
    elsewhere = world.planner(by_another).plan(world.connected, [])
    assert (going(elsewhere), len(elsewhere.unconfirmed)) == ([], 1)


def test_an_association_that_another_request_s_binding_needs_stays_when_that_binding_is_not_listed() -> None:
    world = WithdrawalWorld()
    world.attach_by_network()
    world.owned_objects.there = [IN_NETWORK, VPC_OF_NETWORK]
    other = WithdrawalWorld()
    other.attach(f"billing/billing-db/{VPC}", network_arn=NET, vpc_association="snva-1")
    of_others = other.connected.attachments

    plan = world.planner().plan(world.connected, [RESOURCE_ARN], lambda: of_others)
    assert "snva-1" in going(plan)
    world.written = {"billing"}
    with pytest.raises(UpstreamError, match="did not list binding billing"):
        world.planner().plan(world.connected, [RESOURCE_ARN], lambda: of_others)


def test_an_association_of_a_network_that_the_row_did_not_record_is_left_to_whose_it_is() -> None:
    world = WithdrawalWorld()
    world.owned_objects.there = [IN_NETWORK, VPC_OF_NETWORK]

    assert world.planner().plan(world.connected, [RESOURCE_ARN]) == WithdrawalPlan()


def test_an_endpoint_whose_tags_do_not_say_for_which_binding_it_was_made_stays() -> None:
    world = WithdrawalWorld()
    world.owned_objects.marked = [replace(ENDPOINT, binding="")]

    plan = world.planner().plan(world.connected, [RESOURCE_ARN])

    assert (going(plan), len(plan.unconfirmed)) == ([], 1)


def test_a_recorded_endpoint_that_no_listing_shows_is_asked_for_by_its_id() -> None:
    world = WithdrawalWorld()
    world.attach(endpoint_id="vpce-1")

    assert going(world.planner().plan(world.connected, [RESOURCE_ARN])) == ["vpce-1"]
    assert going(world.planner(binding()).plan(world.connected, [RESOURCE_ARN])) == []


def test_names_that_no_row_records_go_with_what_they_lead_through() -> None:
    world = WithdrawalWorld()
    world.owned_objects.marked = [ENDPOINT]
    through = world.publish()
    world.publish("orders", "elsewhere-db", endpoint_id="vpce-9")
    world.connected = replace(world.connected, published=())

    (removal,) = world.planner().plan(world.connected, [RESOURCE_ARN]).removals

    assert [each.path for each in removal.names] == [through]


def test_names_go_with_what_they_lead_through_and_others_before_it() -> None:
    world = WithdrawalWorld()
    world.owned_objects.marked = [ENDPOINT]
    through = world.publish()
    alone = world.publish("central", mode="service-network", endpoint_id=None, association_id="snra-9", vpc_id=None)

    plan = world.planner().plan(world.connected, [RESOURCE_ARN])

    names, endpoint = plan.removals
    assert [each.path for each in names.names] == [alone]
    assert isinstance(endpoint, ObjectRemoval)
    assert [each.path for each in endpoint.names] == [through]


def test_a_name_goes_with_one_object_and_the_others_that_it_leads_through_wait_for_that() -> None:
    world = WithdrawalWorld()
    world.attach_by_network()
    world.owned_objects.there = [IN_NETWORK, VPC_OF_NETWORK]
    path = world.publish(
        "central", endpoint_id=None, association_id="snra-1", vpc_association_id="snva-1", service_network_arn=NET
    )

    removals = world.planner().plan(world.connected, [RESOURCE_ARN]).removals

    objects = [each for each in removals if isinstance(each, ObjectRemoval)]
    assert [[one.path for one in each.names] for each in objects] == [[path], [], []]
    assert [[one.path for one in each.after] for each in objects] == [[], [path], [path]]


def test_a_name_stays_at_its_path_when_its_binding_moves_to_another_vpc() -> None:
    world = WithdrawalWorld()
    world.owned_objects.marked = [ENDPOINT]
    path = world.publish()

    plan = world.planner(binding(attach={"mode": "resource-endpoint", "vpc": OTHER_VPC})).plan(
        world.connected, [RESOURCE_ARN]
    )

    # It goes with the old endpoint, unless it leads elsewhere by then.
    (removal,) = plan.removals
    assert ([each.path for each in removal.names], removal.names[0].through) == ([path], "vpce-1 vpce-rsc-asc-1")


@pytest.mark.parametrize("vpcs", [{}, {VPC: {}}])
def test_a_name_goes_if_its_vpc_is_gone_or_not_tagged_any_longer(vpcs: dict[str, dict[str, str]]) -> None:
    world = WithdrawalWorld()
    world.vpcs = vpcs
    path = world.publish(per_vpc=VPC)

    assert going(world.planner(binding(attach=BY_TAG)).plan(world.connected, [RESOURCE_ARN])) == [path]


def test_a_name_of_a_binding_that_names_a_vpc_which_is_gone_goes() -> None:
    world = WithdrawalWorld()
    world.vpcs = {}
    path = world.publish()

    assert going(world.planner(binding()).plan(world.connected, [RESOURCE_ARN])) == [path]


def test_what_is_not_known_stays() -> None:
    world = WithdrawalWorld()
    world.entities.clear()
    world.owned_objects.marked = [ENDPOINT]
    broken: InForce[Binding] = InForce((), (), (Broken("orders", "binding orders, line 2: bad", None),))

    assert going(world.planner(binding()).plan(world.connected, [RESOURCE_ARN])) == []
    assert going(world.planner_of(broken).plan(world.connected, [RESOURCE_ARN])) == []
    assert len(world.planner_of(broken).plan(world.connected, [RESOURCE_ARN]).unconfirmed) == 1


def test_a_binding_that_parameter_store_left_out_of_its_list_takes_nothing_down() -> None:
    world = WithdrawalWorld()
    world.owned_objects.marked = [ENDPOINT]
    world.written = {"orders"}

    with pytest.raises(UpstreamError, match="did not list binding orders"):
        world.planner().plan(world.connected, [RESOURCE_ARN])
    world.owned_objects.marked, world.owned_objects.there = [], [IN_NETWORK]
    world.attach(network_arn=NET, resource_association="snra-1")
    with pytest.raises(UpstreamError, match="did not list binding orders"):
        world.planner().plan(world.connected, [RESOURCE_ARN])


def test_a_network_that_aws_does_not_describe_is_not_taken_for_one_that_nobody_names() -> None:
    world = WithdrawalWorld()
    world.networks.clear()
    world.attach_by_network()
    world.owned_objects.there = [IN_NETWORK]

    with pytest.raises(UpstreamError, match="does not describe"):
        world.planner(by_network()).plan(world.connected, [RESOURCE_ARN])


def test_a_network_that_is_not_shared_any_longer_is_left_once_that_is_confirmed() -> None:
    world = WithdrawalWorld()
    foreign = NET.replace("222222222222", PROVIDER)
    association = replace(VPC_OF_NETWORK, network_arn=foreign)
    world.attach_by_network(foreign)
    world.owned_objects.there = [association]
    wants_it = binding(attach={"mode": "service-network", "vpc": VPC})
    world.connected = replace(world.connected, let_in=(foreign,))

    assert going(world.planner(wants_it).plan(world.connected)) == []
    world.mark(foreign)
    assert going(world.planner(wants_it).plan(world.connected)) == ["snva-1"]


def test_decided_again_a_removal_stays_that_a_binding_calls_for_again() -> None:
    world = WithdrawalWorld()
    world.owned_objects.marked = [ENDPOINT]
    path = world.publish("central", endpoint_id="vpce-7")
    names, endpoint = world.planner().plan(world.connected, [RESOURCE_ARN]).removals

    assert world.planner().plan_again(world.connected, endpoint) == endpoint
    assert world.planner().plan_again(world.connected, names) == names
    again = world.planner(binding(), binding("central")).plan_again(world.connected, endpoint)
    assert isinstance(again, Reason)
    assert again.code == "called-for-again"
    again = world.planner(binding(), binding("central")).plan_again(world.connected, names)
    assert isinstance(again, Reason)
    assert path in again.text


def test_decided_again_what_is_not_shared_either_by_now_has_to_be_confirmed_first() -> None:
    world = WithdrawalWorld()
    world.owned_objects.marked = [ENDPOINT]
    (removal,) = world.planner(binding(match={"resource": "billing"})).plan(world.connected, [RESOURCE_ARN]).removals
    world.shared_as.clear()

    again = world.planner(binding()).plan_again(world.connected, removal)

    assert isinstance(again, Reason)
    assert again.code == "not-known"


def test_what_there_is_no_room_for_is_told() -> None:
    world = WithdrawalWorld()
    world.owned_objects.marked = [replace(ENDPOINT, id=f"vpce-{number:03}") for number in range(200)]

    plan = world.planner().plan(world.connected, [RESOURCE_ARN])

    assert len(plan.removals) == 150
    assert plan.cut == ("50 more are to be taken down, which the next attempt does.",)


def test_a_service_network_comes_last() -> None:
    world = WithdrawalWorld()
    world.attach_by_network()
    world.owned_objects.there = [IN_NETWORK, VPC_OF_NETWORK]

    kinds = [
        each.removed.kind
        for each in world.planner().plan(world.connected, [RESOURCE_ARN]).removals
        if isinstance(each, ObjectRemoval)
    ]

    assert kinds[-1] is OwnedKind.SERVICE_NETWORK
