"""The resolution of DNS names inside a VPC, requested over HTTP."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from local_aws.server import LocalAws
from local_aws.services.dns import public_dns
from local_aws_tests.accounts import REGION, Person, person
from local_aws_tests.controls import Control
from local_aws_tests.lattice_shares import (
    associate,
    association,
    endpoint_associations,
    named_configuration,
    network,
    network_endpoint,
    resource_endpoint,
    shared,
    shared_configuration,
)
from local_aws_tests.sharing import first_vpc, pass_time
from local_aws_tests.zones import alias, private_zone, put, record


@pytest.fixture
def control(local_aws_server: LocalAws) -> Control:
    return Control(local_aws_server.url)


def resolve(control: Control, **query: str) -> tuple[int, Any]:
    return control.get(f"resolve?{urlencode(query)}")


def resolved_arn(control: Control, who: Person, name: str) -> str | None:
    """Return the ARN that the name resolves to in the account's default VPC; None if it does not resolve there."""
    status, reply = resolve(control, vpc=first_vpc(who)[0], name=name)
    assert status in {200, 404}, reply
    return str(reply["arn"]) if status == 200 else None


def all_names(control: Control, who: Person) -> dict[str, str]:
    """Return all names that resolve in the account's default VPC."""
    status, reply = resolve(control, vpc=first_vpc(who)[0])
    assert status == 200, reply
    names: dict[str, str] = reply["names"]
    return names


def join(who: Person, network_id: str, **options: Any) -> None:
    who.lattice.create_service_network_vpc_association(
        serviceNetworkIdentifier=network_id, vpcIdentifier=first_vpc(who)[0], **options
    )


def endpoint_service(provider: Person, **options: Any) -> dict[str, Any]:
    """Make an endpoint service for all principals."""
    balancer = f"arn:aws:elasticloadbalancing:{REGION}:{provider.account_id}:loadbalancer/net/lb/0123456789abcdef"
    made: dict[str, Any] = provider.ec2.create_vpc_endpoint_service_configuration(
        NetworkLoadBalancerArns=[balancer], AcceptanceRequired=False, **options
    )["ServiceConfiguration"]
    provider.ec2.modify_vpc_endpoint_service_permissions(ServiceId=made["ServiceId"], AddAllowedPrincipals=["*"])
    return made


def interface_endpoint(who: Person, service_name: str, **options: Any) -> dict[str, Any]:
    vpc_id, subnet_ids = first_vpc(who)
    made: dict[str, Any] = who.ec2.create_vpc_endpoint(
        VpcEndpointType="Interface", VpcId=vpc_id, SubnetIds=subnet_ids[:1], ServiceName=service_name, **options
    )["VpcEndpoint"]
    return made


def endpoint_name(who: Person) -> str:
    """Make an endpoint that is available; return its regional name."""
    made = interface_endpoint(who, endpoint_service(who)["ServiceName"])
    pass_time(10)
    return str(made["DnsEntries"][0]["DnsName"])


def test_a_name_resolves_to_a_resource_through_its_network_if_the_vpc_is_in_it(control: Control) -> None:
    provider, consumer, outsider = person(), person(), person()
    arn = shared_configuration(provider, consumer)
    made_in = network(consumer)
    made = associate(consumer, made_in["id"], arn)
    join(consumer, made_in["id"])
    pass_time(15)
    name = association(consumer, made)["dnsEntry"]["domainName"]
    vpc_id, _ = first_vpc(consumer)

    assert resolve(control, vpc=vpc_id, name=name) == (
        200,
        {"name": name, "vpc": vpc_id, "account": consumer.account_id, "arn": arn, "chain": [name]},
    )
    assert all_names(control, consumer) == {name: arn}
    assert resolved_arn(control, outsider, name) is None


@pytest.mark.parametrize("make", [network_endpoint, resource_endpoint])
def test_a_name_resolves_to_a_resource_through_an_endpoint(control: Control, make: Any) -> None:
    provider, consumer = person(), person()
    arn = shared_configuration(provider, consumer)
    target = arn
    if make is network_endpoint:
        made_in = network(consumer)
        associate(consumer, made_in["id"], arn)
        target = made_in["arn"]

    endpoint = make(consumer, target)
    pass_time(15)

    (endpoint_association,) = endpoint_associations(consumer, endpoint)
    assert all_names(control, consumer) == {endpoint_association["DnsEntry"]["DnsName"]: arn}


@pytest.mark.parametrize("through", ["association", "network endpoint", "resource endpoint"])
def test_a_private_name_resolves_to_a_resource(control: Control, through: str) -> None:
    provider, consumer = person(), person()
    arn = named_configuration(provider)
    shared(provider, arn, consumer)
    if through == "resource endpoint":
        resource_endpoint(consumer, arn, PrivateDnsEnabled=True)
    else:
        made_in = network(consumer)
        associate(consumer, made_in["id"], arn, privateDnsEnabled=True)
        if through == "association":
            join(consumer, made_in["id"], privateDnsEnabled=True)
        else:
            network_endpoint(consumer, made_in["arn"], PrivateDnsEnabled=True)
    pass_time(15)

    assert resolved_arn(control, consumer, "db.example.com") == arn
    assert resolved_arn(control, consumer, "other.example.com") is None


def test_a_name_resolves_to_a_service_of_vpc_lattice(control: Control) -> None:
    owner = person()
    made_in = network(owner)
    orders = owner.lattice.create_service(name="orders")
    owner.lattice.create_service_network_service_association(
        serviceNetworkIdentifier=made_in["id"], serviceIdentifier=orders["id"]
    )
    join(owner, made_in["id"])
    pass_time(15)

    assert resolved_arn(control, owner, orders["dnsEntry"]["domainName"]) == orders["arn"]


def test_the_names_of_an_interface_endpoint_resolve_to_its_service_once_it_is_available(control: Control) -> None:
    provider, consumer = person(), person()
    service = endpoint_service(provider)

    made = interface_endpoint(consumer, service["ServiceName"])
    pending = all_names(control, consumer)
    pass_time(10)

    arn = f"arn:aws:ec2:{REGION}:{provider.account_id}:vpc-endpoint-service/{service['ServiceId']}"
    regional, zonal = (entry["DnsName"] for entry in made["DnsEntries"])
    assert pending == {}
    assert all_names(control, consumer) == {regional: arn, zonal: arn}
    assert all_names(control, provider) == {}


def test_the_names_of_an_endpoint_to_a_service_of_awss_resolve_to_the_endpoint(control: Control) -> None:
    consumer = person()
    made = interface_endpoint(consumer, f"com.amazonaws.{REGION}.ssm")
    pass_time(10)

    arn = f"arn:aws:ec2:{REGION}:{consumer.account_id}:vpc-endpoint/{made['VpcEndpointId']}"
    assert set(all_names(control, consumer).values()) == {arn}


def test_a_services_private_name_resolves_once_it_is_verified(control: Control) -> None:
    provider, consumer = person(), person()
    service = endpoint_service(provider, PrivateDnsName="orders.example.com")
    interface_endpoint(consumer, service["ServiceName"], PrivateDnsEnabled=True)
    pass_time(10)

    before = resolved_arn(control, consumer, "orders.example.com")
    to_publish = service["PrivateDnsNameConfiguration"]
    public_dns.publish(f"{to_publish['Name']}.orders.example.com", to_publish["Value"])
    provider.ec2.start_vpc_endpoint_service_private_dns_verification(ServiceId=service["ServiceId"])
    pass_time(10)

    assert before is None
    assert str(resolved_arn(control, consumer, "orders.example.com")).endswith(service["ServiceId"])


def test_records_of_a_private_zone_are_followed_to_what_resolves(control: Control) -> None:
    owner = person()
    target = endpoint_name(owner)
    zone_id = private_zone(owner)
    put(owner, zone_id, alias("db.example.com", target), record("www.example.com", "CNAME", "DB.example.com."))

    status, reply = resolve(control, vpc=first_vpc(owner)[0], name="WWW.Example.COM.")

    assert status == 200
    assert reply["name"] == "www.example.com"
    assert reply["chain"] == ["www.example.com", "db.example.com", target]
    assert reply["arn"] == resolved_arn(control, owner, target)
    assert {"www.example.com", "db.example.com", target} <= all_names(control, owner).keys()


def test_a_record_without_a_target_that_resolves_does_not_resolve(control: Control) -> None:
    owner, other = person(), person()
    elsewhere = endpoint_name(other)
    zone_id = private_zone(owner)
    put(
        owner,
        zone_id,
        alias("dangling.example.com", elsewhere),
        record("public.example.com", "CNAME", "example.org"),
        record("address.example.com", "A", "10.0.0.1"),
        record("text.example.com", "TXT", '"x"'),
    )

    assert all_names(control, owner) == {}
    status, reply = resolve(control, vpc=first_vpc(owner)[0], name="dangling.example.com")
    assert status == 404
    assert reply["error"].startswith(
        f"dangling.example.com does not resolve in {first_vpc(owner)[0]}: nothing there has"
    )


def test_records_in_a_circle_do_not_resolve(control: Control) -> None:
    owner = person()
    zone_id = private_zone(owner)
    put(
        owner,
        zone_id,
        record("a.example.com", "CNAME", "b.example.com"),
        record("b.example.com", "CNAME", "a.example.com"),
        record("self.example.com", "CNAME", "self.example.com"),
    )

    status, reply = resolve(control, vpc=first_vpc(owner)[0], name="a.example.com")

    assert status == 404
    assert "a.example.com -> b.example.com -> a.example.com goes round in a circle" in reply["error"]
    assert resolved_arn(control, owner, "self.example.com") is None


def test_the_most_specific_zone_decides(control: Control) -> None:
    owner = person()
    target = endpoint_name(owner)
    put(owner, private_zone(owner), alias("db.team.example.com", target), alias("db.example.com", target))

    before = resolved_arn(control, owner, "db.team.example.com")
    nearer = private_zone(owner, "team.example.com")
    shadowed = resolved_arn(control, owner, "db.team.example.com")
    put(owner, nearer, alias("db.team.example.com", target))

    assert before is not None
    assert shadowed is None
    assert resolved_arn(control, owner, "db.team.example.com") == before
    assert resolved_arn(control, owner, "db.example.com") == before


def test_a_zone_shadows_awss_own_names_of_its_domain(control: Control) -> None:
    owner = person()
    target = endpoint_name(owner)

    before = resolved_arn(control, owner, target)
    private_zone(owner, "vpce.amazonaws.com")

    assert before is not None
    assert resolved_arn(control, owner, target) is None


def test_a_zone_does_not_shadow_a_private_name_nor_that_name_the_rest_of_the_zone(control: Control) -> None:
    provider, consumer = person(), person()
    arn = named_configuration(provider)
    shared(provider, arn, consumer)
    resource_endpoint(consumer, arn, PrivateDnsEnabled=True)
    target = endpoint_name(consumer)
    zone_id = private_zone(consumer)
    put(consumer, zone_id, alias("db.example.com", target), alias("below.db.example.com", target))

    assert resolved_arn(control, consumer, "db.example.com") == arn
    assert resolved_arn(control, consumer, "below.db.example.com") == resolved_arn(control, consumer, target)


def test_zones_apply_in_their_vpcs_only_and_public_ones_in_none(control: Control) -> None:
    owner = person()
    target = endpoint_name(owner)
    other_vpc = owner.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    put(owner, private_zone(owner, "inside.example", other_vpc), alias("db.inside.example", target))
    public = owner.client("route53").create_hosted_zone(Name="public.example", CallerReference="public")
    put(owner, public["HostedZone"]["Id"], alias("db.public.example", target))

    assert set(all_names(control, owner).values()) == {resolved_arn(control, owner, target)}
    assert not any(name.endswith(".example") for name in all_names(control, owner))


@pytest.mark.parametrize(
    ("attribute", "endpoint_resolves"), [("EnableDnsSupport", False), ("EnableDnsHostnames", True)]
)
def test_a_vpc_needs_dns_and_for_zones_host_names_too(
    control: Control, attribute: str, endpoint_resolves: bool
) -> None:
    owner = person()
    target = endpoint_name(owner)
    put(owner, private_zone(owner), alias("db.example.com", target))
    before = resolved_arn(control, owner, "db.example.com")

    owner.ec2.modify_vpc_attribute(VpcId=first_vpc(owner)[0], **{attribute: {"Value": False}})

    assert before is not None
    assert resolved_arn(control, owner, "db.example.com") is None
    assert (resolved_arn(control, owner, target) is not None) is endpoint_resolves


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("", "vpc: the id of a VPC, such as vpc-0123456789abcdef0, is expected, and there is none"),
        ("name=db.example.com", "vpc: the id of a VPC, such as"),
        ("vpc=&name=db.example.com", "vpc: the id of a VPC, such as vpc-0123456789abcdef0, is expected, not ''"),
        ("vpc=VPC-1&name=db.example.com", "vpc: the id of a VPC, such as"),
        ("vpc=vpc-0123456789abcdef0&name=db.example.com", "vpc: no account has vpc-0123456789abcdef0"),
        ("vpc=vpc-0123456789abcdef0", "vpc: no account has vpc-0123456789abcdef0"),
        ("vpc=vpc-0123456789abcdef0&name=", "name: a DNS name, such as db.example.com"),
        ("vpc=vpc-0123456789abcdef0&name=.", "name: a DNS name, such as db.example.com"),
        ("vpc=vpc-0123456789abcdef0&names=x", "resolve's query: 'names' is unknown, use vpc, name"),
        ("vpc=vpc-0123456789abcdef0&name=a&name=b", "name: give it once"),
    ],
)
def test_an_invalid_query_is_refused_with_the_name_of_the_field(control: Control, query: str, error: str) -> None:
    status, reply = control.get(f"resolve?{query}")

    assert status == 400
    assert reply["error"].startswith(error)
