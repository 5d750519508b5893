"""Plans: what bindings match, policies allow and pre-flight finds possible, as a list of associations."""

from typing import Any
from unittest import mock

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.association import Mode, NetworkRef, Plan, PrivateDnsOptions
from drawbridge.association.attachment_document import document_of
from drawbridge.association.binding import Binding
from drawbridge.association.evaluation import MOST_KEPT
from drawbridge.association.in_force import bindings_fingerprint, matching_bindings_fingerprint
from drawbridge.association.observed_attachment import (
    Endpoint,
    ObservedServiceNetwork,
    ResourceAssociation,
    ServiceNetworkVpcAssociation,
    State,
)
from drawbridge.association.plan import MOST_AT_ONCE, PATIENT_TRIES
from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.association.subnets import Vpc
from drawbridge.bounds import DECISION_RECORD_BYTES, size_of
from drawbridge.configuration import Broken, InForce
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.policies import parse_policy
from drawbridge.errors import (
    AccessDeniedError,
    DrawbridgeError,
    GoneError,
    NotReadyError,
    ThrottledError,
    UpstreamError,
)
from drawbridge.lattice import NOT_VISIBLE, UNAVAILABLE, Entity, MatchAttributes, PrivateDns, ResourceKind, Undescribed
from drawbridge.request.shares import Share, SharedResource
from drawbridge.status import Reason
from tests.builders import (
    CONSUMER,
    EVALUATION_TIME,
    NETWORK,
    NOW,
    PROVIDER,
    RESOURCE_ARN,
    SERVICE_ARN,
    SHARE_ARN,
    SHARED_NETWORK_ARN,
    STRANGER,
    entity,
    requester,
    shared_resource,
)
from tests.builders import VPC_ID as VPC
from tests.unit.planning import (
    ATTACH,
    DENIED,
    NONE_RAISED,
    SECOND_ARN,
    ZONE,
    World,
    binding,
    through_network,
    undescribed,
    vpc_with,
)


def test_what_a_binding_matches_is_planned_in_every_zone_of_its_vpc() -> None:
    plan = World(entity()).planner(binding()).plan(SHARE_ARN, requester(), [shared_resource()], EVALUATION_TIME)

    assert [(each.name, document_of(each).subnet_ids) for each in plan.associations] == [
        (f"orders/orders-db/{VPC}", ("subnet-0a", "subnet-0b"))
    ]
    assert plan.refused == ()


def test_planning_twice_plans_the_same() -> None:
    planner = World(entity("b", RESOURCE_ARN + "b"), entity("a")).planner(binding())

    assert planner.plan(SHARE_ARN, requester(), [], EVALUATION_TIME) == planner.plan(
        SHARE_ARN, requester(), [], EVALUATION_TIME
    )


def test_what_no_binding_matches_is_not_planned() -> None:
    plan = (
        World(entity())
        .planner(binding(match={"resource": "billing"}))
        .plan(SHARE_ARN, requester(), [], EVALUATION_TIME)
    )

    assert (plan.associations, plan.refused) == ((), ())


def test_policy_decides_on_each_resource() -> None:
    world = World(entity("orders-db"), entity("secrets-db", RESOURCE_ARN + "0"))
    policy = (
        'permit(principal, action == Action::"associate", resource);'
        '@reason("no secrets") forbid(principal, action == Action::"associate", resource)'
        ' when { resource.name like "secrets-*" };'
    )

    plan = world.planner(binding(), policy=policy).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert [each.resource.name for each in plan.associations] == ["orders-db"]
    assert [(reason.code, reason.text) for reason in plan.refused] == [
        ("association-not-permitted", "secrets-db: no secrets")
    ]


@pytest.mark.parametrize(("vpcs", "code"), [((), "no-vpc"), ((vpc_with(),), "no-subnet")])
def test_a_binding_that_lost_its_vpc_is_reported(vpcs: tuple[Vpc, ...], code: str) -> None:
    plan = World(entity(), vpcs=vpcs).planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert [reason.code for reason in plan.refused] == [code]


def test_vpcs_named_by_tag_each_get_their_own() -> None:
    vpcs = tuple(vpc_with(f"subnet-{number}", vpc_id=f"vpc-0123456{number}") for number in range(2))
    by_tag = binding(attach={"mode": "resource-endpoint", "vpc": {"tag": {"Environment": "prod"}}})

    plan = World(entity(), vpcs=vpcs).planner(by_tag).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert [(each.vpc_id, each.per_vpc) for each in plan.associations] == [(vpc.vpc_id, True) for vpc in vpcs]


def test_two_resources_of_one_name_never_claim_one_parameter() -> None:
    world = World(entity(arn=RESOURCE_ARN + "0"), entity(arn=RESOURCE_ARN))

    plan = world.planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert [each.resource.arn for each in plan.associations] == [RESOURCE_ARN]
    assert [reason.code for reason in plan.refused] == ["name-taken"]


def test_a_share_that_is_not_in_effect_yet_is_waited_for() -> None:
    world = World(entity())
    world.in_effect = False

    with pytest.raises(NotReadyError, match="not in effect"):
        world.planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)


def test_what_the_invitation_held_is_waited_for() -> None:
    with pytest.raises(NotReadyError, match="not visible yet"):
        World().planner(binding()).plan(SHARE_ARN, requester(), [shared_resource()], EVALUATION_TIME)


@pytest.mark.parametrize(
    ("status", "code"),
    [("UNAVAILABLE", UNAVAILABLE), ("LIMIT_EXCEEDED", UNAVAILABLE), ("ZONAL_RESOURCE_INACCESSIBLE", UNAVAILABLE)],
)
def test_what_ram_says_can_not_be_used_is_reported_by_its_arn_and_stops_no_other(status: str, code: str) -> None:
    world = World(entity(), entity("orders-two", SECOND_ARN))
    world.listed_by_ram[SECOND_ARN] = {"status": status, "status_message": "its owner knows"}

    plan = world.planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert [each.resource.arn for each in plan.associations] == [RESOURCE_ARN]
    assert plan.refused == (Reason(code, f"{SECOND_ARN}: its status in AWS RAM is {status}: its owner knows"),)
    assert plan.contents is None


def test_what_is_only_not_visible_yet_is_waited_for_and_then_reported_and_stops_no_other() -> None:
    world = World(entity())
    world.undescribed = [undescribed()]
    planner = world.planner(binding())

    for tries in range(PATIENT_TRIES):
        with pytest.raises(NotReadyError, match=f"not visible yet.*{SECOND_ARN}"):
            planner.plan(SHARE_ARN, requester(), [], EVALUATION_TIME, tries=tries)
    plan = planner.plan(SHARE_ARN, requester(), [], EVALUATION_TIME, tries=PATIENT_TRIES)

    assert [each.resource.arn for each in plan.associations] == [RESOURCE_ARN]
    assert plan.refused == (Reason(NOT_VISIBLE, f"{SECOND_ARN}: AccessDeniedException: no"),)


def test_what_will_never_be_usable_is_not_waited_for() -> None:
    world = World(entity())
    world.undescribed = [undescribed(code=UNAVAILABLE, words="its status is CREATE_FAILED", may_pass=False)]

    plan = world.planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert ([each.resource.arn for each in plan.associations], len(plan.refused)) == ([RESOURCE_ARN], 1)


@pytest.mark.parametrize("missing", ["what RAM lists as pending", "what RAM does not list"])
def test_what_ram_does_not_have_ready_yet_is_waited_for_and_then_reported(missing: str) -> None:
    world = World(entity(), entity("orders-two", SECOND_ARN))
    if missing == "what RAM lists as pending":
        world.listed_by_ram[SECOND_ARN] = {"status": "PENDING"}
    else:
        world.described.pop()
    expected = [shared_resource(), shared_resource(SECOND_ARN)]
    planner = world.planner(binding())

    with pytest.raises(NotReadyError, match="not visible yet"):
        planner.plan(SHARE_ARN, requester(), expected, EVALUATION_TIME)
    plan = planner.plan(SHARE_ARN, requester(), expected, EVALUATION_TIME, tries=PATIENT_TRIES)

    assert [each.resource.arn for each in plan.associations] == [RESOURCE_ARN]
    assert [(each.code, SECOND_ARN in each.text) for each in plan.refused] == [(NOT_VISIBLE, True)]


def test_what_goes_while_it_is_planned_for_one_binding_stops_no_other() -> None:
    world = World(entity())
    refused = binding("refused", attach={"mode": "service-network", "serviceNetwork": {"name": "theirs"}})
    planner = world.planner(binding(), refused)
    world.networks.append(msgspec.structs.replace(NETWORK, name="theirs"))
    world.denied["theirs"] = GoneError("look for theirs: ResourceNotFoundException: no")

    plan = planner.plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert [each.binding for each in plan.associations] == ["orders"]
    assert [(each.code, each.source) for each in plan.refused] == [("GoneError", "refused")]


def test_a_service_network_that_is_denied_is_reported_with_what_to_do_and_stops_nothing_else_of_the_share() -> None:
    world = World(entity())
    world.networks.append(NETWORK)
    world.denied[NETWORK.name] = DENIED

    plan = world.planner(binding(), through_network()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert [each.binding for each in plan.associations] == ["orders"]
    (refused,) = plan.refused
    assert (refused.code, refused.source) == ("AccessDeniedError", "through")
    assert NETWORK.arn in refused.text
    assert "see what denies it" in refused.text


def test_a_vpc_whose_network_is_denied_keeps_no_other_vpc_waiting() -> None:
    world = World(entity(), vpcs=(vpc_with("subnet-0a"), vpc_with("subnet-0b", vpc_id="vpc-2")))
    world.networks.append(NETWORK)
    world.denied["vpc-2"] = DENIED

    plan = world.planner(through_network(vpc={"tag": {"a": "b"}})).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert [each.vpc_id for each in plan.associations] == [VPC]
    assert [each.code for each in plan.refused] == ["AccessDeniedError"]


@pytest.mark.parametrize("error", [ThrottledError("slowly"), UpstreamError("later"), NotReadyError("not yet")])
def test_what_may_pass_of_a_service_network_is_tried_again_and_refuses_nothing(error: DrawbridgeError) -> None:
    world = World(entity())
    world.networks.append(NETWORK)
    world.denied[NETWORK.name] = error

    with pytest.raises(type(error)):
        world.planner(binding(), through_network()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)


def test_a_listing_of_the_account_that_is_denied_is_unknown_and_stops_nothing_of_the_share() -> None:
    world = World(entity())
    with mock.patch.object(world.inventory, "vpcs", side_effect=AccessDeniedError("list VPCs")):
        plan = world.planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert [each.binding for each in plan.associations] == ["orders"]
    assert [each.code for each in plan.refused] == ["AccessDeniedError"]
    assert plan.inputs == PlanInputs()


def test_a_broken_binding_is_named_with_the_plan() -> None:
    in_force: InForce[Binding] = InForce((), (), (Broken("orders", "binding orders, line 2: bad", None),))
    world = World(entity())
    planner = world.planner_of(in_force, PolicySet([]))

    plan = planner.plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert [(reason.code, reason.source) for reason in plan.broken] == [("binding-broken", "orders")]


def test_more_than_a_workflow_can_carry_is_reported_and_the_rest_is_made() -> None:
    many = [entity(f"orders-{number:03}", f"{RESOURCE_ARN}{number}") for number in range(MOST_AT_ONCE + 1)]

    plan = World(*many).planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert len(plan.associations) == MOST_AT_ONCE
    assert [reason.code for reason in plan.refused] == ["too-many-associations"]


def test_an_error_inside_a_forbid_refuses_the_association_and_is_reported() -> None:
    failing = (
        "permit(principal, action, resource);forbid(principal, action, resource) when { 9223372036854775807 + 1 > 0 };"
    )

    plan = World(entity()).planner(binding(), policy=failing).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert plan.associations == ()
    assert "overflow" in plan.refused[0].text


def test_what_the_policy_was_asked_of_each_candidate_is_kept() -> None:
    world = World(entity(), entity("users-db", f"{RESOURCE_ARN[:-1]}6"))

    plan = world.planner(binding(match={"resource": "orders-*"})).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert plan.decision_record is not None
    assert (plan.decision_record.at, plan.decision_record.zone) == (NOW, "UTC")
    (asked,) = plan.decision_record.resources
    assert (asked.name, asked.binding, asked.private_dns) == ("orders-db", "orders", "off")


def test_the_policies_that_permit_are_kept_by_their_names_and_none_where_nothing_is_permitted() -> None:
    forbid = 'permit(principal, action, resource); forbid(principal, action == Action::"associate", resource);'

    permitted = World(entity()).planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)
    refused = World(entity()).planner(binding(), policy=forbid).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    kept = [each.decision_record.determined_by for each in (permitted, refused) if each.decision_record is not None]
    assert kept == [("test",), ()]


def test_tags_are_asked_for_only_if_a_policy_goes_by_them() -> None:
    plain, tagged = World(entity()), World(entity())
    by_tag = 'permit(principal, action == Action::"associate", resource) when { resource.hasTag("open") };'

    plain.planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)
    refused = tagged.planner(binding(), policy=by_tag).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)
    tagged.shown_tags = {"open": "yes"}
    allowed = tagged.planner(binding(), policy=by_tag).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert (plain.asked_for_tags, tagged.asked_for_tags) == (0, 2)
    assert refused.associations == ()
    assert "does not show the resource's tags" in refused.refused[0].text
    assert len(allowed.associations) == 1


def test_trap_5_a_resource_that_comes_to_an_accepted_share_is_asked_about_by_itself() -> None:
    world = World(entity())
    only_5432 = 'permit(principal, action == Action::"associate", resource) when { resource.portRanges == ["5432"] };'
    planner = world.planner(binding(match={}), policy=only_5432)
    before = planner.plan(SHARE_ARN, requester(), [], EVALUATION_TIME)
    late = msgspec.structs.replace(entity("late-db", f"{RESOURCE_ARN[:-1]}6"), port_ranges=("22",))
    world.described.append(late)

    after = planner.plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert (
        [each.resource.name for each in after.associations]
        == ["orders-db"]
        == [each.resource.name for each in before.associations]
    )
    assert [reason.code for reason in after.refused] == ["association-not-permitted"]
    assert before.observed_fingerprint != after.observed_fingerprint


OWN = {"name": "shared", "create": True}


def by_network(mode: Mode = Mode.SERVICE_NETWORK, **attach: object) -> Binding:
    return binding(attach={"mode": mode, "vpc": VPC} | attach)


def of_kind(kind: str) -> Entity:
    """Return something shared, by the type that bindings call it by."""
    match kind:
        case "SERVICE":
            return entity("api", SERVICE_ARN, kind=ResourceKind.SERVICE, type=kind, protocol="", port_ranges=())
        case "SERVICE_NETWORK":
            kind_of = ResourceKind.SERVICE_NETWORK
            return entity("net", SHARED_NETWORK_ARN, kind=kind_of, type=kind, protocol="", port_ranges=())
        case _:
            return entity(type=kind)


@pytest.mark.parametrize("mode", [Mode.SERVICE_NETWORK, Mode.SERVICE_NETWORK_ENDPOINT])
@pytest.mark.parametrize("kind", ["SINGLE", "GROUP", "ARN", "SERVICE"])
def test_every_kind_is_planned_by_a_network_of_this_account_s(mode: Mode, kind: str) -> None:
    plan = (
        World(of_kind(kind))
        .planner(by_network(mode, serviceNetwork=OWN))
        .plan(SHARE_ARN, requester(), [], EVALUATION_TIME)
    )

    (planned,) = plan.associations
    assert (planned.mode, planned.resource.type, planned.vpc_id) == (mode, kind, VPC)
    assert document_of(planned).network == NetworkRef(name="shared", create=True)
    assert document_of(planned).subnet_ids == (() if mode is Mode.SERVICE_NETWORK else ("subnet-0a", "subnet-0b"))
    assert plan.refused == ()


@pytest.mark.parametrize("mode", [Mode.SERVICE_NETWORK, Mode.SERVICE_NETWORK_ENDPOINT])
def test_a_shared_network_is_planned_as_the_network_that_it_is(mode: Mode) -> None:
    world = World(of_kind("SERVICE_NETWORK"))
    world.networks.append(ObservedServiceNetwork(arn=SHARED_NETWORK_ARN, name="net"))

    (planned,) = world.planner(by_network(mode)).plan(SHARE_ARN, requester(), [], EVALUATION_TIME).associations

    assert document_of(planned).network == NetworkRef(identifier=SHARED_NETWORK_ARN)
    assert planned.resource.is_network
    assert planned.resource.holds_others


@pytest.mark.parametrize("kind", ["SINGLE", "GROUP", "ARN"])
def test_every_kind_of_resource_configuration_is_planned_by_an_endpoint_of_its_own(kind: str) -> None:
    (planned,) = World(of_kind(kind)).planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME).associations

    assert (planned.mode, document_of(planned).network) == (Mode.RESOURCE_ENDPOINT, None)
    assert planned.resource.holds_others is (kind != "SINGLE")


IMPOSSIBLE = [
    ("CIDR", {}, "kind-not-supported", "only tunnel endpoints"),
    ("CHILD", {}, "kind-not-supported", "comes with its group"),
    ("SERVICE", {}, "mode-not-possible", "use mode service-network or service-network-endpoint"),
    ("SERVICE_NETWORK", {}, "mode-not-possible", "use mode service-network or service-network-endpoint"),
    ("SINGLE", {"mode": "service-network"}, "no-service-network", "name one in attach.serviceNetwork"),
    ("SERVICE", {"mode": "service-network-endpoint"}, "no-service-network", "name one in attach.serviceNetwork"),
    (
        "SERVICE",
        {"mode": "service-network", "serviceNetwork": OWN, "privateDns": "verified"},
        "mode-not-possible",
        "set privateDns: off",
    ),
    (
        "SERVICE_NETWORK",
        {"mode": "service-network", "serviceNetwork": OWN},
        "mode-not-possible",
        "leave attach.serviceNetwork out",
    ),
]


@pytest.mark.parametrize(("kind", "attach", "code", "what_to_do"), IMPOSSIBLE)
def test_what_a_mode_cannot_reach_is_refused_with_what_to_do(
    kind: str, attach: dict[str, object], code: str, what_to_do: str
) -> None:
    plan = (
        World(of_kind(kind)).planner(binding(attach=ATTACH | attach)).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)
    )

    assert plan.associations == ()
    assert [(reason.code, reason.source) for reason in plan.refused] == [(code, "orders")]
    assert what_to_do in plan.refused[0].text
    assert plan.refused[0].text.startswith(of_kind(kind).name)


def test_what_is_impossible_is_no_question_for_a_policy() -> None:
    plan = World(of_kind("CIDR")).planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert plan.decision_record is not None
    assert plan.decision_record.resources == ()


def test_a_network_without_a_vpc_leaves_it_to_others_which_vpcs_it_reaches() -> None:
    alone = binding(attach={"mode": "service-network", "serviceNetwork": OWN})

    (planned,) = World(entity()).planner(alone).plan(SHARE_ARN, requester(), [], EVALUATION_TIME).associations

    assert (planned.vpc_id, planned.per_vpc, planned.name) == ("", False, "orders/orders-db")


def test_a_vpc_without_subnets_can_be_associated_with_a_network() -> None:
    world = World(entity(), vpcs=(vpc_with(),))

    assert (
        len(
            world.planner(by_network(serviceNetwork=OWN)).plan(SHARE_ARN, requester(), [], EVALUATION_TIME).associations
        )
        == 1
    )


def test_trap_14_what_is_shared_is_put_into_no_network_that_is_shared_too() -> None:
    world = World(entity())
    world.networks.append(ObservedServiceNetwork(arn=SHARED_NETWORK_ARN, name="net"))

    plan = world.planner(by_network(serviceNetwork=SHARED_NETWORK_ARN)).plan(
        SHARE_ARN, requester(), [], EVALUATION_TIME
    )

    assert [reason.code for reason in plan.refused] == ["both-foreign"]
    assert "name a service network of its own" in plan.refused[0].text


@pytest.mark.parametrize(("allowed", "there"), [(False, False), (True, False), (False, True)])
def test_trap_13_a_network_that_can_be_shared_takes_what_allows_it_or_is_in_it(allowed: bool, there: bool) -> None:
    world = World(entity(allows_shareable_networks=allowed))
    world.networks.append(msgspec.structs.replace(NETWORK, shareable=True))
    if there:
        world.resources[NETWORK.arn, RESOURCE_ARN] = ResourceAssociation(id="snra-1", state=State.AVAILABLE)

    plan = world.planner(by_network(serviceNetwork={"name": "shared"})).plan(
        SHARE_ARN, requester(), [], EVALUATION_TIME
    )

    refused = not allowed and not there
    assert len(plan.associations) == (not refused)
    assert [reason.code for reason in plan.refused] == (["network-shareable"] if refused else [])
    if refused:
        assert "name a network that Drawbridge creates, or ask the provider" in plan.refused[0].text


def test_trap_13_a_service_is_put_into_a_network_that_can_be_shared() -> None:
    world = World(of_kind("SERVICE"))
    world.networks.append(msgspec.structs.replace(NETWORK, shareable=True))

    plan = world.planner(by_network(serviceNetwork={"name": "shared"})).plan(
        SHARE_ARN, requester(), [], EVALUATION_TIME
    )

    assert len(plan.associations) == 1


def test_what_would_hinder_an_association_is_reported_before_anything_is_made() -> None:
    world = World(entity())
    world.networks.append(NETWORK)
    world.vpcs[VPC] = ServiceNetworkVpcAssociation(id="snva-1", state=State.AVAILABLE, network_arn="arn:another")

    plan = world.planner(by_network(serviceNetwork={"name": "shared"})).plan(
        SHARE_ARN, requester(), [], EVALUATION_TIME
    )

    assert [(reason.code, reason.source) for reason in plan.refused] == [("vpc-associated-elsewhere", "orders")]
    assert world.changes == []


def test_private_dns_wider_than_verified_is_asked_about_and_planned_as_it_is_written() -> None:
    world = World(entity())
    wide = binding(attach=ATTACH | {"privateDns": {"domains": ["example.com"], "verified": False}})
    only_verified = (
        "permit(principal, action, resource);"
        ' forbid(principal, action == Action::"associate", resource) when { context.privateDns == "listed" };'
    )

    (planned,) = world.planner(wide).plan(SHARE_ARN, requester(), [], EVALUATION_TIME).associations
    refused = world.planner(wide, policy=only_verified).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert planned.private_dns == PrivateDnsOptions(PrivateDns.LISTED, ("example.com",))
    assert [reason.code for reason in refused.refused] == ["association-not-permitted"]


def test_an_alias_is_planned_with_the_vpc_s_id_in_its_place() -> None:
    alias = {"zone": ZONE, "name": "{resource}.{vpc}.corp.example"}

    (planned,) = (
        World(entity())
        .planner(binding(attach=ATTACH | {"alias": alias}))
        .plan(SHARE_ARN, requester(), [], EVALUATION_TIME)
    ).associations

    assert planned.alias is not None
    assert (planned.alias.name, planned.alias.zone_id) == (f"{{resource}}.{VPC}.corp.example", ZONE)


def test_bindings_have_another_fingerprint_once_a_quota_is_raised() -> None:
    in_force = InForce((binding(),), (("orders", 1),), ())
    raised = InForce((("resource-endpoints-per-vpc", 300),), (("resource-endpoints-per-vpc", 1),), ())

    fingerprints = [
        bindings_fingerprint(in_force, PROVIDER, "orders", quotas) for quotas in (NONE_RAISED, raised, NONE_RAISED)
    ]

    assert fingerprints[0] == fingerprints[2] != fingerprints[1]


def test_a_plan_says_what_the_share_holds_and_which_bindings_matched_it() -> None:
    world = World(entity("orders-db"), entity("stock-db", RESOURCE_ARN + "0"))
    orders, stock, other = (binding(name, match={"resource": f"{name}-*"}) for name in ("orders", "stock", "other"))

    plan = world.planner(orders, stock).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)
    with_other = world.planner(orders, other, stock).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)
    without_stock = world.planner(orders).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert plan.contents is not None
    assert {each.name for each in plan.contents} == {"orders-db", "stock-db"}
    assert with_other.bindings_fingerprint != plan.bindings_fingerprint
    assert with_other.matching_bindings_fingerprint == plan.matching_bindings_fingerprint
    assert without_stock.matching_bindings_fingerprint != plan.matching_bindings_fingerprint


@pytest.mark.parametrize(("number", "length"), [(MOST_KEPT, 10), (MOST_KEPT + 20, 10), (30, 2000)])
def test_what_policies_were_asked_that_there_is_no_room_for_is_counted(number: int, length: int) -> None:
    tags = {"a": "x" * length}
    world = World(*(entity(f"db-{each}", f"{RESOURCE_ARN}{each}") for each in range(number)))
    world.shown_tags = tags
    by_tags = 'permit(principal, action, resource) when { resource.hasTag("a") };'

    plan = world.planner(binding(), policy=by_tags).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert plan.decision_record is not None
    assert size_of(plan.decision_record.resources) <= DECISION_RECORD_BYTES
    lacking = number - len(plan.decision_record.resources)
    expected = (f"What policies were asked about {lacking} resources is not kept: they are not reviewed.",)
    assert plan.cut == (expected if lacking else ())
    assert lacking or length == 10


@pytest.mark.parametrize("number", [MOST_KEPT, MOST_KEPT + 1])
def test_of_a_lot_of_resources_it_is_not_kept_what_bindings_go_by(number: int) -> None:
    world = World(*(entity(f"db-{each}", f"{RESOURCE_ARN[:-4]}{each:04}") for each in range(number)))

    plan = world.planner().plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert (plan.contents is not None) == (number <= MOST_KEPT)


def test_as_long_as_a_binding_is_broken_it_is_not_known_what_bindings_match() -> None:
    broken = InForce((binding(),), (("orders", 1),), (Broken("late", "no YAML", None),))

    plan = World(entity()).planner_of(broken, PolicySet([])).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert plan.contents is None


def test_what_is_of_no_kind_that_can_be_described_leaves_it_unknown_what_a_share_holds() -> None:
    world = World(entity())
    odd = shared_resource("arn:aws:vpc-lattice:us-east-1:111111111111:novelty/n-1", "vpc-lattice:Novelty")
    listed = [shared_resource(), odd]
    world.contents_of_share = lambda share_arn: listed  # type: ignore[method-assign]  # RAM lists one more

    assert world.planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME).contents is None


_parts = st.sampled_from(["a", "b", "ab", "*", "a*", "?"])
_held = st.builds(
    MatchAttributes,
    name=st.sampled_from(["a", "b", "ab"]),
    type=st.sampled_from(["SINGLE", "GROUP"]),
    owner=st.sampled_from([PROVIDER, CONSUMER]),
)
_bindings = st.dictionaries(
    st.sampled_from(["one", "two", "three"]),
    st.fixed_dictionaries(
        {"resource": _parts, "share": _parts},
        optional={"types": st.sampled_from([["SINGLE"], ["GROUP", "SINGLE"]]), "provider": st.just(PROVIDER)},
    ),
)


@given(before=_bindings, after=_bindings, held=st.lists(_held, max_size=3))
def test_the_fingerprint_of_what_matched_changes_just_when_the_bindings_that_match_something_do(
    before: dict[str, dict[str, object]], after: dict[str, dict[str, object]], held: list[MatchAttributes]
) -> None:
    def in_force(matches: dict[str, dict[str, object]]) -> InForce[Binding]:
        things = tuple(binding(name, match=match) for name, match in sorted(matches.items()))
        return InForce(things, tuple((each.name, len(str(each))) for each in things), ())

    def matching(bindings: InForce[Binding]) -> list[tuple[str, object]]:
        versions = dict(bindings.versions)
        return [
            (each.name, versions[each.name]) for each in bindings.things for one in held if each.match.matches(one, "a")
        ]

    was, becomes = in_force(before), in_force(after)

    same = matching_bindings_fingerprint(was, "a", held, NONE_RAISED) == matching_bindings_fingerprint(
        becomes, "a", held, NONE_RAISED
    )

    assert same == (set(matching(was)) == set(matching(becomes)))


UNOWNED = Endpoint(id="vpce-lost", state=State.AVAILABLE, ours=False)


def lost(world: World, *, recorded: dict[str, str]) -> Plan:
    planner = world.planner_of(
        InForce((binding(),), (("orders", 1),), ()),
        PolicySet([parse_policy("test", "permit(principal, action, resource);")]),
        recorded=lambda share_arn: recorded if share_arn == SHARE_ARN else {},
    )
    return planner.plan(SHARE_ARN, requester(), [], EVALUATION_TIME)


@pytest.mark.parametrize(
    ("endpoint", "recorded"),
    [
        (UNOWNED, {f"orders/orders-db/{VPC}": "vpce-lost"}),
        (msgspec.structs.replace(UNOWNED, was_ours=True), {}),
    ],
)
def test_an_endpoint_whose_tags_somebody_took_is_reported_and_not_made_a_second_time(
    endpoint: Endpoint, recorded: dict[str, str]
) -> None:
    world = World(entity())
    world.unowned_endpoints = [msgspec.structs.replace(UNOWNED, id="vpce-theirs"), endpoint]

    plan = lost(world, recorded=recorded)

    (reason,) = plan.refused
    assert (reason.code, reason.source, plan.associations) == ("ownership-lost", "orders", ())
    assert f"vpce-lost in {VPC} was made for this binding" in reason.text


@pytest.mark.parametrize(
    "recorded", [{}, {f"orders/orders-db/{VPC}": "vpce-gone"}, {f"other/orders-db/{VPC}": "vpce-lost"}]
)
def test_an_endpoint_that_somebody_made_to_the_same_resource_keeps_nobody_from_making_ours(
    recorded: dict[str, str],
) -> None:
    world = World(entity())
    world.unowned_endpoints = [UNOWNED]

    plan = lost(world, recorded=recorded)

    assert (len(plan.associations), plan.refused) == (1, ())


def test_the_ledger_is_asked_only_where_there_is_an_unowned_endpoint() -> None:
    world = World(entity())

    def unexpected(share_arn: str) -> dict[str, str]:
        raise AssertionError(share_arn)

    planner = world.planner_of(
        InForce((binding(),), (("orders", 1),), ()),
        PolicySet([parse_policy("test", "permit(principal, action, resource);")]),
        recorded=unexpected,
    )

    assert len(planner.plan(SHARE_ARN, requester(), [], EVALUATION_TIME).associations) == 1


SHARING = {"mode": "service-network", "vpc": VPC, "serviceNetwork": {"name": "shared", "create": True}}


@pytest.mark.parametrize(
    ("other", "elsewhere"),
    [
        ({"privateDns": "verified"}, True),
        ({"privateDns": "off"}, False),
        ({"privateDns": "verified", "serviceNetwork": {"name": "another"}}, False),
        ({"privateDns": "verified", "serviceNetwork": "sn-0123456789abcdef0"}, True),
        ({"privateDns": "verified", "mode": "service-network-endpoint"}, False),
    ],
)
def test_private_dns_is_a_binding_s_alone_where_no_other_can_have_it_by_the_same_network(
    other: dict[str, Any], elsewhere: bool
) -> None:
    mine = binding(attach=SHARING | {"privateDns": "verified"})
    second = binding("second", match={"resource": "other-*"}, attach=SHARING | other)

    plan = World(entity()).planner(mine, second).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)

    assert [document_of(each).names_elsewhere for each in plan.associations] == [elsewhere]


def test_a_binding_that_can_t_be_read_may_have_private_dns_by_any_network() -> None:
    broken = (Broken("second", "line 3: no", None),)
    world = World(entity())
    in_force = InForce((binding(attach=SHARING),), (("orders", 1),), broken)
    planner = world.planner_of(in_force, PolicySet([parse_policy("test", "permit(principal, action, resource);")]))

    (planned,) = planner.plan(SHARE_ARN, requester(), [], EVALUATION_TIME).associations

    assert document_of(planned).names_elsewhere


def test_what_a_binding_says_of_subnets_and_addresses_is_in_the_plan() -> None:
    named = binding(attach=ATTACH | {"subnets": ["subnet-0123456789abcdef0"], "ipAddressType": "ipv4"})

    plans = [
        World(entity()).planner(each).plan(SHARE_ARN, requester(), [], EVALUATION_TIME) for each in (binding(), named)
    ]

    assert [
        (each.subnet_ids, each.subnets_named, each.address_type)
        for plan in plans
        for each in map(document_of, plan.associations)
    ] == [(("subnet-0a", "subnet-0b"), False, ""), (("subnet-0123456789abcdef0",), True, "ipv4")]


class Suspending(World):
    """A share in which one resource is suspended."""

    asked_of: tuple[str, ...] = ()

    def contents_of_share(self, share_arn: str) -> list[SharedResource]:
        unavailable = SharedResource(f"{RESOURCE_ARN}9", "vpc-lattice:resourceconfiguration", SHARE_ARN, "UNAVAILABLE")
        return [*super().contents_of_share(share_arn), unavailable]

    def describe(self, resources: Any) -> list[Entity | Undescribed]:
        self.asked_of = tuple(each.arn for each in resources)
        return [*self.described]


@pytest.mark.parametrize(("match", "refused"), [({}, ["resource-unavailable"]), ({"provider": STRANGER}, [])])
def test_what_is_suspended_is_not_planned_not_gone_and_stops_nothing_else(
    match: dict[str, str], refused: list[str]
) -> None:
    world = Suspending(entity())
    expected = [shared_resource(), shared_resource(f"{RESOURCE_ARN}9")]

    plan = world.planner(binding(match=match)).plan(SHARE_ARN, requester(), expected, EVALUATION_TIME)

    assert world.asked_of == (RESOURCE_ARN,)
    assert [each.resource.arn for each in plan.associations] == ([RESOURCE_ARN] if refused else [])
    assert [reason.code for reason in plan.refused] == refused
    assert plan.contents is None


def test_nothing_is_planned_of_a_share_that_is_listed_and_not_in_effect() -> None:
    world = World(entity())
    suspended = Share(arn=SHARE_ARN, name="orders", owner=PROVIDER, in_effect=False)

    with mock.patch.object(world, "share", return_value=suspended), pytest.raises(NotReadyError, match="in effect"):
        world.planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)
