"""Publication: names once they are usable, and only if they changed."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.errors import ConflictError, NotReadyError, RequestGoneError
from drawbridge.publication.documents import ConnectionDocument, says_the_same, to_parameter
from drawbridge.publication.names import LONGEST_SEGMENT, connection_path, parameter_segment
from drawbridge.publication.parameters import ObservedParameter
from drawbridge.request import EndpointConnectionRequest
from drawbridge.request.connections import ConnectionState, EndpointConnection, LoadBalancer
from tests.builders import ATTACHMENT_ID, CONNECTION, CONSUMER, ENDPOINT_ID, NOW, RESOURCE_ARN, SERVICE_ID, desired
from tests.fakes.listed_connections import InMemoryListedConnections
from tests.fakes.parameter_store import InMemoryPublicationStore
from tests.unit.publishing import NAME, World, named, publication, publish_consumer

PLAIN = "/drawbridge/connections/orders/orders-db/dns-name"
DOCUMENT = "/drawbridge/connections/orders/orders-db/connection"
ANY = st.text()


def publish(world: World, names: InMemoryPublicationStore, **changes: Any) -> str:
    return publication(world, names, desired(**changes)).dns_name


@given(ANY)
def test_any_name_becomes_one_legal_level_of_a_parameter_name(name: str) -> None:
    assert re.fullmatch(rf"[A-Za-z0-9_.-]{{1,{LONGEST_SEGMENT}}}", parameter_segment(name))


@given(ANY, ANY)
def test_two_different_names_never_land_on_one_parameter(one: str, other: str) -> None:
    assert (parameter_segment(one) == parameter_segment(other)) is (one == other)


@given(st.text("a_é/", max_size=6), st.text("a_é/5F", max_size=12))
def test_names_that_look_like_escapes_do_not_collide_either(one: str, other: str) -> None:
    assert (parameter_segment(one) == parameter_segment(other)) is (one == other)
    assert (parameter_segment(parameter_segment(one)) == parameter_segment(one)) is ("__" not in parameter_segment(one))


@pytest.mark.parametrize("name", ["orders-db", "orders_db", "Orders.v2"])
def test_an_ordinary_name_stays_as_it_is(name: str) -> None:
    assert parameter_segment(name) == name


@pytest.mark.parametrize("name", ["", "/", "a/../b", "名前", "{{ssm:secret}}", "a" * 500, "\ud800", "a b\n"])
def test_trap_29_a_hostile_name_stays_within_its_level(name: str) -> None:
    path = connection_path("drawbridge", "orders", name, None)

    assert path.count("/") == 4
    assert re.fullmatch(r"[A-Za-z0-9_./-]+", path)


def test_the_name_is_published_plain_and_with_all_that_belongs_to_it() -> None:
    names = InMemoryPublicationStore()

    publish(World(named()), names)

    assert names.writes == [PLAIN, DOCUMENT]
    assert names.there[PLAIN].value == NAME
    assert json.loads(names.there[DOCUMENT].value) == {
        "schemaVersion": 1,
        "dnsName": NAME,
        "hostedZoneId": "Z1",
        "privateDnsName": None,
        "privateHostedZoneId": None,
        "portRanges": ["5432"],
        "protocol": "TCP",
        "mode": "resource-endpoint",
        "vpcId": "vpc-0123456789abcdef0",
        "endpointId": "vpce-019b",
        "associationId": "vpce-rsc-asc-1",
        "serviceNetworkArn": None,
        "vpcAssociationId": None,
        "resourceConfigurationArn": RESOURCE_ARN,
        "groupArn": None,
        "alias": None,
        "provider": "111111111111",
        "publishedAt": "2026-11-21T12:00:00+00:00",
    }


def test_trap_20_nothing_is_written_when_nothing_changed() -> None:
    names = InMemoryPublicationStore()
    publish(World(named()), names)
    names.writes.clear()

    publish(World(named()), names)

    assert names.writes == []


def test_a_name_that_changed_is_written_anew() -> None:
    names = InMemoryPublicationStore()
    publish(World(named()), names)

    publish(World(named(dns_name="vpce-new.example")), names)

    assert names.there[PLAIN].value == "vpce-new.example"


@pytest.mark.parametrize(
    "world",
    [
        World(),
        World(named(dns_name="")),
        World(named(accessible=False)),
        World(named("arn:of:another")),
    ],
)
def test_trap_12_a_name_appears_only_once_it_is_usable(world: World) -> None:
    names = InMemoryPublicationStore()

    with pytest.raises(NotReadyError):
        publish(world, names)

    assert names.writes == []


def test_a_binding_by_tag_publishes_for_each_vpc() -> None:
    names = InMemoryPublicationStore()

    publish(World(named()), names, per_vpc=True)

    assert "/drawbridge/connections/orders/orders-db/vpc-0123456789abcdef0/dns-name" in names.there


@pytest.mark.parametrize("name", [PLAIN, DOCUMENT])
def test_a_parameter_that_is_not_ours_is_never_overwritten(name: str) -> None:
    names = InMemoryPublicationStore(**{name: ObservedParameter(value="somebody's", subject="")})

    with pytest.raises(ConflictError, match="not Drawbridge's"):
        publish(World(named()), names)

    assert names.there[name].value == "somebody's"


@pytest.mark.parametrize(
    ("of_whom", "shared"), [("111111111111", True), ("444444444444", True), ("444444444444", False)]
)
def test_a_name_is_taken_over_from_no_other_provider_and_from_nothing_that_is_still_shared(
    of_whom: str, shared: bool
) -> None:
    names = InMemoryPublicationStore(**{DOCUMENT: ObservedParameter(value="{}", subject=old_resource(of_whom))})

    with pytest.raises(ConflictError, match=of_whom):
        publish(World(named(), shared=shared), names)


def old_resource(provider: str) -> str:
    return f"arn:aws:vpc-lattice:us-east-1:{provider}:resourceconfiguration/rcfg-00000000000000000"


def test_a_resource_that_was_recreated_takes_its_name_over() -> None:
    names = InMemoryPublicationStore(
        **{name: ObservedParameter(value="{}", subject=old_resource("111111111111")) for name in (PLAIN, DOCUMENT)}
    )

    publish(World(named(), shared=False), names)

    assert {owned.subject for owned in names.there.values()} == {RESOURCE_ARN}


@pytest.mark.parametrize("broken_at", [0, 1])
def test_a_crash_between_the_writes_is_made_good_by_the_next_run(broken_at: int) -> None:
    class Crashing(InMemoryPublicationStore):
        def overwrite(self, name: str, value: str, *, subject: str) -> None:
            if len(self.writes) == broken_at:
                raise RuntimeError
            super().overwrite(name, value, subject=subject)

    crashing = Crashing()
    with pytest.raises(RuntimeError):
        publish(World(named()), crashing)
    again = InMemoryPublicationStore(**crashing.there)

    publish(World(named()), again)

    assert {**again.there}.keys() == {PLAIN, DOCUMENT}


@given(ANY, ANY)
def test_no_value_holds_what_parameter_store_refuses_and_json_reads_it_back(one: str, other: str) -> None:
    document = ConnectionDocument(
        dns_name="{{" + one,
        hosted_zone_id="",
        private_dns_name=other + "{{{",
        port_ranges=(),
        protocol="TCP",
        mode="resource-endpoint",
        vpc_id="",
        endpoint_id="",
        association_id="",
        resource_configuration_arn="",
        provider="",
        published_at="now",
    )

    value = to_parameter(document)

    assert "{{" not in value
    assert says_the_same(document, value)


def connection(state: ConnectionState, *names: tuple[str, str]) -> EndpointConnection:
    return EndpointConnection(
        asked_at=NOW,
        service_id=SERVICE_ID,
        endpoint_id=ENDPOINT_ID,
        owner=CONSUMER,
        state=state,
        region="us-east-1",
        dns_names=names,
    )


def connections(
    state: ConnectionState, *names: tuple[str, str], balancers: frozenset[LoadBalancer] = frozenset()
) -> InMemoryListedConnections:
    return InMemoryListedConnections(msgspec.structs.replace(connection(state, *names), load_balancers=balancers))


def test_a_consumers_names_are_published_on_the_providers_side() -> None:
    names = InMemoryPublicationStore()
    available = connections(ConnectionState.AVAILABLE, ("regional.example", "Z1"), ("zonal.example", "Z1"))

    publication = publish_consumer(CONNECTION, available, names, prefix="drawbridge", now=NOW)

    plain, document_path = publication.parameters
    assert plain == f"/drawbridge/consumers/{CONSUMER}/{ENDPOINT_ID}/dns-name"
    assert names.there[plain].value == "regional.example"
    assert json.loads(names.there[document_path].value)["zonalDnsNames"] == ["zonal.example"]


def test_trap_16_a_connection_that_is_usable_in_part_is_published() -> None:
    partial = connections(ConnectionState.PARTIAL, ("regional.example", "Z1"))

    publication = publish_consumer(CONNECTION, partial, InMemoryPublicationStore(), prefix="drawbridge", now=NOW)

    assert publication.dns_name == "regional.example"


@pytest.mark.parametrize(
    ("state", "named", "error"),
    [
        (ConnectionState.UNKNOWN, True, NotReadyError),
        (ConnectionState.PENDING, True, NotReadyError),
        (ConnectionState.AVAILABLE, False, NotReadyError),
        (ConnectionState.DELETED, True, RequestGoneError),
        (ConnectionState.REJECTED, True, RequestGoneError),
    ],
)
def test_a_connection_that_is_not_usable_is_not_published(
    state: ConnectionState, named: bool, error: Callable[..., Exception]
) -> None:
    names = InMemoryPublicationStore()
    dns_names = [("regional.example", "Z1")] if named else []

    with pytest.raises(error):  # type: ignore[call-overload]  # one of two classes
        publish_consumer(CONNECTION, connections(state, *dns_names), names, prefix="drawbridge", now=NOW)

    assert names.writes == []


def test_a_connection_that_is_not_listed_is_the_request_s_end() -> None:
    with pytest.raises(RequestGoneError, match="is listed"):
        publish_consumer(
            CONNECTION, InMemoryListedConnections(), InMemoryPublicationStore(), prefix="drawbridge", now=NOW
        )


GATEWAY = frozenset({LoadBalancer.GATEWAY})


def test_an_endpoint_that_never_has_names_is_published_without_one() -> None:
    names = InMemoryPublicationStore()
    available = connections(ConnectionState.AVAILABLE, balancers=GATEWAY)

    publication = publish_consumer(CONNECTION, available, names, prefix="drawbridge", now=NOW)
    writes = len(names.writes)
    again = publish_consumer(CONNECTION, available, names, prefix="drawbridge", now=NOW + timedelta(days=1))

    (document_path,) = publication.parameters
    document = json.loads(names.there[document_path].value)
    assert document_path == f"/drawbridge/consumers/{CONSUMER}/{ENDPOINT_ID}/connection"
    assert (document["dnsName"], document["hostedZoneId"], document["zonalDnsNames"]) == (None, None, [])
    assert (document["endpointId"], document["serviceId"]) == (ENDPOINT_ID, SERVICE_ID)
    assert again == publication
    assert len(names.writes) == writes


@pytest.mark.parametrize(
    "balancers", [frozenset(), GATEWAY, frozenset(LoadBalancer)], ids=["untold", "gateway", "both"]
)
def test_an_attachment_of_a_transit_gateway_is_published_without_a_name_whatever_aws_tells_of_its_service(
    balancers: frozenset[LoadBalancer],
) -> None:
    names = InMemoryPublicationStore()
    request = EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=ATTACHMENT_ID)
    attached = msgspec.structs.replace(
        connection(ConnectionState.AVAILABLE), endpoint_id=ATTACHMENT_ID, region="", load_balancers=balancers
    )

    publication = publish_consumer(request, InMemoryListedConnections(attached), names, prefix="drawbridge", now=NOW)

    assert publication.parameters == (f"/drawbridge/consumers/{CONSUMER}/{ATTACHMENT_ID}/connection",)
    document = json.loads(names.there[publication.parameters[0]].value)
    assert (document["endpointId"], document["dnsName"], document["endpointRegion"]) == (ATTACHMENT_ID, None, "")


def test_an_endpoint_of_another_region_is_published_with_both_regions_and_its_address_type() -> None:
    names = InMemoryPublicationStore()
    abroad = msgspec.structs.replace(
        connection(ConnectionState.AVAILABLE, ("regional.example", "Z1")),
        region="eu-west-1",
        service_region="us-east-1",
        ip_address_type="dualstack",
    )

    publication = publish_consumer(CONNECTION, InMemoryListedConnections(abroad), names, prefix="drawbridge", now=NOW)

    document = json.loads(names.there[publication.parameters[1]].value)
    assert (document["endpointRegion"], document["serviceRegion"]) == ("eu-west-1", "us-east-1")
    assert document["ipAddressType"] == "dualstack"


def test_a_document_of_an_earlier_version_is_read_and_replaced_once() -> None:
    names = InMemoryPublicationStore()
    told = InMemoryListedConnections(
        msgspec.structs.replace(
            connection(ConnectionState.AVAILABLE, ("regional.example", "Z1")),
            service_region="us-east-1",
            ip_address_type="ipv4",
        )
    )
    publish_consumer(CONNECTION, told, names, prefix="drawbridge", now=NOW)
    (path,) = (name for name in names.there if name.endswith("/connection"))
    earlier = json.loads(names.there[path].value)
    del earlier["serviceRegion"], earlier["ipAddressType"]
    names.there[path] = ObservedParameter(value=json.dumps(earlier), subject=ENDPOINT_ID)

    for _ in range(2):
        publish_consumer(CONNECTION, told, names, prefix="drawbridge", now=NOW + timedelta(days=1))

    assert json.loads(names.there[path].value)["serviceRegion"] == "us-east-1"
    assert len([each for each in names.writes if path in str(each)]) == 2


@pytest.mark.parametrize(
    "balancers",
    [frozenset(), frozenset({LoadBalancer.NETWORK}), frozenset(LoadBalancer)],
    ids=["untold", "network", "both"],
)
def test_a_name_that_may_still_come_is_waited_for(balancers: frozenset[LoadBalancer]) -> None:
    late = connections(ConnectionState.AVAILABLE, balancers=balancers)

    with pytest.raises(NotReadyError, match="no name yet"):
        publish_consumer(CONNECTION, late, InMemoryPublicationStore(), prefix="drawbridge", now=NOW)


def test_a_name_that_such_an_endpoint_has_nevertheless_is_published() -> None:
    named = connections(ConnectionState.AVAILABLE, ("regional.example", "Z1"), balancers=GATEWAY)

    assert (
        publish_consumer(CONNECTION, named, InMemoryPublicationStore(), prefix="drawbridge", now=NOW).dns_name
        == "regional.example"
    )
