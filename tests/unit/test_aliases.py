"""Names of our own: what nobody should have by accident is refused, and one name is one binding's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.association import Alias, Plan
from drawbridge.association.aliases import RESERVED, AliasCheck, Holder, HostedZone, alias_fault, alias_of
from drawbridge.association.binding import Binding
from drawbridge.association.claims import conflict_among
from drawbridge.association.in_force import bindings_in_force
from drawbridge.association.parse_binding import parse_binding
from drawbridge.decision.policies import parse_policy
from drawbridge.errors import ConflictError, InvalidInputError
from tests.builders import EVALUATION_TIME, PROVIDER, RESOURCE_ARN, SHARE_ARN, desired, entity, requester
from tests.builders import VPC_ID as VPC
from tests.fakes.configuration import InMemoryParameters
from tests.fakes.zones import InMemoryZones
from tests.unit.planning import ATTACH, ZONE, World

ALIASED: dict[str, Any] = {"alias": "{resource}.corp.example", "alias_zone": ZONE, "alias_zone_name": "corp.example"}


def binding(name: str, alias: str, *, resource: str = "*", public: bool = False, **attach: Any) -> Binding:
    written = {"zone": ZONE, "name": alias} | ({"public": True} if public else {})
    return parse_binding(
        name, json.dumps({"match": {"resource": resource}, "attach": ATTACH | attach | {"alias": written}})
    )


def planned(world: World, *bindings: Binding, policy: str = "permit(principal, action, resource);") -> Plan:
    return world.planner(*bindings, policy=policy).plan(SHARE_ARN, requester(), [], EVALUATION_TIME)


def codes(plan: Plan) -> list[str]:
    return [reason.code for reason in plan.refused]


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_provider_chooses_no_name_that_clients_look_up_by_themselves(name: str) -> None:
    for spelling in (name, name.upper()):
        plan = planned(World(entity(spelling)), binding("any", "{resource}.corp.example"))

        assert (plan.associations, codes(plan)) == ((), ["alias-reserved"])
        assert name in plan.refused[0].text


@pytest.mark.parametrize(
    "alias",
    ["wpad.corp.example", "isatap.eu.corp.example", "_kerberos.corp.example", "a._tcp.corp.example", "corp.example"],
)
def test_nor_does_a_binding_by_itself(alias: str) -> None:
    assert codes(planned(World(entity()), binding("any", alias))) == ["alias-reserved"]


def test_of_the_labels_the_first_one_is_what_clients_look_up() -> None:
    assert planned(World(entity("wpad")), binding("any", "db.{resource}.corp.example")).associations


def test_a_child_gets_neither_such_a_name_nor_the_zone_s_own() -> None:
    group = desired(resource_type="GROUP", **ALIASED)

    for name in ("wpad", "LOCALHOST"):
        with pytest.raises(ConflictError, match="alias-reserved"):
            alias_of(group, name)
    with pytest.raises(ConflictError, match="zone's own name"):
        alias_of(desired(resource_type="GROUP", **(ALIASED | {"alias": "{resource}.example"})), "corp")


def test_a_policy_that_says_so_lets_a_reserved_name_be_made() -> None:
    policy = (
        'permit(principal, action == Action::"associate", resource);'
        f'@alias("reserved") permit(principal == Account::"{PROVIDER}", action == Action::"associate", resource)'
        ' when { context has alias && context.alias == "mail.corp.example" };'
    )
    world = World(entity("mail"), entity("wpad", f"{RESOURCE_ARN}0"))

    plan = planned(world, binding("any", "{resource}.corp.example"), policy=policy)

    assert [each.resource.name for each in plan.associations] == ["mail"]
    assert codes(plan) == ["alias-reserved"]


def test_an_annotation_that_nobody_knows_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="@alias"):
        parse_policy("odd", '@alias("everything") permit(principal, action, resource);')


FORBID_LOGIN = (
    "permit(principal, action, resource);"
    '@reason("ours") forbid(principal, action == Action::"associate", resource)'
    ' when { context has alias && context.alias like "login.*" };'
)


def test_names_are_policy_s_matter() -> None:
    world = World(entity("login"), entity("orders", f"{RESOURCE_ARN}0"))

    plan = planned(world, binding("any", "{resource}.corp.example"), policy=FORBID_LOGIN)

    assert [each.resource.name for each in plan.associations] == ["orders"]
    assert codes(plan) == ["association-not-permitted"]
    assert planned(world, parse_binding("none", json.dumps({"attach": ATTACH})), policy=FORBID_LOGIN).associations


def test_a_name_that_is_not_known_yet_counts_against_the_requester() -> None:
    group = World(entity("things", type="GROUP"))
    permits = 'permit(principal, action, resource) when { context has alias && context.alias like "*.corp.example" };'

    for policy in (FORBID_LOGIN, permits):
        assert codes(planned(group, binding("any", "{resource}.corp.example"), policy=policy)) == [
            "association-not-permitted"
        ]
    assert planned(group, binding("any", "things.corp.example"), policy=FORBID_LOGIN).associations


def test_a_public_zone_is_refused_unless_the_binding_says_so() -> None:
    world = World(entity())
    world.zones_there = {ZONE: HostedZone(name="corp.example", private=False)}

    assert codes(planned(world, binding("any", "{resource}.corp.example"))) == ["alias-public"]
    assert planned(world, binding("any", "{resource}.corp.example", public=True)).associations


@pytest.mark.parametrize(
    ("alias", "resource", "code"),
    [
        ("{resource}.elsewhere.example", "db", "alias-not-possible"),
        ("{resource}.notcorp.example", "db", "alias-not-possible"),
        ("{resource}.corp.example", "not_a_label", "alias-not-possible"),
        (f"{'{resource}.' * 5}corp.example", "d" * 60, "alias-not-possible"),
    ],
)
def test_a_name_that_can_not_be_is_refused_before_anything_is_made(alias: str, resource: str, code: str) -> None:
    assert codes(planned(World(entity(resource)), binding("any", alias))) == [code]


def test_a_zone_that_is_not_there_is_reported() -> None:
    world = World(entity())
    world.zones_there = {}

    assert codes(planned(world, binding("any", "{resource}.corp.example"))) == ["no-hosted-zone"]


def test_a_name_is_one_binding_s() -> None:
    world = World(entity())
    world.holders[Alias(zone_id=ZONE, name="orders-db.corp.example")] = Holder(
        subject=RESOURCE_ARN, binding="first", vpc_id=VPC
    )

    plan = planned(world, binding("second", "{resource}.corp.example"))

    assert (plan.associations, codes(plan)) == ((), ["alias-taken"])
    assert "binding first's" in plan.refused[0].text
    assert planned(world, binding("first", "{resource}.corp.example")).associations


def test_of_two_that_claim_one_name_in_one_plan_the_first_gets_it() -> None:
    world = World(entity("one"), entity("two", f"{RESOURCE_ARN}0"))

    plan = planned(world, binding("any", "db.corp.example"))

    assert [each.resource.name for each in plan.associations] == ["one"]
    assert codes(plan) == ["alias-taken"]


def test_bindings_that_claim_one_name_whatever_they_match_are_in_conflict() -> None:
    first, second = binding("a", "db.corp.example", resource="x"), binding("b", "db.corp.example", resource="y")

    conflict = conflict_among([first, second])

    assert conflict is not None
    assert {*conflict.blame} == {"a", "b"}
    assert conflict_among([first, binding("b", "{resource}.corp.example")]) is None
    assert conflict_among([first, parse_binding("b", json.dumps({"attach": ATTACH}))]) is None


def test_of_two_that_claim_one_name_the_one_written_last_is_not_in_force() -> None:
    text = json.dumps({"attach": ATTACH | {"alias": {"zone": ZONE, "name": "db.corp.example"}}})
    without = json.dumps({"attach": ATTACH})

    in_force = bindings_in_force(InMemoryParameters("bindings", {"a": [text], "b": [without, text]}))

    assert [(each.name, each.attach.alias is None) for each in in_force.things] == [("a", False), ("b", True)]
    assert [each.name for each in in_force.broken] == ["b"]
    assert "binding a's too" in in_force.broken[0].reason


def test_an_alias_check_asks_for_each_zone_once() -> None:
    zones = InMemoryZones(**{ZONE: HostedZone(name="corp.example", private=True)})

    check = AliasCheck(zones)
    for _ in range(3):
        assert check.zone_name(ZONE) == "corp.example"
        assert check.blocker(desired(**ALIASED), public=False) is None
    assert check.blocker(desired(), public=False) is None

    assert zones.asked_for_zones == [ZONE]


@given(
    st.text(max_size=30),
    st.sampled_from(["{resource}.corp.example", "{resource}.example", "a.{resource}.corp.example"]),
)
def test_whatever_a_resource_is_called_its_name_is_in_the_zone_and_nobody_s_by_accident(name: str, alias: str) -> None:
    asked = desired(**(ALIASED | {"alias": alias}))

    assert asked.alias is not None
    if alias_fault(asked.alias, name) is None:
        made = alias_of(asked, name)
        assert made is not None
        first, *_ = made.name.split(".")
        assert first not in RESERVED
        assert made.name.endswith(".corp.example")
        assert made.name.isascii()
        assert "_" not in made.name
