"""Publishing what has several names, or a name of our own: groups, service networks and aliases."""

from __future__ import annotations

import json
from typing import Any

import pytest

from drawbridge.association import Alias, MadeAttachment, Mode
from drawbridge.association.aliases import Holder, alias_of
from drawbridge.errors import ConflictError, NotReadyError
from drawbridge.lattice import Entity, ResourceKind
from drawbridge.publication.documents import read_connection
from drawbridge.publication.named import NamedResource
from drawbridge.publication.parameters import ObservedParameter
from tests.builders import (
    NETWORK,
    PROVIDER,
    REPOSITORY,
    RESOURCE_ARN,
    SERVICE_ARN,
    SHARED_NETWORK_ARN,
    VPC_ID,
    desired,
    desired_by_network,
    entity,
)
from tests.fakes.parameter_store import InMemoryPublicationStore
from tests.unit.publishing import BY_ENDPOINT, World, named, publication

GROUP = desired(resource_name="group", resource_type="GROUP")
BY_NETWORK = MadeAttachment(network_arn=NETWORK.arn, resource_association="snra-group", vpc_association="snva-1")
ALIASED = {"alias": "{resource}.db.internal", "alias_zone": "Z0123456789"}


def arn_of(child: str) -> str:
    return f"{RESOURCE_ARN}-{child}"


def child(name: str, **changes: Any) -> NamedResource:
    fields = {"group_arn": RESOURCE_ARN, "dns_name": f"{name}.example", "association_id": f"asc-{name}"}
    return named(arn_of(name), **(fields | changes))


def world_of(*children: NamedResource) -> World:
    world = World(*children)
    world.entities = {
        each.resource_arn: child_entity(each.resource_arn.removeprefix(f"{RESOURCE_ARN}-"))
        for each in children
        if each.resource_arn != RESOURCE_ARN
    }
    world.not_described = {arn_of("one"), arn_of("two")} - world.entities.keys()
    return world


def child_entity(name: str) -> Entity:
    return entity(name, arn_of(name), type="CHILD", port_ranges=("6379",))


def path(name: str, *, binding: str = "orders") -> str:
    return f"/drawbridge/connections/{binding}/{name}"


def parameters(*names: str) -> list[str]:
    return [f"{path(name)}/{each}" for name in names for each in ("dns-name", "connection")]


def document(names: InMemoryPublicationStore, name: str) -> Any:
    return json.loads(names.there[f"{path(name)}/connection"].value)


@pytest.mark.parametrize("kind", ["GROUP", "ARN"])
def test_children_are_each_published_under_their_own_name(kind: str) -> None:
    names = InMemoryPublicationStore()

    published = publication(world_of(child("two"), child("one")), names, desired(resource_type=kind))

    assert [*published.parameters] == parameters("one", "two")
    assert published.dns_name == "one.example, two.example"
    assert published.pending == ()
    assert sorted(names.there) == sorted(parameters("one", "two"))
    assert names.there[f"{path('one')}/dns-name"] == ObservedParameter(value="one.example", subject=arn_of("one"))
    assert document(names, "one") | {"publishedAt": ""} == {
        "schemaVersion": 1,
        "dnsName": "one.example",
        "hostedZoneId": "Z1",
        "privateDnsName": None,
        "privateHostedZoneId": None,
        "portRanges": ["6379"],
        "protocol": "TCP",
        "mode": "resource-endpoint",
        "vpcId": VPC_ID,
        "endpointId": "vpce-019b",
        "associationId": "asc-one",
        "serviceNetworkArn": None,
        "vpcAssociationId": None,
        "resourceConfigurationArn": arn_of("one"),
        "groupArn": RESOURCE_ARN,
        "alias": None,
        "provider": PROVIDER,
        "publishedAt": "",
    }


def test_trap_20_of_a_group_too_nothing_is_written_when_nothing_changed() -> None:
    names, world = InMemoryPublicationStore(), world_of(child("one"), child("two"))
    publication(world, names, GROUP)
    names.writes.clear()

    publication(world, names, GROUP)

    assert names.writes == []


def test_through_an_endpoint_to_a_network_only_the_group_s_own_children_are_published() -> None:
    by_endpoint = desired_by_network(Mode.SERVICE_NETWORK_ENDPOINT, resource_type="GROUP")
    stranger = child("stranger", group_arn=arn_of("other-group"))
    by = MadeAttachment(endpoint_id="vpce-019b", network_arn=NETWORK.arn, resource_association="snra-group")
    world = world_of(child("one"), stranger)

    published = publication(world, InMemoryPublicationStore(), by_endpoint, by)

    assert [*published.parameters] == parameters("one")
    assert world.asked[0] == "vpce-019b"


def test_trap_12_by_a_network_the_names_are_those_of_the_network() -> None:
    names = InMemoryPublicationStore()
    of_group = named(dns_name="", association_id="snra-group")
    world = world_of(of_group, child("one", group_arn=""))

    published = publication(world, names, desired_by_network(resource_type="GROUP"), BY_NETWORK)

    assert [*published.parameters] == parameters("one")
    assert world.asked == [f"{NETWORK.arn} {RESOURCE_ARN}"]
    shown = document(names, "one")
    assert (shown["endpointId"], shown["serviceNetworkArn"]) == (None, NETWORK.arn)
    assert (shown["vpcAssociationId"], shown["mode"]) == ("snva-1", "service-network")


def test_a_network_without_a_vpc_is_published_without_one() -> None:
    names = InMemoryPublicationStore()
    single = desired_by_network(vpc_id="")

    publication(World(named()), names, single, MadeAttachment(network_arn=NETWORK.arn, resource_association="snra-1"))

    assert (document(names, "orders-db")["vpcId"], document(names, "orders-db")["vpcAssociationId"]) == (None, None)


SHARED = desired_by_network(
    resource_name="net",
    resource_arn=SHARED_NETWORK_ARN,
    resource_kind=ResourceKind.SERVICE_NETWORK,
    resource_type="SERVICE_NETWORK",
)


@pytest.mark.parametrize("by", [MadeAttachment(network_arn=SHARED_NETWORK_ARN, vpc_association="snva-1"), None])
def test_of_a_shared_network_all_that_is_in_it_is_published(by: MadeAttachment | None) -> None:
    """By the network, or by an endpoint to it."""
    by = by or MadeAttachment(endpoint_id="vpce-019b", network_arn=SHARED_NETWORK_ARN)
    names = InMemoryPublicationStore()
    world = World(named(name="db", dns_name="db.example"), named(SERVICE_ARN, name="api", dns_name="api.example"))
    world.entities = {
        RESOURCE_ARN: entity("db"),
        SERVICE_ARN: entity("api", SERVICE_ARN, kind=ResourceKind.SERVICE, protocol="", port_ranges=()),
    }

    published = publication(world, names, SHARED, by)

    assert sorted(published.parameters) == sorted(parameters("db", "api"))
    assert document(names, "api")["groupArn"] == SHARED_NETWORK_ARN


def test_what_came_with_a_shared_network_and_is_not_shared_itself_has_the_name_that_the_network_gives() -> None:
    names = InMemoryPublicationStore()
    world = World(named(name="db", dns_name="db.example"), shared=False)

    published = publication(world, names, SHARED, MadeAttachment(network_arn=SHARED_NETWORK_ARN))

    assert [*published.parameters] == parameters("db")
    assert (document(names, "db")["portRanges"], document(names, "db")["protocol"]) == ([], "")


UNNAMED = [
    child("two", dns_name=""),
    child("two", accessible=False),
    child("two", accessible=False, dns_name="", failure="rcfg-2 is in state CREATE_FAILED."),
]


@pytest.mark.parametrize("late", UNNAMED)
def test_trap_16_of_a_group_what_can_be_used_is_published_whatever_becomes_of_the_rest(late: NamedResource) -> None:
    names = InMemoryPublicationStore()

    published = publication(world_of(child("one"), late), names, GROUP)

    assert (published.dns_name, published.parameters, published.pending) == (
        "one.example",
        (*parameters("one"),),
        (arn_of("two"),),
    )


@pytest.mark.parametrize("late", UNNAMED)
def test_who_is_patient_waits_for_the_rest_and_has_published_what_there_is(late: NamedResource) -> None:
    names = InMemoryPublicationStore()

    with pytest.raises(NotReadyError, match=f"orders/group/{VPC_ID}: 1 of 2 in it have no name yet"):
        publication(world_of(child("one"), late), names, GROUP, patient=True)

    assert sorted(names.there) == sorted(parameters("one"))


def test_an_empty_group_is_waited_for_and_then_is_empty() -> None:
    with pytest.raises(NotReadyError):
        publication(World(), InMemoryPublicationStore(), GROUP, patient=True)

    published = publication(World(), InMemoryPublicationStore(), GROUP)
    assert (published.dns_name, published.parameters, published.pending, published.taken_back) == ("", (), (), ())


def test_a_child_whose_name_is_not_known_is_pending() -> None:
    world = World(child("one"), shared=False)

    assert publication(world, InMemoryPublicationStore(), GROUP).pending == (arn_of("one"),)


@pytest.mark.parametrize("patient", [True, False])
def test_a_single_resource_is_waited_for_however_patient(patient: bool) -> None:
    with pytest.raises(NotReadyError, match="no route"):
        publication(
            World(named(accessible=False, failure="no route")), InMemoryPublicationStore(), desired(), patient=patient
        )


def test_of_many_names_a_few_are_shown_and_all_are_published() -> None:
    children = [child(f"db-{number}") for number in range(9)]

    published = publication(world_of(*children), InMemoryPublicationStore(), GROUP)

    assert published.dns_name == ", ".join(f"db-{number}.example" for number in range(5))
    assert len(published.parameters) == 18


def test_a_child_that_is_gone_is_taken_back_with_the_json_last() -> None:
    names = InMemoryPublicationStore()
    publication(world_of(child("one"), child("two")), names, GROUP)
    names.writes.clear()

    publication(world_of(child("one")), names, GROUP)

    assert names.writes == [f"remove {each}" for each in parameters("two")]
    assert sorted(names.there) == sorted(parameters("one"))


def test_a_listing_that_is_empty_or_leaves_out_what_aws_describes_takes_nothing_back() -> None:
    names = InMemoryPublicationStore()
    publication(world_of(child("one"), child("two")), names, GROUP)
    cut = world_of(child("one"))
    cut.not_described.clear()

    publication(cut, names, GROUP)
    publication(world_of(), names, GROUP, patient=False)

    assert sorted(names.there) == sorted(parameters("one", "two"))


def test_a_child_that_is_there_and_can_not_be_used_keeps_its_name() -> None:
    names = InMemoryPublicationStore()
    publication(world_of(child("one"), child("two")), names, GROUP)

    publication(world_of(child("one"), child("two", accessible=False)), names, GROUP)

    assert sorted(names.there) == sorted(parameters("one", "two"))


def test_a_crash_while_a_child_is_taken_back_is_made_good_by_the_next_run() -> None:
    class Crashing(InMemoryPublicationStore):
        def remove(self, name: str, *, subject: str) -> None:
            super().remove(name, subject=subject)
            raise RuntimeError

    names = Crashing()
    publication(world_of(child("one"), child("two")), names, GROUP)
    with pytest.raises(RuntimeError):
        publication(world_of(child("one")), names, GROUP)
    again = InMemoryPublicationStore(**names.there)

    publication(world_of(child("one")), again, GROUP)

    assert f"{path('two')}/connection" in names.there
    assert sorted(again.there) == sorted(parameters("one"))


def test_a_child_that_is_gone_takes_its_alias_along() -> None:
    names = InMemoryPublicationStore()
    aliased = desired(resource_type="GROUP", **ALIASED)
    before = world_of(child("one"), child("two"))
    publication(before, names, aliased)
    after = world_of(child("one"))
    after.records, after.holders = before.records, before.holders

    assert sorted(before.records) == ["one.db.internal", "two.db.internal"]
    publication(after, names, aliased)

    assert sorted(after.records) == ["one.db.internal"]


def test_what_others_published_below_the_binding_is_never_taken_back() -> None:
    names = InMemoryPublicationStore()
    publication(world_of(child("one"), child("two")), names, GROUP)
    value = names.there[f"{path('two')}/connection"].value
    theirs = {
        f"{path('theirs')}/connection": ObservedParameter(value=value, subject=""),
        f"{path('no-json')}/connection": ObservedParameter(value="{{", subject=arn_of("two")),
        f"{path('two')}/note": ObservedParameter(value="mine", subject=""),
        f"{path('of-no-resource')}/connection": ObservedParameter(value=value.replace(arn_of("two"), ""), subject=""),
    }
    names.there |= theirs

    publication(world_of(child("one")), names, GROUP)

    assert names.there.items() >= theirs.items()
    assert names.there.keys() == {*theirs, *parameters("one")}


@pytest.mark.parametrize(
    "other",
    [
        desired(resource_name="other", resource_type="GROUP", resource_arn=f"{RESOURCE_ARN}9"),
        desired(resource_type="GROUP", vpc_id="vpc-2", per_vpc=True),
        desired(resource_type="GROUP", binding="other"),
    ],
)
def test_what_another_group_vpc_or_binding_has_published_stays(other: Any) -> None:
    names = InMemoryPublicationStore()
    per_vpc = desired(resource_type="GROUP", per_vpc=True)
    of_other = World(child("two", group_arn=other.resource.arn))
    of_other.entities = {arn_of("two"): child_entity("two")}
    published = publication(of_other, names, other).parameters

    publication(world_of(child("one")), names, per_vpc)

    assert names.there.keys() >= {*published}


def test_an_alias_leads_to_the_resource_and_is_published() -> None:
    names, world = InMemoryPublicationStore(), World(named())

    publication(world, names, desired(**ALIASED))

    assert world.records == {"orders-db.db.internal": (named().dns_name, RESOURCE_ARN)}
    assert document(names, "orders-db")["alias"] == {"zoneId": "Z0123456789", "name": "orders-db.db.internal"}


def test_an_alias_that_changed_takes_the_old_record_away() -> None:
    names, world = InMemoryPublicationStore(), World(named())
    publication(world, names, desired(**ALIASED))

    publication(world, names, desired(**(ALIASED | {"alias": "db.internal"})))
    renamed = dict(world.records)
    publication(world, names, desired())

    assert [*renamed] == ["db.internal"]
    assert world.records == {}
    assert document(names, "orders-db")["alias"] is None


def test_an_alias_that_is_another_s_is_published_nowhere() -> None:
    names, world = InMemoryPublicationStore(), World(named())
    world.holders["orders-db.db.internal"] = Holder(subject="another", binding=desired().binding)

    with pytest.raises(ConflictError, match="another's"):
        publication(world, names, desired(**ALIASED))

    assert names.writes == []


def test_what_a_parameter_that_is_not_ours_says_of_an_alias_moves_nothing() -> None:
    names, world = InMemoryPublicationStore(), World(named())
    publication(world, names, desired(**ALIASED))
    records = dict(world.records)
    names.there = {name: ObservedParameter(value=each.value, subject="") for name, each in names.there.items()}

    with pytest.raises(ConflictError, match="not Drawbridge's"):
        publication(world, names, desired())

    assert world.records == records


@pytest.mark.parametrize(
    ("alias", "name", "meant"),
    [
        ("", "orders-db", None),
        ("db.internal", "Not A Label", "db.internal"),
        ("{resource}.internal", "Orders-DB", "orders-db.internal"),
        ("{resource}.{resource}.internal", "db", "db.db.internal"),
    ],
)
def test_an_alias_has_the_resource_s_name_in_small_letters(alias: str, name: str, meant: str | None) -> None:
    expected = Alias(zone_id="Z0123456789", name=meant) if meant else None

    assert alias_of(desired(alias=alias, alias_zone="Z0123456789"), name) == expected


@pytest.mark.parametrize("name", ["orders_db", "-db", "db-", "a.b", "", "x" * 64, "名前", "db\n"])
def test_trap_29_a_name_that_can_not_stand_in_dns_is_refused_with_what_to_do(name: str) -> None:
    with pytest.raises(ConflictError, match="give it an alias in a binding that matches only it"):
        alias_of(desired(**ALIASED), name)


def test_one_child_whose_name_can_not_stand_in_dns_leaves_the_others_theirs() -> None:
    names = InMemoryPublicationStore()
    world = world_of(child("one"), child("two"))
    world.entities[arn_of("one")] = entity("not a label", arn_of("one"))

    with pytest.raises(ConflictError):
        publication(world, names, desired(resource_type="GROUP", **ALIASED))

    assert sorted(names.there) == sorted(parameters("two"))


def test_what_is_published_is_as_its_schema_has_it() -> None:
    folder = REPOSITORY / "docs" / "schemas"
    if not folder.exists():
        pytest.skip("no schemas are published yet")
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(next(folder.glob("*connection*.json")).read_text())
    names = InMemoryPublicationStore()
    publication(world_of(child("one")), names, desired(resource_type="GROUP", **ALIASED))
    publication(World(named()), names, desired(), BY_ENDPOINT)

    for name in ("one", "orders-db"):
        jsonschema.validate(document(names, name), schema)


def test_what_an_earlier_version_published_is_read() -> None:
    earlier = {
        "schemaVersion": 1,
        "dnsName": "a.example",
        "hostedZoneId": "Z1",
        "privateDnsName": None,
        "portRanges": ["5432"],
        "protocol": "TCP",
        "mode": "resource-endpoint",
        "vpcId": VPC_ID,
        "endpointId": "vpce-019b",
        "associationId": "asc",
        "resourceConfigurationArn": RESOURCE_ARN,
        "provider": PROVIDER,
        "publishedAt": "2026-11-21T12:00:00+00:00",
    }

    read = read_connection(json.dumps(earlier))

    assert read is not None
    assert (read.group_arn, read.alias, read.service_network_arn) == (None, None, None)


def test_the_records_that_lead_to_what_was_published_are_noted() -> None:
    published = publication(
        world_of(child("one"), child("two")), InMemoryPublicationStore(), desired(resource_type="GROUP", **ALIASED)
    )

    assert published.attachment is not None
    assert [(each.zone_id, each.name) for each in published.attachment.records] == [
        ("Z0123456789", "one.db.internal"),
        ("Z0123456789", "two.db.internal"),
    ]
    assert publication(World(named()), InMemoryPublicationStore(), desired()).attachment.records == ()  # type: ignore[union-attr]  # it is there


def test_a_name_that_another_binding_publishes_is_not_taken_and_one_that_it_gave_up_is() -> None:
    names, world = InMemoryPublicationStore(), World(named())
    first, second = desired(**ALIASED), desired(binding="second", vpc_id="vpc-00000000000000002", **ALIASED)
    publication(world, names, first)
    before = dict(world.holders)

    with pytest.raises(ConflictError):
        publication(world, names, second)
    assert world.holders == before

    for name in [*names.there]:
        del names.there[name]
    publication(world, names, second)
    assert world.holders["orders-db.db.internal"].binding == "second"


def test_renaming_one_of_two_leaves_the_other_s_name() -> None:
    names, world = InMemoryPublicationStore(), World(named())
    publication(world, names, desired(**ALIASED))
    of_first = dict(world.holders)
    second = desired(binding="second", **(ALIASED | {"alias": "second.internal"}))
    publication(world, names, second)

    publication(world, names, desired(binding="second"))

    assert world.holders == of_first
