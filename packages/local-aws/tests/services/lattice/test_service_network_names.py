"""The names that resolve in a consumer's VPC, depending on its connection to a service network."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.services.resolver import vpc_names
from local_aws_tests.accounts import REGION, Person, person
from local_aws_tests.lattice_shares import (
    associate,
    association,
    endpoint_associations,
    group,
    named_configuration,
    network,
    network_endpoint,
    shared,
    shared_configuration,
)
from local_aws_tests.sharing import first_vpc, pass_time


def resolved(owner: Person) -> set[str]:
    vpc_id, _ = first_vpc(owner)
    return set(vpc_names.resolved(owner.account_id, REGION, vpc_id))


def join(owner: Person, network_id: str, **params: Any) -> None:
    vpc_id, _ = first_vpc(owner)
    owner.lattice.create_service_network_vpc_association(
        serviceNetworkIdentifier=network_id, vpcIdentifier=vpc_id, **params
    )


def test_an_associations_name_resolves_in_a_vpc_of_the_network_and_not_by_an_endpoint() -> None:
    """Trap 12."""
    provider, joined, reached = person(), person(), person()
    names = []
    for consumer in (joined, reached):
        arn = shared_configuration(provider, consumer, f"db-of-{consumer.account_id}")
        made_in = network(consumer)
        made = associate(consumer, made_in["id"], arn)
        if consumer is joined:
            join(consumer, made_in["id"])
        else:
            endpoint = network_endpoint(consumer, made_in["arn"])
        pass_time(15)
        names.append(association(consumer, made)["dnsEntry"]["domainName"])

    by_endpoint = endpoint_associations(reached, endpoint)[0]["DnsEntry"]["DnsName"]

    assert resolved(joined) == {names[0]}
    assert resolved(reached) == {by_endpoint}
    assert by_endpoint != names[1]


@pytest.mark.parametrize(
    ("by_association", "by_vpc", "named"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_a_private_name_needs_the_settings_of_both_associations(
    by_association: bool, by_vpc: bool, named: bool
) -> None:
    """Trap 15."""
    provider, consumer = person(), person()
    arn = named_configuration(provider)
    shared(provider, arn, consumer)
    made_in = network(consumer)
    associate(consumer, made_in["id"], arn, privateDnsEnabled=by_association)

    join(consumer, made_in["id"], privateDnsEnabled=by_vpc)
    pass_time(15)

    assert ("db.example.com" in resolved(consumer)) is named


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"privateDnsPreference": "VERIFIED_DOMAINS_ONLY"}, False),
        ({"privateDnsPreference": "ALL_DOMAINS"}, True),
        ({"privateDnsPreference": "SPECIFIED_DOMAINS_ONLY", "privateDnsSpecifiedDomains": ["bank.example"]}, True),
        ({"privateDnsPreference": "SPECIFIED_DOMAINS_ONLY", "privateDnsSpecifiedDomains": ["other.example"]}, False),
    ],
)
def test_a_providers_name_resolves_in_a_vpc_whose_preference_allows_it(options: dict[str, Any], named: bool) -> None:
    """Trap 17."""
    provider, consumer = person(), person()
    arn = named_configuration(provider, "bank.example", verified=False)
    shared(provider, arn, consumer)
    made_in = network(consumer)
    associate(consumer, made_in["id"], arn, privateDnsEnabled=True)

    join(consumer, made_in["id"], privateDnsEnabled=True, dnsOptions=options)
    pass_time(15)

    assert ("db.bank.example" in resolved(consumer)) is named


def test_services_and_children_of_groups_resolve_too() -> None:
    owner = person()
    made_in = network(owner)
    associate(owner, made_in["id"], group(owner, "first-db", "second-db")["arn"])
    offered = owner.lattice.create_service(name="orders")
    owner.lattice.create_service_network_service_association(
        serviceNetworkIdentifier=made_in["id"], serviceIdentifier=offered["id"]
    )

    join(owner, made_in["id"])
    pass_time(15)

    names = resolved(owner)
    assert offered["dnsEntry"]["domainName"] in names
    assert len([name for name in names if name.startswith("snra-")]) == 2


def test_a_databases_names_are_always_private() -> None:
    """Trap 15."""
    provider, consumer = person(), person()
    vpc_id, subnet_ids = first_vpc(provider)
    gateway = provider.lattice.create_resource_gateway(name="gateway", vpcIdentifier=vpc_id, subnetIds=subnet_ids[:1])
    cluster = provider.lattice.create_resource_configuration(
        name="orders-db",
        type="ARN",
        resourceGatewayIdentifier=gateway["id"],
        resourceConfigurationDefinition={
            "arnResource": {"arn": f"arn:aws:rds:{REGION}:{provider.account_id}:cluster:orders"}
        },
    )
    pass_time(15)
    shared(provider, cluster["arn"], consumer)
    made_in = network(consumer)

    made = associate(consumer, made_in["id"], cluster["arn"])
    endpoint = network_endpoint(consumer, made_in["arn"], PrivateDnsEnabled=True)
    pass_time(15)

    rows = endpoint_associations(consumer, endpoint)
    assert made["privateDnsEnabled"] is True
    assert len(rows) == 2
    assert all(row["PrivateDnsEntry"]["DnsName"].endswith(".rds.amazonaws.com") for row in rows)
    assert {row["ResourceConfigurationGroupArn"] for row in rows} == {cluster["arn"]}
