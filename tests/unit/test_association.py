"""Association: bindings, plans, and the endpoint that is made once."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.association import WantedAssociation
from drawbridge.association.associate import EndpointState, ResourceEndpoint, associate, client_token
from drawbridge.association.binding import Binding, Mode, VpcTag, parse_binding
from drawbridge.association.plan import MOST_AT_ONCE, Planner, Vpc
from drawbridge.association.resources import SharedConfiguration
from drawbridge.configuration import Broken, InForce
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.policies import parse_policy
from drawbridge.errors import AssociationFailedError, InvalidInputError, NotReadyError
from drawbridge.request.shares import Share, SharedResource
from tests.builders import MOMENT, NOW, PROVIDER, RESOURCE_ARN, SHARE_ARN, asker, shared_resource, wanted

VPC = "vpc-0123456789abcdef0"
ATTACH = {"mode": "resource-endpoint", "vpc": VPC}


YAML_TAGS = [f"attach: !!{tag} x" for tag in ("bool", "int", "float", "timestamp", "binary", "omap", "null", "set")]


def binding(name: str = "orders", **document: object) -> Binding:
    return parse_binding(name, json.dumps({"attach": ATTACH} | document))


def configuration(name: str = "orders-db", arn: str = RESOURCE_ARN) -> SharedConfiguration:
    return SharedConfiguration(
        name=name, arn=arn, share_arn=SHARE_ARN, owner=PROVIDER, type="SINGLE", protocol="TCP", port_ranges=("5432",)
    )


class World:
    """A share in effect, its resources and the VPCs, as AWS lists them."""

    def __init__(self, *described: SharedConfiguration, vpcs: tuple[Vpc, ...] | None = None) -> None:
        self.described = list(described)
        self.vpcs = (Vpc(vpc_id=VPC, subnet_ids=("subnet-0a", "subnet-0b")),) if vpcs is None else vpcs
        self.in_effect = True
        self.shown_tags: dict[str, str] | None = None
        self.asked_for_tags = 0

    def share(self, share_arn: str) -> Share | None:
        return Share(arn=share_arn, name="orders", owner=PROVIDER) if self.in_effect else None

    def contents_of_share(self, share_arn: str) -> list[SharedResource]:
        return [shared_resource(each.arn) for each in self.described]

    def describe(self, resources: object) -> list[SharedConfiguration]:
        return self.described

    def tags(self, arn: str) -> dict[str, str] | None:
        self.asked_for_tags += 1
        return self.shown_tags

    def vpc(self, vpc_id: str) -> Vpc | None:
        return next((vpc for vpc in self.vpcs if vpc.vpc_id == vpc_id), None)

    def tagged(self, tags: dict[str, str]) -> list[Vpc]:
        return list(self.vpcs)

    def planner(self, *bindings: Binding, policy: str = "permit(principal, action, resource);") -> Planner:
        in_force = InForce(tuple(bindings), tuple((each.name, 1) for each in bindings), ())
        return Planner(self, self, self, PolicySet([parse_policy("test", policy)]), in_force)


def test_a_binding_reads_as_json_and_as_yaml() -> None:
    as_yaml = f"match: {{resource: orders-*}}\nattach:\n  mode: resource-endpoint\n  vpc: {VPC}\n"
    as_json = json.dumps({"match": {"resource": "orders-*"}, "attach": ATTACH})

    assert parse_binding("orders", as_yaml) == parse_binding("orders", as_json)


def test_a_binding_may_name_its_vpcs_by_tag() -> None:
    tagged = binding(attach={"mode": "resource-endpoint", "vpc": {"tag": {"Environment": "prod"}}})

    assert tagged.attach.vpc == VpcTag({"Environment": "prod"})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "object"),
        ("attach: [", "line 1"),
        ("attach:\n  mode: x: y", "line 2"),
        ("match: {}", "attach"),
        (f"attach:\n  vpc: {VPC}\n", "mode"),
        (f"attach:\n  mode: teleport\n  vpc: {VPC}\n", "line 2.*teleport"),
        ("attach:\n  mode: resource-endpoint\n  vpc: sg-12345678\n", "line 3"),
        (f"attach:\n  mode: resource-endpoint\n  vpc: {VPC}\n  subents: []\n", "line 4.*subents"),
        (f"attach: {{mode: resource-endpoint, vpc: {VPC}, privateDns: all}}", "privateDns"),
        ("attach: {mode: resource-endpoint, vpc: {tag: {a: b}}, subnets: [subnet-12345678]}", "subnets"),
        (f"attach: {{mode: resource-endpoint, vpc: {VPC}}}\nmatch: {{types: [BOAT]}}", "line 2.*BOAT"),
        ("a: &a [*a]", "line 1.*recursive"),
        ("!!python/object/apply:os.system ['true']", "object"),
        ("attach: !!bool foo", "object"),
        ("[" * 5000, "recursion"),
        ("attach: {mode: resource-endpoint}", "attach.vpc is missing"),
    ],
)
def test_a_binding_that_cannot_take_effect_is_refused_with_name_line_and_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=rf"(?s)binding broken.*{reason}"):
        parse_binding("broken", text)


@pytest.mark.parametrize("name", ["", "a/b", "-a", "a b", "x" * 65, "<!channel>"])
def test_a_binding_whose_name_is_no_single_level_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError, match="a name is one level"):
        parse_binding(name, json.dumps({"attach": ATTACH}))


@given(st.text(max_size=200) | st.text("!&*{}[]:,-\\n abt<|>%?'", max_size=60) | st.sampled_from(YAML_TAGS))
def test_any_text_is_a_binding_or_refused_and_nothing_else(text: str) -> None:
    try:
        parse_binding("any", text)
    except InvalidInputError as error:
        assert "binding any" in str(error)


def test_a_binding_without_match_wants_everything() -> None:
    assert binding().match.matches(configuration(), "any share")


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({"resource": "orders-*"}, True),
        ({"resource": "ORDERS-*"}, False),
        ({"provider": PROVIDER}, True),
        ({"provider": "2222*"}, False),
        ({"share": "or?ers"}, True),
        ({"share": "billing"}, False),
        ({"types": ["SINGLE", "GROUP"]}, True),
        ({"types": ["GROUP"]}, False),
    ],
)
def test_every_glob_of_a_match_has_to_fit(match: dict[str, object], fits: bool) -> None:
    assert binding(match=match).match.matches(configuration(), "orders") is fits


def test_what_a_binding_wants_is_planned_in_every_zone_of_its_vpc() -> None:
    plan = World(configuration()).planner(binding()).plan(SHARE_ARN, asker(), [shared_resource()], MOMENT)

    assert [(each.name, each.subnet_ids) for each in plan.associations] == [
        (f"orders/orders-db/{VPC}", ("subnet-0a", "subnet-0b"))
    ]
    assert plan.refused == ()


def test_planning_twice_plans_the_same() -> None:
    planner = World(configuration("b", RESOURCE_ARN + "b"), configuration("a")).planner(binding())

    assert planner.plan(SHARE_ARN, asker(), [], MOMENT) == planner.plan(SHARE_ARN, asker(), [], MOMENT)


def test_what_no_binding_wants_is_not_planned() -> None:
    plan = World(configuration()).planner(binding(match={"resource": "billing"})).plan(SHARE_ARN, asker(), [], MOMENT)

    assert (plan.associations, plan.refused) == ((), ())


def test_policy_decides_on_each_resource() -> None:
    world = World(configuration("orders-db"), configuration("secrets-db", RESOURCE_ARN + "0"))
    policy = (
        'permit(principal, action == Action::"associate", resource);'
        '@reason("no secrets") forbid(principal, action == Action::"associate", resource)'
        ' when { resource.name like "secrets-*" };'
    )

    plan = world.planner(binding(), policy=policy).plan(SHARE_ARN, asker(), [], MOMENT)

    assert [each.resource_name for each in plan.associations] == ["orders-db"]
    assert [(reason.code, reason.text) for reason in plan.refused] == [
        ("association-not-permitted", "secrets-db: no secrets")
    ]


@pytest.mark.parametrize("mode", [Mode.SERVICE_NETWORK, Mode.SERVICE_NETWORK_ENDPOINT])
def test_a_mode_that_is_not_built_yet_is_refused_by_name(mode: Mode) -> None:
    by_network = binding(attach={"mode": mode, "serviceNetwork": {"name": "shared", "create": True}})

    plan = World(configuration()).planner(by_network).plan(SHARE_ARN, asker(), [], MOMENT)

    assert plan.associations == ()
    assert plan.refused[0].code == "mode-not-supported"
    assert mode in plan.refused[0].text


@pytest.mark.parametrize(("vpcs", "code"), [((), "no-vpc"), ((Vpc(vpc_id=VPC, subnet_ids=()),), "no-subnet")])
def test_a_binding_that_lost_its_vpc_is_told(vpcs: tuple[Vpc, ...], code: str) -> None:
    plan = World(configuration(), vpcs=vpcs).planner(binding()).plan(SHARE_ARN, asker(), [], MOMENT)

    assert [reason.code for reason in plan.refused] == [code]


def test_vpcs_named_by_tag_each_get_their_own() -> None:
    vpcs = tuple(Vpc(vpc_id=f"vpc-0123456{number}", subnet_ids=("subnet-0a",)) for number in range(2))
    by_tag = binding(attach={"mode": "resource-endpoint", "vpc": {"tag": {"Environment": "prod"}}})

    plan = World(configuration(), vpcs=vpcs).planner(by_tag).plan(SHARE_ARN, asker(), [], MOMENT)

    assert [(each.vpc_id, each.per_vpc) for each in plan.associations] == [(vpc.vpc_id, True) for vpc in vpcs]


def test_two_resources_of_one_name_never_claim_one_parameter() -> None:
    world = World(configuration(arn=RESOURCE_ARN + "0"), configuration(arn=RESOURCE_ARN))

    plan = world.planner(binding()).plan(SHARE_ARN, asker(), [], MOMENT)

    assert [each.resource_arn for each in plan.associations] == [RESOURCE_ARN]
    assert [reason.code for reason in plan.refused] == ["name-taken"]


def test_a_share_that_is_not_in_effect_yet_is_waited_for() -> None:
    world = World(configuration())
    world.in_effect = False

    with pytest.raises(NotReadyError, match="not in effect"):
        world.planner(binding()).plan(SHARE_ARN, asker(), [], MOMENT)


def test_what_the_invitation_held_is_waited_for() -> None:
    with pytest.raises(NotReadyError, match="not visible yet"):
        World().planner(binding()).plan(SHARE_ARN, asker(), [shared_resource()], MOMENT)


def test_a_broken_binding_is_named_beside_the_plan() -> None:
    in_force: InForce[Binding] = InForce((), (), (Broken("orders", "binding orders, line 2: bad", None),))
    world = World(configuration())
    planner = Planner(world, world, world, PolicySet([]), in_force)

    plan = planner.plan(SHARE_ARN, asker(), [], MOMENT)

    assert [(reason.code, reason.source) for reason in plan.broken] == [("binding-broken", "orders")]


class Endpoints:
    """Endpoints by client token, as EC2 would keep them."""

    def __init__(self, *existing: ResourceEndpoint) -> None:
        self.existing = list(existing)
        self.by_token: dict[str, ResourceEndpoint] = {}
        self.changes: list[tuple[str, frozenset[str], frozenset[str]]] = []

    def find(self, wanted_: WantedAssociation) -> list[ResourceEndpoint]:
        return self.existing

    def create(self, wanted_: WantedAssociation, token: str) -> ResourceEndpoint:
        return self.by_token.setdefault(token, endpoint(EndpointState.PENDING, f"vpce-{len(self.by_token)}"))

    def change_groups(self, endpoint_id: str, *, add: frozenset[str], remove: frozenset[str]) -> None:
        self.changes.append((endpoint_id, add, remove))


def endpoint(state: EndpointState, endpoint_id: str = "vpce-1") -> ResourceEndpoint:
    return ResourceEndpoint(endpoint_id=endpoint_id, state=state)


def test_a_missing_endpoint_is_made_and_waited_for() -> None:
    endpoints = Endpoints()

    for _ in range(3):
        with pytest.raises(NotReadyError):
            associate(wanted(), endpoints, attempt=1)

    assert len(endpoints.by_token) == 1


@pytest.mark.parametrize("state", [EndpointState.AVAILABLE, EndpointState.PARTIAL])
def test_an_endpoint_that_is_there_is_taken(state: EndpointState) -> None:
    endpoints = Endpoints(endpoint(EndpointState.OVER, "vpce-old"), endpoint(state))

    assert associate(wanted(), endpoints, attempt=1).endpoint_id == "vpce-1"
    assert endpoints.by_token == {}


def test_an_endpoint_that_failed_is_not_doubled_but_told() -> None:
    with pytest.raises(AssociationFailedError, match="vpce-1"):
        associate(wanted(), Endpoints(endpoint(EndpointState.FAILED)), attempt=1)


def test_trap_19_a_client_token_is_short_and_changes_with_all_that_the_endpoint_is_made_of() -> None:
    tokens = {
        client_token(wanted(), 1),
        client_token(wanted(), 2),
        client_token(wanted(vpc_id="vpc-2"), 1),
        client_token(wanted(subnet_ids=("subnet-2",)), 1),
        client_token(wanted(security_group_ids=("sg-2",)), 1),
        client_token(wanted(resource_arn=RESOURCE_ARN + "0"), 1),
        client_token(wanted(private_dns="verified"), 1),
    }

    assert len(tokens) == 7
    assert all(len(token) <= 64 for token in tokens)
    assert client_token(wanted(), 1) == client_token(wanted(), 1)


def test_more_than_a_workflow_can_carry_is_told_and_the_rest_is_made() -> None:
    many = [configuration(f"orders-{number:03}", f"{RESOURCE_ARN}{number}") for number in range(MOST_AT_ONCE + 1)]

    plan = World(*many).planner(binding()).plan(SHARE_ARN, asker(), [], MOMENT)

    assert len(plan.associations) == MOST_AT_ONCE
    assert [reason.code for reason in plan.refused] == ["too-many-associations"]


def test_trap_16_a_kind_with_several_names_is_refused_until_it_is_built() -> None:
    group = msgspec.structs.replace(configuration(), type="GROUP")

    plan = World(group).planner(binding()).plan(SHARE_ARN, asker(), [], MOMENT)

    assert [reason.code for reason in plan.refused] == ["kind-not-supported"]


def test_an_error_inside_a_forbid_refuses_the_association_and_is_told() -> None:
    failing = (
        "permit(principal, action, resource);forbid(principal, action, resource) when { 9223372036854775807 + 1 > 0 };"
    )

    plan = World(configuration()).planner(binding(), policy=failing).plan(SHARE_ARN, asker(), [], MOMENT)

    assert plan.associations == ()
    assert "overflow" in plan.refused[0].text


@pytest.mark.parametrize(
    "text",
    [
        f"attach:\n  mode: resource-endpoint\n  vpc: {VPC}\n  privateDns: off\nmatch:\n  provider: 011111111111\n",
        json.dumps({"attach": ATTACH | {"privateDns": "off"}, "match": {"provider": "011111111111"}}, indent="\t"),
    ],
)
def test_what_yaml_would_guess_at_stays_text(text: str) -> None:
    parsed = parse_binding("orders", text)

    assert parsed.attach.private_dns == "off"
    assert parsed.match.provider == "011111111111"


def test_security_groups_of_a_binding_take_effect_on_an_endpoint_that_is_there() -> None:
    there = ResourceEndpoint(
        endpoint_id="vpce-1", state=EndpointState.AVAILABLE, security_group_ids=frozenset({"sg-old", "sg-both"})
    )
    endpoints = Endpoints(there)

    associate(wanted(security_group_ids=("sg-both", "sg-new")), endpoints, attempt=1)

    assert endpoints.changes == [("vpce-1", frozenset({"sg-new"}), frozenset({"sg-old"}))]


def test_a_binding_without_security_groups_leaves_them_as_they_are() -> None:
    there = ResourceEndpoint(
        endpoint_id="vpce-1", state=EndpointState.AVAILABLE, security_group_ids=frozenset({"sg-default"})
    )
    endpoints = Endpoints(there)

    associate(wanted(security_group_ids=()), endpoints, attempt=1)

    assert endpoints.changes == []


def test_what_the_policy_was_asked_of_each_wanted_resource_is_kept() -> None:
    world = World(configuration(), configuration("users-db", f"{RESOURCE_ARN[:-1]}6"))

    plan = world.planner(binding(match={"resource": "orders-*"})).plan(SHARE_ARN, asker(), [], MOMENT)

    assert plan.grounds is not None
    assert (plan.grounds.at, plan.grounds.zone) == (NOW, "UTC")
    (asked,) = plan.grounds.resources
    assert (asked.name, asked.binding, asked.private_dns) == ("orders-db", "orders", "off")


def test_tags_are_asked_for_only_if_a_policy_goes_by_them() -> None:
    plain, tagged = World(configuration()), World(configuration())
    by_tag = 'permit(principal, action == Action::"associate", resource) when { resource.hasTag("open") };'

    plain.planner(binding()).plan(SHARE_ARN, asker(), [], MOMENT)
    refused = tagged.planner(binding(), policy=by_tag).plan(SHARE_ARN, asker(), [], MOMENT)
    tagged.shown_tags = {"open": "yes"}
    allowed = tagged.planner(binding(), policy=by_tag).plan(SHARE_ARN, asker(), [], MOMENT)

    assert (plain.asked_for_tags, tagged.asked_for_tags) == (0, 2)
    assert refused.associations == ()
    assert "does not show the resource's tags" in refused.refused[0].text
    assert len(allowed.associations) == 1


def test_trap_5_a_resource_that_comes_to_an_accepted_share_is_asked_about_by_itself() -> None:
    world = World(configuration())
    only_5432 = 'permit(principal, action == Action::"associate", resource) when { resource.portRanges == ["5432"] };'
    planner = world.planner(binding(match={}), policy=only_5432)
    before = planner.plan(SHARE_ARN, asker(), [], MOMENT)
    late = msgspec.structs.replace(configuration("late-db", f"{RESOURCE_ARN[:-1]}6"), port_ranges=("22",))
    world.described.append(late)

    after = planner.plan(SHARE_ARN, asker(), [], MOMENT)

    assert (
        [each.resource_name for each in after.associations]
        == ["orders-db"]
        == [each.resource_name for each in before.associations]
    )
    assert [reason.code for reason in after.refused] == ["association-not-permitted"]
    assert before.state != after.state
